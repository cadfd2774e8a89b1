/**
 * Which tuples the table `flows` covers. Each settling is one commit of `flows` that names the version V of the table of tuples whose rows it holds:
 *
 *   txn {appId: "nsgflow-settled/<id of the table of tuples>", version: V}
 *
 * Tuples in files that came after V are uncovered. Where rows went after V, or files came that mix covered and uncovered rows, the whole date is.
 */
import { createHash } from 'node:crypto';
import type { Action, AddAction } from '../delta-log.ts';
import { readCommit } from '../delta-log.ts';
import { partitionColumn } from '../schema.ts';
import type { TablePlace } from '../table-place.ts';
import type { TableState } from '../table-state.ts';

/** Property of `flows`: dates before this one are frozen. Their tuples may be gone, and their rows are never built anew. */
export const frozenProperty = 'nsgflow.frozenBefore';

/** `YYYY-MM-DD`; '' where no date is frozen. */
export function frozenBefore({ metadata }: TableState): string {
  const date = metadata.configuration?.[frozenProperty] ?? '';
  return /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : '';
}

const settledPrefix = 'nsgflow-settled/';

/** The name of the transaction by which commits of `flows` say what they cover. */
export function settledAppId(tuplesId: string): string {
  return `${settledPrefix}${tuplesId}`;
}

/** Whether it is the name of such a transaction, of whatever table of tuples. */
export function isSettledAppId(appId: string): boolean {
  return appId.startsWith(settledPrefix);
}

/** The version of the table of tuples with this id that `flows` covers; `undefined` where it covers none. */
export function settledVersion(flows: TableState, tuplesId: string): number | undefined {
  return flows.transactions.get(settledAppId(tuplesId))?.version;
}

/** The name of the transaction whose version tells the commit that is settled from another one of the same number. */
export function settledCommitAppId(tuplesId: string): string {
  return `nsgflow-settled-commit/${tuplesId}`;
}

/** A number of 48 bits of what a commit says; `undefined` where it is gone. @throws lake-invalid where it is torn */
export async function markOfCommit(table: TablePlace, version: number): Promise<number | undefined> {
  const actions = await readCommit(table, version);
  if (actions === undefined) return undefined;
  return createHash('sha256').update(JSON.stringify(actions)).digest().readUIntBE(0, 6);
}

/**
 * Dates of which programs other than nsgflow changed rows of `flows` since it was settled last: what they hold is not known. @throws lake-invalid where a
 * commit is torn
 */
export async function datesChangedByOthers(
  table: TablePlace,
  flows: TableState,
  tuplesId: string,
): Promise<ReadonlySet<string>> {
  const dates = new Set<string>();
  if (settledVersion(flows, tuplesId) === undefined) return dates;
  for (let { version } = flows; version > 0; version--) {
    const actions = await readCommit(table, version);
    if (actions === undefined) break;
    if (actions.some(({ txn }) => txn?.appId === settledAppId(tuplesId))) break;
    if (actions.some(({ commitInfo }) => commitInfo?.['engineInfo'] === 'nsgflow')) continue;
    for (const { add, remove } of actions) {
      if (add?.dataChange === true) dates.add(dateOf(add));
      if (remove?.dataChange === true) dates.add(dateOfPath(remove.path));
    }
  }
  return dates;
}

/** What the commits behind version `from` up to `to` did, in order; `undefined` where one of them is gone. @throws lake-invalid where one is torn */
export async function changesSince(table: TablePlace, from: number, to: number): Promise<Action[] | undefined> {
  const all: Action[] = [];
  for (let version = from + 1; version <= to; version++) {
    const actions = await readCommit(table, version);
    if (actions === undefined) return undefined;
    all.push(...actions);
  }
  return all;
}

/** What of the table of tuples is not covered. */
export interface Uncovered {
  /** Dates of which nothing is covered. Frozen ones are none of them. */
  readonly dates: ReadonlySet<string>;
  /** Files of other dates that came since: all their rows are uncovered. */
  readonly files: readonly AddAction[];
}

/** Compares both tables. `changes`: of the table of tuples since the version that is covered; `undefined` where that is not known. */
export function uncoveredOf(
  tuples: TableState,
  flows: TableState | undefined,
  changes: readonly Action[] | undefined,
): Uncovered {
  const frozen = flows === undefined ? '' : frozenBefore(flows);
  const dates = new Set<string>();
  if (
    changes === undefined ||
    changes.some(({ remove }) => remove?.dataChange === true && dateOfPath(remove.path) === '')
  ) {
    for (const add of [...tuples.files.values(), ...(flows?.files.values() ?? [])])
      if (dateOf(add) >= frozen) dates.add(dateOf(add));
    return { dates, files: [] };
  }
  const added = new Map<string, AddAction>();
  for (const { add, remove } of changes) {
    if (remove != null) {
      // A file that came since and went again was never covered.
      const uncovered = added.get(remove.path);
      added.delete(remove.path);
      const date = uncovered === undefined ? dateOfPath(remove.path) : dateOf(uncovered);
      if ((remove.dataChange || uncovered !== undefined) && date >= frozen) dates.add(date);
    } else if (add?.dataChange === true) added.set(add.path, add);
  }
  return { dates, files: [...added.values()].filter((add) => !dates.has(dateOf(add))) };
}

export function dateOf({ partitionValues }: AddAction): string {
  return partitionValues[partitionColumn] ?? '';
}

/** Of a data file, by the folder of its date. */
function dateOfPath(path: string): string {
  return /(?:^|\/)date(?:=|%3D)(\d{4}-\d{2}-\d{2})\//i.exec(path)?.[1] ?? '';
}

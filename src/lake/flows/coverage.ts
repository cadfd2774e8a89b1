/**
 * Which tuples the table `flows` covers. Each settling is one commit of `flows` that names the version V of the table of tuples whose rows it holds:
 *
 *   txn {appId: "nsgflow-settled/<id of the table of tuples>", version: V}
 *
 * Tuples in files that came after V are uncovered. Where rows went after V, or files came that mix covered and uncovered rows, the whole date is. Frozen
 * dates are never built as a whole: late-files.ts says which of their tuples are uncovered.
 */
import { createHash } from 'node:crypto';
import type { Action, AddAction } from '../delta/delta-log.ts';
import { readCommit } from '../delta/delta-log.ts';
import { dateOf, dateOfRemoved } from '../delta/file-date.ts';
import type { TablePlace } from '../delta/table-place.ts';
import type { TableState } from '../delta/table-state.ts';
import { frozenBefore } from './frozen.ts';
import type { LateFiles } from './late-files.ts';
import { lateFiles } from './late-files.ts';

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
      if (remove?.dataChange === true) dates.add(dateOfRemoved(remove));
    }
  }
  return dates;
}

/** What each commit behind version `from` up to `to` did, in order; `undefined` where one of them is gone. @throws lake-invalid where one is torn */
export async function changesSince(table: TablePlace, from: number, to: number): Promise<Action[][] | undefined> {
  const commits: Action[][] = [];
  for (let version = from + 1; version <= to; version++) {
    const actions = await readCommit(table, version);
    if (actions === undefined) return undefined;
    commits.push(actions);
  }
  return commits;
}

/** What of the table of tuples is not covered. */
export interface Uncovered extends LateFiles {
  /** Dates of which nothing is covered. Frozen ones are none of them. */
  readonly dates: ReadonlySet<string>;
  /** Files of other dates that came since: all their rows are uncovered. Of a frozen date, a program may have joined some with others since. */
  readonly files: readonly AddAction[];
  /** Files of frozen dates of which nobody knows whether they are covered: they count as if they were. */
  readonly untold: readonly AddAction[];
}

/**
 * Compares both tables. `commits`: of the table of tuples since the version that is covered; `undefined` where that is not known. `all`: whatever is
 * covered, no date is that is not frozen.
 */
export function uncoveredOf(
  tuples: TableState,
  flows: TableState | undefined,
  commits: readonly (readonly Action[])[] | undefined,
  all = false,
): Uncovered {
  const frozen = flows === undefined ? '' : frozenBefore(flows);
  const late = lateFiles(commits ?? [], frozen);
  const files = [...tuples.files.values()];
  const untold = commits === undefined ? files.filter((add) => dateOf(add) < frozen) : [];
  const changes = (commits ?? []).flat();
  const dates = new Set<string>();
  if (
    all ||
    commits === undefined ||
    changes.some(({ remove }) => remove?.dataChange === true && dateOfRemoved(remove) === '')
  ) {
    for (const add of [...files, ...(flows?.files.values() ?? [])]) if (dateOf(add) >= frozen) dates.add(dateOf(add));
    return { ...late, dates, untold };
  }
  const added = new Map<string, AddAction>();
  for (const { add, remove } of changes) {
    if (remove != null) {
      // A file that came since and went again was never covered.
      const uncovered = added.get(remove.path);
      added.delete(remove.path);
      const date = uncovered === undefined ? dateOfRemoved(remove) : dateOf(uncovered);
      if ((remove.dataChange || uncovered !== undefined) && date >= frozen) dates.add(date);
    } else if (add?.dataChange === true && dateOf(add) >= frozen) added.set(add.path, add);
  }
  return {
    ...late,
    dates,
    untold,
    files: [...late.files, ...[...added.values()].filter((add) => !dates.has(dateOf(add)))],
  };
}

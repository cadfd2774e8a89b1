/**
 * Settling: brings the table `flows` up to the newest version of the table of tuples. One commit names the version that it covers (coverage.ts). There is no
 * lock: who loses the race reads both versions again and plans again.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Action, AddAction } from '../delta-log.ts';
import type { Lake } from '../lake.ts';
import { dataFileOf } from '../snapshot.ts';
import type { TablePlace } from '../table-place.ts';
import type { TableState } from '../table-state.ts';
import type { BuildBounds, BuiltDate } from './build-date.ts';
import { buildDate } from './build-date.ts';
import type { Uncovered } from './coverage.ts';
import {
  changesSince,
  dateOf,
  datesChangedByOthers,
  frozenBefore,
  markOfCommit,
  settledAppId,
  settledCommitAppId,
  settledVersion,
  uncoveredOf,
} from './coverage.ts';
import { damagedFiles } from './damaged-files.ts';

export interface Settled {
  /** The version of the table of tuples that `flows` covers now. */
  readonly version: number;
  /** Whether this call changed anything. */
  readonly changed: boolean;
  readonly dates: readonly string[];
  /** Rows written, and files that came and went. */
  readonly rows: number;
  readonly addedFiles: number;
  readonly removedFiles: number;
  readonly bytes: number;
  /** Rows of tuples that came for dates that were frozen. */
  readonly apart: number;
}

/** Both tables, each at one version. */
export interface Versions {
  readonly tuples: TableState;
  /** `undefined` where nothing was settled yet. */
  readonly flows: TableState | undefined;
}

/** Pins both tables: `flows` first, so that the version of tuples which it covers is there. @throws not-found, lake-invalid */
export async function pinVersions(lake: Lake): Promise<Versions> {
  const flows = await lake.flows();
  const pinned = flows?.state;
  return { flows: pinned, tuples: await lake.tuples.refresh() };
}

/** How many tuples are not settled yet, as far as the log says. @throws not-found, lake-invalid */
export async function countUncovered(lake: Lake): Promise<number> {
  const versions = await pinVersions(lake);
  const { dates, files } = await uncoveredNow(lake, versions);
  const { place } = lake.tuples;
  const ofDates = [...versions.tuples.files.values()].filter((add) => dates.has(dateOf(add)));
  return [...ofDates, ...files].reduce((sum, add) => sum + (dataFileOf(place, add).rows ?? 0), 0);
}

/** What of these versions is not covered. @throws lake-invalid */
export async function uncoveredNow(lake: Lake, versions: Versions): Promise<Uncovered> {
  const { tuples, flows } = versions;
  const settled = await knownSettled(lake, versions);
  const changes = settled === undefined ? undefined : await changesSince(lake.tuples.place, settled, tuples.version);
  const uncovered = uncoveredOf(tuples, flows, changes);
  if (flows === undefined) return uncovered;
  const strange = await datesChangedByOthers(lake.flowsPlace, flows, tuples.metadata.id);
  if (strange.has('')) return uncoveredOf(tuples, flows, undefined);
  return withDates(
    uncovered,
    [...strange].filter((date) => date >= frozenBefore(flows)),
  );
}

/** The version of tuples that `flows` covers; `undefined` where the table of tuples has no such commit: its log may have been set back since. */
export async function knownSettled(lake: Lake, { tuples, flows }: Versions): Promise<number | undefined> {
  const { id } = tuples.metadata;
  const settled = flows === undefined ? undefined : settledVersion(flows, id);
  if (flows === undefined || settled === undefined || settled > tuples.version) return undefined;
  const mark = flows.transactions.get(settledCommitAppId(id))?.version;
  const actual = await markOfCommit(lake.tuples.place, settled);
  return mark === undefined || mark === 0 || actual === undefined || mark === actual ? settled : undefined;
}

function withDates({ dates, files }: Uncovered, more: Iterable<string>): Uncovered {
  const all = new Set([...dates, ...more]);
  return { dates: all, files: files.filter((add) => !all.has(dateOf(add))) };
}

/** Dates of which files of `flows` are gone or cut. Frozen ones are none of them: nothing could build their rows anew. */
async function damagedDates(table: TablePlace, flows: TableState | undefined): Promise<ReadonlySet<string>> {
  if (flows === undefined) return new Set();
  const frozen = frozenBefore(flows);
  const files = [...flows.files.values()].filter((add) => dateOf(add) >= frozen);
  return new Set((await damagedFiles(table, files)).map(dateOf));
}

/** What brings `flows` up to `tuples`. */
export interface SettlePlan {
  readonly dates: readonly (BuiltDate & { readonly date: string; readonly isApart: boolean })[];
}

export interface PlanSettings {
  readonly signal?: AbortSignal | undefined;
  /** Dates that are built as a whole besides those that are uncovered. */
  readonly alsoDates?: ReadonlySet<string>;
  readonly bounds?: Partial<BuildBounds>;
}

/**
 * Builds what is uncovered into new files below `target`; nothing is committed. The caller removes the files if they are not used.
 * @throws disk-full, permission, io, lake-invalid, interrupted
 */
export async function planSettling(
  lake: Lake,
  versions: Versions,
  target: TablePlace,
  settings: PlanSettings = {},
): Promise<SettlePlan> {
  const { tuples, flows } = versions;
  const { place } = lake.tuples;
  const uncovered = withDates(await uncoveredNow(lake, versions), settings.alsoDates ?? []);
  const frozen = flows === undefined ? '' : frozenBefore(flows);
  const dates: SettlePlan['dates'][number][] = [];
  const wanted = new Set([...uncovered.dates, ...uncovered.files.map(dateOf)]);
  const ofDate = <T extends AddAction>(adds: Iterable<T>, date: string): T[] =>
    [...adds].filter((add) => dateOf(add) === date);
  try {
    for (const date of [...wanted].sort()) {
      const isApart = date < frozen;
      const built = await buildDate({
        date,
        tuples: ofDate(tuples.files.values(), date).map((add) => dataFileOf(place, add)),
        uncovered: uncovered.dates.has(date)
          ? undefined
          : ofDate(uncovered.files, date).map((add) => dataFileOf(place, add)),
        flows: ofDate(flows?.files.values() ?? [], date),
        flowsTable: lake.flowsPlace,
        target,
        apart: isApart ? tuples.version : 0,
        connect: () => lake.connect(),
        signal: settings.signal,
        ...(settings.bounds === undefined ? {} : { bounds: settings.bounds }),
      });
      dates.push({ ...built, date, isApart });
    }
  } catch (error) {
    await dropPlan({ dates }, target);
    throw error;
  }
  return { dates };
}

/** Removes the files of a plan that is not used. */
export async function dropPlan({ dates }: SettlePlan, target: TablePlace): Promise<void> {
  for (const { added } of dates)
    for (const { path } of added) await rm(join(target.folder, path), { force: true }).catch(() => undefined);
}

/** Settles all tuples of the newest version. @throws disk-full, permission, io, lake-invalid, unavailable, interrupted */
export async function settle(lake: Lake, signal?: AbortSignal, bounds?: Partial<BuildBounds>): Promise<Settled> {
  const table = await lake.createFlows();
  for (;;) {
    const versions = await pinVersions(lake);
    const { tuples, flows } = versions;
    const { id } = tuples.metadata;
    const alsoDates = await damagedDates(table.place, flows);
    const isSettled = alsoDates.size === 0 && (await knownSettled(lake, versions)) === tuples.version;
    if (isSettled && (await uncoveredNow(lake, versions)).dates.size === 0) return nothing(tuples.version);
    const plan = await planSettling(lake, versions, table.place, {
      signal,
      alsoDates,
      ...(bounds === undefined ? {} : { bounds }),
    });
    const added = plan.dates.flatMap((date) => date.added);
    const removed = plan.dates.flatMap((date) => date.replaced);
    const deletionTimestamp = Date.now();
    const files: Action[] = [
      ...removed.map(({ path }): Action => ({ remove: { path, deletionTimestamp, dataChange: true } })),
      ...added.map((add): Action => ({ add })),
    ];
    const mark = await markOfCommit(lake.tuples.place, tuples.version);
    const txns: Action[] = [{ appId: settledAppId(id), version: tuples.version }]
      .concat({ appId: settledCommitAppId(id), version: mark ?? 0 })
      .map((txn) => ({ txn: { ...txn, lastUpdated: deletionTimestamp } }));
    let isCommitted = false;
    try {
      const version = await table.commit('WRITE', (state) =>
        Promise.resolve(state.version === flows?.version ? { files, others: txns } : undefined),
      );
      isCommitted = version !== undefined;
    } finally {
      if (!isCommitted) await dropPlan(plan, table.place);
    }
    if (!isCommitted) continue;
    return {
      version: tuples.version,
      changed: true,
      dates: plan.dates.map(({ date }) => date),
      rows: plan.dates.reduce((sum, { rows }) => sum + rows, 0),
      addedFiles: added.length,
      removedFiles: removed.length,
      bytes: added.reduce((sum, { size }) => sum + size, 0),
      apart: plan.dates.reduce((sum, { rows, isApart }) => sum + (isApart ? rows : 0), 0),
    };
  }
}

function nothing(version: number): Settled {
  return { version, changed: false, dates: [], rows: 0, addedFiles: 0, removedFiles: 0, bytes: 0, apart: 0 };
}

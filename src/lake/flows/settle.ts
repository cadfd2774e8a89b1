/**
 * Settling: brings the table `flows` up to the newest version of the table of tuples. One commit names the version that it covers (coverage.ts). There is no
 * lock: who loses the race reads both versions again and plans again.
 */
import { newFlowColumns } from './flows-table.ts';
import { formatCount } from '../../base/format-count.ts';
import type { Action, AddAction } from '../delta/delta-log.ts';
import { dateOf } from '../delta/file-date.ts';
import type { Lake } from '../lake.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import type { TablePlace } from '../delta/table-place.ts';
import type { TableState } from '../delta/table-state.ts';
import type { BuildBounds, BuiltDate } from './build-date.ts';
import { buildDate } from './build-date.ts';
import type { Uncovered } from './coverage.ts';
import {
  changesSince,
  datesChangedByOthers,
  markOfCommit,
  settledAppId,
  settledCommitAppId,
  settledVersion,
  uncoveredOf,
} from './coverage.ts';
import { damagedFiles } from '../files/file-sizes.ts';
import { frozenBefore, tagApart } from './frozen.ts';

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
  /** Tuples that came for dates that were frozen, and were settled among themselves. */
  readonly apart: number;
  /** Tuples of frozen dates that may be missing from `flows`: other programs deleted their files, or the log that tells whether they were settled. */
  readonly missed: number;
}

/** Both tables, each at one version. */
export interface Versions {
  readonly tuples: TableState;
  /** `undefined` where nothing was settled yet. */
  readonly flows: TableState | undefined;
}

/** Pins both tables: `flows` first, so that the version of tuples which it covers is there. @throws not-found, lake-invalid */
export async function pinVersions(lake: Lake): Promise<Versions> {
  let flows = (await lake.flows())?.state;
  for (;;) {
    const tuples = await lake.tuples.refresh();
    // Dates are frozen in `tuples`, then in `flows`, and then lose tuples: where they were lost meanwhile, `flows` says so by now.
    if (flows === undefined || frozenBefore(flows) >= frozenBefore(tuples)) return { flows, tuples };
    const newer = (await lake.flows())?.state;
    if (newer === undefined || frozenBefore(newer) === frozenBefore(flows)) return { flows, tuples };
    flows = newer;
  }
}

/** How many tuples are not settled yet, as far as the log says. @throws not-found, lake-invalid */
export async function countUncovered(lake: Lake): Promise<number> {
  const versions = await pinVersions(lake);
  const { dates, files } = await uncoveredNow(lake, versions);
  const { place } = lake.tuples;
  const ofDates = [...versions.tuples.files.values()].filter((add) => dates.has(dateOf(add)));
  return rowsOf(place, [...ofDates, ...files]);
}

/** What of these versions is not covered. @throws lake-invalid */
export async function uncoveredNow(lake: Lake, versions: Versions): Promise<Uncovered> {
  const { tuples, flows } = versions;
  const settled = await knownSettled(lake, versions);
  const changes = settled === undefined ? undefined : await changesSince(lake.tuples.place, settled, tuples.version);
  const uncovered = uncoveredOf(tuples, flows, changes);
  if (flows === undefined) return uncovered;
  const strange = await datesChangedByOthers(lake.flowsPlace, flows, tuples.metadata.id);
  if (strange.has('')) return uncoveredOf(tuples, flows, changes, true);
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

function withDates(uncovered: Uncovered, more: Iterable<string>): Uncovered {
  const dates = new Set([...uncovered.dates, ...more]);
  return { ...uncovered, dates, files: uncovered.files.filter((add) => !dates.has(dateOf(add))) };
}

/** Dates of which files of `flows` are gone or cut. Frozen ones are none of them: nothing could build their rows anew. */
export async function damagedDates(table: TablePlace, flows: TableState | undefined): Promise<ReadonlySet<string>> {
  if (flows === undefined) return new Set();
  const frozen = frozenBefore(flows);
  const files = [...flows.files.values()].filter((add) => dateOf(add) >= frozen);
  return new Set((await damagedFiles(table, files)).map(dateOf));
}

/** What brings `flows` up to `tuples`. */
export interface SettlePlan {
  readonly dates: readonly PlannedDate[];
  /** Tuples of frozen dates that may be missing. */
  readonly missed: number;
}

export interface PlannedDate extends BuiltDate {
  readonly date: string;
  /** Tuples that came after the date was frozen; 0 of all other dates. */
  readonly apart: number;
}

export interface PlanSettings {
  readonly signal?: AbortSignal | undefined;
  /** Dates that are built as a whole besides those that are uncovered. */
  readonly alsoDates?: ReadonlySet<string>;
  /** Only these dates are built; absent: all that are uncovered. */
  readonly dates?: ReadonlySet<string>;
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
  const gone = await goneFiles(lake, versions, uncovered);
  const dates: PlannedDate[] = [];
  const all = new Set([...uncovered.dates, ...uncovered.files.map(dateOf)]);
  const wanted = [...all].filter((date) => settings.dates?.has(date) !== false);
  const ofDate = <T extends AddAction>(adds: Iterable<T>, date: string): T[] =>
    [...adds].filter((add) => dateOf(add) === date);
  try {
    for (const date of wanted.sort()) {
      // Rows that another program wrote without a date are of no flow.
      if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) continue;
      const isFrozen = date < frozen;
      const files = ofDate(uncovered.files, date).filter((add) => !gone.has(add));
      if (isFrozen && files.length === 0) continue;
      const built = await buildDate({
        date,
        tuples: ofDate(tuples.files.values(), date).map((add) => dataFileOf(place, add)),
        uncovered: uncovered.dates.has(date) ? undefined : files.map((add) => dataFileOf(place, add)),
        flows: ofDate(flows?.files.values() ?? [], date),
        flowsTable: lake.flowsPlace,
        target,
        apart: isFrozen ? tuples.version : 0,
        connect: () => lake.connect(),
        signal: settings.signal,
        ...(settings.bounds === undefined ? {} : { bounds: settings.bounds }),
      });
      const apart = isFrozen ? rowsOf(place, files) : 0;
      dates.push({ ...built, added: isFrozen ? tagApart(built.added, apart) : built.added, date, apart });
    }
  } catch (error) {
    await dropPlan({ dates }, target);
    throw error;
  }
  return { dates, missed: rowsOf(place, [...gone, ...uncovered.untold]) };
}

/** Late files of frozen dates that other programs joined with others, and then deleted: nothing tells their rows from those that are settled. */
async function goneFiles(lake: Lake, { tuples }: Versions, { files }: Uncovered): Promise<ReadonlySet<AddAction>> {
  return new Set(
    await damagedFiles(
      lake.tuples.place,
      files.filter(({ path }) => !tuples.files.has(path)),
    ),
  );
}

function rowsOf(table: TablePlace, adds: readonly AddAction[]): number {
  return adds.reduce((sum, add) => sum + (dataFileOf(table, add).rows ?? 0), 0);
}

/** Removes the files of a plan that is not used. */
export async function dropPlan({ dates }: Pick<SettlePlan, 'dates'>, target: TablePlace): Promise<void> {
  for (const { added } of dates) for (const { path } of added) await target.storage.delete(path).catch(() => undefined);
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
        Promise.resolve(
          state.version === flows?.version ? { files, others: [...newFlowColumns(state), ...txns] } : undefined,
        ),
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
      apart: plan.dates.reduce((sum, { apart }) => sum + apart, 0),
      missed: plan.missed,
    };
  }
}

/** For a person: that tuples may be missing from `flows`. */
export function describeMissed(tuples: number): string {
  return `${formatCount(tuples)} late tuples of frozen dates may be missing from the table flows: another program deleted files or log entries before they were settled`;
}

function nothing(version: number): Settled {
  return { version, changed: false, dates: [], rows: 0, addedFiles: 0, removedFiles: 0, bytes: 0, apart: 0, missed: 0 };
}

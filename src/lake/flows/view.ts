/**
 * What questions see of a lake: both tables, pinned at one version each. Rows of `flows` that do not cover all tuples of the pinned version are built for
 * the questions, date by date, into files below a private folder; the files that they replace are not read. Nothing is written to the lake.
 *
 *   const view = await LakeView.open(lake);
 *   const files = await view.flows({ start, end });     // builds what is missing of these dates
 *   await view.close();
 */
import { FlowError } from '../../base/errors.ts';
import { formatCount } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { dayMillis } from '../../base/time.ts';
import type { AddAction } from '../delta/delta-log.ts';
import type { Lake } from '../lake.ts';
import type { DataFile, Snapshot, TimeRange } from '../delta/snapshot.ts';
import { dataFileOf, snapshotOf } from '../delta/snapshot.ts';
import type { TablePlace } from '../delta/table-place.ts';
import { builtFlowsPlace } from '../delta/table-place.ts';
import type { TemporaryFolder } from '../duckdb/temporary-folder.ts';
import { makeTemporaryFolder } from '../duckdb/temporary-folder.ts';
import type { Uncovered } from './coverage.ts';
import { dateOf } from '../delta/file-date.ts';
import { damagedFiles } from '../files/file-sizes.ts';
import { hasAllFlowsColumns } from '../tuples/stored-columns.ts';
import type { FileConversations } from './file-conversations.ts';
import { conversationsOf } from './file-conversations.ts';
import { partTag } from './flow-files.ts';
import { frozenBefore } from './frozen.ts';
import { buildInThread } from './settle-thread.ts';
import type { SettlePlan, Versions } from './settle.ts';
import { pinVersions, uncoveredNow } from './settle.ts';

export interface ViewSettings {
  /** Called with a sentence where questions have to build many rows. */
  readonly onNotice?: (sentence: string) => void;
  /** Tuples that are built without a notice. */
  readonly uncoveredMax?: number;
}

type BuiltDates = Pick<SettlePlan['dates'][number], 'replaced' | 'added'>;

/** Of a date of which there is nothing to build. */
const nothing: BuiltDates = { replaced: [], added: [] };

export class LakeView {
  /** The table of tuples. */
  readonly tuples: Snapshot;
  /** The version of `flows`; `undefined` where nothing was settled yet. */
  readonly flowsVersion: number | undefined;
  /** The first instant of the first date that has flows; `undefined` where there are none. */
  readonly firstDateMillis: number | undefined;
  readonly #lake: Lake;
  readonly #versions: Versions;
  readonly #uncovered: Uncovered;
  readonly #settings: ViewSettings;
  readonly #built = new Map<string, BuiltDates>();
  #folder: TemporaryFolder | undefined;
  #building: Promise<unknown> = Promise.resolve();
  #isNoticed = false;

  private constructor(lake: Lake, versions: Versions, uncovered: Uncovered, settings: ViewSettings) {
    this.#lake = lake;
    this.#versions = versions;
    this.#uncovered = uncovered;
    this.#settings = settings;
    this.tuples = snapshotOf(lake.tuples.place, versions.tuples);
    this.flowsVersion = versions.flows?.version;
    const [first] = this.#datesWithFlows();
    this.firstDateMillis = first === undefined ? undefined : Date.parse(first);
  }

  /** Pins the newest version of both tables. @throws not-found, lake-invalid */
  static async open(lake: Lake, settings: ViewSettings | undefined = {}): Promise<LakeView> {
    const versions = await pinVersions(lake);
    return new LakeView(lake, versions, await uncoveredNow(lake, versions), settings);
  }

  /**
   * The files of `flows` that may hold rows of a range, by the place of their table. What is not covered of these dates is built first.
   * @throws disk-full, permission, io, lake-invalid, the reason of the signal
   */
  async flows(range: TimeRange, signal: AbortSignal = never): Promise<readonly TableFiles[]> {
    const result = this.#building.then(() => this.#build(range, signal));
    this.#building = result.catch(() => undefined);
    await result;
    const built = [...this.#built.values()];
    const replaced = new Set(built.flatMap((one) => one.replaced.map(({ path }) => path)));
    const stored = this.#stored(range).filter(({ path }) => !replaced.has(path));
    const own = { table: this.#lake.flowsPlace, files: filesOf(this.#lake.flowsPlace, stored, range) };
    if (this.#folder === undefined) return [own];
    const place = builtFlowsPlace(this.#folder.path);
    const added = built.flatMap((one) => one.added).filter((add) => isWithin(dateOf(add), range));
    return [own, { table: place, files: filesOf(place, added, range) }];
  }

  /** All files of `flows` that are stored. */
  get storedFlows(): readonly DataFile[] {
    return filesOf(this.#lake.flowsPlace, this.#stored({}), {});
  }

  /** Removes what was built. */
  async close(): Promise<void> {
    await this.#building;
    await this.#folder?.remove();
    this.#folder = undefined;
    this.#built.clear();
  }

  async #build(range: TimeRange, signal: AbortSignal): Promise<void> {
    const { dates, files } = this.#uncovered;
    const frozen = this.#versions.flows === undefined ? '' : frozenBefore(this.#versions.flows);
    const stored = this.#stored(range).filter((add) => !this.#built.has(dateOf(add)) && dateOf(add) >= frozen);
    const damaged = new Set((await damagedFiles(this.#lake.flowsPlace, stored)).map(dateOf));
    const uncovered = new Set([...dates, ...files.map(dateOf), ...damaged]);
    const wanted = [...uncovered].filter((date) => isWithin(date, range) && !this.#built.has(date));
    if (wanted.length === 0) return;
    this.#notice(wanted);
    this.#folder ??= await makeTemporaryFolder('flows');
    const plan = await buildInThread(
      this.#lake.folder,
      { versions: this.#versions, dates: wanted, wholeDates: [...damaged], target: this.#folder.path },
      signal,
    ).catch((error: unknown) => {
      throw signal.aborted ? signal.reason : error;
    });
    for (const date of wanted) this.#built.set(date, plan.dates.find((one) => one.date === date) ?? nothing);
  }

  /** Says so where many tuples of these dates are not settled. */
  #notice(dates: readonly string[]): void {
    const { onNotice, uncoveredMax = limits.uncoveredTuplesMax } = this.#settings;
    if (onNotice === undefined || this.#isNoticed) return;
    const { place } = this.#lake.tuples;
    const whole = [...this.#versions.tuples.files.values()].filter((add) => this.#uncovered.dates.has(dateOf(add)));
    const rows = [...whole, ...this.#uncovered.files]
      .filter((add) => dates.includes(dateOf(add)))
      .reduce((sum, add) => sum + (dataFileOf(place, add).rows ?? 0), 0);
    if (rows <= uncoveredMax) return;
    this.#isNoticed = true;
    onNotice(
      `${formatCount(rows)} tuples are not settled yet; each question builds them first, date by date: nsgflow lake settle does so once`,
    );
  }

  #stored(range: TimeRange): AddAction[] {
    return [...(this.#versions.flows?.files.values() ?? [])].filter((add) => isWithin(dateOf(add), range));
  }

  /** Dates that have flows, in order. */
  #datesWithFlows(): string[] {
    const { dates, files } = this.#uncovered;
    const ofTuples = [...this.#versions.tuples.files.values()].map(dateOf).filter((date) => dates.has(date));
    const settled = [...(this.#versions.flows?.files.values() ?? [])].map(dateOf).filter((date) => !dates.has(date));
    return [...new Set([...ofTuples, ...settled, ...files.map(dateOf)])].sort();
  }
}

/** Data files, and the table in which they lie. */
export interface TableFiles {
  readonly table: TablePlace;
  readonly files: readonly TableFile[];
}

export interface TableFile extends DataFile {
  /** Of a file of `flows`, where it says. */
  readonly conversations?: FileConversations | undefined;
}

function filesOf(
  table: TablePlace,
  adds: readonly AddAction[],
  { start = -Infinity, end = Infinity }: TimeRange,
): TableFile[] {
  return adds
    .map((add): TableFile => ({
      ...dataFileOf(table, add, 'last_time'),
      hasAllColumns: add.tags?.[partTag] !== undefined && hasAllFlowsColumns(add.tags),
      conversations: conversationsOf(add),
    }))
    .filter((file) => file.startMillis < end && file.endMillis > start);
}

/** Whether a date has times of a range: all flows of a date begin and end in it. */
function isWithin(date: string, { start = -Infinity, end = Infinity }: TimeRange): boolean {
  const millis = Date.parse(date);
  if (Number.isNaN(millis))
    throw new FlowError('lake-invalid', `the lake has data files of the date ${JSON.stringify(date)}`);
  return millis < end && millis + dayMillis > start;
}

const never = new AbortController().signal;

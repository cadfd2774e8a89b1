/**
 * Tuples on their way into data files: decoded columns are copied to the rows of their hour (staged-rows.ts); an hour that has enough for
 * a row group is written out, and hours that have little become one together. So whoever asks for an hour reads little of others. No object
 * and no text a row, and memory that does not grow with what is added.
 *
 *   flow log ─▶ rows of 2026-11-20, 09:00 ─▶ row group, row group, … of date=2026-11-20/part-….parquet
 *            └▶ rows of 2026-11-20, 10:00 ─▶ …
 */
import { Counters } from '../../base/counters.ts';
import { limits } from '../../base/limits.ts';
import { dayMillis, hourMillis } from '../../base/time.ts';
import type { FlowLog, FlowRecord, TupleGroup } from '../../flowlog/record.ts';
import type { TupleColumns } from '../../flowlog/tuple.ts';
import { accessDeny, stateBegin, stateDenied, stateNone } from '../../flowlog/tuple.ts';
import { protocolUdp } from '../../net/protocol.ts';
import type { AddAction } from '../delta/delta-log.ts';
import { NewDataFile, tuplesForm } from '../files/new-data-file.ts';
import { rowOrder } from './row-order.ts';
import { columnsOf, columnValues, storedColumns } from './stored-columns.ts';
import { saysTheSame } from './group-origin.ts';
import type { StagedRows } from './staged-rows.ts';
import { giveBackRows, StageTables, takeRows } from './staged-rows.ts';
import type { TablePlace } from '../delta/table-place.ts';

/** Where a flow log was read. */
export interface RowOrigin {
  /** Location, container and name of the blob, or the path of the file: the column `blob`. */
  readonly blob: string;
  /** The byte of the blob at which the decoded bytes begin: added to each record's `startByte`. 0 when absent. */
  readonly startByte?: number;
}

/** Why a tuple has no row, or a row no counters. */
export type RowRefusal = 'time-out-of-range' | 'counter-out-of-range';

/** Years 1970 to 9999: what a partition's name can say. */
const timeMillisEnd = 253_402_300_800_000;
/** The greatest double below 2^63. */
const counterMax = 2 ** 63 - 1024;

/** Rows that are not written yet, by hour since the epoch. */
type Hours = Map<number, StagedRows>;

/** Rows of one date on their way: those that were denied have row groups of their own, which all engines find by these groups' statistics. */
interface Day {
  readonly allowed: Hours;
  readonly denied: Hours;
  readonly file: NewDataFile;
}

/** Hours with fewer rows share a row group with the next one, and so few denied ones one with those that were allowed. */
const hourRowsMin = limits.rowGroupRows / 2;
const deniedRowsMin = limits.rowGroupRows / 8;
const dayHours = dayMillis / hourMillis;

const texts = columnsOf('text');

export class RowStage {
  readonly refused = new Counters<RowRefusal>();
  readonly #table: TablePlace;
  /** What its rows name. */
  readonly tables = new StageTables();
  readonly #days = new Map<number, Day>();
  /** Rows staged and not yet written, of all days. */
  #staged = 0;
  /** Rows on their way into a file, one row group at a time, while others are staged. */
  #writing: Promise<void> = Promise.resolve();

  /** Files go to date folders of `lake`, which is made as needed. */
  constructor(table: TablePlace) {
    this.#table = table;
  }

  /** Takes all tuples of a flow log. @returns how many rows that gave; the rest is counted in `refused`. */
  async add(flowLog: FlowLog, origin: RowOrigin): Promise<number> {
    const { tuples, groups, records } = flowLog;
    const tables = this.tables;
    if (tables.entries > limits.stagedTableEntriesMax) await this.#writeAll();
    const startByte = origin.startByte ?? 0;
    const groupIds = this.#groupIds(flowLog, origin.blob);
    const recordIds = Uint32Array.from(records, (record) =>
      tables.recordId(record.timeMillis, startByte + record.startByte),
    );
    const nextIndex = new Uint32Array(records.length);
    let added = 0;
    let row = 0;
    while (row < tuples.count) {
      const hour = Math.floor(tuples.timeMillis[row] / hourMillis);
      if (!(tuples.timeMillis[row] >= 0 && tuples.timeMillis[row] < timeMillisEnd)) {
        nextIndex[groups[tuples.group[row]].record]++;
        const timeMillis = tuples.timeMillis[row++];
        this.refused.add('time-out-of-range', 1, () => `${origin.blob}: time ${timeMillis}`);
        continue;
      }
      const day = this.#day(Math.floor(hour / dayHours));
      const hours = tuples.access[row] === accessDeny ? day.denied : day.allowed;
      const rows = this.#hour(hours, hour);
      const before = rows.count;
      row = this.#copyRows(flowLog, row, hour, rows, groupIds, recordIds, nextIndex, origin);
      added += rows.count - before;
      this.#staged += rows.count - before;
      await this.#writeFull(day, hours, hour);
    }
    return added;
  }

  /** Takes rows of these `tables` that were staged before. */
  async addRows(rows: StagedRows): Promise<void> {
    const { timeMillis, access, count } = rows;
    for (let row = 0; row < count;) {
      const hour = Math.floor(timeMillis[row] / hourMillis);
      const day = this.#day(Math.floor(hour / dayHours));
      const hours = access[row] === accessDeny ? day.denied : day.allowed;
      const to = this.#hour(hours, hour);
      const room = Math.min(count, row + limits.rowGroupRows - to.count);
      let end = row + 1;
      while (end < room && access[end] === access[row] && Math.floor(timeMillis[end] / hourMillis) === hour) end++;
      to.append(rows, row, end);
      this.#staged += end - row;
      row = end;
      await this.#writeFull(day, hours, hour);
    }
    if (this.tables.entries > limits.stagedTableEntriesMax) await this.#writeAll();
  }

  /** Writes an hour that has enough for a row group, and what there is where it is too much. */
  async #writeFull(day: Day, hours: Hours, hour: number): Promise<void> {
    if (hours.get(hour)!.count >= limits.rowGroupRows) await this.#writeAllOf(day.file, this.#groupsUpTo(hours, hour));
    else if (this.#staged >= limits.stagedRowsMax) await this.#writeLargest();
  }

  /** By group, its number among all that are staged. Groups of one blob mostly repeat those of the records before. */
  #groupIds({ groups, records }: FlowLog, blob: string): Uint32Array {
    const ids = new Uint32Array(groups.length);
    let last: FlowRecord | undefined;
    let byRule = new Map<string, { readonly group: TupleGroup; readonly id: number }>();
    for (let i = 0; i < groups.length; i++) {
      const group = groups[i];
      const record = records[group.record];
      if (last !== record && (last === undefined || !saysTheSame(last, record))) byRule = new Map();
      last = record;
      const known = byRule.get(group.rule);
      if (known !== undefined && known.group.mac === group.mac && known.group.aclId === group.aclId) ids[i] = known.id;
      else {
        ids[i] = this.tables.groupId(texts.map(({ source }) => source.of({ group, record, blob })));
        byRule.set(group.rule, { group, id: ids[i] });
      }
    }
    return ids;
  }

  /** Writes what is left and ends the files. @returns the actions that add them; nothing is committed yet */
  async finish(): Promise<AddAction[]> {
    await this.#writeAll();
    const added: AddAction[] = [];
    for (const day of [...this.#days.keys()].sort((a, b) => a - b)) {
      added.push(await this.#days.get(day)!.file.finish());
      this.#days.delete(day);
    }
    return added;
  }

  /** Drops what was not finished. */
  async abandon(): Promise<void> {
    await this.#writing.catch(() => undefined);
    const days = [...this.#days.values()];
    this.#days.clear();
    for (const { allowed, denied, file } of days) {
      await file.abandon();
      for (const rows of [...allowed.values(), ...denied.values()]) giveBackRows(rows);
    }
    this.#staged = 0;
  }

  #day(number: number): Day {
    let day = this.#days.get(number);
    if (day === undefined) {
      day = { allowed: new Map(), denied: new Map(), file: new NewDataFile(this.#table, number, tuplesForm) };
      this.#days.set(number, day);
    }
    return day;
  }

  #hour(hours: Hours, hour: number): StagedRows {
    let rows = hours.get(hour);
    if (rows === undefined) {
      rows = takeRows(this.tables);
      hours.set(hour, rows);
    }
    return rows;
  }

  /**
   * Copies rows from `row` on while they are of `hour`, of the same access, and there is room for them. @returns the first row that was not copied.
   */
  #copyRows(
    flowLog: FlowLog,
    row: number,
    hour: number,
    rows: StagedRows,
    groupIds: Uint32Array,
    recordIds: Uint32Array,
    nextIndex: Uint32Array,
    origin: RowOrigin,
  ): number {
    const { tuples, groups } = flowLog;
    const first = row;
    const at = rows.count;
    const { timeMillis, access } = tuples;
    const hourStart = hour * hourMillis;
    const hourEnd = hourStart + hourMillis;
    const limit = Math.min(tuples.count, first + limits.rowGroupRows - at);
    let end = first;
    while (end < limit && timeMillis[end] >= hourStart && timeMillis[end] < hourEnd && access[end] === access[first])
      end++;
    const count = end - first;
    rows.reserve(count);
    rows.putTuples(tuples, first, end);
    copyGroups(tuples.group, first, count, groups, groupIds, recordIds, nextIndex, rows);
    this.#checkCounters(flowLog, first, count, rows, origin);
    rows.count += count;
    return end;
  }

  /** Takes counters away from rows just put that have none, or too great ones. */
  #checkCounters(
    { tuples, groups, records }: FlowLog,
    first: number,
    count: number,
    rows: StagedRows,
    origin: RowOrigin,
  ): void {
    const { packetsForward, bytesForward, packetsReverse, bytesReverse } = tuples;
    const at = rows.count;
    const end = first + count;
    for (let row = first; row < end; row++) {
      const a = packetsForward[row];
      const b = bytesForward[row];
      const c = packetsReverse[row];
      const d = bytesReverse[row];
      if (a === 0 && b === 0 && c === 0 && d === 0) {
        if (areZerosCounts(tuples, row, records[groups[tuples.group[row]].record].format === 'vnet')) continue;
        for (const column of countersOf(rows)) column[at + row - first] = Number.NaN;
      } else if (a > counterMax || b > counterMax || c > counterMax || d > counterMax)
        for (const column of countersOf(rows)) {
          const value = column[at + row - first];
          if (!(value > counterMax)) continue;
          this.refused.add('counter-out-of-range', 1, () => `${origin.blob}: counter ${value}`);
          column[at + row - first] = Number.NaN;
        }
    }
  }

  /** Begins to write rows as a row group, once those before are written. @throws what writing those threw */
  async #write(file: NewDataFile, rows: StagedRows): Promise<void> {
    await this.#writing;
    this.#staged -= rows.count;
    const values = storedColumns.map((column) => columnValues(column, rows));
    this.#writing = file.writeRows(values, rows.count, rowOrder(rows)).finally(() => giveBackRows(rows));
    // Awaited before the next ones.
    this.#writing.catch(() => undefined);
  }

  async #writeAllOf(file: NewDataFile, groups: readonly StagedRows[]): Promise<void> {
    for (const rows of groups) await this.#write(file, rows);
  }

  /** Takes the hours up to `last`, the earliest first, so that a flow's tuples stay in order, as row groups. */
  #groupsUpTo(hours: Hours, last: number): StagedRows[] {
    const groups: StagedRows[] = [];
    for (const hour of [...hours.keys()].filter((one) => one <= last).sort((a, b) => a - b)) {
      const rows = hours.get(hour)!;
      hours.delete(hour);
      const before = groups.at(-1);
      if (before === undefined || before.count >= hourRowsMin || !joined(before, rows)) groups.push(rows);
    }
    return groups;
  }

  async #writeDay({ allowed, denied, file }: Day): Promise<void> {
    const groups = this.#groupsUpTo(allowed, Infinity);
    const others = this.#groupsUpTo(denied, Infinity);
    const small = others.at(-1);
    const last = groups.at(-1);
    if (small !== undefined && small.count < deniedRowsMin && last !== undefined && joined(last, small)) others.pop();
    await this.#writeAllOf(file, [...groups, ...others]);
  }

  async #writeLargest(): Promise<void> {
    const countOf = ({ allowed, denied }: Day): number =>
      [...allowed.values(), ...denied.values()].reduce((sum, { count }) => sum + count, 0);
    const [largest] = [...this.#days.values()].sort((a, b) => countOf(b) - countOf(a));
    if (largest !== undefined) await this.#writeDay(largest);
  }

  async #writeAll(): Promise<void> {
    for (const day of this.#days.values()) await this.#writeDay(day);
    await this.#writing;
    this.tables.clear();
  }
}

/** Adds rows to others, where there is room. @returns whether there was */
function joined(to: StagedRows, rows: StagedRows): boolean {
  if (to.count + rows.count > limits.rowGroupRows) return false;
  to.append(rows);
  giveBackRows(rows);
  return true;
}

function countersOf({ packetsForward, bytesForward, packetsReverse, bytesReverse }: StagedRows): Float64Array[] {
  return [packetsForward, bytesForward, packetsReverse, bytesReverse];
}

/** Groups, records and places in these of `count` rows. */
function copyGroups(
  from: Uint32Array,
  first: number,
  count: number,
  groups: readonly TupleGroup[],
  groupIds: Uint32Array,
  recordIds: Uint32Array,
  nextIndex: Uint32Array,
  rows: StagedRows,
): void {
  const { count: at, tupleIndex } = rows;
  let i = 0;
  while (i < count) {
    const start = i;
    const number = from[first + i];
    const ofRecord = groups[number].record;
    let index = nextIndex[ofRecord];
    for (; i < count && from[first + i] === number; i++) tupleIndex[at + i] = index++;
    nextIndex[ofRecord] = index;
    rows.addRun(i - start, groupIds[number], recordIds[ofRecord]);
  }
}

/**
 * Whether four zeros are counts. Those of a begin or denied tuple and of NSG logs' UDP stand for "not counted".
 * Source: facts 1.6 (UDP) and 3.2 (VNet B and D); DESIGN decision 9.
 */
function areZerosCounts(tuples: TupleColumns, row: number, vnet: boolean): boolean {
  const state = tuples.state[row];
  if (state === stateBegin || state === stateDenied || state === stateNone) return false;
  return vnet || tuples.protocol[row] !== protocolUdp;
}

/** Rows of a row group that we wrote, as they were staged when they were read, from the columns that the kernel has loaded. */
import {
  accessAllow,
  accessDeny,
  directionInbound,
  directionOutbound,
  encryptionNames,
  stateNames,
} from '../flowlog/tuple.ts';
import { FiveTupleReader, takeCodes, takeWords } from './five-tuple-reader.ts';
import { fiveTuplesOf, makeFiveTuples } from './flows/five-tuple-columns.ts';
import type { FiveTupleColumns } from './flows/five-tuples.ts';
import type { StagedRows, StageTables } from './staged-rows.ts';
import { giveBackRows, groupTexts, takeRows } from './staged-rows.ts';
import type { ReadKernel } from './read-kernel.ts';
import * as layout from './read-kernel-layout.ts';

/** Which rows of a row group are wanted. */
export interface RowChoice {
  /** Whether rows with these ports may be wanted: a quick look, before the rest is decoded. */
  mayHavePorts(sourcePort: number, destinationPort: number): boolean;
  /** Whether a row of these columns, with a tuple within these times, is wanted. */
  meets(columns: FiveTupleColumns, row: number, startMillis: number, endMillis: number): boolean;
}

/** Turns the columns of a row group, which the kernel has, to staged rows. */
export class GroupReader {
  readonly #kernel: ReadKernel;
  readonly #tables: StageTables;
  readonly #fiveTuples: FiveTupleReader;

  constructor(kernel: ReadKernel, tables: StageTables) {
    this.#kernel = kernel;
    this.#tables = tables;
    this.#fiveTuples = new FiveTupleReader(kernel);
  }

  /** Rows that a choice may want by their ports, which are loaded, in ascending order. */
  choosePorts(choice: RowChoice, count: number): Uint32Array {
    return this.#fiveTuples.rowsOfPorts(count, (source, destination) => choice.mayHavePorts(source, destination));
  }

  /** Those of `kept` that a choice wants, by five-tuples and times, which are loaded; all of them where a value is none that we write. */
  choose(choice: RowChoice, kept: Uint32Array, count: number): Uint32Array {
    const fives = makeFiveTuples(kept.length);
    const times = new Float64Array(kept.length);
    if (!this.#fiveTuples.take(fives, kept, count) || !takeTimes(this.#kernel, kept, times)) return kept;
    return kept.filter((_, i) => choice.meets(fives, i, times[i], times[i]));
  }

  /** @returns `undefined` where a value is none that we write */
  read(count: number, keeps: (blob: string) => boolean, chosen?: Uint32Array): StagedRows | undefined {
    const kernel = this.#kernel;
    const rows = takeRows(this.#tables);
    rows.reserve(chosen?.length ?? count);
    const kept = takeRuns(kernel, this.#tables, rows, count, keeps, chosen);
    rows.count = kept?.length ?? 0;
    const isWhole =
      kept !== undefined &&
      this.#fiveTuples.take(fiveTuplesOf(rows), kept, count) &&
      takeTimes(kernel, kept, rows.timeMillis) &&
      kernel.takeCounters('packets_forward', kept, rows.packetsForward) &&
      kernel.takeCounters('bytes_forward', kept, rows.bytesForward) &&
      kernel.takeCounters('packets_reverse', kept, rows.packetsReverse) &&
      kernel.takeCounters('bytes_reverse', kept, rows.bytesReverse) &&
      Object.entries(codes).every(([name, codeOf]) =>
        takeCodes(kernel, name as CodeColumn, codeOf, rows[name as CodeColumn], kept, count),
      );
    if (kept === undefined || !isWhole) {
      giveBackRows(rows);
      return undefined;
    }
    takeWords(kernel.words('tuple_index', count), rows.tupleIndex, kept);
    return rows;
  }
}

/** @returns whether all are whole milliseconds */
function takeTimes(kernel: ReadKernel, kept: Uint32Array, to: Float64Array): boolean {
  kernel.takeLongs('time', kept, to);
  let isWhole = true;
  for (let i = 0; i < kept.length; i++) {
    to[i] /= 1000;
    isWhole &&= Number.isInteger(to[i]);
  }
  return isWhole;
}

/** Records of the rows of a row group, in the order in which they were read; kept for the next one. */
const recordMicros = new Float64Array(layout.rowsMax);
const recordOffsets = new Float64Array(layout.rowsMax);

const directions: string[] = [];
directions[directionInbound] = 'inbound';
directions[directionOutbound] = 'outbound';
const accesses: string[] = [];
accesses[accessAllow] = 'allow';
accesses[accessDeny] = 'deny';

type CodeColumn = 'direction' | 'access' | 'state' | 'encryption';

/** Columns of a few names: the code of each, or less than 0. */
const codes: Readonly<Record<CodeColumn, (text: string) => number>> = {
  direction: (text) => directions.indexOf(text),
  access: (text) => accesses.indexOf(text),
  state: (text) => (stateNames as readonly string[]).indexOf(text),
  encryption: (text) => (encryptionNames as readonly string[]).indexOf(text),
};

/** Groups and records of the rows that are kept, as runs. @returns these rows, in the order in which they were read; `undefined` where a record's time is none that we write */
function takeRuns(
  kernel: ReadKernel,
  tables: StageTables,
  rows: StagedRows,
  count: number,
  keeps: (blob: string) => boolean,
  chosen: Uint32Array | undefined,
): Uint32Array | undefined {
  const columns = groupTexts.map((name) => kernel.words(name, count));
  const order = orderOf(kernel, count, chosen);
  kernel.takeLongs('record_time', order, recordMicros);
  kernel.takeLongs('record_offset', order, recordOffsets);
  const startsGroup = new Uint8Array(order.length).fill(1, 0, 1);
  for (const texts of columns) markTexts(texts, order, startsGroup);
  const startsRecord = new Uint8Array(order.length).fill(1, 0, 1);
  markTexts(kernel.words('blob', count), order, startsRecord);
  markNumbers(recordOffsets, startsRecord);
  markNumbers(recordMicros, startsRecord);
  const kept = new Uint32Array(order.length);
  const groups = new Map<string, { readonly id: number; readonly isKept: boolean }>();
  let group = { id: 0, isKept: false };
  let record: number | undefined;
  let n = 0;
  for (let start = 0, end = 0; start < order.length; start = end) {
    end = runEnd(startsGroup, startsRecord, start);
    if (startsGroup[start] === 1) {
      const texts = columns.map((its) => its[order[start]]);
      const key = texts.join();
      let known = groups.get(key);
      if (known === undefined) {
        const names = texts.map((text) => kernel.text(text) ?? '');
        known = { id: tables.groupId(names), isKept: keeps(names[groupTexts.indexOf('blob')]) };
        groups.set(key, known);
      }
      group = known;
    }
    if (startsRecord[start] === 1) record = undefined;
    if (!group.isKept) continue;
    if (record === undefined) {
      const millis = recordMicros[start] / 1000;
      if (!Number.isNaN(millis) && !Number.isInteger(millis)) return undefined;
      record = tables.recordId(millis, recordOffsets[start]);
    }
    rows.addRun(end - start, group.id, record);
    kept.set(order.subarray(start, end), n);
    n += end - start;
  }
  return kept.subarray(0, n);
}

/** The rows that are chosen, or all, in the order in which they were read. */
function orderOf(kernel: ReadKernel, count: number, chosen: Uint32Array | undefined): Uint32Array {
  const order = kernel.rowOrder(count);
  if (chosen === undefined) return order;
  const isChosen = new Uint8Array(count);
  for (let i = 0; i < chosen.length; i++) isChosen[chosen[i]] = 1;
  return order.filter((row) => isChosen[row] === 1);
}

/** Sets 1 where the text of a row, in this order, is another one than that of the row before. */
function markTexts(texts: Uint32Array, order: Uint32Array, starts: Uint8Array): void {
  for (let i = 1; i < order.length; i++) if (texts[order[i]] !== texts[order[i - 1]]) starts[i] = 1;
}

/** The same of numbers that are in order; NaN, which stands for none, is the same as NaN. */
function markNumbers(numbers: Float64Array, starts: Uint8Array): void {
  for (let i = 1; i < starts.length; i++) if (!Object.is(numbers[i], numbers[i - 1])) starts[i] = 1;
}

/** Behind the rows of the group and record of the row `start`. */
function runEnd(startsGroup: Uint8Array, startsRecord: Uint8Array, start: number): number {
  let end = start + 1;
  while (end < startsGroup.length && startsGroup[end] === 0 && startsRecord[end] === 0) end++;
  return end;
}

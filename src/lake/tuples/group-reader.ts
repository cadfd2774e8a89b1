/** Rows of a row group that we wrote, as they were staged when they were read, from the columns that the kernel has loaded. */
import { FiveTupleReader, takeCodes, takeWords } from './five-tuple-reader.ts';
import { fiveTuplesOf, makeFiveTuples } from '../flows/five-tuple-columns.ts';
import type { FiveTupleColumns } from '../flows/five-tuples.ts';
import type { StagedRows, StageTables } from './staged-rows.ts';
import { giveBackRows, takeRows } from './staged-rows.ts';
import { columnsOf, groupTextIndex, groupTexts } from './stored-columns.ts';
import type { ReadKernel } from './read-kernel.ts';

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
      columnsOf('counter').every(({ name, source }) => kernel.takeCounters(name, kept, rows[source.array])) &&
      codeColumns.every(({ name, source: { array, names } }) =>
        takeCodes(kernel, name, (text) => names.indexOf(text), rows[array], kept, count),
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

/** Columns of a few names but for the protocol, which is of the five-tuple. */
const codeColumns = columnsOf('name').filter(({ source }) => source.array !== 'protocol');
const blobText = groupTextIndex('blob');

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
  const kept = new Uint32Array(order.length);
  const groups = new Map<string, { readonly id: number; readonly isKept: boolean }>();
  const groupOf = (row: number): { readonly id: number; readonly isKept: boolean } => {
    const numbers = columns.map((texts) => texts[row]);
    const key = numbers.join();
    const known = groups.get(key);
    if (known !== undefined) return known;
    const texts = numbers.map((number) => kernel.text(number) ?? '');
    const group = { id: tables.groupId(texts), isKept: keeps(texts[blobText]) };
    groups.set(key, group);
    return group;
  };
  let n = 0;
  let start = 0;
  for (const end of kernel.findRuns(order.length)) {
    const first = order[start];
    const { id, isKept } = groupOf(first);
    if (isKept) {
      const millis = kernel.long('record_time', first) / 1000;
      if (!Number.isNaN(millis) && !Number.isInteger(millis)) return undefined;
      rows.addRun(end - start, id, tables.recordId(millis, kernel.long('record_offset', first)));
      kept.set(order.subarray(start, end), n);
      n += end - start;
    }
    start = end;
  }
  return kept.subarray(0, n);
}

/** The rows that are chosen, or all, in the order in which they were read; the kernel has only these then. */
function orderOf(kernel: ReadKernel, count: number, chosen: Uint32Array | undefined): Uint32Array {
  const order = kernel.rowOrder(count);
  if (chosen === undefined) return order;
  const isChosen = new Uint8Array(count);
  for (let i = 0; i < chosen.length; i++) isChosen[chosen[i]] = 1;
  const some = order.filter((row) => isChosen[row] === 1);
  order.set(some);
  return order.subarray(0, some.length);
}

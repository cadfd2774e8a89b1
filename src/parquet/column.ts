/**
 * One column of one row group: a dictionary page and one data page, or a data page alone.
 *
 *   dictionary page  distinct values, plain                     data page  length and levels (1: there is a value), then
 *   plain            INT32, INT64: little endian                             width and indexes of the dictionary,
 *                    BYTE_ARRAY: length (4 bytes), bytes                     plain values, or differences
 *
 * Source: Parquet format, "Data Pages", "Encodings".
 */
import { assert } from '../base/assert.ts';
import type {
  ColumnValues,
  DataEncoding,
  EncodedColumn,
  Lists,
  PhysicalType,
  Runs,
  Statistic,
  AddressValues,
} from './column-values.ts';
import type { KernelResult, PageKernel } from './page-kernel.ts';
import { pageKernel } from './page-kernel.ts';
import type { OrderedParts } from './ordered-runs.ts';
import { orderedParts, orderedRuns } from './ordered-runs.ts';
import type { ListLevels } from './levels.ts';
import { listLevels, putLevels } from './levels.ts';
import { bitWidth, RunWriter } from './runs.ts';
import { ThriftWriter } from './thrift.ts';

/** Longer texts have no minimum and maximum. */
const statisticsTextMax = 1024;

/** Of `Encoding` in parquet.thrift. */
export const encodings = { plain: 0, rle: 3, differences: 5, dictionary: 8 } as const;
/** Of `PageType` in parquet.thrift. */
const pageTypes = { data: 0, dictionary: 2 } as const;

/** Of a hundred values: where more are distinct, plain values or differences take less room than a dictionary and its indexes. */
const plainPercent = { INT32: 20, INT64: 35 } as const;

/** Encodes columns one after the other. */
export class ColumnEncoder {
  readonly #kernel: PageKernel = pageKernel();
  /** Whose addresses the kernel has interned, and how many are distinct. */
  #interned: { readonly words: Uint32Array; readonly distinct: number } | undefined;
  /** Of the lists whose fields are encoded. */
  #lists: { readonly ends: Uint32Array; readonly levels: ListLevels } | undefined;
  readonly #order: Uint32Array | undefined;
  /** By the ends of runs, their parts in order; by their ids, the runs in order: columns share them. */
  readonly #parts = new Map<Uint32Array, OrderedParts>();
  readonly #runs = new Map<Uint32Array, Runs>();

  /** Of columns with the row `order[i]` in place i; absent, as they are. */
  constructor(order?: Uint32Array) {
    this.#order = order;
    this.#kernel.setOrder(order);
  }

  /** Columns of one side's addresses are fastest one after the other. */
  encode(type: PhysicalType, column: ColumnValues, count: number): EncodedColumn {
    const kernel = this.#kernel;
    if (column.kind !== 'halves') this.#interned = undefined;
    switch (column.kind) {
      case 'numbers':
        return this.#encodeNumbers(type, column.values, column.scale ?? 1, count, false);
      case 'counters':
        return this.#encodeNumbers(type, column.values, 1, count, true);
      case 'shorts':
        kernel.put(column.values, count, 2);
        kernel.run.shorts(count, plainPercent.INT32);
        return this.#kernelPages(count);
      case 'sequence':
        kernel.put(column.values, count, 4);
        kernel.run.sequence(count);
        return this.#kernelPages(count);
      case 'names':
        return this.#encodeNames(column.codes, column.names, count);
      case 'addresses':
        return this.#encodeAddresses(column, count);
      case 'halves':
        return this.#encodeHalves(column, column.half, count);
      case 'texts':
        return this.#encodeTexts(column, count);
      case 'booleans':
        return this.#encodeBooleans(column.values, count);
      case 'listed':
        return this.#encodeListed(column, count);
      default:
        return this.#encodeLongs(column, count);
    }
  }

  #encodeNumbers(
    type: PhysicalType,
    values: Float64Array,
    scale: number,
    count: number,
    areCounters: boolean,
  ): EncodedColumn {
    const wide = type === 'INT64';
    this.#kernel.put(values, count, 8);
    const percent = plainPercent[wide ? 'INT64' : 'INT32'];
    this.#kernel.run.numbers(count, BigInt(scale), wide ? 1 : 0, percent, areCounters ? 1 : 0);
    return this.#kernelPages(count);
  }

  #encodeNames(codes: Uint8Array, names: readonly string[], count: number): EncodedColumn {
    const kernel = this.#kernel;
    kernel.put(codes, count, 1);
    const nullCode = names.indexOf('');
    kernel.run.codes(count, nullCode < 0 ? 256 : nullCode);
    const { present, distinct, bodyLength } = kernel.result;
    const kept = Array.from(kernel.dictionary.subarray(0, distinct), (code) => names[code]);
    return this.#textPages(count, present, kept, bodyLength);
  }

  #encodeAddresses(column: AddressValues, count: number): EncodedColumn {
    const kernel = this.#kernel;
    const distinct = this.#intern(column, count);
    kernel.run.addresses(count, distinct);
    const { minimum, maximum } = kernel.textRange;
    const hashes = kernel.hashes.slice(0, distinct);
    return { ...this.#kernelPages(count), minimum, maximum, hashes };
  }

  #encodeHalves(column: AddressValues, half: 0 | 1, count: number): EncodedColumn {
    const distinct = this.#interned?.words === column.words ? this.#interned.distinct : this.#intern(column, count);
    this.#kernel.run.halves(count, distinct, half);
    return this.#kernelPages(count);
  }

  #encodeBooleans(values: Uint8Array, count: number): EncodedColumn {
    assert(this.#order === undefined, 'rows with booleans are in order');
    const { body } = this.#kernel;
    const at = putLevels(body, 0, new RunWriter(1).add(1, count).bytes());
    const length = Math.ceil(count / 8);
    body.fill(0, at, at + length);
    for (let row = 0; row < count; row++) body[at + (row >> 3)] |= values[row] << (row & 7);
    const pages = { present: count, distinct: 0, dictionaryLength: 0, bodyLength: at + length };
    return this.#pages(count, pages, undefined, undefined, 'plain');
  }

  #encodeListed(column: Extract<ColumnValues, { kind: 'listed' }>, rows: number): EncodedColumn {
    const { lists, values, scale = 1, areCounters = false } = column;
    assert(this.#order === undefined, 'rows with lists are in order');
    const kernel = this.#kernel;
    const elements = rows === 0 ? 0 : lists.ends[rows - 1];
    kernel.put(values, elements, 8);
    kernel.run.numbers(elements, BigInt(scale), 1, plainPercent.INT64, areCounters ? 1 : 0);
    const { result, range, body } = kernel;
    const isWhole = result.present === elements;
    const { repetitions, definitions, entries } = isWhole
      ? this.#wholeLevels(lists, rows)
      : listLevels(lists, rows, values);
    // The kernel's own levels go; what is left stands behind those of the lists.
    const valuesAt = 4 + new DataView(body.buffer, body.byteOffset).getUint32(0, true);
    const levelsLength = 8 + repetitions.length + definitions.length;
    body.copyWithin(levelsLength, valuesAt, result.bodyLength);
    putLevels(body, putLevels(body, 0, repetitions), definitions);
    const bodyLength = levelsLength + (result.present === 0 ? 0 : result.bodyLength - valuesAt);
    const [minimum, maximum] = result.present === 0 ? [] : [numberOf(range.minimum), numberOf(range.maximum)];
    return { ...this.#pages(entries, { ...result, bodyLength }, minimum, maximum, encodingOf(result)), entries };
  }

  /** Levels of fields without nulls: those of one list have the same. */
  #wholeLevels(lists: Lists, rows: number): ListLevels {
    if (this.#lists?.ends !== lists.ends) this.#lists = { ends: lists.ends, levels: listLevels(lists, rows) };
    return this.#lists.levels;
  }

  #intern({ words, families, mixedFamily }: AddressValues, count: number): number {
    const kernel = this.#kernel;
    // Their indexes are put in order, which takes a quarter of the time.
    kernel.putAsRead('input', words, 16 * count);
    kernel.putAsRead('families', families, count);
    const distinct = kernel.run.internAddresses(count, mixedFamily);
    kernel.orderIndexes(count);
    this.#interned = { words, distinct };
    return distinct;
  }

  #encodeTexts(column: Extract<ColumnValues, { kind: 'texts' }>, count: number): EncodedColumn {
    const { texts } = column;
    const known = new Map<string, number>();
    const { present, bodyLength } = this.#runBody(column, texts.length, (id) => {
      const text = texts[id];
      return text === '' ? -1 : intern(known, text);
    });
    return this.#textPages(count, present, [...known.keys()], bodyLength);
  }

  #encodeLongs(column: Extract<ColumnValues, { kind: 'longs' }>, count: number): EncodedColumn {
    const { longs: values, scale = 1 } = column;
    const known = new Map<number, number>();
    const { present, bodyLength } = this.#runBody(column, values.length, (id) => {
      const value = values[id];
      return Number.isNaN(value) ? -1 : intern(known, value);
    });
    const longs = BigInt64Array.from(known.keys(), (value) => BigInt(value) * BigInt(scale));
    const dictionaryLength = this.#setDictionary(new Uint8Array(longs.buffer));
    const [minimum, maximum] = rangeOf(longs);
    return this.#pages(
      count,
      { present, distinct: longs.length, dictionaryLength, bodyLength },
      minimum === undefined ? undefined : numberOf(minimum),
      maximum === undefined ? undefined : numberOf(maximum),
      'dictionary',
    );
  }

  /** Writes the body of a data page of runs. `indexOf` gives an id's index in the dictionary, -1 for null, and is asked once an id. */
  #runBody(
    read: Runs,
    idsEnd: number,
    indexOf: (id: number) => number,
  ): { readonly present: number; readonly bodyLength: number } {
    const { runs, ends, ids } = this.#ordered(read);
    const unknown = -2;
    const known = new Int32Array(idsEnd).fill(unknown);
    let last = 0;
    for (let run = 0; run < runs; run++) {
      const id = ids[run];
      if (known[id] === unknown) {
        known[id] = indexOf(id);
        last = Math.max(last, known[id]);
      }
    }
    const width = bitWidth(last);
    const levels = new RunWriter(1);
    const values = new RunWriter(width);
    let present = 0;
    let start = 0;
    for (let run = 0; run < runs; run++) {
      const end = ends[run];
      const index = known[ids[run]];
      levels.add(index < 0 ? 0 : 1, end - start);
      if (index >= 0) {
        values.add(index, end - start);
        present += end - start;
      }
      start = end;
    }
    const { body } = this.#kernel;
    const levelBytes = levels.bytes();
    new DataView(body.buffer, body.byteOffset).setUint32(0, levelBytes.length, true);
    body.set(levelBytes, 4);
    let at = 4 + levelBytes.length;
    if (present > 0) {
      body[at++] = width;
      const valueBytes = values.bytes();
      body.set(valueBytes, at);
      at += valueBytes.length;
    }
    return { present, bodyLength: at };
  }

  #ordered(read: Runs): Runs {
    if (this.#order === undefined) return read;
    let parts = this.#parts.get(read.ends);
    if (parts === undefined) this.#parts.set(read.ends, (parts = orderedParts(read, this.#order)));
    let ordered = this.#runs.get(read.ids);
    if (ordered === undefined) this.#runs.set(read.ids, (ordered = orderedRuns(parts, read.ids)));
    return ordered;
  }

  #textPages(count: number, present: number, texts: readonly string[], bodyLength: number): EncodedColumn {
    const { bytes, ordered } = plainTexts(texts);
    const dictionaryLength = this.#setDictionary(bytes);
    let minimum = ordered ? texts[0] : undefined;
    let maximum = minimum;
    if (ordered)
      for (const one of texts)
        if (one < minimum!) minimum = one;
        else if (one > maximum!) maximum = one;
    const result = { present, distinct: texts.length, dictionaryLength, bodyLength };
    return this.#pages(count, result, minimum, maximum, 'dictionary');
  }

  #setDictionary(bytes: Uint8Array): number {
    this.#kernel.dictionary.set(bytes);
    return bytes.length;
  }

  /** Pages of what the kernel has just made, of numbers. */
  #kernelPages(count: number): EncodedColumn {
    const { result, range } = this.#kernel;
    const ranged = result.present > 0;
    const minimum = ranged ? numberOf(range.minimum) : undefined;
    const maximum = ranged ? numberOf(range.maximum) : undefined;
    return this.#pages(count, result, minimum, maximum, encodingOf(result));
  }

  /** Makes the pages of what stands in the kernel's dictionary and body. */
  #pages(
    count: number,
    { present, distinct, dictionaryLength, bodyLength }: KernelPages,
    minimum: Statistic | undefined,
    maximum: Statistic | undefined,
    wanted: DataEncoding,
  ): EncodedColumn {
    const encoding = present === 0 ? 'plain' : wanted;
    const pages: Uint8Array[] = [];
    let uncompressedBytes = 0;
    const add = (
      from: 'dictionary' | 'body',
      length: number,
      type: number,
      describe: (writer: ThriftWriter) => void,
    ): number => {
      const compressed = this.#kernel.compressed(from, length);
      const writer = new ThriftWriter().i32(1, type).i32(2, length).i32(3, compressed.length);
      describe(writer);
      const header = writer.end().bytes();
      pages.push(header, compressed);
      uncompressedBytes += header.length + length;
      return header.length + compressed.length;
    };
    let dictionaryBytes = 0;
    if (encoding === 'dictionary')
      dictionaryBytes = add('dictionary', dictionaryLength, pageTypes.dictionary, (writer) =>
        writer.struct(7, (page) => page.i32(1, distinct).i32(2, encodings.plain)),
      );
    const dataBytes = add('body', bodyLength, pageTypes.data, (writer) =>
      writer.struct(5, (page) =>
        page.i32(1, count).i32(2, encodings[encoding]).i32(3, encodings.rle).i32(4, encodings.rle),
      ),
    );
    return {
      pages,
      encoding,
      dictionaryBytes,
      bytes: dictionaryBytes + dataBytes,
      uncompressedBytes,
      nulls: count - present,
      minimum,
      maximum,
    };
  }
}

function encodingOf({ distinct, areDifferences }: KernelResult): DataEncoding {
  return areDifferences ? 'differences' : distinct > 0 ? 'dictionary' : 'plain';
}

interface KernelPages {
  readonly present: number;
  readonly distinct: number;
  readonly dictionaryLength: number;
  readonly bodyLength: number;
}

/** The number of a value, a new one where it was not seen. */
function intern<T>(known: Map<T, number>, value: T): number {
  let index = known.get(value);
  if (index === undefined) {
    index = known.size;
    known.set(value, index);
  }
  return index;
}

/** A number where it is exact, as they mostly are. */
function numberOf(value: bigint): number | bigint {
  return value <= Number.MAX_SAFE_INTEGER && value >= Number.MIN_SAFE_INTEGER ? Number(value) : value;
}

function rangeOf(values: BigInt64Array): [bigint | undefined, bigint | undefined] {
  let minimum: bigint | undefined = values[0];
  let maximum = minimum;
  for (const value of values)
    if (value < minimum) minimum = value;
    else if (value > maximum) maximum = value;
  return [minimum, maximum];
}

/** A code unit from which on the order of UTF-16 is not that of UTF-8. */
const surrogate = /[\ud800-\uffff]/;

/** Texts as the dictionary holds them, and whether their order in JavaScript is that of their bytes. */
function plainTexts(texts: readonly string[]): { bytes: Uint8Array; ordered: boolean } {
  const encoder = new TextEncoder();
  const parts = texts.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + 4 + part.length, 0));
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const part of parts) {
    view.setUint32(at, part.length, true);
    bytes.set(part, at + 4);
    at += 4 + part.length;
  }
  const ordered = texts.length > 0 && texts.every((text) => text.length <= statisticsTextMax && !surrogate.test(text));
  return { bytes, ordered };
}

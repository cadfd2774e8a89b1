/**
 * One column of one row group: a dictionary page and one data page, or a data page of plain values.
 *
 *   dictionary page  distinct values, plain                     data page  length and levels (1: there is a value), then
 *   plain            INT32, INT64: little endian                             width and indexes of the dictionary (rle.ts),
 *                    BYTE_ARRAY: length (4 bytes), bytes                     or plain values
 *
 * Source: Parquet format, "Data Pages", "Encodings".
 */
import { bitWidth, encodeHybrid, encodeRun, hybridBytesMax } from './rle.ts';
import { ThriftWriter } from './thrift.ts';
import type { Compress } from './zstd.ts';

export type PhysicalType = 'INT32' | 'INT64' | 'BYTE_ARRAY';

/** The values of a column in a row group, of which the first `count` rows count. */
export type ColumnValues =
  /** Whole numbers below 2^63 times `scale`; NaN is null. */
  | { readonly kind: 'numbers'; readonly values: Float64Array; readonly scale?: number }
  /** Numbers up to 65535; none is null. */
  | { readonly kind: 'shorts'; readonly values: Uint16Array }
  /** Texts by number, of which there are `codes`; '' is null. */
  | {
      readonly kind: 'texts';
      readonly ids: Uint32Array | Uint8Array;
      readonly codes: number;
      readonly text: (id: number) => string;
    }
  /** Signed 64-bit values by number, of which there are `codes`; `undefined` is null. */
  | {
      readonly kind: 'longs';
      readonly ids: Uint32Array;
      readonly codes: number;
      readonly long: (id: number) => bigint | undefined;
    };

export type Statistic = number | bigint | string;

export interface EncodedColumn {
  /** Pages with their headers, in order. */
  readonly pages: readonly Uint8Array[];
  /** Bytes of the dictionary page; 0 where there is none. */
  readonly dictionaryBytes: number;
  readonly bytes: number;
  readonly uncompressedBytes: number;
  readonly nulls: number;
  /** `undefined` where all are null, or a text is too long to be worth it. */
  readonly minimum: Statistic | undefined;
  readonly maximum: Statistic | undefined;
}

/** Longer texts have no minimum and maximum. */
const statisticsTextMax = 1024;

/** Of `Type`, `Encoding` and `PageType` in parquet.thrift. */
const encodings = { plain: 0, rle: 3, rleDictionary: 8 } as const;
const pageTypes = { data: 0, dictionary: 2 } as const;

/** Encodes columns one after the other, with room that is kept between them. */
export class ColumnEncoder {
  readonly #compress: Compress;
  #indexes = new Uint32Array(0);
  #levels = new Uint8Array(0);
  #numbers = new Float64Array(0);
  #buckets = new Uint32Array(0);
  #shorts = new Uint32Array(65_536);
  #out = new Uint8Array(0);

  constructor(compress: Compress) {
    this.#compress = compress;
  }

  encode(type: PhysicalType, column: ColumnValues, count: number): EncodedColumn {
    this.#reserve(count);
    switch (column.kind) {
      case 'numbers':
        return this.#encodeNumbers(type, column.values, column.scale ?? 1, count);
      case 'shorts':
        return this.#encodeShorts(column.values, count);
      case 'texts':
        return this.#encodeTexts(column, count);
      default:
        return this.#encodeLongs(column, count);
    }
  }

  #encodeNumbers(type: PhysicalType, values: Float64Array, scale: number, count: number): EncodedColumn {
    const wide = type === 'INT64';
    const numbers = this.#numbers;
    const indexes = this.#indexes;
    const levels = this.#levels;
    const present = splitNulls(values, count, numbers, levels);
    const buckets = this.#buckets.fill(0);
    const distinct = internNumbers(numbers, present, buckets, indexes);
    if (distinct > present * plainShare[type]) {
      for (let i = 0, row = 0; row < count; row++) if (levels[row] === 1) numbers[i++] = values[row];
      const [minimum, maximum] = rangeOf(numbers, present, scale);
      const plain = plainNumbers(numbers, present, scale, wide);
      return this.#pages(count, present, undefined, 0, plain, minimum, maximum);
    }
    const [minimum, maximum] = rangeOf(numbers, distinct, scale);
    return this.#pages(
      count,
      present,
      plainNumbers(numbers, distinct, scale, wide),
      distinct,
      undefined,
      minimum,
      maximum,
    );
  }

  #encodeShorts(values: Uint16Array, count: number): EncodedColumn {
    const codes = this.#shorts.fill(0);
    const numbers = this.#numbers;
    const indexes = this.#indexes;
    let distinct = 0;
    for (let row = 0; row < count; row++) {
      const value = values[row];
      let code = codes[value];
      if (code === 0) {
        numbers[distinct] = value;
        code = ++distinct;
        codes[value] = code;
      }
      indexes[row] = code - 1;
    }
    const [minimum, maximum] = rangeOf(numbers, distinct, 1);
    if (distinct <= count * plainShare.INT32)
      return this.#pages(
        count,
        count,
        plainNumbers(numbers, distinct, 1, false),
        distinct,
        undefined,
        minimum,
        maximum,
      );
    const plain = new Uint8Array(4 * count);
    for (let row = 0; row < count; row++) {
      plain[4 * row] = values[row] & 0xff;
      plain[4 * row + 1] = values[row] >>> 8;
    }
    return this.#pages(count, count, undefined, 0, plain, minimum, maximum);
  }

  #encodeTexts({ ids, codes, text }: Extract<ColumnValues, { kind: 'texts' }>, count: number): EncodedColumn {
    const order = distinctIds(ids, count, codes, this.#indexes);
    const texts = order.map((id) => text(id));
    const present = this.#dropNulls(count, texts.indexOf(''));
    const kept = present === count ? texts : texts.filter((one) => one !== '');
    const { bytes, ordered } = plainTexts(kept);
    let minimum = ordered ? kept[0] : undefined;
    let maximum = minimum;
    if (ordered)
      for (const one of kept)
        if (one < minimum!) minimum = one;
        else if (one > maximum!) maximum = one;
    return this.#pages(count, present, bytes, kept.length, undefined, minimum, maximum);
  }

  #encodeLongs({ ids, codes, long }: Extract<ColumnValues, { kind: 'longs' }>, count: number): EncodedColumn {
    // Equal values become one. By number: 0 not seen, 1 null, else the index of its value and 2.
    const known = new Uint32Array(codes);
    const byValue = new Map<bigint, number>();
    const indexes = this.#indexes;
    const levels = this.#levels;
    let present = 0;
    for (let row = 0; row < count; row++) {
      const id = ids[row];
      let found = known[id];
      if (found === 0) {
        const value = long(id);
        found = value === undefined ? 1 : (byValue.get(value) ?? byValue.size + 2);
        if (value !== undefined) byValue.set(value, found);
        known[id] = found;
      }
      if (found === 1) levels[row] = 0;
      else {
        levels[row] = 1;
        indexes[present++] = found - 2;
      }
    }
    const kept = [...byValue.keys()];
    const plain = new BigInt64Array(kept);
    let minimum: bigint | undefined = kept[0];
    let maximum = minimum;
    for (const value of kept)
      if (value < minimum) minimum = value;
      else if (value > maximum) maximum = value;
    return this.#pages(count, present, new Uint8Array(plain.buffer), kept.length, undefined, minimum, maximum);
  }

  /** Takes the index that means null out of `#indexes`, and sets the levels. @returns rows that have a value */
  #dropNulls(count: number, nullIndex: number): number {
    const indexes = this.#indexes;
    const levels = this.#levels;
    if (nullIndex < 0) return count;
    levels.fill(1, 0, count);
    let present = 0;
    for (let row = 0; row < count; row++) {
      const index = indexes[row];
      if (index === nullIndex) levels[row] = 0;
      else indexes[present++] = index > nullIndex ? index - 1 : index;
    }
    return present;
  }

  /** Makes the pages of a dictionary and `#indexes`, or of plain values. */
  #pages(
    count: number,
    present: number,
    dictionary: Uint8Array | undefined,
    distinct: number,
    plain: Uint8Array | undefined,
    minimum: Statistic | undefined,
    maximum: Statistic | undefined,
  ): EncodedColumn {
    const pages: Uint8Array[] = [];
    let uncompressedBytes = 0;
    const add = (body: Uint8Array, describe: (writer: ThriftWriter) => void, type: number): number => {
      const compressed = this.#compress(body);
      const writer = new ThriftWriter().i32(1, type).i32(2, body.length).i32(3, compressed.length);
      describe(writer);
      const header = writer.end().bytes();
      pages.push(header, compressed);
      uncompressedBytes += header.length + body.length;
      return header.length + compressed.length;
    };
    let dictionaryBytes = 0;
    if (dictionary !== undefined && present > 0)
      dictionaryBytes = add(
        dictionary,
        (writer) => writer.struct(7, (page) => page.i32(1, distinct).i32(2, encodings.plain)),
        pageTypes.dictionary,
      );
    const indexed = dictionaryBytes > 0;
    const body = this.#body(count, present, plain, indexed ? bitWidth(distinct - 1) : undefined);
    const dataBytes = add(
      body,
      (writer) =>
        writer.struct(5, (page) =>
          page
            .i32(1, count)
            .i32(2, indexed ? encodings.rleDictionary : encodings.plain)
            .i32(3, encodings.rle)
            .i32(4, encodings.rle),
        ),
      pageTypes.data,
    );
    return {
      pages,
      dictionaryBytes,
      bytes: dictionaryBytes + dataBytes,
      uncompressedBytes,
      nulls: count - present,
      minimum,
      maximum,
    };
  }

  /** The body of a data page: levels, then indexes of `width` bits or plain values. */
  #body(count: number, present: number, plain: Uint8Array | undefined, width: number | undefined): Uint8Array {
    const out = this.#out;
    const levelsEnd =
      present === count || present === 0
        ? encodeRun(present === 0 ? 0 : 1, count, 1, out, 4)
        : encodeHybrid(this.#levels, count, 1, out, 4);
    new DataView(out.buffer).setUint32(0, levelsEnd - 4, true);
    if (width === undefined) {
      const values = plain ?? new Uint8Array(0);
      const body = new Uint8Array(levelsEnd + values.length);
      body.set(out.subarray(0, levelsEnd));
      body.set(values, levelsEnd);
      return body;
    }
    out[levelsEnd] = width;
    return out.subarray(0, encodeHybrid(this.#indexes, present, width, out, levelsEnd + 1));
  }

  #reserve(count: number): void {
    if (this.#indexes.length >= count) return;
    this.#indexes = new Uint32Array(count);
    this.#levels = new Uint8Array(count);
    this.#numbers = new Float64Array(count);
    this.#buckets = new Uint32Array(2 << bitWidth(count));
    this.#out = new Uint8Array(hybridBytesMax(count, 1) + hybridBytesMax(count, bitWidth(count)) + 16);
  }
}

/** Where distinct values are more than this share of the rows, plain values take less room than a dictionary and its indexes. */
const plainShare = { INT32: 0.2, INT64: 0.6, BYTE_ARRAY: 1 } as const;

/** A code unit from which on the order of UTF-16 is not that of UTF-8. */
const surrogate = /[\ud800-\uffff]/;

/** Copies the values that are numbers to `out`. @returns how many they are */
function splitNulls(values: Float64Array, count: number, out: Float64Array, levels: Uint8Array): number {
  let present = 0;
  for (let row = 0; row < count; row++) {
    const value = values[row];
    if (value === value) {
      out[present++] = value;
      levels[row] = 1;
    } else levels[row] = 0;
  }
  return present;
}

/**
 * Gives each distinct number an index in order of first appearance. The distinct ones are moved to the front of `numbers`.
 * `buckets` is all zero, a power of two, and at least twice as long as `count`.
 */
function internNumbers(numbers: Float64Array, count: number, buckets: Uint32Array, indexes: Uint32Array): number {
  const mask = buckets.length - 1;
  let distinct = 0;
  let last = Number.NaN;
  let lastIndex = 0;
  for (let i = 0; i < count; i++) {
    const value = numbers[i];
    if (value !== last) {
      last = value;
      let h = Math.imul(value | 0, 0x9e3779b1) ^ Math.imul((value / 4_294_967_296) | 0, 0x85ebca6b);
      h ^= h >>> 15;
      let bucket = h & mask;
      for (;;) {
        const entry = buckets[bucket];
        if (entry === 0) {
          numbers[distinct] = value;
          lastIndex = distinct++;
          buckets[bucket] = distinct;
          break;
        }
        if (numbers[entry - 1] === value) {
          lastIndex = entry - 1;
          break;
        }
        bucket = (bucket + 1) & mask;
      }
    }
    indexes[i] = lastIndex;
  }
  return distinct;
}

/** Gives each distinct number of `ids` an index in order of first appearance. @returns the distinct ones in this order */
function distinctIds(ids: Uint32Array | Uint8Array, count: number, codes: number, indexes: Uint32Array): number[] {
  const known = new Uint32Array(codes);
  const order: number[] = [];
  let last = -1;
  let index = 0;
  for (let row = 0; row < count; row++) {
    const id = ids[row];
    if (id !== last) {
      last = id;
      index = known[id];
      if (index === 0) {
        index = order.push(id);
        known[id] = index;
      }
    }
    indexes[row] = index - 1;
  }
  return order;
}

function rangeOf(numbers: Float64Array, count: number, scale: number): [Statistic | undefined, Statistic | undefined] {
  if (count === 0) return [undefined, undefined];
  let minimum = numbers[0];
  let maximum = minimum;
  for (let i = 1; i < count; i++) {
    const value = numbers[i];
    if (value < minimum) minimum = value;
    else if (value > maximum) maximum = value;
  }
  return [scaled(minimum, scale), scaled(maximum, scale)];
}

/** The exact product; a double has no room for that of a time from the year 2255 on. */
function scaled(value: number, scale: number): number | bigint {
  const product = value * scale;
  return scale === 1 || product <= Number.MAX_SAFE_INTEGER ? product : BigInt(value) * BigInt(scale);
}

function plainNumbers(numbers: Float64Array, count: number, scale: number, wide: boolean): Uint8Array {
  if (!wide) return new Uint8Array(Uint32Array.from(numbers.subarray(0, count)).buffer);
  const words = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    const value = numbers[i] * scale;
    if (scale !== 1 && value > Number.MAX_SAFE_INTEGER) {
      new BigUint64Array(words.buffer)[i] = BigInt(numbers[i]) * BigInt(scale);
      continue;
    }
    const high = Math.floor(value / 4_294_967_296);
    words[2 * i] = value - high * 4_294_967_296;
    words[2 * i + 1] = high;
  }
  return new Uint8Array(words.buffer);
}

/** Texts as the dictionary holds them, and whether their order in JavaScript is that of their bytes. */
function plainTexts(texts: readonly string[]): { bytes: Uint8Array; ordered: boolean } {
  let out = new Uint8Array(16 * texts.length + 64);
  let at = 0;
  let ordered = texts.length > 0;
  const encoder = new TextEncoder();
  for (const text of texts) {
    const { length } = text;
    if (at + 4 + 3 * length > out.length) {
      const grown = new Uint8Array(2 * (at + 4 + 3 * length));
      grown.set(out.subarray(0, at));
      out = grown;
    }
    let written = 0;
    if (length <= shortTextMax)
      for (; written < length; written++) {
        const code = text.charCodeAt(written);
        if (code > 127) break;
        out[at + 4 + written] = code;
      }
    if (written < length) {
      ({ written } = encoder.encodeInto(text, out.subarray(at + 4)));
      if (length > statisticsTextMax || surrogate.test(text)) ordered = false;
    }
    out[at] = written;
    out[at + 1] = written >>> 8;
    out[at + 2] = written >>> 16;
    out[at + 3] = written >>> 24;
    at += 4 + written;
  }
  return { bytes: out.subarray(0, at), ordered };
}

/** Shorter texts are faster copied than encoded. */
const shortTextMax = 64;

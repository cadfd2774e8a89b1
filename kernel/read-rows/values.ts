/**
 * Values of columns from the bodies of their pages, as kernel/pages/pages.ts writes these: a dictionary and indexes of it, plain values, or differences.
 * Each gives 0, or less where the pages are not of their form.
 *
 * AssemblyScript, a part of kernel/read-rows/read-rows.ts. Source: Parquet format, "Data Pages", "Encodings".
 */
import {
  bodyAt,
  columnLength,
  columnsAt,
  dictionaryAt,
  indexesAt,
  levelsAt,
  rowsMax,
  valuesAt,
} from '../../src/lake/tuples/read-kernel-layout';
import { textNumber } from './text-numbers';

/** Of a number: there is none. */
export const absent: i64 = i64.MIN_VALUE;

// @inline
export function column(slot: u32): usize {
  return <usize>columnsAt + <usize>slot * columnLength;
}

/** Numbers of texts: a dictionary of `distinct` texts, and indexes. */
export function texts(slot: u32, count: u32, dictionaryLength: u32, distinct: u32, bodyLength: u32): i32 {
  if (count > <u32>rowsMax || distinct > <u32>rowsMax) return -1;
  let at: usize = dictionaryAt;
  const end = at + dictionaryLength;
  for (let i: u32 = 0; i < distinct; i++) {
    if (at + 4 > end) return -2;
    const length = load<u32>(at);
    if (<usize>length > end - at - 4) return -3;
    const number = textNumber(at + 4, length);
    if (number == 0) return -4;
    store<u32>(valuesAt + ((<usize>i) << 2), number);
    at += 4 + length;
  }
  const present = readBody(count, bodyLength, true, distinct);
  if (present < 0) return -5;
  const to = column(slot);
  if (<u32>present == count) {
    for (let row: u32 = 0; row < count; row++)
      store<u32>(to + ((<usize>row) << 2), load<u32>(valuesAt + ((<usize>indexAt(row)) << 2)));
    return 0;
  }
  let from: u32 = 0;
  for (let row: u32 = 0; row < count; row++)
    store<u32>(
      to + ((<usize>row) << 2),
      load<u8>(levelsAt + row) == 0 ? 0 : load<u32>(valuesAt + ((<usize>indexAt(from++)) << 2)),
    );
  return 0;
}

// @inline
function indexAt(i: u32): u32 {
  return load<u32>(indexesAt + ((<usize>i) << 2));
}

/** Whole numbers of 8 bytes: a dictionary of `distinct`, or plain where that is 0. */
export function longs(slot: u32, count: u32, dictionaryLength: u32, distinct: u32, bodyLength: u32): i32 {
  if (count > <u32>rowsMax || distinct > <u32>rowsMax || dictionaryLength != distinct << 3) return -1;
  const present = readBody(count, bodyLength, distinct > 0, distinct);
  if (present < 0) return -2;
  let to = column(slot);
  const plain = plainAt;
  if (distinct == 0 && plain + ((<usize>present) << 3) > <usize>bodyAt + bodyLength) return -3;
  const isWhole = <u32>present == count;
  if (isWhole) {
    if (distinct == 0) memory.copy(to, plain, (<usize>count) << 3);
    else
      for (let row: u32 = 0; row < count; row++, to += 8)
        store<i64>(to, load<i64>(dictionaryAt + ((<usize>indexAt(row)) << 3)));
    return 0;
  }
  let from: u32 = 0;
  if (distinct == 0)
    for (let row: u32 = 0; row < count; row++, to += 8) {
      const there: u32 = load<u8>(levelsAt + row);
      store<i64>(to, there == 0 ? absent : load<i64>(plain + ((<usize>from) << 3)));
      from += there;
    }
  else
    for (let row: u32 = 0; row < count; row++, to += 8) {
      const there: u32 = load<u8>(levelsAt + row);
      store<i64>(to, there == 0 ? absent : load<i64>(dictionaryAt + ((<usize>indexAt(from)) << 3)));
      from += there;
    }
  return 0;
}

/** Numbers of 4 bytes, none of them absent. */
export function integers(slot: u32, count: u32, dictionaryLength: u32, distinct: u32, bodyLength: u32): i32 {
  if (count > <u32>rowsMax || distinct > <u32>rowsMax || dictionaryLength != distinct << 2) return -1;
  if (<u32>readBody(count, bodyLength, distinct > 0, distinct) != count) return -2;
  let to = column(slot);
  const plain = plainAt;
  if (distinct == 0 && plain + ((<usize>count) << 2) > <usize>bodyAt + bodyLength) return -3;
  if (distinct == 0) memory.copy(to, plain, (<usize>count) << 2);
  else
    for (let row: u32 = 0; row < count; row++, to += 4)
      store<u32>(to, load<u32>(dictionaryAt + ((<usize>indexAt(row)) << 2)));
  return 0;
}

/** Numbers of 4 bytes as differences, none of them absent. Source: Parquet format, DELTA_BINARY_PACKED = 5. */
export function differences(slot: u32, count: u32, bodyLength: u32): i32 {
  if (count > <u32>rowsMax) return -1;
  if (<u32>readBody(count, bodyLength, false, 0) != count) return -2;
  return readDifferences<u32>(column(slot), count, bodyLength, 32);
}

/** The same of 8 bytes, with absent ones. */
export function longDifferences(slot: u32, count: u32, bodyLength: u32): i32 {
  if (count > <u32>rowsMax) return -1;
  const present = readBody(count, bodyLength, false, 0);
  if (present < 0) return -2;
  const to = column(slot);
  // Numbers are packed in 56 bits at the most: of eight bytes that are read at once, seven bits may be of those before.
  if (present > 0) {
    const code = readDifferences<u64>(to, <u32>present, bodyLength, 56);
    if (code != 0) return code;
  }
  // From behind, to where they belong.
  for (let row = count, from = <u32>present; row-- > from;)
    store<i64>(
      to + ((<usize>row) << 3),
      load<u8>(levelsAt + row) == 0 ? absent : load<i64>(to + ((<usize>--from) << 3)),
    );
  return 0;
}

function readDifferences<T>(to: usize, count: u32, bodyLength: u32, widthMax: u64): i32 {
  const end: usize = <usize>bodyAt + bodyLength;
  varintAt = plainAt;
  const blockValues = readVarint();
  const parts = readVarint();
  const total = readVarint();
  if (parts == 0 || parts > 64 || blockValues % parts != 0 || total != count) return -3;
  const partValues = blockValues / parts;
  if (partValues == 0 || (partValues & 7) != 0 || partValues > 4096) return -4;
  let value = unzigzag(readVarint());
  if (count > 0) store<T>(to, <T>value);
  let row: u32 = 1;
  while (row < count) {
    if (varintAt >= end) return -5;
    const least = unzigzag(readVarint());
    let widths = varintAt;
    varintAt += <usize>parts;
    for (let part: u64 = 0; part < parts && row < count; part++) {
      const width: u64 = load<u8>(widths++);
      if (width > widthMax) return -6;
      const at = varintAt;
      varintAt += <usize>((width * partValues) >> 3);
      if (varintAt > end) return -7;
      const mask: u64 = ((<u64>1) << width) - 1;
      let bit: u64 = 0;
      for (let i: u64 = 0; i < partValues && row < count; i++, row++, bit += width) {
        value += least + <i64>((load<u64>(at + <usize>(bit >> 3)) >> (bit & 7)) & mask);
        store<T>(to + ((<usize>row) << alignof<T>()), <T>value);
      }
    }
  }
  return 0;
}

let varintAt: usize = 0;

function readVarint(): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 64; shift += 7) {
    const byte: u64 = load<u8>(varintAt++);
    value |= (byte & 127) << shift;
    if (byte < 128) break;
  }
  return value;
}

function unzigzag(value: u64): i64 {
  return <i64>(value >> 1) ^ (0 - <i64>(value & 1));
}

/** Where values lie that are no indexes. */
let plainAt: usize = 0;

/** Reads levels, and indexes where there are such. @returns how many rows have a value; less than 0 where the body is wrong */
function readBody(count: u32, bodyLength: u32, indexed: bool, distinct: u32): i32 {
  const end: usize = <usize>bodyAt + bodyLength;
  if (bodyLength < 4) return -1;
  const levelsLength: usize = load<u32>(bodyAt);
  const values: usize = bodyAt + 4 + levelsLength;
  if (levelsLength > <usize>bodyLength || values > end) return -1;
  const present = readLevels(bodyAt + 4, values, count);
  plainAt = values;
  if (!indexed || present <= 0) return present;
  if (values >= end) return -1;
  const width: u32 = load<u8>(values);
  if (width > 24 || !readIndexes(values + 1, end, <u32>present, width)) return -1;
  if (distinct < (<u32>1) << width && !areBelow(<u32>present, distinct)) return -1;
  return present;
}

function areBelow(count: u32, distinct: u32): bool {
  let greatest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) greatest = max(greatest, load<u32>(indexesAt + (i << 2)));
  return greatest < distinct;
}

function readLevels(at: usize, end: usize, count: u32): i32 {
  let row: u32 = 0;
  let present: u32 = 0;
  varintAt = at;
  while (row < count) {
    if (varintAt >= end) return -1;
    const header = readVarint();
    if ((header & 1) == 0) {
      const n = <u32>min<u64>(header >> 1, count - row);
      const level = load<u8>(varintAt++);
      if (level > 1) return -1;
      memory.fill(levelsAt + row, level, n);
      row += n;
      present += level == 1 ? n : 0;
      continue;
    }
    const groups = header >> 1;
    if (<u64>(end - varintAt) < groups) return -1;
    let n = <u32>min<u64>(groups << 3, count - row);
    for (; n > 0; varintAt++) {
      const byte: u32 = load<u8>(varintAt);
      const some = min<u32>(8, n);
      for (let k: u32 = 0; k < some; k++) store<u8>(levelsAt + row + k, <u8>((byte >> k) & 1));
      present += popcnt<u32>(byte & ((1 << some) - 1));
      row += some;
      n -= some;
    }
  }
  return <i32>present;
}

function readIndexes(at: usize, end: usize, count: u32, width: u32): bool {
  varintAt = at;
  let to: usize = indexesAt;
  const behind = to + ((<usize>count) << 2);
  const mask: u64 = ((<u64>1) << width) - 1;
  while (to < behind) {
    if (varintAt > end) return false;
    const header = readVarint();
    const room = <u64>(behind - to) >> 2;
    if ((header & 1) == 0) {
      const value = <u32>(load<u32>(varintAt) & <u32>mask);
      varintAt += (width + 7) >> 3;
      if (varintAt > end) return false;
      for (const until = to + ((<usize>min<u64>(header >> 1, room)) << 2); to < until; to += 4) store<u32>(to, value);
      if (header == 0) return false;
      continue;
    }
    const groups = header >> 1;
    if (varintAt > end || groups > <u64>rowsMax) return false;
    const length = groups * width;
    if (length > <u64>(end - varintAt)) return false;
    const until = to + ((<usize>min<u64>(groups << 3, room)) << 2);
    let from = varintAt;
    if (width == 8) for (; to < until; to += 4, from++) store<u32>(to, load<u8>(from));
    else if (width == 16) for (; to < until; to += 4, from += 2) store<u32>(to, load<u16>(from));
    else
      for (let bit: u64 = 0; to < until; to += 4, bit += width)
        store<u32>(to, <u32>((load<u64>(from + <usize>(bit >> 3)) >> (bit & 7)) & mask));
    varintAt += <usize>length;
  }
  return true;
}

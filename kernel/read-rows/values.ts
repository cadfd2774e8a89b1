/**
 * Values of columns from the bodies of their pages, as kernel/pages/pages.ts writes these: a dictionary and indexes of it, plain values, or differences.
 * Each gives 0, or less where the pages are not of their form.
 *
 * AssemblyScript, a part of kernel/read-rows/read-rows.ts. Source: Parquet format, "Data Pages", "Encodings".
 */
import {
  body,
  dictionary,
  dictionaryLongs,
  dictionaryWords,
  indexes,
  levels,
  rowsMax,
  RowsMaxArray,
  slotLength,
  slots,
  values,
} from './memory';
import { textNumber } from './text-numbers';

/** Of a number: there is none. */
export const absent: i64 = i64.MIN_VALUE;

// @inline
function slotAt(slot: u32): usize {
  return changetype<usize>(slots) + <usize>slot * slotLength;
}

/** The column of a slot that has numbers of 4 bytes. */
// @inline
export function wordsOf(slot: u32): RowsMaxArray<u32> {
  return changetype<RowsMaxArray<u32>>(slotAt(slot));
}

/** The column of a slot that has numbers of 8 bytes. */
// @inline
export function longsOf(slot: u32): RowsMaxArray<i64> {
  return changetype<RowsMaxArray<i64>>(slotAt(slot));
}

/** Numbers of texts: a dictionary of `distinct` texts, and indexes. */
export function texts(slot: u32, count: u32, dictionaryLength: u32, distinct: u32, bodyLength: u32): i32 {
  if (count > rowsMax || distinct > rowsMax) return -1;
  let at = changetype<usize>(dictionary);
  const end = at + dictionaryLength;
  for (let i: u32 = 0; i < distinct; i++) {
    if (at + 4 > end) return -2;
    const length = load<u32>(at);
    if (<usize>length > end - at - 4) return -3;
    const number = textNumber(at + 4, length);
    if (number == 0) return -4;
    values[i] = number;
    at += 4 + length;
  }
  const present = readBody(count, bodyLength, true, distinct);
  if (present < 0) return -5;
  const to = wordsOf(slot);
  if (<u32>present == count) {
    for (let row: u32 = 0; row < count; row++) to[row] = values[indexes[row]];
    return 0;
  }
  let from: u32 = 0;
  for (let row: u32 = 0; row < count; row++) to[row] = levels[row] == 0 ? 0 : values[indexes[from++]];
  return 0;
}

/** Whole numbers of 8 bytes: a dictionary of `distinct`, or plain where that is 0. */
export function longs(slot: u32, count: u32, dictionaryLength: u32, distinct: u32, bodyLength: u32): i32 {
  if (count > rowsMax || distinct > rowsMax || dictionaryLength != distinct << 3) return -1;
  const present = readBody(count, bodyLength, distinct > 0, distinct);
  if (present < 0) return -2;
  const to = longsOf(slot);
  const plain = plainAt;
  if (distinct == 0 && plain + ((<usize>present) << 3) > changetype<usize>(body) + bodyLength) return -3;
  const isWhole = <u32>present == count;
  if (isWhole) {
    if (distinct == 0) memory.copy(changetype<usize>(to), plain, (<usize>count) << 3);
    else for (let row: u32 = 0; row < count; row++) to[row] = dictionaryLongs[indexes[row]];
    return 0;
  }
  let from: u32 = 0;
  if (distinct == 0)
    for (let row: u32 = 0; row < count; row++) {
      const there: u32 = levels[row];
      to[row] = there == 0 ? absent : load<i64>(plain + ((<usize>from) << 3));
      from += there;
    }
  else
    for (let row: u32 = 0; row < count; row++) {
      const there: u32 = levels[row];
      to[row] = there == 0 ? absent : dictionaryLongs[indexes[from]];
      from += there;
    }
  return 0;
}

/** Numbers of 4 bytes, none of them absent. */
export function integers(slot: u32, count: u32, dictionaryLength: u32, distinct: u32, bodyLength: u32): i32 {
  if (count > rowsMax || distinct > rowsMax || dictionaryLength != distinct << 2) return -1;
  if (<u32>readBody(count, bodyLength, distinct > 0, distinct) != count) return -2;
  const to = wordsOf(slot);
  const plain = plainAt;
  if (distinct == 0 && plain + ((<usize>count) << 2) > changetype<usize>(body) + bodyLength) return -3;
  if (distinct == 0) memory.copy(changetype<usize>(to), plain, (<usize>count) << 2);
  else for (let row: u32 = 0; row < count; row++) to[row] = dictionaryWords[indexes[row]];
  return 0;
}

/** Numbers of 4 bytes as differences, none of them absent. Source: Parquet format, DELTA_BINARY_PACKED = 5. */
export function differences(slot: u32, count: u32, bodyLength: u32): i32 {
  if (count > rowsMax) return -1;
  if (<u32>readBody(count, bodyLength, false, 0) != count) return -2;
  return readDifferences<u32>(wordsOf(slot), count, bodyLength, 32);
}

/** The same of 8 bytes, with absent ones. */
export function longDifferences(slot: u32, count: u32, bodyLength: u32): i32 {
  if (count > rowsMax) return -1;
  const present = readBody(count, bodyLength, false, 0);
  if (present < 0) return -2;
  const to = longsOf(slot);
  // Numbers are packed in 56 bits at the most: of eight bytes that are read at once, seven bits may be of those before.
  if (present > 0) {
    const code = readDifferences<i64>(to, <u32>present, bodyLength, 56);
    if (code != 0) return code;
  }
  // From behind, to where they belong.
  for (let row = count, from = <u32>present; row-- > from;) to[row] = levels[row] == 0 ? absent : to[--from];
  return 0;
}

function readDifferences<T>(to: RowsMaxArray<T>, count: u32, bodyLength: u32, widthMax: u64): i32 {
  const end: usize = changetype<usize>(body) + bodyLength;
  varintAt = plainAt;
  const blockValues = readVarint();
  const parts = readVarint();
  const total = readVarint();
  if (parts == 0 || parts > 64 || blockValues % parts != 0 || total != count) return -3;
  const partValues = blockValues / parts;
  if (partValues == 0 || (partValues & 7) != 0 || partValues > 4096) return -4;
  let value = unzigzag(readVarint());
  if (count > 0) to[0] = <T>value;
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
        to[row] = <T>value;
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
  const end: usize = changetype<usize>(body) + bodyLength;
  if (bodyLength < 4) return -1;
  const levelsLength: usize = load<u32>(changetype<usize>(body));
  const behind: usize = changetype<usize>(body) + 4 + levelsLength;
  if (levelsLength > <usize>bodyLength || behind > end) return -1;
  const present = readLevels(changetype<usize>(body) + 4, behind, count);
  plainAt = behind;
  if (!indexed || present <= 0) return present;
  if (behind >= end) return -1;
  const width: u32 = load<u8>(behind);
  if (width > 24 || !readIndexes(behind + 1, end, <u32>present, width)) return -1;
  if (distinct < (<u32>1) << width && !areBelow(<u32>present, distinct)) return -1;
  return present;
}

function areBelow(count: u32, distinct: u32): bool {
  let greatest: u32 = 0;
  for (let i: u32 = 0; i < count; i++) greatest = max(greatest, indexes[i]);
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
      memory.fill(changetype<usize>(levels) + row, level, n);
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
      for (let k: u32 = 0; k < some; k++) levels[row + k] = <u8>((byte >> k) & 1);
      present += popcnt<u32>(byte & ((1 << some) - 1));
      row += some;
      n -= some;
    }
  }
  return <i32>present;
}

function readIndexes(at: usize, end: usize, count: u32, width: u32): bool {
  varintAt = at;
  let i: u32 = 0;
  const mask: u64 = ((<u64>1) << width) - 1;
  while (i < count) {
    if (varintAt > end) return false;
    const header = readVarint();
    const room: u64 = count - i;
    if ((header & 1) == 0) {
      const value = <u32>(load<u32>(varintAt) & <u32>mask);
      varintAt += (width + 7) >> 3;
      if (varintAt > end) return false;
      for (const until = i + <u32>min<u64>(header >> 1, room); i < until; i++) indexes[i] = value;
      if (header == 0) return false;
      continue;
    }
    const groups = header >> 1;
    if (varintAt > end || groups > rowsMax) return false;
    const length = groups * width;
    if (length > <u64>(end - varintAt)) return false;
    const until = i + <u32>min<u64>(groups << 3, room);
    let from = varintAt;
    if (width == 8) for (; i < until; i++, from++) indexes[i] = load<u8>(from);
    else if (width == 16) for (; i < until; i++, from += 2) indexes[i] = load<u16>(from);
    else
      for (let bit: u64 = 0; i < until; i++, bit += width)
        indexes[i] = <u32>((load<u64>(from + <usize>(bit >> 3)) >> (bit & 7)) & mask);
    varintAt += <usize>length;
  }
  return true;
}

/**
 * Pages of columns, as WebAssembly: values become a dictionary and indexes of it, or stay as they are; then page bodies as Parquet has them. What a
 * call leaves at `resultAt` is drawn in src/lake/parquet/page-kernel.ts. DuckDB and a plain decoder read it back in the tests.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: src/lake/parquet/page-kernel-layout.ts. No allocation, no imports but the memory.
 * Source: Parquet format, "Data Pages", "Encodings".
 */
import {
  bodyAt,
  bucketsAt,
  dictionaryAt,
  directAt,
  directMax,
  distinctAt,
  distinctFamiliesAt,
  familiesAt,
  halfIndexesAt,
  halvesAt,
  hashesAt,
  indexesAt,
  inputAt,
  levelsAt,
  octetLengthsAt,
  octetsAt,
  resultAt,
} from '../src/lake/parquet/page-kernel-layout';

import { writeIpv6 } from './ipv6-text';

export { compress } from './zstd';

const dot: u8 = 0x2e;
const zero: u8 = 0x30;

let hashSeed: u64 = 1;

/** Values looked at before it is decided that most differ. */
const sampleRows: u32 = 32_768;

/** @param seed an odd random number: whoever chooses addresses must not choose their buckets */
export function start(seed: u64): void {
  hashSeed = seed;
  for (let octet: u32 = 0; octet < 256; octet++) {
    let at = octetsAt + (octet << 2);
    if (octet >= 100) store<u8>(at++, zero + <u8>(octet / 100));
    if (octet >= 10) store<u8>(at++, zero + <u8>((octet / 10) % 10));
    store<u8>(at++, zero + <u8>(octet % 10));
    store<u8>(at++, dot);
    store<u8>(octetLengthsAt + octet, <u8>(at - octetsAt - (octet << 2)));
  }
}

function setResult(present: u32, distinct: u32, dictionaryLength: usize, bodyLength: usize): void {
  store<u32>(resultAt, present);
  store<u32>(resultAt, distinct, 4);
  store<u32>(resultAt, <u32>dictionaryLength, 8);
  store<u32>(resultAt, <u32>bodyLength, 12);
}

// Bodies of data pages.

function bitWidth(greatest: u32): u32 {
  return 32 - clz<u32>(greatest);
}

function writeVarint(at: usize, value: u32): usize {
  while (value > 127) {
    store<u8>(at++, <u8>(value & 127) | 128);
    value >>= 7;
  }
  store<u8>(at, <u8>value);
  return at + 1;
}

function writeRun(at: usize, value: u32, count: u32, width: u32): usize {
  at = writeVarint(at, count << 1);
  store<u32>(at, value);
  return at + ((width + 7) >> 3);
}

/** Levels at the beginning of a body: which of `count` rows have a value. */
function writeLevels(count: u32, present: u32): usize {
  let at: usize = bodyAt + 4;
  if (present == count || present == 0) at = writeRun(at, <u32>(present > 0), count, 1);
  else at = writeHybrid8(at, levelsAt, count, 1);
  store<u32>(bodyAt, <u32>(at - bodyAt - 4));
  return at;
}

/** Indexes of a dictionary of `distinct` entries behind the levels. `aligned`: in whole bytes, which a skewed distribution is coded better in. */
function writeIndexes(at: usize, count: u32, distinct: u32, aligned: bool): usize {
  let width = bitWidth(distinct - 1);
  if (aligned && width > 4) {
    if (width <= 8) width = 8;
    else if (width <= 16) width = 16;
  }
  store<u8>(at++, <u8>width);
  return width == 0 ? writeRun(at, 0, count, 0) : writeHybrid32(at, indexesAt, count, width);
}

/** Runs of eight or more equal values, and groups of eight others, of words. */
function writeHybrid32(at: usize, values: usize, count: u32, width: u32): usize {
  let packedFrom: u32 = 0;
  let i: u32 = 0;
  while (i < count) {
    const value = load<u32>(values + (i << 2));
    let end = i + 1;
    while (end < count && load<u32>(values + (end << 2)) == value) end++;
    const run = end - i;
    // A run begins where a whole number of groups of eight lies before it.
    const short: u32 = (8 - ((i - packedFrom) & 7)) & 7;
    if (run < <u32>(short + 8)) {
      i = min(count, i + (short == 0 ? 8 : short));
      continue;
    }
    i += short;
    if (i > packedFrom) at = packWords(at, values, packedFrom, i, width);
    at = writeRun(at, value, end - i, width);
    i = end;
    packedFrom = end;
  }
  return packedFrom < count ? packWords(at, values, packedFrom, count, width) : at;
}

function packWords(at: usize, values: usize, from: u32, to: u32, width: u32): usize {
  const groups = (to - from + 7) >> 3;
  at = writeVarint(at, (groups << 1) | 1);
  const end = at + groups * width;
  let next = values + (from << 2);
  const behind = values + (to << 2);
  if (width == 16) {
    for (; next < behind; next += 4, at += 2) store<u16>(at, <u16>load<u32>(next));
    for (; at < end; at += 2) store<u16>(at, 0);
    return end;
  }
  let buffer: u64 = 0;
  let bits: u64 = 0;
  for (; next < behind; next += 4) {
    buffer |= <u64>load<u32>(next) << bits;
    bits += width;
    if (bits < 32) continue;
    store<u32>(at, <u32>buffer);
    at += 4;
    buffer >>= 32;
    bits -= 32;
  }
  for (; at < end; at++) {
    store<u8>(at, <u8>buffer);
    buffer >>= 8;
  }
  return end;
}

/** Groups of eight equal bytes from which on a run is shorter than packing them. */
const runGroupsMin: u32 = 4;

/** The same of bytes: runs begin at whole groups of eight, so that no byte is looked at by itself. */
function writeHybrid8(at: usize, values: usize, count: u32, width: u32): usize {
  const whole = count & ~7;
  let packedFrom: u32 = 0;
  let i: u32 = 0;
  while (i < whole) {
    const value = load<u8>(values + i);
    const eight = <u64>value * 0x0101010101010101;
    if (load<u64>(values + i) != eight) {
      i += 8;
      continue;
    }
    let end = i + 8;
    while (end < whole && load<u64>(values + end) == eight) end += 8;
    if (end == whole) while (end < count && load<u8>(values + end) == value) end++;
    if (end - i >= 8 * runGroupsMin) {
      if (i > packedFrom) at = packBytes(at, values, packedFrom, i, width);
      at = writeRun(at, value, end - i, width);
      packedFrom = end;
      if (end > whole) return end < count ? packBytes(at, values, end, count, width) : at;
    }
    i = end;
  }
  return packedFrom < count ? packBytes(at, values, packedFrom, count, width) : at;
}

function packBytes(at: usize, values: usize, from: u32, to: u32, width: u32): usize {
  const groups = (to - from + 7) >> 3;
  at = writeVarint(at, (groups << 1) | 1);
  const end = at + groups * width;
  let next = values + from;
  const behind = values + to;
  if (width == 1)
    for (; next + 8 <= behind; next += 8)
      // Multiplied by this, the lowest bits of eight bytes come together in the highest byte.
      store<u8>(at++, <u8>((load<u64>(next) * 0x0102040810204080) >> 56));
  else if (width == 2)
    for (; next + 8 <= behind; next += 8, at += 2) {
      let eight = load<u64>(next);
      eight = (eight | (eight >> 6)) & 0x000f000f000f000f;
      eight = (eight | (eight >> 12)) & 0x000000ff000000ff;
      store<u16>(at, <u16>(eight | (eight >> 24)));
    }
  let buffer: u64 = 0;
  let bits: u64 = 0;
  for (; next < behind; next++) {
    buffer |= <u64>load<u8>(next) << bits;
    bits += width;
    if (bits < 32) continue;
    store<u32>(at, <u32>buffer);
    at += 4;
    buffer >>= 32;
    bits -= 32;
  }
  for (; at < end; at++) {
    store<u8>(at, <u8>buffer);
    buffer >>= 8;
  }
  return end;
}

// Numbers: doubles at `inputAt`, NaN for null; what is written is the value times `scale`.

let leastNumber: i64 = 0;
let greatestNumber: i64 = 0;

/** @param wide 8 bytes a value, else 4. @param plainPercent more distinct values of a hundred are written as they are */
export function numbers(count: u32, scale: i64, wide: bool, plainPercent: u32): void {
  const present = splitNulls(count);
  let distinct: u32 = 0;
  if (present > 0) {
    findRange(present);
    const unit: i64 = scale != 1 && areWholeSeconds(present) ? 1000 : 1;
    const span = <u64>(greatestNumber - leastNumber) / unit;
    distinct = span < <u64>directMax ? internClose(present, unit, <u32>span) : internFar(present, plainPercent);
    if (<u64>distinct * 100 > <u64>present * plainPercent) distinct = 0;
    store<i64>(resultAt, leastNumber * scale, 16);
    store<i64>(resultAt, greatestNumber * scale, 24);
  }
  let at = writeLevels(count, present);
  if (distinct > 0) {
    const length = writePlain(dictionaryAt, distinctAt, distinct, scale, wide) - dictionaryAt;
    at = writeIndexes(at, present, distinct, false);
    setResult(present, distinct, length, at - bodyAt);
    return;
  }
  at = writePlain(at, inputAt, present, scale, wide);
  setResult(present, 0, 0, at - bodyAt);
}

/** Moves the values that there are to the front of `inputAt`, as whole numbers, and sets the levels. */
function splitNulls(count: u32): u32 {
  let to: usize = inputAt;
  for (let row: u32 = 0; row < count; row++) {
    const value = load<f64>(inputAt + (row << 3));
    const there = value == value;
    store<u8>(levelsAt + row, <u8>there);
    store<i64>(to, <i64>value);
    to += <usize>there << 3;
  }
  return <u32>((to - inputAt) >> 3);
}

function findRange(present: u32): void {
  let least = i64.MAX_VALUE;
  let greatest = i64.MIN_VALUE;
  for (let at: usize = inputAt, end: usize = <usize>inputAt + (<usize>present << 3); at < end; at += 8) {
    const value = load<i64>(at);
    least = min(least, value);
    greatest = max(greatest, value);
  }
  leastNumber = least;
  greatestNumber = greatest;
}

/** Whether all values lie a multiple of 1000 apart, and no more than 32 bits. */
function areWholeSeconds(present: u32): bool {
  if (<u64>(greatestNumber - leastNumber) > 0xffffffff) return false;
  for (let at: usize = inputAt, end: usize = <usize>inputAt + (<usize>present << 3); at < end; at += 8)
    if (<u32>(load<i64>(at) - leastNumber) % 1000 != 0) return false;
  return true;
}

/** Indexes by distance from the least value. */
function internClose(present: u32, unit: i64, span: u32): u32 {
  memory.fill(directAt, 0, (<usize>span + 1) << 2);
  let distinct: u32 = 0;
  for (let i: u32 = 0; i < present; i++) {
    const value = load<i64>(inputAt + (i << 3));
    let distance = <u32>(value - leastNumber);
    if (unit != 1) distance /= 1000;
    const slot = directAt + (distance << 2);
    let index = load<u32>(slot);
    if (index == 0) {
      store<i64>(distinctAt + (distinct << 3), value);
      index = ++distinct;
      store<u32>(slot, index);
    }
    store<u32>(indexesAt + (i << 2), index - 1);
  }
  return distinct;
}

let bucketMask: u32 = 0;
let bucketShift: u64 = 0;

/** @param size a power of two */
function clearBuckets(size: u32): void {
  bucketMask = size - 1;
  bucketShift = 64 - ctz<u32>(size);
  memory.fill(bucketsAt, 0, <usize>size << 2);
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function bucketOf(value: u64): u32 {
  return <u32>((value * hashSeed) >> bucketShift);
}

/** Indexes by hash. Ends early, with more than there may be, where a sample shows that most differ. */
function internFar(present: u32, plainPercent: u32): u32 {
  clearBuckets(65_536);
  let distinct: u32 = 0;
  for (let i: u32 = 0; i < present; i++) {
    const value = load<u64>(inputAt + (i << 3));
    let bucket = bucketOf(value);
    let index: u32;
    for (;;) {
      index = load<u32>(bucketsAt + (bucket << 2));
      if (index == 0 || load<u64>(distinctAt + ((index - 1) << 3)) == value) break;
      bucket = (bucket + 1) & bucketMask;
    }
    if (index == 0) {
      store<u64>(distinctAt + (distinct << 3), value);
      index = ++distinct;
      store<u32>(bucketsAt + (bucket << 2), index);
      if (distinct << 1 > bucketMask) growNumbers(distinct);
    }
    store<u32>(indexesAt + (i << 2), index - 1);
    if (i == sampleRows && distinct * 100 > sampleRows * min<u32>(99, plainPercent + 15)) return present;
  }
  return distinct;
}

function growNumbers(distinct: u32): void {
  clearBuckets((bucketMask + 1) << 1);
  for (let i: u32 = 0; i < distinct; i++) {
    let bucket = bucketOf(load<u64>(distinctAt + (i << 3)));
    while (load<u32>(bucketsAt + (bucket << 2)) != 0) bucket = (bucket + 1) & bucketMask;
    store<u32>(bucketsAt + (bucket << 2), i + 1);
  }
}

function writePlain(at: usize, values: usize, count: u32, scale: i64, wide: bool): usize {
  const end = values + (count << 3);
  if (wide) for (; values < end; values += 8, at += 8) store<i64>(at, load<i64>(values) * scale);
  else for (; values < end; values += 8, at += 4) store<i32>(at, <i32>(load<i64>(values) * scale));
  return at;
}

// Ports: 16 bits at `inputAt`, none null.

export function shorts(count: u32, plainPercent: u32): void {
  memory.fill(directAt, 0, 65_536 << 2);
  let distinct: u32 = 0;
  let least: u32 = 65_535;
  let greatest: u32 = 0;
  for (let row: u32 = 0; row < count; row++) {
    const value: u32 = load<u16>(inputAt + (row << 1));
    const slot = directAt + (value << 2);
    let index = load<u32>(slot);
    if (index == 0) {
      store<u32>(dictionaryAt + (distinct << 2), value);
      least = min(least, value);
      greatest = max(greatest, value);
      index = ++distinct;
      store<u32>(slot, index);
    }
    store<u32>(indexesAt + (row << 2), index - 1);
  }
  store<i64>(resultAt, least, 16);
  store<i64>(resultAt, greatest, 24);
  let at = writeLevels(count, count);
  if (<u64>distinct * 100 <= <u64>count * plainPercent) {
    at = writeIndexes(at, count, distinct, true);
    setResult(count, distinct, distinct << 2, at - bodyAt);
    return;
  }
  for (let row: u32 = 0; row < count; row++, at += 4) store<u32>(at, load<u16>(inputAt + (row << 1)));
  setResult(count, 0, 0, at - bodyAt);
}

// Codes: bytes at `inputAt`, of which `nullCode` (256: none) means null. The distinct ones are left at `dictionaryAt`, one byte each.

export function codes(count: u32, nullCode: u32): void {
  memory.fill(directAt, 0, 256 << 2);
  const slots = directAt;
  if (nullCode < 256) store<u32>(slots + (nullCode << 2), 256);
  let distinct: u32 = 0;
  let present: u32 = 0;
  let eight: u64 = 0;
  let eightIndexes: u64 = 0;
  let eightLevels: u64 = 0;
  let eightPresent: u32 = 0;
  for (let row: u32 = 0; row < count; ) {
    // Most columns of codes are the same for the tuples of a rule.
    if (row > 0 && row + 8 <= count && load<u64>(inputAt + row) == eight) {
      store<u64>(levelsAt + row, eightLevels);
      store<u64>(indexesAt + present, eightIndexes);
      present += eightPresent;
      row += 8;
      continue;
    }
    let code: u32 = 0;
    let index: u32 = 0;
    for (const end = min(count, row + 8); row < end; row++) {
      code = load<u8>(inputAt + row);
      const slot = slots + (code << 2);
      index = load<u32>(slot);
      if (index == 0) {
        store<u8>(dictionaryAt + distinct, <u8>code);
        index = ++distinct;
        store<u32>(slot, index);
      }
      const there = code != nullCode;
      store<u8>(levelsAt + row, <u8>there);
      store<u8>(indexesAt + present, <u8>(index - 1));
      present += <u32>there;
    }
    eight = <u64>code * 0x0101010101010101;
    eightIndexes = <u64>((index - 1) & 255) * 0x0101010101010101;
    eightLevels = code == nullCode ? 0 : 0x0101010101010101;
    eightPresent = code == nullCode ? 0 : 8;
  }
  let at = writeLevels(count, present);
  if (present > 0) {
    const width = bitWidth(distinct - 1);
    store<u8>(at++, <u8>width);
    at = width == 0 ? writeRun(at, 0, present, 0) : writeHybrid8(at, indexesAt, present, width);
  }
  setResult(present, distinct, distinct, at - bodyAt);
}

// Addresses: four words each at `inputAt`, families at `familiesAt`.

let ipv6Distinct: u32 = 0;

/**
 * Gives each distinct address an index; `addresses` and `halves` go on from there. `mixed` is the family of rows whose address on this side is IPv4
 * and on the other IPv6. @returns how many differ
 */
export function internAddresses(count: u32, mixed: u32): u32 {
  clearBuckets(65_536);
  let distinct: u32 = 0;
  ipv6Distinct = 0;
  let lastWord: u32 = 0;
  let lastIndex: u32 = 0;
  let known = false;
  for (let row: u32 = 0; row < count; row++) {
    const family: u32 = load<u8>(familiesAt + row);
    const at = <usize>inputAt + (<usize>row << 4);
    const word = load<u32>(at, 12);
    if (family == 4 || family == mixed) {
      if (!known || word != lastWord) {
        let bucket = bucketOf(word);
        let index: u32;
        for (;;) {
          index = load<u32>(bucketsAt + (bucket << 2));
          if (index == 0) break;
          const entry = <usize>distinctAt + (<usize>(index - 1) << 4);
          if (load<u32>(entry, 12) == word && load<u8>(distinctFamiliesAt + index - 1) == 4) break;
          bucket = (bucket + 1) & bucketMask;
        }
        if (index == 0) {
          index = addAddress(at, distinct++, bucket, 4);
          if (distinct << 1 > bucketMask) growAddresses(distinct);
        }
        lastWord = word;
        lastIndex = index - 1;
        known = true;
      }
      store<u32>(indexesAt + (row << 2), lastIndex);
      continue;
    }
    const high = load<u64>(at);
    const low = load<u64>(at, 8);
    let bucket = bucketOf(ipv6Key(high, low));
    let index: u32;
    for (;;) {
      index = load<u32>(bucketsAt + (bucket << 2));
      if (index == 0) break;
      const entry = <usize>distinctAt + (<usize>(index - 1) << 4);
      if (load<u64>(entry, 8) == low && load<u64>(entry) == high && load<u8>(distinctFamiliesAt + index - 1) == 6) break;
      bucket = (bucket + 1) & bucketMask;
    }
    if (index == 0) {
      index = addAddress(at, distinct++, bucket, 6);
      ipv6Distinct++;
      if (distinct << 1 > bucketMask) growAddresses(distinct);
    }
    store<u32>(indexesAt + (row << 2), index - 1);
  }
  return distinct;
}

/** One word of both halves, which nobody can choose to be the same for many addresses. */
function ipv6Key(high: u64, low: u64): u64 {
  const mixed = high * hashSeed;
  return low ^ mixed ^ (mixed >> 29);
}

function addAddress(from: usize, index: u32, bucket: u32, family: u8): u32 {
  const entry = <usize>distinctAt + (<usize>index << 4);
  store<u64>(entry, load<u64>(from));
  store<u64>(entry, load<u64>(from, 8), 8);
  store<u8>(distinctFamiliesAt + index, family);
  store<u32>(bucketsAt + (bucket << 2), index + 1);
  return index + 1;
}

function growAddresses(distinct: u32): void {
  clearBuckets((bucketMask + 1) << 1);
  for (let i: u32 = 0; i < distinct; i++) {
    const entry = <usize>distinctAt + (<usize>i << 4);
    let bucket =
      load<u8>(distinctFamiliesAt + i) == 4
        ? bucketOf(load<u32>(entry, 12))
        : bucketOf(ipv6Key(load<u64>(entry), load<u64>(entry, 8)));
    while (load<u32>(bucketsAt + (bucket << 2)) != 0) bucket = (bucket + 1) & bucketMask;
    store<u32>(bucketsAt + (bucket << 2), i + 1);
  }
}

/** The column of texts of the addresses that were interned last, with least and greatest, and the hashes of the texts for address filters. */
export function addresses(count: u32, distinct: u32): void {
  let at: usize = dictionaryAt;
  let least: usize = 0;
  let greatest: usize = 0;
  for (let i: u32 = 0; i < distinct; i++) {
    const words = <usize>distinctAt + (<usize>i << 4);
    const text = at + 4;
    const end = load<u8>(distinctFamiliesAt + i) == 4 ? writeIpv4(text, load<u32>(words, 12)) : writeIpv6(text, words);
    store<u32>(at, <u32>(end - text));
    store<f64>(hashesAt + (i << 3), hashOfText(text, end));
    if (least == 0) {
      least = at;
      greatest = at;
    } else if (isLess(at, least)) least = at;
    else if (isLess(greatest, at)) greatest = at;
    at = end;
  }
  const body = writeIndexes(writeLevels(count, count), count, distinct, false);
  setResult(count, distinct, at - dictionaryAt, body - bodyAt);
  store<u32>(resultAt, <u32>least, 16);
  store<u32>(resultAt, <u32>greatest, 24);
  store<u32>(resultAt, ipv6Distinct, 32);
}

/** Whether the text at `a` (its length, then bytes) comes before that at `b`. */
function isLess(a: usize, b: usize): bool {
  const lengthA = load<u32>(a);
  const lengthB = load<u32>(b);
  const both = min(lengthA, lengthB);
  for (let i: u32 = 0; i < both; i++) {
    const difference = <i32>load<u8>(a + 4 + i) - <i32>load<u8>(b + 4 + i);
    if (difference != 0) return difference < 0;
  }
  return lengthA < lengthB;
}

/** as `addressHash` of src/lake/address-filter.ts. */
function hashOfText(at: usize, end: usize): f64 {
  let a: u32 = 0x811c9dc5;
  let b: u32 = 0x9747b28c;
  for (; at < end; at++) {
    const code: u32 = load<u8>(at);
    a = (a ^ code) * 0x01000193;
    b = (b ^ code) * 0x85ebca6b;
    b ^= b >> 15;
  }
  a = (a ^ (a >> 16)) * 0x85ebca6b;
  a = (a ^ (a >> 13)) * 0xc2b2ae35;
  return <f64>(a ^ (a >> 16)) * 262144.0 + <f64>((b ^ (b >> 13)) & 262143);
}

function writeIpv4(at: usize, word: u32): usize {
  for (let shift: u32 = 24; shift > 0; shift -= 8) {
    const octet = (word >> shift) & 255;
    store<u32>(at, load<u32>(octetsAt + (octet << 2)));
    at += load<u8>(octetLengthsAt + octet);
  }
  const octet = word & 255;
  store<u32>(at, load<u32>(octetsAt + (octet << 2)));
  return at + load<u8>(octetLengthsAt + octet) - 1;
}

/** The column of one half (0 the high one) of the IPv6 addresses among those that were interned last; IPv4 is null. */
export function halves(count: u32, distinctAddresses: u32, half: u32): void {
  clearBuckets(65_536);
  let distinct: u32 = 0;
  let least = i64.MAX_VALUE;
  let greatest = i64.MIN_VALUE;
  for (let i: u32 = 0; i < distinctAddresses; i++) {
    const slot = halfIndexesAt + (i << 2);
    if (load<u8>(distinctFamiliesAt + i) == 4) {
      store<u32>(slot, 0);
      continue;
    }
    const value = rotl<u64>(load<u64>(<usize>distinctAt + (<usize>i << 4) + (half << 3)), 32);
    let bucket = bucketOf(value);
    let index: u32;
    for (;;) {
      index = load<u32>(bucketsAt + (bucket << 2));
      if (index == 0 || load<u64>(halvesAt + ((index - 1) << 3)) == value) break;
      bucket = (bucket + 1) & bucketMask;
    }
    if (index == 0) {
      store<u64>(halvesAt + (distinct << 3), value);
      index = ++distinct;
      store<u32>(bucketsAt + (bucket << 2), index);
      least = min(least, <i64>value);
      greatest = max(greatest, <i64>value);
      if (distinct << 1 > bucketMask) growHalves(distinct);
    }
    store<u32>(slot, index);
  }
  let present: u32 = 0;
  // The indexes of addresses stay for the other half: those of halves go where the input was.
  for (let row: u32 = 0; row < count; row++) {
    const index = load<u32>(halfIndexesAt + (load<u32>(indexesAt + (row << 2)) << 2));
    store<u8>(levelsAt + row, <u8>(index != 0));
    store<u32>(inputAt + (present << 2), index - 1);
    present += <u32>(index != 0);
  }
  let at = writeLevels(count, present);
  if (present > 0) {
    const width = bitWidth(distinct - 1);
    store<u8>(at++, <u8>width);
    at = width == 0 ? writeRun(at, 0, present, 0) : writeHybrid32(at, inputAt, present, width);
  }
  memory.copy(dictionaryAt, halvesAt, distinct << 3);
  setResult(present, distinct, distinct << 3, at - bodyAt);
  store<i64>(resultAt, least, 16);
  store<i64>(resultAt, greatest, 24);
}

function growHalves(distinct: u32): void {
  clearBuckets((bucketMask + 1) << 1);
  for (let i: u32 = 0; i < distinct; i++) {
    let bucket = bucketOf(load<u64>(halvesAt + (i << 3)));
    while (load<u32>(bucketsAt + (bucket << 2)) != 0) bucket = (bucket + 1) & bucketMask;
    store<u32>(bucketsAt + (bucket << 2), i + 1);
  }
}

// Sequences: numbers of 32 bits at `inputAt` that mostly grow by one, none null, as differences in blocks of 128.

export function sequence(count: u32): void {
  let least = i32.MAX_VALUE;
  let greatest = i32.MIN_VALUE;
  let at = writeLevels(count, count);
  at = writeVarint(at, 128);
  at = writeVarint(at, 4);
  at = writeVarint(at, count);
  let last = load<i32>(inputAt);
  at = writeZigzag(at, last);
  for (let row: u32 = 0; row < count; row++) {
    const value = load<i32>(inputAt + (row << 2));
    least = min(least, value);
    greatest = max(greatest, value);
  }
  for (let row: u32 = 1; row < count; row += 128) at = writeDifferences(at, row, min(count, row + 128));
  setResult(count, 0, 0, at - bodyAt);
  store<i64>(resultAt, least, 16);
  store<i64>(resultAt, greatest, 24);
}

function writeZigzag(at: usize, value: i32): usize {
  return writeVarint(at, <u32>((value << 1) ^ (value >> 31)));
}

// @ts-ignore: a decorator of AssemblyScript
@inline
function differenceAt(row: u32): i32 {
  const at = inputAt + (row << 2);
  return load<i32>(at) - load<i32>(at - 4);
}

function writeDifferences(at: usize, from: u32, to: u32): usize {
  let least = i32.MAX_VALUE;
  for (let row = from; row < to; row++) least = min(least, differenceAt(row));
  at = writeZigzag(at, least);
  const widths = at;
  store<u32>(widths, 0);
  at += 4;
  for (let mini: u32 = 0; mini < 4; mini++) {
    const start = from + 32 * mini;
    if (start >= to) break;
    const end = min(to, start + 32);
    let all: u32 = 0;
    for (let row = start; row < end; row++) all |= <u32>(differenceAt(row) - least);
    const width = bitWidth(all);
    store<u8>(widths + mini, <u8>width);
    const behind = at + 4 * width;
    let buffer: u64 = 0;
    let bits: u64 = 0;
    for (let row = start; row < end; row++) {
      buffer |= <u64>(<u32>(differenceAt(row) - least)) << bits;
      bits += width;
      if (bits < 32) continue;
      store<u32>(at, <u32>buffer);
      at += 4;
      buffer >>= 32;
      bits -= 32;
    }
    for (; at < behind; at++) {
      store<u8>(at, <u8>buffer);
      buffer >>= 8;
    }
  }
  return at;
}

/**
 * Pages of columns, as WebAssembly: values become a dictionary and indexes of it, or stay as they are; then page bodies as Parquet has them. What a
 * call leaves at `resultAt` is drawn in src/parquet/page-kernel.ts. DuckDB and a plain decoder read it back in the tests.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: src/parquet/page-kernel-layout.ts. No allocation, no imports but the memory.
 * Source: Parquet format, "Data Pages", "Encodings".
 */
import {
  bodyAt,
  bucketsAt,
  dictionaryAt,
  directAt,
  directMax,
  distinctAt,
  indexesAt,
  inputAt,
  levelsAt,
} from '../../src/parquet/page-kernel-layout';
import { counterOf } from '../base/counter';
import { writeOctets } from './addresses';
import {
  bitWidth,
  setDifferences,
  setRange,
  setResult,
  writeHybrid8,
  writeIndexes,
  writeLevels,
  writeRun,
} from './bodies';
import { bucketMask, bucketOf, clearBuckets, setHashSeed } from './buckets';
import { differencesLength, plainLength, writeDifferences } from './differences';

export { addresses, halves, internAddresses } from './addresses';
export { order1, order2, order4, order8 } from './order';
export { compress } from './zstd';

/** Columns of so few values take least as indexes of a dictionary. */
const fewDistinct: u32 = 256;

/** Values looked at before it is decided that most differ. */
const sampleRows: u32 = 32_768;

/** @param seed an odd random number: whoever chooses addresses must not choose their buckets */
export function start(seed: u64): void {
  setHashSeed(seed);
  writeOctets();
}

// Numbers: doubles at `inputAt`, NaN for null; what is written is the value times `scale`, or the counter that it stands for.

let leastNumber: i64 = 0;
let greatestNumber: i64 = 0;

/** @param wide 8 bytes a value, else 4. @param plainPercent more distinct values of a hundred are written as they are. @param counters they are counters (src/flowlog/counter.ts) */
export function numbers(count: u32, scale: i64, wide: bool, plainPercent: u32, counters: bool): void {
  const present = counters ? splitCounters(count) : splitNulls(count);
  let distinct: u32 = 0;
  if (present > 0) {
    findRange(present);
    const unit: i64 = scale != 1 && areWholeSeconds(present) ? 1000 : 1;
    const span = <u64>(greatestNumber - leastNumber) / unit;
    distinct = span < <u64>directMax ? internClose(present, unit, <u32>span) : internFar(present, plainPercent);
    if (<u64>distinct * 100 > <u64>present * plainPercent) distinct = 0;
    setRange(leastNumber * scale, greatestNumber * scale);
  }
  const values = writeLevels(count, present);
  let dictionaryLength: u32 = 0;
  let at = values;
  if (distinct > 0) {
    dictionaryLength = <u32>(writePlain(dictionaryAt, distinctAt, distinct, scale, wide) - dictionaryAt);
    at = writeIndexes(values, present, distinct, false);
  }
  if (wide && (distinct == 0 || distinct > fewDistinct)) {
    const other =
      distinct == 0
        ? plainLength(inputAt, present, 8, scale, 8)
        : plainLength(distinctAt, distinct, 8, scale, 8) + <u32>(at - values);
    if (differencesLength<i64>(present, scale) < other) {
      if (scale != 1) scaleNumbers(present, scale);
      setDifferences(present, writeDifferences<i64>(values, present) - bodyAt);
      return;
    }
  }
  if (distinct == 0) at = writePlain(values, inputAt, present, scale, wide);
  setResult(present, distinct, dictionaryLength, at - bodyAt);
}

function scaleNumbers(present: u32, scale: i64): void {
  for (let at: usize = inputAt, end: usize = <usize>inputAt + ((<usize>present) << 3); at < end; at += 8)
    store<i64>(at, load<i64>(at) * scale);
}

/** Moves the values that there are to the front of `inputAt`, as whole numbers, and sets the levels. */
function splitNulls(count: u32): u32 {
  let to: usize = inputAt;
  for (let row: u32 = 0; row < count; row++) {
    const value = load<f64>(inputAt + (row << 3));
    const there = value == value;
    store<u8>(levelsAt + row, <u8>there);
    store<i64>(to, <i64>value);
    to += (<usize>there) << 3;
  }
  return <u32>((to - inputAt) >> 3);
}

/** As `splitNulls`, of counters. */
function splitCounters(count: u32): u32 {
  let to: usize = inputAt;
  for (let row: u32 = 0; row < count; row++) {
    const value = load<f64>(inputAt + (row << 3));
    const there = value == value;
    store<u8>(levelsAt + row, <u8>there);
    store<i64>(to, counterOf(value));
    to += (<usize>there) << 3;
  }
  return <u32>((to - inputAt) >> 3);
}

function findRange(present: u32): void {
  let least = i64.MAX_VALUE;
  let greatest = i64.MIN_VALUE;
  for (let at: usize = inputAt, end: usize = <usize>inputAt + ((<usize>present) << 3); at < end; at += 8) {
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
  for (let at: usize = inputAt, end: usize = <usize>inputAt + ((<usize>present) << 3); at < end; at += 8)
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
  setRange(least, greatest);
  let at = writeLevels(count, count);
  if (<u64>distinct * 100 <= <u64>count * plainPercent) {
    at = writeIndexes(at, count, distinct, true);
    setResult(count, distinct, distinct << 2, at - bodyAt);
    return;
  }
  const plain = plainLength(inputAt, count, 2, 1, 4);
  // From behind, so that none is overwritten before it was read.
  for (let row = count; row-- > 0;) store<u32>(inputAt + (row << 2), load<u16>(inputAt + (row << 1)));
  if (differencesLength<i32>(count, 1) < plain) {
    setDifferences(count, writeDifferences<i32>(at, count) - bodyAt);
    return;
  }
  memory.copy(at, inputAt, (<usize>count) << 2);
  setResult(count, 0, 0, at + ((<usize>count) << 2) - bodyAt);
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
  for (let row: u32 = 0; row < count;) {
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

// Sequences: numbers of 32 bits at `inputAt` that mostly grow by one, none null, as differences.

export function sequence(count: u32): void {
  let least = i32.MAX_VALUE;
  let greatest = i32.MIN_VALUE;
  for (let row: u32 = 0; row < count; row++) {
    const value = load<i32>(inputAt + (row << 2));
    least = min(least, value);
    greatest = max(greatest, value);
  }
  setDifferences(count, writeDifferences<i32>(writeLevels(count, count), count) - bodyAt);
  setRange(least, greatest);
}

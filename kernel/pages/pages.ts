/**
 * Pages of columns, as WebAssembly: values become a dictionary and indexes of it, or stay as they are; then page bodies as Parquet has them. DuckDB and a plain decoder read it back in the tests.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: kernel/pages/layout.mjs. No allocation, no imports but the memory.
 * Source: Parquet format, "Data Pages", "Encodings".
 */
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
import {
  body,
  buckets,
  codeIndexes,
  dictionary,
  direct,
  directMax,
  distinctLongs,
  indexes,
  inputBytes,
  inputDoubles,
  inputLongs,
  inputShorts,
  inputWords,
  levels,
  readWords,
  RowsMaxArray,
} from './memory';

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

// Numbers: doubles in the input, NaN for null; what is written is the value times `scale`, or the counter that it stands for.

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
    distinct = span < directMax ? internClose(present, unit, <u32>span) : internFar(present, plainPercent);
    if (<u64>distinct * 100 > <u64>present * plainPercent) distinct = 0;
    setRange(leastNumber * scale, greatestNumber * scale);
  }
  const values = writeLevels(count, present);
  let dictionaryLength: u32 = 0;
  let at = values;
  if (distinct > 0) {
    dictionaryLength = <u32>(
      (writePlain(changetype<usize>(dictionary), distinctLongs, distinct, scale, wide) - changetype<usize>(dictionary))
    );
    at = writeIndexes(values, present, distinct, false);
  }
  if (wide && (distinct == 0 || distinct > fewDistinct)) {
    const other =
      distinct == 0
        ? plainLength(changetype<usize>(inputLongs), present, 8, scale, 8)
        : plainLength(changetype<usize>(distinctLongs), distinct, 8, scale, 8) + <u32>(at - values);
    if (differencesLength<i64>(present, scale) < other) {
      if (scale != 1) scaleNumbers(present, scale);
      setDifferences(present, writeDifferences<i64>(values, present) - changetype<usize>(body));
      return;
    }
  }
  if (distinct == 0) at = writePlain(values, inputLongs, present, scale, wide);
  setResult(present, distinct, dictionaryLength, at - changetype<usize>(body));
}

function scaleNumbers(present: u32, scale: i64): void {
  for (let i: u32 = 0; i < present; i++) inputLongs[i] = inputLongs[i] * scale;
}

/** Moves the values that there are to the front of the input, as whole numbers, and sets the levels. */
function splitNulls(count: u32): u32 {
  let present: u32 = 0;
  for (let row: u32 = 0; row < count; row++) {
    const value = inputDoubles[row];
    const there = value == value;
    levels[row] = <u8>there;
    inputLongs[present] = <i64>value;
    present += <u32>there;
  }
  return present;
}

/** As `splitNulls`, of counters. */
function splitCounters(count: u32): u32 {
  let present: u32 = 0;
  for (let row: u32 = 0; row < count; row++) {
    const value = inputDoubles[row];
    const there = value == value;
    levels[row] = <u8>there;
    inputLongs[present] = counterOf(value);
    present += <u32>there;
  }
  return present;
}

function findRange(present: u32): void {
  let least = i64.MAX_VALUE;
  let greatest = i64.MIN_VALUE;
  for (let i: u32 = 0; i < present; i++) {
    const value = inputLongs[i];
    least = min(least, value);
    greatest = max(greatest, value);
  }
  leastNumber = least;
  greatestNumber = greatest;
}

/** Whether all values lie a multiple of 1000 apart, and no more than 32 bits. */
function areWholeSeconds(present: u32): bool {
  if (<u64>(greatestNumber - leastNumber) > 0xffffffff) return false;
  for (let i: u32 = 0; i < present; i++) if (<u32>(inputLongs[i] - leastNumber) % 1000 != 0) return false;
  return true;
}

/** Indexes by distance from the least value. */
function internClose(present: u32, unit: i64, span: u32): u32 {
  memory.fill(changetype<usize>(direct), 0, (<usize>span + 1) << 2);
  let distinct: u32 = 0;
  for (let i: u32 = 0; i < present; i++) {
    const value = inputLongs[i];
    let distance = <u32>(value - leastNumber);
    if (unit != 1) distance /= 1000;
    let index = direct[distance];
    if (index == 0) {
      distinctLongs[distinct] = value;
      index = ++distinct;
      direct[distance] = index;
    }
    indexes[i] = index - 1;
  }
  return distinct;
}

/** Indexes by hash. Ends early, with more than there may be, where a sample shows that most differ. */
function internFar(present: u32, plainPercent: u32): u32 {
  clearBuckets(65_536);
  let distinct: u32 = 0;
  for (let i: u32 = 0; i < present; i++) {
    const value = inputLongs[i];
    let bucket = bucketOf(value);
    let index: u32;
    for (;;) {
      index = buckets[bucket];
      if (index == 0 || distinctLongs[index - 1] == value) break;
      bucket = (bucket + 1) & bucketMask;
    }
    if (index == 0) {
      distinctLongs[distinct] = value;
      index = ++distinct;
      buckets[bucket] = index;
      if (distinct << 1 > bucketMask) growNumbers(distinct);
    }
    indexes[i] = index - 1;
    if (i == sampleRows && distinct * 100 > sampleRows * min<u32>(99, plainPercent + 15)) return present;
  }
  return distinct;
}

function growNumbers(distinct: u32): void {
  clearBuckets((bucketMask + 1) << 1);
  for (let i: u32 = 0; i < distinct; i++) {
    let bucket = bucketOf(distinctLongs[i]);
    while (buckets[bucket] != 0) bucket = (bucket + 1) & bucketMask;
    buckets[bucket] = i + 1;
  }
}

function writePlain(at: usize, values: RowsMaxArray<i64>, count: u32, scale: i64, wide: bool): usize {
  if (wide) for (let i: u32 = 0; i < count; i++, at += 8) store<i64>(at, values[i] * scale);
  else for (let i: u32 = 0; i < count; i++, at += 4) store<i32>(at, <i32>(values[i] * scale));
  return at;
}

// Ports: 16 bits of the input, none null.

export function shorts(count: u32, plainPercent: u32): void {
  memory.fill(changetype<usize>(direct), 0, 65_536 << 2);
  let distinct: u32 = 0;
  let least: u32 = 65_535;
  let greatest: u32 = 0;
  for (let row: u32 = 0; row < count; row++) {
    const value: u32 = inputShorts[row];
    let index = direct[value];
    if (index == 0) {
      readWords[distinct] = value;
      least = min(least, value);
      greatest = max(greatest, value);
      index = ++distinct;
      direct[value] = index;
    }
    indexes[row] = index - 1;
  }
  setRange(least, greatest);
  let at = writeLevels(count, count);
  if (<u64>distinct * 100 <= <u64>count * plainPercent) {
    at = writeIndexes(at, count, distinct, true);
    setResult(count, distinct, distinct << 2, at - changetype<usize>(body));
    return;
  }
  const plain = plainLength(changetype<usize>(inputShorts), count, 2, 1, 4);
  // From behind, so that none is overwritten before it was read.
  for (let row = count; row-- > 0;) inputWords[row] = inputShorts[row];
  if (differencesLength<i32>(count, 1) < plain) {
    setDifferences(count, writeDifferences<i32>(at, count) - changetype<usize>(body));
    return;
  }
  memory.copy(at, changetype<usize>(inputWords), (<usize>count) << 2);
  setResult(count, 0, 0, at + ((<usize>count) << 2) - changetype<usize>(body));
}

// Codes: bytes of the input, of which `nullCode` (256: none) means null. The distinct ones are left in the dictionary, one byte each.

export function codes(count: u32, nullCode: u32): void {
  memory.fill(changetype<usize>(direct), 0, 256 << 2);
  if (nullCode < 256) direct[nullCode] = 256;
  let distinct: u32 = 0;
  let present: u32 = 0;
  let eight: u64 = 0;
  let eightIndexes: u64 = 0;
  let eightLevels: u64 = 0;
  let eightPresent: u32 = 0;
  for (let row: u32 = 0; row < count;) {
    // Most columns of codes are the same for the tuples of a rule.
    if (row > 0 && row + 8 <= count && load<u64>(changetype<usize>(inputBytes) + row) == eight) {
      store<u64>(changetype<usize>(levels) + row, eightLevels);
      store<u64>(changetype<usize>(codeIndexes) + present, eightIndexes);
      present += eightPresent;
      row += 8;
      continue;
    }
    let code: u32 = 0;
    let index: u32 = 0;
    for (const end = min(count, row + 8); row < end; row++) {
      code = inputBytes[row];
      index = direct[code];
      if (index == 0) {
        dictionary[distinct] = <u8>code;
        index = ++distinct;
        direct[code] = index;
      }
      const there = code != nullCode;
      levels[row] = <u8>there;
      codeIndexes[present] = <u8>(index - 1);
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
    at = width == 0 ? writeRun(at, 0, present, 0) : writeHybrid8(at, changetype<usize>(codeIndexes), present, width);
  }
  setResult(present, distinct, distinct, at - changetype<usize>(body));
}

// Sequences: numbers of 32 bits of the input that mostly grow by one, none null, as differences.

export function sequence(count: u32): void {
  let least = i32.MAX_VALUE;
  let greatest = i32.MIN_VALUE;
  for (let row: u32 = 0; row < count; row++) {
    const value = <i32>inputWords[row];
    least = min(least, value);
    greatest = max(greatest, value);
  }
  setDifferences(count, writeDifferences<i32>(writeLevels(count, count), count) - changetype<usize>(body));
  setRange(least, greatest);
}

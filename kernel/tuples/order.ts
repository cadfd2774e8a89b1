/**
 * Tuples put in order: by NIC, rank of their group, time, then as they were made. What `orderEvents` of src/record/order-events.ts does in TypeScript; tests
 * hold both to the same.
 *
 * A row's key is one number, the NIC and rank in its high bits, then the milliseconds after the first time, then the row. Keys are sorted digit by digit from the
 * lowest of the time up: the rows in them are in order already, and stay so where all else is equal.
 */
import {
  accessAt,
  bytesForwardAt,
  bytesReverseAt,
  columnsLength,
  destinationAt,
  destinationPortAt,
  digitBits,
  digitsAt,
  directionAt,
  encryptionAt,
  familyAt,
  groupAt,
  keysAt,
  nicAt,
  packetsForwardAt,
  packetsReverseAt,
  protocolAt,
  ranksAt,
  rowBits,
  runsAt,
  sourceAt,
  sourcePortAt,
  spareKeysAt,
  stateAt,
  timeAt,
} from '../../src/flowlog/tuple-kernel-layout';

const digits: u32 = 1 << digitBits;
const digitMask: u64 = digits - 1;
const rowMask: u64 = (1 << rowBits) - 1;
const keyBits: u32 = 64;
/** Times further apart are left to TypeScript. */
const timesMax: f64 = 4294967296;

function bitsOf(value: u64): u32 {
  return 64 - <u32>clz(value);
}

/** One pass: keys from `from` to `to`, by the digit at `shift`. */
function sortByDigit(from: usize, to: usize, count: u32, shift: u64): void {
  memory.fill(digitsAt, 0, digits << 2);
  for (let i: u32 = 0; i < count; i++) {
    const at = digitsAt + ((<usize>((load<u64>(from + (i << 3)) >> shift) & digitMask)) << 2);
    store<u32>(at, load<u32>(at) + 1);
  }
  let before: u32 = 0;
  for (let digit: u32 = 0; digit < digits; digit++) {
    const at = digitsAt + (digit << 2);
    const many = load<u32>(at);
    store<u32>(at, before);
    before += many;
  }
  for (let i: u32 = 0; i < count; i++) {
    const key = load<u64>(from + (i << 3));
    const at = digitsAt + ((<usize>((key >> shift) & digitMask)) << 2);
    const place = load<u32>(at);
    store<u32>(at, place + 1);
    store<u64>(to + ((<usize>place) << 3), key);
  }
}

// @inline
function rowOf(keys: usize, i: u32): usize {
  return <usize>(load<u64>(keys + (i << 3)) & rowMask);
}

// One loop for each column: what is read out of order then fits into the cache.
function gather<T>(column: usize, keys: usize, count: u32): void {
  const from = column - columnsLength;
  for (let i: u32 = 0; i < count; i++)
    store<T>(column + <usize>i * sizeof<T>(), load<T>(from + rowOf(keys, i) * sizeof<T>()));
}

function gatherQuads(column: usize, keys: usize, count: u32): void {
  const from = column - columnsLength;
  for (let i: u32 = 0; i < count; i++) {
    const source = from + (rowOf(keys, i) << 4);
    const target = column + ((<usize>i) << 4);
    store<u64>(target, load<u64>(source));
    store<u64>(target, load<u64>(source, 8), 8);
  }
}

/**
 * Copies the first `count` rows as made to where rows in order lie. @param ranks how many groups there are
 * @returns how many runs of one NIC and group there are, whose starts are at `runsAt`; -1, with nothing done, where keys have no room
 */
export function order(count: u32, ranks: u32): i32 {
  const times: usize = timeAt - columnsLength;
  let first: f64 = Infinity;
  let last: f64 = -Infinity;
  for (let i: u32 = 0; i < count; i++) {
    const time = Math.floor(load<f64>(times + (i << 3)));
    first = min(first, time);
    last = max(last, time);
  }
  if (count > 0 && !(last - first < timesMax)) return -1;
  const timeBits = bitsOf(<u64>max(0, last - first));
  const ownerShift: u64 = rowBits + timeBits;
  let ownerMax: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const word: usize = (i << 2) - columnsLength;
    const rank = load<u32>(ranksAt + ((<usize>load<u32>(groupAt + word)) << 2));
    const owner = <u64>load<u32>(nicAt + word) * ranks + rank;
    const time = <u64>(Math.floor(load<f64>(times + (i << 3))) - first);
    ownerMax = max(ownerMax, owner);
    store<u64>(keysAt + (i << 3), (owner << ownerShift) | (time << rowBits) | i);
  }
  const bits = <u32>ownerShift + bitsOf(ownerMax);
  if (bits > keyBits) return -1;
  let keys: usize = keysAt;
  let spare: usize = spareKeysAt;
  for (let shift: u32 = rowBits; shift < bits; shift += digitBits) {
    sortByDigit(keys, spare, count, shift);
    const sorted = spare;
    spare = keys;
    keys = sorted;
  }
  gather<f64>(timeAt, keys, count);
  gather<f64>(packetsForwardAt, keys, count);
  gather<f64>(bytesForwardAt, keys, count);
  gather<f64>(packetsReverseAt, keys, count);
  gather<f64>(bytesReverseAt, keys, count);
  gatherQuads(sourceAt, keys, count);
  gatherQuads(destinationAt, keys, count);
  gather<u32>(groupAt, keys, count);
  gather<u32>(nicAt, keys, count);
  gather<u16>(sourcePortAt, keys, count);
  gather<u16>(destinationPortAt, keys, count);
  gather<u8>(familyAt, keys, count);
  gather<u8>(protocolAt, keys, count);
  gather<u8>(directionAt, keys, count);
  gather<u8>(accessAt, keys, count);
  gather<u8>(stateAt, keys, count);
  gather<u8>(encryptionAt, keys, count);
  let runs = 0;
  let owner: u64 = u64.MAX_VALUE;
  for (let i: u32 = 0; i < count; i++) {
    const next = load<u64>(keys + (i << 3)) >> ownerShift;
    if (next == owner) continue;
    owner = next;
    store<u32>(runsAt + (runs << 2), i);
    runs++;
  }
  return runs;
}

/**
 * Puts tuples in order: by NIC, rank of their group, time, then as they were made. The reference implementation is `orderEvents` of
 * src/record/order-events.ts.
 *
 * A row's key is one number: NIC and rank in the highest bits, then the milliseconds after the first time, then the row. Keys are sorted digit by
 * digit, from the lowest digit of the time up. Rows need no sorting: they are in order at first, and each pass keeps the order of equal digits.
 */
import * as columns from './memory';
import {
  AddressRowsArray,
  digitCounts,
  digitValues,
  keys,
  orderedRowsMax,
  OrderedRowsMaxArray,
  RowsArray,
  runs,
  spareKeys,
} from './memory';

const digitBits: u32 = 11;
const digitMask: u64 = digitValues - 1;
const rowBits: u32 = 17;
const rowMask: u64 = orderedRowsMax - 1;
const keyBits: u32 = 64;
/** Times that are further apart are ordered by TypeScript. */
const spanMillisMax: f64 = 4294967296;

function bitsOf(value: u64): u32 {
  return 64 - <u32>clz(value);
}

/** One pass: keys of `from` go to `to`, ordered by the digit at `shift`. */
function sortByDigit(from: OrderedRowsMaxArray<u64>, to: OrderedRowsMaxArray<u64>, count: u32, shift: u64): void {
  memory.fill(changetype<usize>(digitCounts), 0, digitValues << 2);
  for (let i: u32 = 0; i < count; i++) digitCounts[<u32>((from[i] >> shift) & digitMask)]++;
  let before: u32 = 0;
  for (let digit: u32 = 0; digit < digitValues; digit++) {
    const digitCount = digitCounts[digit];
    digitCounts[digit] = before;
    before += digitCount;
  }
  for (let i: u32 = 0; i < count; i++) {
    const key = from[i];
    const digit = <u32>((key >> shift) & digitMask);
    const place = digitCounts[digit];
    digitCounts[digit] = place + 1;
    to[place] = key;
  }
}

// @inline
function rowOf(keys: OrderedRowsMaxArray<u64>, i: u32): u32 {
  return <u32>(keys[i] & rowMask);
}

// One loop for each column: what is read out of order then fits into the cache.
function gather<T>(from: RowsArray<T>, to: RowsArray<T>, keys: OrderedRowsMaxArray<u64>, count: u32): void {
  for (let i: u32 = 0; i < count; i++) to[i] = from[rowOf(keys, i)];
}

function gatherAddresses(
  from: AddressRowsArray,
  to: AddressRowsArray,
  keys: OrderedRowsMaxArray<u64>,
  count: u32,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const source = from[rowOf(keys, i)];
    const target = to[i];
    target.high = source.high;
    target.low = source.low;
  }
}

/**
 * Copies the first `count` rows as made to where rows in order lie. @param groups how many groups there are
 * @returns how many runs of one NIC and group there are, which begin at `runs`; -1, with nothing done, if keys have too few bits
 */
export function order(count: u32, groups: u32): i32 {
  let first: f64 = Infinity;
  let last: f64 = -Infinity;
  for (let i: u32 = 0; i < count; i++) {
    const time = Math.floor(columns.madeTimeMillis[i]);
    first = min(first, time);
    last = max(last, time);
  }
  if (count > 0 && !(last - first < spanMillisMax)) return -1;
  const timeBits = bitsOf(<u64>max(0, last - first));
  const ownerShift: u64 = rowBits + timeBits;
  let ownerMax: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const rank = columns.ranks[columns.madeGroup[i]];
    const owner = <u64>columns.madeNic[i] * groups + rank;
    const time = <u64>(Math.floor(columns.madeTimeMillis[i]) - first);
    ownerMax = max(ownerMax, owner);
    keys[i] = (owner << ownerShift) | (time << rowBits) | i;
  }
  const bits = <u32>ownerShift + bitsOf(ownerMax);
  if (bits > keyBits) return -1;
  let sorted = keys;
  let spare = spareKeys;
  for (let shift: u32 = rowBits; shift < bits; shift += digitBits) {
    sortByDigit(sorted, spare, count, shift);
    const next = spare;
    spare = sorted;
    sorted = next;
  }
  gather<f64>(columns.madeTimeMillis, columns.timeMillis, sorted, count);
  gather<f64>(columns.madePacketsForward, columns.packetsForward, sorted, count);
  gather<f64>(columns.madeBytesForward, columns.bytesForward, sorted, count);
  gather<f64>(columns.madePacketsReverse, columns.packetsReverse, sorted, count);
  gather<f64>(columns.madeBytesReverse, columns.bytesReverse, sorted, count);
  gatherAddresses(columns.madeSource, columns.source, sorted, count);
  gatherAddresses(columns.madeDestination, columns.destination, sorted, count);
  gather<u32>(columns.madeGroup, columns.group, sorted, count);
  gather<u32>(columns.madeNic, columns.nic, sorted, count);
  gather<u16>(columns.madeSourcePort, columns.sourcePort, sorted, count);
  gather<u16>(columns.madeDestinationPort, columns.destinationPort, sorted, count);
  gather<u8>(columns.madeFamily, columns.family, sorted, count);
  gather<u8>(columns.madeProtocol, columns.protocol, sorted, count);
  gather<u8>(columns.madeDirection, columns.direction, sorted, count);
  gather<u8>(columns.madeAccess, columns.access, sorted, count);
  gather<u8>(columns.madeState, columns.state, sorted, count);
  gather<u8>(columns.madeEncryption, columns.encryption, sorted, count);
  let runCount = 0;
  let owner: u64 = u64.MAX_VALUE;
  for (let i: u32 = 0; i < count; i++) {
    const next = sorted[i] >> ownerShift;
    if (next == owner) continue;
    owner = next;
    runs[runCount] = i;
    runCount++;
  }
  return runCount;
}

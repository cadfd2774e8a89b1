/**
 * Frames of Zstandard as kernel/pages/zstd.ts writes them: blocks that are stored, repeat one byte, or are Huffman-coded in four streams, with no matches.
 * Of any other frame it says so. A frame has the checksum of its content; those of earlier versions have none.
 *
 * AssemblyScript, a part of kernel/read-rows/read-rows.ts. Source: RFC 8878, sections 3.1.1 and 4.
 */
import { xxh64 } from '../base/xxh64';
import { codes, codesMax, nextStates, shares, states, weights } from './memory';

const codeBitsMax: u32 = 11;

/**
 * Unpacks the frame of `length` bytes at `from`, with eight more behind it that may be read, to `to`.
 * @returns its length; -1 if it is not such a frame, is longer than `room`, or does not hold what its checksum says
 */
export function unpack(from: usize, length: usize, to: usize, room: usize): i32 {
  let end = from + length;
  if (length < 12 || load<u32>(from) != 0xfd2fb528) return -1;
  const descriptor = load<u8>(from, 4);
  const isChecked = descriptor == 0xa4;
  if (descriptor != 0xa0 && !isChecked) return -1;
  const size: usize = load<u32>(from, 5);
  if (size > room) return -1;
  const whole = to + size;
  if (isChecked) end -= 4;
  from += 9;
  let isLast = false;
  while (!isLast) {
    if (from + 3 > end) return -1;
    const header: u32 = <u32>load<u16>(from) | ((<u32>load<u8>(from, 2)) << 16);
    const kind = (header >> 1) & 3;
    isLast = (header & 1) == 1;
    const its: usize = header >> 3;
    from += 3;
    if (kind == 0) {
      if (from + its > end || to + its > whole) return -1;
      memory.copy(to, from, its);
      from += its;
      to += its;
    } else if (kind == 1) {
      if (from >= end || to + its > whole) return -1;
      memory.fill(to, load<u8>(from++), its);
      to += its;
    } else {
      if (kind != 2 || from + its > end) return -1;
      const written = unpackCoded(from, its, to, whole);
      if (written < 0) return -1;
      from += its;
      to += <usize>written;
    }
  }
  if (from != end || to != whole) return -1;
  return isChecked && load<u32>(end) != <u32>xxh64(whole - size, size) ? -1 : <i32>size;
}

function unpackCoded(from: usize, length: usize, to: usize, whole: usize): isize {
  if (length < 16) return -1;
  const end = from + length;
  const header: u64 = <u64>load<u32>(from) | ((<u64>load<u8>(from, 4)) << 32);
  // Compressed literals in four streams, with 18 bits for each of the two lengths.
  if ((header & 15) != 14) return -1;
  const size = <usize>(header >> 4) & 0x3ffff;
  const packed = <usize>(header >> 22) & 0x3ffff;
  from += 5;
  // Behind the literals one byte says that there are no sequences.
  if (from + packed + 1 != end || load<u8>(end - 1) != 0 || to + size > whole || size < 6) return -1;
  const behind = end - 1;
  const table = readTable(from, behind);
  if (table == 0) return -1;
  from += table;
  if (from + 6 > behind) return -1;
  const streams = from + 6;
  const end0 = streams + <usize>load<u16>(from);
  const end1 = end0 + <usize>load<u16>(from, 2);
  const end2 = end1 + <usize>load<u16>(from, 4);
  if (end2 > behind) return -1;
  const quarter: usize = (size + 3) >> 2;
  if (<usize>3 * quarter > size) return -1;
  return readStreams(streams, end0, end1, end2, behind, to, quarter, size) ? <isize>size : -1;
}

/** Fills the table of codes. @returns the length of the weights, 0 where they are wrong */
function readTable(at: usize, end: usize): usize {
  const first: u32 = load<u8>(at);
  let n: u32;
  let length: usize;
  memory.fill(changetype<usize>(weights), 0, 256);
  if (first >= 128) {
    n = first - 127;
    length = 1 + ((n + 1) >> 1);
    if (at + length > end) return 0;
    for (let i: u32 = 0; i < n; i += 2) {
      const pair = load<u8>(at + 1 + (i >> 1));
      weights[i] = pair >> 4;
      if (i + 1 < n) weights[i + 1] = pair & 15;
    }
  } else {
    length = 1 + first;
    if (first < 2 || at + length > end) return 0;
    n = readWeights(at + 1, at + length);
    if (n == 0) return 0;
  }
  let sum: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const weight: u32 = weights[i];
    if (weight > codeBitsMax) return 0;
    if (weight > 0) sum += 1 << (weight - 1);
  }
  if (sum == 0 || n > 255) return 0;
  const longest: u32 = 32 - clz<u32>(sum);
  if (longest > codeBitsMax) return 0;
  const rest = ((<u32>1) << longest) - sum;
  if ((rest & (rest - 1)) != 0) return 0;
  weights[n] = <u8>(32 - clz<u32>(rest));
  // Codes of `longest` bits in order of weight, then of byte, from the least weight on; shorter ones stand for all that begin with them.
  const spare = codeBitsMax - longest;
  let place: u32 = 0;
  for (let weight: u32 = 1; weight <= longest; weight++) {
    const span: u32 = 1 << (weight - 1 + spare);
    const own: u32 = longest + 1 - weight;
    for (let i: u32 = 0; i <= n; i++) {
      if (weights[i] != <u8>weight) continue;
      const entry = <u16>(i | (own << 8));
      const until = place + span;
      if (until > codesMax) return 0;
      for (; place < until; place++) codes[place] = entry;
    }
  }
  return place == codesMax ? length : 0;
}

let bits: u64 = 0;
let bitsLeft: i32 = 0;
let bitsFrom: usize = 0;
let bitsAt: usize = 0;

/** Begins to read backwards from a bit that marks the end. */
function startBits(from: usize, end: usize): bool {
  const last: u32 = load<u8>(end - 1);
  if (last == 0) return false;
  bitsFrom = from;
  bitsAt = end;
  bits = 0;
  bitsLeft = 0;
  fillBits();
  bitsLeft -= <i32>clz<u32>(last) - 23;
  return true;
}

function fillBits(): void {
  while (bitsLeft <= 56 && bitsAt > bitsFrom) {
    bits = (bits << 8) | <u64>load<u8>(--bitsAt);
    bitsLeft += 8;
  }
}

/** The next bits; beyond the first one they are 0, and `bitsLeft` is negative then. */
function takeBits(n: i32): u32 {
  fillBits();
  bitsLeft -= n;
  const mask: u64 = ((<u64>1) << (<u64>n)) - 1;
  return <u32>(bitsLeft >= 0 ? (bits >> <u64>bitsLeft) & mask : (bits << (<u64>-bitsLeft)) & mask);
}

/** Weights by finite state entropy, of two stateCount in turn. @returns how many, 0 where they are wrong. Source: RFC 8878, sections 4.1 and 4.2.1.2 */
function readWeights(at: usize, end: usize): u32 {
  // Shares of the weights in the states, forwards.
  let word: u64 = 0;
  let have: u32 = 0;
  for (; have < 64 && at + (have >> 3) < end; have += 8) word |= (<u64>load<u8>(at + (have >> 3))) << have;
  const log = <u32>(word & 15) + 5;
  if (log > 6) return 0;
  const stateCount: u32 = 1 << log;
  let used: u32 = 4;
  let remaining: i32 = stateCount + 1;
  let threshold: i32 = stateCount;
  let width: u32 = log + 1;
  let weight: u32 = 0;
  let afterZero = false;
  memory.fill(changetype<usize>(shares), 0, 64);
  while (remaining > 1 && weight <= 12) {
    if (afterZero) {
      for (;;) {
        const more = <u32>bitsAhead(at, end, used) & 3;
        used += 2;
        weight += more;
        if (more < 3) break;
      }
      if (weight > 12) return 0;
    }
    const most: i32 = 2 * threshold - 1 - remaining;
    const ahead = <i32>bitsAhead(at, end, used);
    let share: i32;
    if ((ahead & (threshold - 1)) < most) {
      share = ahead & (threshold - 1);
      used += width - 1;
    } else {
      share = ahead & (2 * threshold - 1);
      if (share >= threshold) share -= most;
      used += width;
    }
    share--;
    if (share < 0) return 0;
    shares[weight] = <u8>share;
    remaining -= share;
    weight++;
    afterZero = share == 0;
    while (remaining < threshold) {
      width--;
      threshold >>= 1;
    }
  }
  if (remaining != 1) return 0;
  const greatest = weight;
  let place: u32 = 0;
  for (let one: u32 = 0; one < greatest; one++) {
    const share: u32 = shares[one];
    nextStates[one] = <u8>share;
    for (let k: u32 = 0; k < share; k++) {
      states[place].weight = <u8>one;
      place = (place + (stateCount >> 1) + (stateCount >> 3) + 3) & (stateCount - 1);
    }
  }
  for (let i: u32 = 0; i < stateCount; i++) {
    const its = states[i];
    const one: u32 = its.weight;
    const next: u32 = nextStates[one];
    nextStates[one] = <u8>(next + 1);
    const own = log - (31 - clz<u32>(next));
    its.bits = <u8>own;
    its.before = <u16>((next << own) - stateCount);
  }
  const coded = at + ((used + 7) >> 3);
  if (coded >= end || !startBits(coded, end)) return 0;
  let state1 = takeBits(<i32>log);
  let state2 = takeBits(<i32>log);
  if (bitsLeft < 0) return 0;
  let n: u32 = 0;
  while (bitsLeft >= 0) {
    if (n > 254) return 0;
    weights[n++] = states[state1].weight;
    const after = nextState(state1);
    state1 = state2;
    state2 = after;
  }
  weights[n++] = states[state1].weight;
  return n;
}

function nextState(state: u32): u32 {
  const its = states[state];
  return (<u32>its.before + takeBits(<i32>its.bits)) & 63;
}

/** 32 bits of little-endian bytes from the bit `used` on; 0 beyond the end. */
function bitsAhead(at: usize, end: usize, used: u32): u32 {
  let word: u64 = 0;
  const first = at + (used >> 3);
  for (let i: usize = 0; i < 5 && first + i < end; i++) word |= (<u64>load<u8>(first + i)) << (i << 3);
  return <u32>(word >> (used & 7));
}

// @inline
function entryOf(window: u64): u32 {
  return codes[<u32>(window >> 53)];
}

/**
 * Four streams side by side, each backwards from a bit that marks its end. Of each, `window` has the next bits at its top, and `left` says how many
 * bits there are from the byte `from` on; bytes before it are read, too, and do not count.
 */
function readStreams(
  start0: usize,
  start1: usize,
  start2: usize,
  start3: usize,
  end: usize,
  to: usize,
  quarter: usize,
  size: usize,
): bool {
  let left0 = bitsOf(start0, start1);
  let left1 = bitsOf(start1, start2);
  let left2 = bitsOf(start2, start3);
  let left3 = bitsOf(start3, end);
  if (min(min(left0, left1), min(left2, left3)) < 0) return false;
  let to0 = to;
  let to1 = to + quarter;
  let to2 = to1 + quarter;
  let to3 = to2 + quarter;
  const last = to + size;
  const end0 = to1;
  // Five codes of 11 bits are in a window of 56.
  while (to3 + 5 <= last && min(min(left0, left1), min(left2, left3)) >= 64) {
    let window0 = windowOf(start0, left0);
    let window1 = windowOf(start1, left1);
    let window2 = windowOf(start2, left2);
    let window3 = windowOf(start3, left3);
    for (let k: usize = 0; k < 5; k++) {
      const entry0 = entryOf(window0);
      const entry1 = entryOf(window1);
      const entry2 = entryOf(window2);
      const entry3 = entryOf(window3);
      store<u8>(to0 + k, <u8>entry0);
      store<u8>(to1 + k, <u8>entry1);
      store<u8>(to2 + k, <u8>entry2);
      store<u8>(to3 + k, <u8>entry3);
      window0 <<= <u64>(entry0 >> 8);
      window1 <<= <u64>(entry1 >> 8);
      window2 <<= <u64>(entry2 >> 8);
      window3 <<= <u64>(entry3 >> 8);
      left0 -= <isize>(entry0 >> 8);
      left1 -= <isize>(entry1 >> 8);
      left2 -= <isize>(entry2 >> 8);
      left3 -= <isize>(entry3 >> 8);
    }
    to0 += 5;
    to1 += 5;
    to2 += 5;
    to3 += 5;
  }
  return (
    readRest(start0, left0, to0, end0) &&
    readRest(start1, left1, to1, end0 + quarter) &&
    readRest(start2, left2, to2, end0 + 2 * quarter) &&
    readRest(start3, left3, to3, last)
  );
}

/** Bits of a stream before the one that marks its end; -1 where there is none. */
function bitsOf(start: usize, end: usize): isize {
  if (end <= start) return -1;
  const last: u32 = load<u8>(end - 1);
  return last == 0 ? -1 : <isize>((end - start) << 3) - <isize>(clz<u32>(last) - 23);
}

/** The 57 bits or more before the bit `left`, at the top of a word; `left` is 64 at least. */
// @inline
function windowOf(start: usize, left: isize): u64 {
  const at = start + (<usize>(left + 7) >> 3) - 8;
  return load<u64>(at) << (<u64>((8 - (left & 7)) & 7));
}

function readRest(start: usize, left: isize, to: usize, end: usize): bool {
  while (to < end) {
    let code: u32 = 0;
    for (let k: isize = 1; k <= 11; k++) {
      const at = left - k;
      code <<= 1;
      if (at >= 0) code |= (<u32>load<u8>(start + (<usize>at >> 3)) >> <u32>(at & 7)) & 1;
    }
    const entry = <u32>codes[code];
    left -= <isize>(entry >> 8);
    if (left < 0) return false;
    store<u8>(to++, <u8>entry);
  }
  return left == 0;
}

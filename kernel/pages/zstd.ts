/**
 * Frames of Zstandard without matches: each block of 128 KiB is Huffman-coded where that makes it smaller, else stored. Bit-packed indexes and short
 * texts hold few matches, and looking for them takes most of a compressor's time (docs/how-it-works/decisions/0019-speed-of-ingest.md).
 *
 *   frame   magic, one segment with its length in 4 bytes, blocks, checksum of what they hold (4 bytes)
 *   block   header (3 bytes: last, kind, length), then bytes as they are, or one byte that stands for all, or
 *           literals: header (5 bytes), Huffman weights, lengths of three streams, four streams; and 0 for "no sequences"
 *
 * Source: RFC 8878, sections 3.1.1 and 4.
 */
import { xxh64 } from '../base/xxh64';
import {
  byCount,
  codeBits,
  codes,
  counts,
  cumulative,
  deltaBits,
  deltaState,
  nodes,
  normal,
  out,
  outLengthMax,
  ranks,
  spread,
  states,
  weights,
} from './memory';

const blockLengthMax: usize = 131_072;
/** Shorter ones are stored: their table would be as long. */
const codedLengthMin: usize = 64;
const codeBitsMax: u32 = 11;

const weightLog: u32 = 6;
const weightStates: u32 = 64;

/** Writes `length` bytes from `from` as one frame to `out`. @returns its length */
export function compress(from: usize, length: usize): i32 {
  const start = changetype<usize>(out);
  let at = start;
  store<u32>(at, 0xfd2fb528);
  store<u8>(at, 0xa4, 4);
  store<u32>(at, <u32>length, 5);
  at += 9;
  const end = from + length;
  const checksum = <u32>xxh64(from, length);
  do {
    const size = min(end - from, blockLengthMax);
    at = writeBlock(from, size, at, from + size == end);
    from += size;
  } while (from < end);
  store<u32>(at, checksum);
  at += 4;
  assert(at <= start + outLengthMax);
  return <i32>(at - start);
}

function writeBlock(from: usize, length: usize, at: usize, last: bool): usize {
  const coded: usize = length < codedLengthMin ? 0 : writeCoded(from, length, at + 3);
  if (coded == 1) {
    writeBlockHeader(at, <u32>length, 1, last);
    store<u8>(at, load<u8>(from), 3);
    return at + 4;
  }
  if (coded > 0) {
    writeBlockHeader(at, <u32>coded, 2, last);
    return at + 3 + coded;
  }
  writeBlockHeader(at, <u32>length, 0, last);
  memory.copy(at + 3, from, length);
  return at + 3 + length;
}

function writeBlockHeader(at: usize, length: u32, kind: u32, last: bool): void {
  const header = <u32>last | (kind << 1) | (length << 3);
  store<u16>(at, <u16>header);
  store<u8>(at, <u8>(header >> 16), 2);
}

/** @returns the length of a coded block at `at`; 1 where all bytes are the same; 0 where coding does not pay */
function writeCoded(from: usize, length: usize, at: usize): usize {
  const symbols = count(from, length);
  if (symbols == 1) return 1;
  const last = makeCodes(symbols);
  if (last == 0) return 0;
  let bits: u64 = 0;
  for (let symbol: u32 = 0; symbol <= last; symbol++) bits += <u64>counts[symbol] * codeBits[symbol];
  const least = <usize>(bits >> 3) + 32;
  if (least >= length - (length >> 5)) return 0;
  const table = writeWeights(at + 5, last);
  if (table == 0 || table + least >= length) return 0;
  const streams = at + 5 + table;
  const quarter = (length + 3) >> 2;
  const end0 = writeStream(from, quarter, streams + 6);
  const end1 = writeStream(from + quarter, quarter, end0);
  const end2 = writeStream(from + 2 * quarter, quarter, end1);
  const end3 = writeStream(from + 3 * quarter, length - 3 * quarter, end2);
  store<u16>(streams, <u16>(end0 - streams - 6));
  store<u16>(streams, <u16>(end1 - end0), 2);
  store<u16>(streams, <u16>(end2 - end1), 4);
  const header = 2 | (3 << 2) | ((<u64>length) << 4) | ((<u64>(end3 - at - 5)) << 22);
  store<u32>(at, <u32>header);
  store<u8>(at, <u8>(header >> 32), 4);
  store<u8>(end3, 0);
  const size = end3 + 1 - at;
  return size < length ? size : 0;
}

/** Counts the bytes, in four tables so that equal neighbours do not wait for each other. @returns how many differ */
function count(from: usize, length: usize): u32 {
  memory.fill(changetype<usize>(counts), 0, 4096);
  const end = from + length;
  const end8 = from + (length & ~7);
  for (; from < end8; from += 8) {
    const word = load<u64>(from);
    increment(0, <u32>word & 255);
    increment(256, <u32>(word >> 8) & 255);
    increment(512, <u32>(word >> 16) & 255);
    increment(768, <u32>(word >> 24) & 255);
    increment(0, <u32>(word >> 32) & 255);
    increment(256, <u32>(word >> 40) & 255);
    increment(512, <u32>(word >> 48) & 255);
    increment(768, <u32>(word >> 56));
  }
  for (; from < end; from++) increment(0, load<u8>(from));
  let symbols: u32 = 0;
  for (let symbol: u32 = 0; symbol < 256; symbol++) {
    const sum = counts[symbol] + counts[256 + symbol] + counts[512 + symbol] + counts[768 + symbol];
    counts[symbol] = sum;
    if (sum > 0) symbols++;
  }
  return symbols;
}

// @inline
function increment(table: u32, symbol: u32): void {
  counts[table + symbol] = counts[table + symbol] + 1;
}

/** Makes a prefix code of at most `codeBitsMax` bits from the counts. @returns the greatest byte that occurs; 0 where none was found */
function makeCodes(symbols: u32): u32 {
  let last: u32 = 0;
  let n: u32 = 0;
  memory.fill(changetype<usize>(codeBits), 0, 256);
  for (let symbol: u32 = 0; symbol < 256; symbol++) {
    const its = counts[symbol];
    if (its == 0) continue;
    last = symbol;
    // Count and byte in one word: counts are below 2^18.
    byCount[n] = (its << 8) | symbol;
    n++;
  }
  sort(symbols);
  lengths(symbols);
  if (!limit(symbols)) return 0;
  assign(last);
  return last;
}

/** Sorts the words of `byCount`, the least first. */
function sort(n: u32): void {
  let gap: u32 = 1;
  while (gap < n / 3) gap = 3 * gap + 1;
  for (; gap > 0; gap /= 3)
    for (let i = gap; i < n; i++) {
      const word = byCount[i];
      let at = i;
      while (at >= gap) {
        const before = byCount[at - gap];
        if (before <= word) break;
        byCount[at] = before;
        at -= gap;
      }
      byCount[at] = word;
    }
}

// @inline
function node(i: u32): u32 {
  return nodes[i];
}

// @inline
function setNode(i: u32, value: u32): void {
  nodes[i] = value;
}

/** Lengths of codes of minimal redundancy, in place. Source: Moffat and Katajainen, 1995. */
function lengths(n: u32): void {
  for (let i: u32 = 0; i < n; i++) setNode(i, byCount[i] >> 8);
  setNode(0, node(0) + node(1));
  let root: u32 = 0;
  let leaf: u32 = 2;
  for (let next: u32 = 1; next < n - 1; next++) {
    let sum: u32;
    if (leaf >= n || node(root) < node(leaf)) {
      sum = node(root);
      setNode(root++, next);
    } else sum = node(leaf++);
    if (leaf >= n || (root < next && node(root) < node(leaf))) {
      sum += node(root);
      setNode(root++, next);
    } else sum += node(leaf++);
    setNode(next, sum);
  }
  setNode(n - 2, 0);
  for (let next = <i32>n - 3; next >= 0; next--) setNode(next, node(node(next)) + 1);
  let available: i32 = 1;
  let used: i32 = 0;
  let depth: u32 = 0;
  let inner = <i32>n - 2;
  let next = <i32>n - 1;
  while (available > 0) {
    while (inner >= 0 && node(inner) == depth) {
      used++;
      inner--;
    }
    while (available > used) {
      setNode(next--, depth);
      available--;
    }
    available = 2 * used;
    depth++;
    used = 0;
  }
}

/** Shortens codes to `codeBitsMax` and lengthens others for it. @returns whether they fill the code space exactly, as they must */
function limit(n: u32): bool {
  const space: u32 = 1 << codeBitsMax;
  let filled: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const bits = min(node(i), codeBitsMax);
    setNode(i, bits);
    filled += space >> bits;
  }
  // The rarest first: `node` is in order of count.
  while (filled > space)
    for (let i: u32 = 0; i < n && filled > space; i++) {
      const bits = node(i);
      if (bits >= codeBitsMax) continue;
      setNode(i, bits + 1);
      filled -= space >> (bits + 1);
    }
  for (let i = <i32>n - 1; i >= 0 && filled < space; i--)
    while (filled + (space >> node(i)) <= space) {
      filled += space >> node(i);
      setNode(i, node(i) - 1);
    }
  for (let i: u32 = 0; i < n; i++) codeBits[byCount[i] & 255] = <u8>node(i);
  return filled == space;
}

/** Gives each byte its code: the longest ones begin at 0. Weights are by byte. */
function assign(last: u32): void {
  memory.fill(changetype<usize>(ranks), 0, 128);
  let longest: u32 = 0;
  for (let symbol: u32 = 0; symbol <= last; symbol++) {
    const bits: u32 = codeBits[symbol];
    longest = max(longest, bits);
    ranks[bits] = ranks[bits] + 1;
  }
  let code: u32 = 0;
  for (let bits = longest; bits > 0; bits--) {
    const its = ranks[bits];
    ranks[bits] = code;
    code = (code + its) >> 1;
  }
  for (let symbol: u32 = 0; symbol <= last; symbol++) {
    const bits: u32 = codeBits[symbol];
    weights[symbol] = bits == 0 ? 0 : <u8>(longest + 1 - bits);
    const its = ranks[bits];
    codes[symbol] = its | (bits << 16);
    ranks[bits] = its + 1;
  }
}

/** The weights of all bytes below the last, whose own follows from them. @returns their length, 0 where they cannot be written */
function writeWeights(at: usize, last: u32): usize {
  const coded = last > 2 ? writeCodedWeights(at + 1, last) : 0;
  if (coded > 0 && coded < 128 && (coded < <usize>(last >> 1) || last > 128)) {
    store<u8>(at, <u8>coded);
    return coded + 1;
  }
  if (last > 128) return 0;
  store<u8>(at, <u8>(127 + last));
  weights[last] = 0;
  for (let i: u32 = 0; i < last; i += 2) store<u8>(at + 1 + (i >> 1), (weights[i] << 4) | weights[i + 1]);
  return 1 + ((last + 1) >> 1);
}

let bitBuffer: u64 = 0;
let bitCount: u32 = 0;
let bitsEnd: usize = 0;

// @inline
function addBits(value: u32, width: u32): void {
  bitBuffer |= (<u64>value) << bitCount;
  bitCount += width;
}

// @inline
function flushBits(): void {
  store<u64>(bitsEnd, bitBuffer);
  bitsEnd += bitCount >> 3;
  bitBuffer >>= bitCount & ~7;
  bitCount &= 7;
}

/** `n` weights by finite state entropy. @returns the length, 0 where that does not work. Source: RFC 8878, sections 4.1 and 4.2.1.2 */
function writeCodedWeights(at: usize, n: u32): usize {
  memory.fill(changetype<usize>(ranks), 0, 128);
  let greatest: u32 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const weight: u32 = weights[i];
    greatest = max(greatest, weight);
    ranks[weight] = ranks[weight] + 1;
  }
  let sum: i32 = 0;
  let commonest: u32 = 0;
  for (let weight: u32 = 0; weight <= greatest; weight++) {
    const its = ranks[weight];
    if (its == n) return 0;
    const share: i32 = its == 0 ? 0 : <i32>max<u32>(1, (its * weightStates) / n);
    normal[weight] = share;
    sum += share;
    if (its > ranks[commonest]) commonest = weight;
  }
  const share = normal[commonest] + <i32>weightStates - sum;
  if (share < 1) return 0;
  normal[commonest] = share;
  bitBuffer = 0;
  bitCount = 0;
  bitsEnd = at;
  writeShares(greatest);
  makeStates(greatest);
  let i = n;
  let state1: u32;
  let state2: u32;
  if ((n & 1) == 1) {
    state1 = firstState(weightAt(--i));
    state2 = firstState(weightAt(--i));
    state1 = nextState(state1, weightAt(--i));
  } else {
    state2 = firstState(weightAt(--i));
    state1 = firstState(weightAt(--i));
  }
  while (i > 0) {
    state2 = nextState(state2, weightAt(--i));
    state1 = nextState(state1, weightAt(--i));
    flushBits();
  }
  addBits(state2 & (weightStates - 1), weightLog);
  addBits(state1 & (weightStates - 1), weightLog);
  addBits(1, 1);
  flushBits();
  return bitsEnd + <usize>(bitCount > 0) - at;
}

// @inline
function weightAt(i: u32): u32 {
  return weights[i];
}

/** The shares of the weights in the states. */
function writeShares(greatest: u32): void {
  addBits(weightLog - 5, 4);
  let remaining: i32 = weightStates + 1;
  let threshold: i32 = weightStates;
  let width: u32 = weightLog + 1;
  let weight: u32 = 0;
  let afterZero = false;
  while (weight <= greatest && remaining > 1) {
    if (afterZero) {
      let start = weight;
      while (normal[weight] == 0) weight++;
      for (; weight >= start + 3; start += 3) addBits(3, 2);
      addBits(weight - start, 2);
      flushBits();
    }
    let share = normal[weight++];
    const most = 2 * threshold - 1 - remaining;
    remaining -= share;
    share++;
    if (share >= threshold) share += most;
    addBits(share, width - <u32>(share < most));
    afterZero = share == 1;
    while (remaining < threshold) {
      width--;
      threshold >>= 1;
    }
    flushBits();
  }
  if (bitCount > 0) {
    bitsEnd++;
    bitBuffer = 0;
    bitCount = 0;
  }
}

function makeStates(greatest: u32): void {
  let place: u32 = 0;
  let total: i32 = 0;
  for (let weight: u32 = 0; weight <= greatest; weight++) {
    const share = normal[weight];
    for (let k: i32 = 0; k < share; k++) {
      spread[place] = <u8>weight;
      place = (place + (weightStates >> 1) + (weightStates >> 3) + 3) & (weightStates - 1);
    }
    cumulative[weight] = total;
    let delta: u32 = ((weightLog + 1) << 16) - weightStates;
    if (share == 1) {
      delta = (weightLog << 16) - weightStates;
      deltaState[weight] = total - 1;
    } else if (share > 1) {
      const bits = weightLog - (31 - clz<u32>(share - 1));
      delta = (bits << 16) - ((<u32>share) << bits);
      deltaState[weight] = total - share;
    }
    deltaBits[weight] = delta;
    total += share;
  }
  for (let i: u32 = 0; i < weightStates; i++) {
    const weight: u32 = spread[i];
    const to = cumulative[weight];
    cumulative[weight] = to + 1;
    states[to] = <u16>(weightStates + i);
  }
}

function firstState(weight: u32): u32 {
  const delta = deltaBits[weight];
  const bits = (delta + (1 << 15)) >> 16;
  const value = (bits << 16) - delta;
  return states[(value >> bits) + deltaState[weight]];
}

function nextState(state: u32, weight: u32): u32 {
  const bits = (state + deltaBits[weight]) >> 16;
  addBits(state & ((1 << bits) - 1), bits);
  return states[(state >> bits) + deltaState[weight]];
}

/** Codes of `length` bytes, the last one first, and a bit that ends them. @returns the position behind */
function writeStream(from: usize, length: usize, at: usize): usize {
  let buffer: u64 = 0;
  let bits: u64 = 0;
  let next = from + length;
  for (; (next & 3) != (from & 3);) {
    const code = codes[load<u8>(--next)];
    buffer |= (<u64>(code & 0xffff)) << bits;
    bits += code >> 16;
  }
  while (next > from) {
    next -= 4;
    const word = load<u32>(next);
    const code3 = codes[word >> 24];
    const code2 = codes[(word >> 16) & 255];
    const code1 = codes[(word >> 8) & 255];
    const code0 = codes[word & 255];
    store<u64>(at, buffer);
    at += <usize>(bits >> 3);
    buffer >>= bits & ~7;
    bits &= 7;
    buffer |= (<u64>(code3 & 0xffff)) << bits;
    bits += code3 >> 16;
    buffer |= (<u64>(code2 & 0xffff)) << bits;
    bits += code2 >> 16;
    buffer |= (<u64>(code1 & 0xffff)) << bits;
    bits += code1 >> 16;
    buffer |= (<u64>(code0 & 0xffff)) << bits;
    bits += code0 >> 16;
  }
  buffer |= (<u64>1) << bits;
  store<u64>(at, buffer);
  return at + <usize>((bits >> 3) + 1);
}

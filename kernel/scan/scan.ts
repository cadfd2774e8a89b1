/**
 * Reads runs of tuples, as Azure writes them, into columns, with vectors of 16 bytes. The reference implementation is `scanTuple` of
 * src/flowlog/tuple-scan.ts. It also takes what this loop leaves: escapes, unusual lengths, unknown words, anything wrong.
 *
 * Of the characters of a tuple, only separators (`"`, `,`, `.`) come before `0`. So one comparison finds the ends of all numbers in 16 bytes. A
 * number's digits are then shifted to the end of a word and summed up in three multiplications, whatever their count.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: layout.mjs. No allocation, no imports but the memory.
 */
import { Address } from '../base/address';
import * as columns from './memory';
import { ipv6Groups, octetDigits, result } from './memory';

const quote: u32 = 0x22;
const comma: u32 = 0x2c;
const dot: u32 = 0x2e;
const zero: u32 = 0x30;
const colon: u32 = 0x3a;
const zeros: u64 = 0x3030303030303030;

// As in src/flowlog/tuple.ts and src/net/protocol.ts.
const directionInbound: u8 = 0;
const directionOutbound: u8 = 1;
const accessAllow: u8 = 0;
const accessDeny: u8 = 1;
const stateNone: u8 = 0;
const stateBegin: u8 = 1;
const stateContinuing: u8 = 2;
const stateEnd: u8 = 3;
const stateDenied: u8 = 4;
const encryptionX: u8 = 1;
const encryptionNx: u8 = 2;
const family4to6: u8 = 46;
const family6to4: u8 = 64;
const protocolTcp: u8 = 6;
const protocolUdp: u8 = 17;

export function start(): void {
  for (let octet: u32 = 0; octet < 256; octet++) octetDigits[octet] = octet > 99 ? 3 : octet > 9 ? 2 : 1;
}

// @inline
function separators(bytes: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.lt_s(bytes, i8x16.splat(0x30)));
}

/** Bit i is set where byte i is neither a digit nor a separator. */
// @inline
function others(bytes: v128): u32 {
  return <u32>i8x16.bitmask(i8x16.gt_s(bytes, i8x16.splat(0x39)));
}

/** The number of `length` digits at `at`, one to eight; bytes above 9 give anything. */
// @inline
function digits(at: usize, length: u32): u64 {
  let value = (load<u64>(at) << ((<u64>(8 - length)) << 3)) & 0x0f0f0f0f0f0f0f0f;
  value = (value * 10 + (value >> 8)) & 0x00ff00ff00ff00ff;
  value = (value * 100 + (value >> 16)) & 0x0000ffff0000ffff;
  return (value * 10000 + (value >> 32)) & 0xffffffff;
}

// @inline
function areEightDigits(word: u64): bool {
  const plain = word ^ zeros;
  return ((plain | (plain + 0x0606060606060606)) & 0xf0f0f0f0f0f0f0f0) == 0;
}

/** An IPv4 address and a comma at `at`. @returns the position behind, 0 where there is none */
// @inline
function readIpv4(at: usize, to: Address): usize {
  const bytes = v128.load(at);
  let stops = separators(bytes);
  const end0 = ctz<u32>(stops);
  stops &= stops - 1;
  const end1 = ctz<u32>(stops);
  stops &= stops - 1;
  const end2 = ctz<u32>(stops);
  stops &= stops - 1;
  const end3 = ctz<u32>(stops);
  // Fewer than four separators give 32.
  if (end3 > 15 || (others(bytes) & ((1 << end3) - 1)) != 0) return 0;
  const length0 = end0;
  const length1 = end1 - end0 - 1;
  const length2 = end2 - end1 - 1;
  const length3 = end3 - end2 - 1;
  if (length0 - 1 > 2 || length1 - 1 > 2 || length2 - 1 > 2 || length3 - 1 > 2) return 0;
  const octet0 = octet(at, length0);
  const octet1 = octet(at + end0 + 1, length1);
  const octet2 = octet(at + end1 + 1, length2);
  const octet3 = octet(at + end2 + 1, length3);
  if ((octet0 | octet1 | octet2 | octet3) > 255) return 0;
  // An octet that has the length of its value has no leading zero.
  if (
    <u32>octetDigits[octet0] != length0 ||
    <u32>octetDigits[octet1] != length1 ||
    <u32>octetDigits[octet2] != length2 ||
    <u32>octetDigits[octet3] != length3 ||
    load<u8>(at + end0) != dot ||
    load<u8>(at + end1) != dot ||
    load<u8>(at + end2) != dot ||
    load<u8>(at + end3) != comma
  )
    return 0;
  storeIpv4(to, (octet0 << 24) | (octet1 << 16) | (octet2 << 8) | octet3);
  return at + end3 + 1;
}

// @inline
function octet(at: usize, length: u32): u32 {
  const word = (load<u32>(at) << ((4 - length) << 3)) & 0x0f0f0f0f;
  return ((word >> 8) & 15) * 100 + ((word >> 16) & 15) * 10 + (word >> 24);
}

// @inline
function storeIpv4(to: Address, word: u32): void {
  to.high = 0;
  to.low = 0xffff | ((<u64>word) << 32);
}

/**
 * Reads tuples from the quote at `open` as long as they are plain, separated by one comma, begin before `end` and have room before `rowEnd`. The memory
 * reaches 320 bytes beyond `end`. Leaves the number of rows in `result`.
 * @returns the position behind the last closing quote; `open` where not even the first is plain
 */
export function scan(open: usize, end: usize, row: u32, rowEnd: u32, group: u32): usize {
  let behind = open;
  // Tuples of a record lie within minutes, so that most have the first eight digits of their time in common.
  let headWord = zeros;
  let head: u64 = 0;
  // A rule's tuples mostly have the NIC's own address on one side: the text of the address before, where it was IPv4.
  let sourceText = i8x16.splat(0);
  let sourceLength: u32 = 0;
  let sourceWord: u32 = 0;
  let destinationText = i8x16.splat(0);
  let destinationLength: u32 = 0;
  let destinationWord: u32 = 0;
  while (open < end && row < rowEnd) {
    let at = open + 1;
    const word = load<u64>(at);
    if (word != headWord) {
      if (!areEightDigits(word)) break;
      head = digits(at, 8);
      headWord = word;
    }
    if (load<u8>(at, 10) == comma) {
      const tens = <u32>load<u8>(at, 8) - zero;
      const ones = <u32>load<u8>(at, 9) - zero;
      if (tens > 9 || ones > 9) break;
      columns.timeMillis[row] = <f64>((head * 100 + tens * 10 + ones) * 1000);
      at += 11;
    } else {
      if (load<u8>(at, 13) != comma || !areEightDigits(load<u64>(at, 5))) break;
      columns.timeMillis[row] = <f64>(head * 100000 + digits(at + 8, 5));
      at += 14;
    }

    const sourceTo = columns.source[row];
    const destinationTo = columns.destination[row];
    let family: u8 = 4;
    let text = v128.load(at);
    let same = (1 << sourceLength) - 1;
    if (sourceLength > 0 && (<u32>i8x16.bitmask(i8x16.eq(text, sourceText)) & same) == same) {
      storeIpv4(sourceTo, sourceWord);
      at += sourceLength;
    } else {
      const middle = readIpv4(at, sourceTo);
      if (middle != 0) {
        sourceText = text;
        sourceLength = <u32>(middle - at);
        sourceWord = sourceTo.word3;
        at = middle;
      } else {
        family = 6;
        at = readIpv6(at, sourceTo);
        if (at == 0) break;
      }
    }
    text = v128.load(at);
    same = (1 << destinationLength) - 1;
    if (destinationLength > 0 && (<u32>i8x16.bitmask(i8x16.eq(text, destinationText)) & same) == same) {
      storeIpv4(destinationTo, destinationWord);
      at += destinationLength;
      if (family == 6) family = family6to4;
    } else {
      const next = readIpv4(at, destinationTo);
      if (next != 0) {
        destinationText = text;
        destinationLength = <u32>(next - at);
        destinationWord = destinationTo.word3;
        at = next;
        if (family == 6) family = family6to4;
      } else {
        if (family == 4) family = family4to6;
        at = readIpv6(at, destinationTo);
        if (at == 0) break;
      }
    }
    columns.family[row] = family;

    const ports = v128.load(at);
    let stops = separators(ports);
    const portEnd0 = ctz<u32>(stops);
    stops &= stops - 1;
    const portEnd1 = ctz<u32>(stops);
    // One to five digits each.
    if (portEnd0 - 1 > 4 || portEnd1 - portEnd0 - 2 > 4) break;
    if ((others(ports) & ((1 << portEnd1) - 1)) != 0) break;
    const port0 = digits(at, portEnd0);
    const port1 = digits(at + portEnd0 + 1, portEnd1 - portEnd0 - 1);
    if (port0 > 65535 || port1 > 65535) break;
    if (load<u8>(at + portEnd0) != comma || load<u8>(at + portEnd1) != comma) break;
    columns.sourcePort[row] = <u16>port0;
    columns.destinationPort[row] = <u16>port1;
    at += portEnd1 + 1;

    const letters = load<u32>(at);
    const letter = letters & 0xff;
    let counters = true;
    if (letter == 0x54 || letter == 0x55) {
      // `T,I,` and `A"` (version 1) or `A,B,`.
      const codes = load<u32>(at, 4);
      const way = (letters >> 16) & 0xff;
      const deny = (codes & 0xff) == 0x44;
      if ((letters & 0xff00ff00) != 0x2c002c00 || (way != 0x49 && way != 0x4f)) break;
      if (!deny && (codes & 0xff) != 0x41) break;
      columns.protocol[row] = letter == 0x54 ? protocolTcp : protocolUdp;
      columns.direction[row] = way == 0x49 ? directionInbound : directionOutbound;
      columns.access[row] = deny ? accessDeny : accessAllow;
      columns.encryption[row] = 0;
      if ((codes & 0xff00) == 0x2200) {
        columns.state[row] = stateNone;
        at += 5;
        counters = false;
      } else {
        if ((codes & 0xff00ff00) != 0x2c002c00) break;
        const code = (codes >> 16) & 0xff;
        at += 7;
        if (code == 0x42) {
          columns.state[row] = deny ? stateDenied : stateBegin;
          if (load<u32>(at) != 0x2c2c2c2c || load<u8>(at, 4) != quote) break;
          at += 4;
          counters = false;
        } else if (code == 0x45) columns.state[row] = stateEnd;
        else if (code == 0x43) columns.state[row] = stateContinuing;
        else break;
      }
    } else {
      // `6,I,B,NX` or `17,…`.
      if ((letters & 0xffff) == 0x2c36) {
        columns.protocol[row] = protocolTcp;
        at += 2;
      } else if ((letters & 0xffffff) == 0x2c3731) {
        columns.protocol[row] = protocolUdp;
        at += 3;
      } else break;
      const codes = load<u32>(at);
      if ((codes & 0xff00ff00) != 0x2c002c00) break;
      const way = codes & 0xff;
      if (way != 0x49 && way != 0x4f) break;
      columns.direction[row] = way == 0x49 ? directionInbound : directionOutbound;
      const code = (codes >> 16) & 0xff;
      columns.access[row] = code == 0x44 ? accessDeny : accessAllow;
      if (code == 0x45) columns.state[row] = stateEnd;
      else if (code == 0x43) columns.state[row] = stateContinuing;
      else if (code == 0x42) columns.state[row] = stateBegin;
      else if (code == 0x44) columns.state[row] = stateDenied;
      else break;
      at += 4;
      const name = load<u32>(at);
      if ((name & 0xffffff) == 0x2c584e) {
        columns.encryption[row] = encryptionNx;
        at += 2;
      } else if ((name & 0xffff) == 0x2c58) {
        columns.encryption[row] = encryptionX;
        at++;
      } else break;
      if (code == 0x42 || code == 0x44) {
        // `,0,0,0,0"`
        if (load<u64>(at) != 0x302c302c302c302c || load<u8>(at, 8) != quote) break;
        at += 8;
        counters = false;
      }
    }
    if (counters) {
      if (load<u8>(at) != comma) break;
      at++;
      const first = v128.load(at);
      const second = v128.load(at, 16);
      let ends = separators(first) | (separators(second) << 16);
      const end0 = ctz<u32>(ends);
      ends &= ends - 1;
      const end1 = ctz<u32>(ends);
      ends &= ends - 1;
      const end2 = ctz<u32>(ends);
      ends &= ends - 1;
      const end3 = ctz<u32>(ends);
      if (end3 > 31 || ((others(first) | (others(second) << 16)) & ((1 << end3) - 1)) != 0) break;
      // One to eight digits each.
      if (end0 - 1 > 7 || end1 - end0 - 2 > 7 || end2 - end1 - 2 > 7 || end3 - end2 - 2 > 7) break;
      if (load<u8>(at + end0) != comma || load<u8>(at + end1) != comma) break;
      if (load<u8>(at + end2) != comma || load<u8>(at + end3) != quote) break;
      columns.packetsForward[row] = <f64>digits(at, end0);
      columns.bytesForward[row] = <f64>digits(at + end0 + 1, end1 - end0 - 1);
      columns.packetsReverse[row] = <f64>digits(at + end1 + 1, end2 - end1 - 1);
      columns.bytesReverse[row] = <f64>digits(at + end2 + 1, end3 - end2 - 1);
      at += end3;
    } else {
      columns.packetsForward[row] = NaN;
      columns.bytesForward[row] = NaN;
      columns.packetsReverse[row] = NaN;
      columns.bytesReverse[row] = NaN;
    }
    columns.group[row] = group;
    row++;
    behind = at + 1;
    if (load<u16>(behind) != 0x222c) break;
    open = behind + 1;
  }
  result.rows = row;
  return behind;
}

function hexOf(byte: u32): i32 {
  if (byte - zero <= 9) return byte - zero;
  const letter = (byte | 32) - 0x61;
  return letter <= 5 ? letter + 10 : -1;
}

/** RFC 4291 section 2.2 and a comma, without a dotted quad in it. @returns the position behind, 0 where there is none such */
function readIpv6(at: usize, to: Address): usize {
  let count: u32 = 0;
  let gap: u32 = 9;
  if (load<u8>(at) == colon) {
    if (load<u8>(at, 1) != colon) return 0;
    gap = 0;
    at += 2;
  }
  while (load<u8>(at) != comma) {
    if (count == 8) return 0;
    const begin = at;
    let value: u32 = 0;
    for (let digit = hexOf(load<u8>(at)); digit >= 0 && at - begin < 4; digit = hexOf(load<u8>(at))) {
      value = (value << 4) | digit;
      at++;
    }
    if (at == begin) return 0;
    ipv6Groups[count++] = <u16>value;
    const stop: u32 = load<u8>(at);
    if (stop == comma) break;
    if (stop != colon) return 0;
    at++;
    if (load<u8>(at) == colon) {
      if (gap < 9) return 0;
      gap = count;
      at++;
    } else if (load<u8>(at) == comma) return 0;
  }
  if (gap > 8 ? count != 8 : count > 7) return 0;
  for (let i: u32 = 0; i < 8; i++) {
    // Groups of 16 bits, the higher first, in words of little-endian order.
    const group: u16 = gap > 8 || i < gap ? ipv6Groups[i] : i < gap + 8 - count ? 0 : ipv6Groups[i + count - 8];
    store<u16>(changetype<usize>(to) + ((i ^ 1) << 1), group);
  }
  return at + 1;
}

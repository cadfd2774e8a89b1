/**
 * The hot loop of the decoder: runs of tuples as Azure writes them, without white space, four digits at a time. Its plain twin is
 * `scanTuple`; what this loop does not take (escapes, odd lengths, unknown words, anything wrong) it leaves to the twin.
 *
 * Four characters are one 32-bit word, the first in the lowest byte. `1.2.` is 0x2e322e31: a digit has bit 4 set, a separator has not,
 * so the lowest clear one gives the number of digits without a branch.
 */
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { scanIpv6 } from './tuple-scan.ts';
import type { TupleColumns } from './tuple.ts';
import {
  accessAllow,
  accessDeny,
  directionInbound,
  directionOutbound,
  encryptionNames,
  family4to6,
  family6to4,
  stateBegin,
  stateContinuing,
  stateDenied,
  stateEnd,
  stateNone,
} from './tuple.ts';

const quote = 0x22;
const comma = 0x2c;
const dot = 0x2e;
const zeros = 0x30303030;
const encryptionNx = encryptionNames.indexOf('NX');
const encryptionX = encryptionNames.indexOf('X');

/**
 * Reads tuples from the quote at `start` as long as they are plain, separated by one comma, begin before `end` and have room in the
 * columns. `view` is over the same bytes, which reach `tupleScanBytes` beyond `end`.
 * @returns the position behind the last closing quote; `start` where not even the first is plain.
 */
export function scanTuples(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  columns: TupleColumns,
  tupleGroup: number,
): number {
  const { timeMillis, family, source, destination, sourcePort, destinationPort, protocol, direction } = columns;
  const { access, state, encryption, packetsForward, bytesForward, packetsReverse, bytesReverse, group } = columns;
  const capacity = timeMillis.length;
  let row = columns.count;
  let open = start;
  let behind = start;
  // Tuples of a record lie within minutes, so that most have the first eight digits of their time in common.
  let headWord = zeros;
  let headWord2 = zeros;
  let head = 0;
  // A rule's tuples mostly have the NIC's own address on one side: the text of the address before, where it was IPv4.
  let sourceAt = 0;
  let sourceLength = 0;
  let destinationAt = 0;
  let destinationLength = 0;
  while (open < end && row < capacity) {
    let at = open + 1;
    const word = view.getInt32(at, true);
    const word2 = view.getInt32(at + 4, true);
    if (word !== headWord || word2 !== headWord2) {
      const high = fourDigits(word);
      const low = fourDigits(word2);
      if ((high | low) < 0) break;
      head = high * 10_000 + low;
      headWord = word;
      headWord2 = word2;
    }
    if (bytes[at + 10] === comma) {
      const tens = bytes[at + 8] - 0x30;
      const ones = bytes[at + 9] - 0x30;
      if (tens >>> 0 > 9 || ones >>> 0 > 9) break;
      timeMillis[row] = (head * 100 + (tens * 10 + ones)) * 1000;
      at += 11;
    } else {
      const low = fourDigits(view.getInt32(at + 8, true));
      const ones = bytes[at + 12] - 0x30;
      if (low < 0 || ones >>> 0 > 9 || bytes[at + 13] !== comma) break;
      timeMillis[row] = head * 100_000 + (low * 10 + ones);
      at += 14;
    }

    const base = row * 4;
    let families = 4;
    let middle = at + sourceLength;
    if (sourceLength > 0 && sameBytes(view, at, sourceAt, sourceLength)) repeatIpv4(source, base);
    else {
      middle = readIpv4(bytes, view, at, source, base);
      sourceAt = at;
      sourceLength = middle - at;
      if (middle < 0) {
        families = 6;
        sourceLength = 0;
        middle = scanIpv6(bytes, at, source, base);
        if (middle < 0) break;
      }
    }
    at = middle + destinationLength;
    if (destinationLength > 0 && sameBytes(view, middle, destinationAt, destinationLength)) {
      repeatIpv4(destination, base);
      if (families === 6) families = family6to4;
    } else {
      at = readIpv4(bytes, view, middle, destination, base);
      destinationAt = middle;
      destinationLength = at - middle;
      if (at < 0) {
        if (families === 4) families = family4to6;
        destinationLength = 0;
        at = scanIpv6(bytes, middle, destination, base);
        if (at < 0) break;
      } else if (families === 6) families = family6to4;
    }
    family[row] = families;

    at = readPort(bytes, view, at, sourcePort, row);
    if (at < 0) break;
    at = readPort(bytes, view, at, destinationPort, row);
    if (at < 0) break;

    const letters = view.getInt32(at, true);
    const letter = letters & 0xff;
    let counters = true;
    if (letter === 0x54 || letter === 0x55) {
      // `T,I,` and `A"` (version 1) or `A,B,`.
      const codes = view.getInt32(at + 4, true);
      const way = (letters >>> 16) & 0xff;
      const deny = (codes & 0xff) === 0x44;
      if ((letters & 0xff00ff00) !== 0x2c002c00 || (way !== 0x49 && way !== 0x4f)) break;
      if (!deny && (codes & 0xff) !== 0x41) break;
      protocol[row] = letter === 0x54 ? protocolTcp : protocolUdp;
      direction[row] = way === 0x49 ? directionInbound : directionOutbound;
      access[row] = deny ? accessDeny : accessAllow;
      encryption[row] = 0;
      if ((codes & 0xff00) === 0x2200) {
        state[row] = stateNone;
        at += 5;
        counters = false;
      } else {
        if ((codes & 0xff00ff00) !== 0x2c002c00) break;
        const code = (codes >>> 16) & 0xff;
        at += 7;
        if (code === 0x42) {
          state[row] = deny ? stateDenied : stateBegin;
          if (view.getInt32(at, true) !== 0x2c2c2c2c || bytes[at + 4] !== quote) break;
          at += 4;
          counters = false;
        } else if (code === 0x45) state[row] = stateEnd;
        else if (code === 0x43) state[row] = stateContinuing;
        else break;
      }
    } else {
      // `6,I,B,NX` or `17,…`.
      if (letter === 0x36 && (letters & 0xff00) === 0x2c00) {
        protocol[row] = protocolTcp;
        at += 2;
      } else if ((letters & 0xffffff) === 0x2c3731) {
        protocol[row] = protocolUdp;
        at += 3;
      } else break;
      const codes = view.getInt32(at, true);
      if ((codes & 0xff00ff00) !== 0x2c002c00) break;
      const way = codes & 0xff;
      if (way !== 0x49 && way !== 0x4f) break;
      direction[row] = way === 0x49 ? directionInbound : directionOutbound;
      const code = (codes >>> 16) & 0xff;
      access[row] = code === 0x44 ? accessDeny : accessAllow;
      if (code === 0x45) state[row] = stateEnd;
      else if (code === 0x43) state[row] = stateContinuing;
      else if (code === 0x42) state[row] = stateBegin;
      else if (code === 0x44) state[row] = stateDenied;
      else break;
      at += 4;
      if (bytes[at] === 0x4e && bytes[at + 1] === 0x58 && bytes[at + 2] === comma) {
        encryption[row] = encryptionNx;
        at += 2;
      } else if (bytes[at] === 0x58 && bytes[at + 1] === comma) {
        encryption[row] = encryptionX;
        at++;
      } else break;
      if (code === 0x42 || code === 0x44) {
        // `,0,0,0,0"`
        if (
          view.getInt32(at, true) !== 0x302c302c ||
          view.getInt32(at + 4, true) !== 0x302c302c ||
          bytes[at + 8] !== quote
        )
          break;
        at += 8;
        counters = false;
      }
    }
    if (counters) {
      let stops = separators(view, at + 1) | (separators(view, at + 17) << 16);
      const end0 = at + 32 - Math.clz32(stops & -stops);
      stops &= stops - 1;
      const end1 = at + 32 - Math.clz32(stops & -stops);
      stops &= stops - 1;
      const end2 = at + 32 - Math.clz32(stops & -stops);
      stops &= stops - 1;
      const end3 = at + 32 - Math.clz32(stops & -stops);
      if (bytes[at] !== comma || bytes[end0] !== comma || bytes[end1] !== comma) break;
      if (bytes[end2] !== comma || bytes[end3] !== quote) break;
      const counter0 = eightDigits(view, at + 1, end0 - at - 1);
      const counter1 = eightDigits(view, end0 + 1, end1 - end0 - 1);
      const counter2 = eightDigits(view, end1 + 1, end2 - end1 - 1);
      const counter3 = eightDigits(view, end2 + 1, end3 - end2 - 1);
      if ((counter0 | counter1 | counter2 | counter3) < 0) break;
      packetsForward[row] = counter0;
      bytesForward[row] = counter1;
      packetsReverse[row] = counter2;
      bytesReverse[row] = counter3;
      at = end3;
    } else {
      packetsForward[row] = Number.NaN;
      bytesForward[row] = Number.NaN;
      packetsReverse[row] = Number.NaN;
      bytesReverse[row] = Number.NaN;
    }
    group[row] = tupleGroup;
    row++;
    behind = at + 1;
    if (bytes[behind] !== comma || bytes[behind + 1] !== quote) break;
    open = behind + 1;
  }
  columns.count = row;
  return behind;
}

/** The value of a word of four digits, -1 where one is none. */
function fourDigits(word: number): number {
  const digits = word ^ zeros;
  if (((digits | (digits + 0x06060606)) & 0xf0f0f0f0) !== 0) return -1;
  const pairs = Math.imul(digits, 10) + (digits >>> 8);
  return (pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff);
}

/** The number in the leading digits of a word, one to four, as value * 8 + digits; -1 where there is none. */
function leadingNumber(word: number): number {
  const stops = ~word & 0x10101010;
  const length = stops === 0 ? 4 : (31 - Math.clz32(stops & -stops)) >> 3;
  if (length === 0) return -1;
  const digits = (word ^ zeros) << ((4 - length) << 3);
  if (((digits | (digits + 0x06060606)) & 0xf0f0f0f0) !== 0) return -1;
  const pairs = Math.imul(digits, 10) + (digits >>> 8);
  return (((pairs & 0xff) * 100 + ((pairs >>> 16) & 0xff)) << 3) | length;
}

/**
 * A dotted quad without leading zeros, and a comma. Where the four separators are is found first, so that the octets do not wait for
 * each other.
 */
function readIpv4(bytes: Uint8Array, view: DataView, at: number, words: Uint32Array, base: number): number {
  let stops = separators(view, at);
  const end0 = 31 - Math.clz32(stops & -stops);
  stops &= stops - 1;
  const end1 = 31 - Math.clz32(stops & -stops);
  stops &= stops - 1;
  const end2 = 31 - Math.clz32(stops & -stops);
  stops &= stops - 1;
  const end3 = 31 - Math.clz32(stops & -stops);
  const length0 = end0;
  const length1 = end1 - end0 - 1;
  const length2 = end2 - end1 - 1;
  const length3 = end3 - end2 - 1;
  if (end3 < 7) return -1;
  const digits0 = (view.getInt32(at, true) ^ zeros) << ((4 - length0) << 3);
  const digits1 = (view.getInt32(at + end0 + 1, true) ^ zeros) << ((4 - length1) << 3);
  const digits2 = (view.getInt32(at + end1 + 1, true) ^ zeros) << ((4 - length2) << 3);
  const digits3 = (view.getInt32(at + end2 + 1, true) ^ zeros) << ((4 - length3) << 3);
  const carries0 = digits0 | (digits0 + 0x06060606) | digits1 | (digits1 + 0x06060606);
  const carries1 = digits2 | (digits2 + 0x06060606) | digits3 | (digits3 + 0x06060606);
  if (((carries0 | carries1) & 0xf0f0f0f0) !== 0) return -1;
  const octet0 = ((digits0 >>> 8) & 15) * 100 + ((digits0 >>> 16) & 15) * 10 + (digits0 >>> 24);
  const octet1 = ((digits1 >>> 8) & 15) * 100 + ((digits1 >>> 16) & 15) * 10 + (digits1 >>> 24);
  const octet2 = ((digits2 >>> 8) & 15) * 100 + ((digits2 >>> 16) & 15) * 10 + (digits2 >>> 24);
  const octet3 = ((digits3 >>> 8) & 15) * 100 + ((digits3 >>> 16) & 15) * 10 + (digits3 >>> 24);
  if ((octet0 | octet1 | octet2 | octet3) > 255) return -1;
  // An octet that has the length of its value has one to three digits and no leading zero.
  if (
    digitsOf[octet0] !== length0 ||
    digitsOf[octet1] !== length1 ||
    digitsOf[octet2] !== length2 ||
    digitsOf[octet3] !== length3 ||
    bytes[at + end0] !== dot ||
    bytes[at + end1] !== dot ||
    bytes[at + end2] !== dot ||
    bytes[at + end3] !== comma
  )
    return -1;
  words[base] = 0;
  words[base + 1] = 0;
  words[base + 2] = 0xffff;
  words[base + 3] = (octet0 << 24) | (octet1 << 16) | (octet2 << 8) | octet3;
  return at + end3 + 1;
}

/** Whether two texts of `length` bytes, at least eight, are the same. */
function sameBytes(view: DataView, a: number, b: number, length: number): boolean {
  if (view.getInt32(a, true) !== view.getInt32(b, true)) return false;
  for (let i = 4; i < length - 4; i += 4) if (view.getInt32(a + i, true) !== view.getInt32(b + i, true)) return false;
  return view.getInt32(a + length - 4, true) === view.getInt32(b + length - 4, true);
}

/** Copies the IPv4 address of the row before. */
function repeatIpv4(words: Uint32Array, base: number): void {
  words[base] = 0;
  words[base + 1] = 0;
  words[base + 2] = 0xffff;
  words[base + 3] = words[base - 1];
}

/** How many digits each octet has. */
const digitsOf = Uint8Array.from({ length: 256 }, (_, octet) => String(octet).length);

/** Bit i is set where the byte at `at` + i has bit 4 clear, as a separator has, for 16 bytes. */
function separators(view: DataView, at: number): number {
  const a = Math.imul((~view.getInt32(at, true) >>> 4) & 0x01010101, gather) >>> 28;
  const b = Math.imul((~view.getInt32(at + 4, true) >>> 4) & 0x01010101, gather) >>> 28;
  const c = Math.imul((~view.getInt32(at + 8, true) >>> 4) & 0x01010101, gather) >>> 28;
  const d = Math.imul((~view.getInt32(at + 12, true) >>> 4) & 0x01010101, gather) >>> 28;
  return a | (b << 4) | (c << 8) | (d << 12);
}

/** Multiplied by this, the lowest bits of four bytes come together in the highest four. */
const gather = 0x10204080;

/** One to five digits up to 65535, and a comma. */
function readPort(bytes: Uint8Array, view: DataView, at: number, ports: Uint16Array, row: number): number {
  const number = leadingNumber(view.getInt32(at, true));
  if (number < 0) return -1;
  let port = number >> 3;
  at += number & 7;
  if ((number & 7) === 4 && bytes[at] !== comma) {
    const ones = bytes[at++] - 0x30;
    if (ones >>> 0 > 9) return -1;
    port = port * 10 + ones;
    if (port > 65_535) return -1;
  }
  if (bytes[at] !== comma) return -1;
  ports[row] = port;
  return at + 1;
}

/** The number of one to eight digits at `at`; -1 where a byte is none, or `length` is another one. */
function eightDigits(view: DataView, at: number, length: number): number {
  if (length < 5) {
    if (length < 1) return -1;
    return fourDigits(((view.getInt32(at, true) ^ zeros) << ((4 - length) << 3)) ^ zeros);
  }
  if (length > 8) return -1;
  const high = fourDigits(view.getInt32(at, true));
  const low = fourDigits(view.getInt32(at + length - 4, true));
  // The two words overlap where there are fewer than eight digits.
  return high < 0 || low < 0 ? -1 : high * powers[length - 4] + (low % powers[length - 4]);
}

const powers = Int32Array.of(1, 10, 100, 1000, 10_000);

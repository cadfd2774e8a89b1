/**
 * Reads one tuple from bytes to a row of columns, without objects or strings. The format comes from the tuple itself,
 * not from the version of its record, so the version can change within a log. tuple-text.ts shows the forms. Also
 * accepted:
 *
 * - seconds (up to 11 digits) and milliseconds (12 to 14) in all formats
 * - counters that are empty, or left out with their commas
 *
 * Null is not zero (DESIGN decision 9): empty or missing counters are NaN, and so are the four zeros of a begin or
 * denied tuple.
 */
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
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

/** The most bytes that `scanTuple` reads from its start: the caller pads shorter input. */
export const tupleScanBytes = 320;

/** The fields of a tuple. A negative result of `scanTuple` is the index of the unreadable field. */
export const tupleFields = [
  '',
  'time',
  'source address',
  'destination address',
  'source port',
  'destination port',
  'protocol',
  'direction',
  'decision or state',
  'state or encryption',
  'packets forward',
  'bytes forward',
  'packets reverse',
  'bytes reverse',
  'end',
] as const;

/** Result for an encryption state that is not in `encryptionNames`. */
export const encryptionFault = -9;

const quote = 0x22;
const comma = 0x2c;
const zero = 0x30;
const counterDigitsMax = 16;

/**
 * Reads the tuple whose first byte is at `at` to the existing `row`. `bytes` must have `tupleScanBytes` bytes after
 * `at`.
 * @returns the position of the closing quote; for an unreadable field its negative number (see `tupleFields`), and the
 * row is then undefined
 */
export function scanTuple(bytes: Uint8Array, at: number, columns: TupleColumns, row: number): number {
  at = scanTime(bytes, at, columns.timeMillis, row);
  if (at < 0) return -1;
  const base = row * 4;
  let start = at;
  let family = 4;
  at = scanIpv4(bytes, start, columns.source, base);
  if (at < 0) {
    family = 6;
    at = scanIpv6(bytes, start, columns.source, base);
    if (at < 0) return -2;
  }
  start = at;
  at = scanIpv4(bytes, start, columns.destination, base);
  if (at < 0) {
    if (family === 4) family = family4to6;
    at = scanIpv6(bytes, start, columns.destination, base);
    if (at < 0) return -3;
  } else if (family === 6) family = family6to4;
  columns.family[row] = family;
  at = scanPort(bytes, at, columns.sourcePort, row);
  if (at < 0) return -4;
  at = scanPort(bytes, at, columns.destinationPort, row);
  if (at < 0) return -5;

  const letter = bytes[at];
  const nsg = letter === 0x54 || letter === 0x55;
  if (nsg) {
    if (bytes[at + 1] !== comma) return -6;
    columns.protocol[row] = letter === 0x54 ? protocolTcp : protocolUdp;
    at += 2;
  } else {
    at = scanProtocol(bytes, at, columns.protocol, row);
    if (at < 0) return -6;
  }

  const direction = bytes[at];
  if ((direction !== 0x49 && direction !== 0x4f) || bytes[at + 1] !== comma) return -7;
  columns.direction[row] = direction === 0x49 ? directionInbound : directionOutbound;
  at += 2;

  return nsg ? scanNsgTail(bytes, at, columns, row) : scanVnetTail(bytes, at, columns, row);
}

/** `A"`, `A,B"` or `A,C,1,2,3,4"`: decision, state, counters. */
function scanNsgTail(bytes: Uint8Array, at: number, columns: TupleColumns, row: number): number {
  const decision = bytes[at];
  if (decision !== 0x41 && decision !== 0x44) return -8;
  const access = decision === 0x41 ? accessAllow : accessDeny;
  columns.access[row] = access;
  columns.encryption[row] = 0;
  if (bytes[at + 1] === quote) {
    columns.state[row] = stateNone;
    return clearCounters(columns, row, at + 1);
  }
  if (bytes[at + 1] !== comma) return -8;
  const state = bytes[at + 2];
  if (state === 0x42) {
    columns.state[row] = access === accessDeny ? stateDenied : stateBegin;
    if (bytes[at + 3] === quote) return clearCounters(columns, row, at + 3);
    return scanNoCounters(bytes, at + 3, columns, row);
  }
  if (state !== 0x43 && state !== 0x45) return -9;
  columns.state[row] = state === 0x43 ? stateContinuing : stateEnd;
  if (bytes[at + 3] === quote) return clearCounters(columns, row, at + 3);
  return scanCounters(bytes, at + 3, columns, row);
}

/** `D,NX,0,0,0,0"` or `D,NX"`: state, encryption, counters. */
function scanVnetTail(bytes: Uint8Array, at: number, columns: TupleColumns, row: number): number {
  const letter = bytes[at];
  const denied = letter === 0x44;
  if (!denied && letter !== 0x42 && letter !== 0x43 && letter !== 0x45) return -8;
  if (bytes[at + 1] !== comma) return -8;
  columns.access[row] = denied ? accessDeny : accessAllow;
  columns.state[row] = denied
    ? stateDenied
    : letter === 0x42
      ? stateBegin
      : letter === 0x43
        ? stateContinuing
        : stateEnd;
  at += 2;
  const wordStart = at;
  for (let b = bytes[at]; b !== comma && b !== quote; b = bytes[++at]) if (at - wordStart > 32) return -9;
  const encryption = encryptionOf(bytes, wordStart, at);
  if (encryption < 0) return -9;
  columns.encryption[row] = encryption;
  if (bytes[at] === quote) return clearCounters(columns, row, at);
  return denied || letter === 0x42 ? scanNoCounters(bytes, at, columns, row) : scanCounters(bytes, at, columns, row);
}

const encryptionBytes = encryptionNames.map((name) => new TextEncoder().encode(name));

/** Index in `encryptionNames` of the word from `start` to `end`; -1 if it is unknown. Empty is 0. */
function encryptionOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length === 2 && bytes[start] === 0x4e && bytes[start + 1] === 0x58) return 2;
  for (let index = 0; index < encryptionBytes.length; index++) {
    const name = encryptionBytes[index];
    if (name.length !== length) continue;
    let same = 0;
    while (same < length && bytes[start + same] === name[same]) same++;
    if (same === length) return index;
  }
  return -1;
}

function clearCounters(columns: TupleColumns, row: number, at: number): number {
  columns.packetsForward[row] = Number.NaN;
  columns.bytesForward[row] = Number.NaN;
  columns.packetsReverse[row] = Number.NaN;
  columns.bytesReverse[row] = Number.NaN;
  return at;
}

/** The counters of a begin or denied tuple: `,,,,"` and `,0,0,0,0"` both mean "not given". */
function scanNoCounters(bytes: Uint8Array, at: number, columns: TupleColumns, row: number): number {
  if (
    bytes[at + 4] === quote &&
    bytes[at] === comma &&
    bytes[at + 1] === comma &&
    bytes[at + 2] === comma &&
    bytes[at + 3] === comma
  )
    return clearCounters(columns, row, at + 4);
  const end = scanCounters(bytes, at, columns, row);
  if (
    end > 0 &&
    columns.packetsForward[row] === 0 &&
    columns.bytesForward[row] === 0 &&
    columns.packetsReverse[row] === 0 &&
    columns.bytesReverse[row] === 0
  )
    clearCounters(columns, row, end);
  return end;
}

/** `,1,2,3,4"`; each number can be empty. */
function scanCounters(bytes: Uint8Array, at: number, columns: TupleColumns, row: number): number {
  at = scanCounter(bytes, at, columns.packetsForward, row);
  if (at < 0) return -10;
  at = scanCounter(bytes, at, columns.bytesForward, row);
  if (at < 0) return -11;
  at = scanCounter(bytes, at, columns.packetsReverse, row);
  if (at < 0) return -12;
  at = scanCounter(bytes, at, columns.bytesReverse, row);
  if (at < 0) return -13;
  return bytes[at] === quote ? at : -14;
}

/** A comma and digits or nothing. Returns the position after them; -1 for other bytes, or above 2^53 - 1. */
function scanCounter(bytes: Uint8Array, at: number, counters: Float64Array, row: number): number {
  if (bytes[at] !== comma) return -1;
  const start = ++at;
  let value = 0;
  let digit = bytes[at] - zero;
  const smallEnd = at + 9;
  while (digit >>> 0 <= 9 && at < smallEnd) {
    value = (value * 10 + digit) | 0;
    digit = bytes[++at] - zero;
  }
  if (digit >>> 0 > 9) {
    counters[row] = at === start ? Number.NaN : value;
    return at;
  }
  let large = value;
  while (digit >>> 0 <= 9) {
    large = large * 10 + digit;
    digit = bytes[++at] - zero;
    if (at - start > counterDigitsMax) return -1;
  }
  counters[row] = large;
  return large <= Number.MAX_SAFE_INTEGER ? at : -1;
}

/** Seconds or milliseconds by the number of digits, and a comma. */
function scanTime(bytes: Uint8Array, at: number, times: Float64Array, row: number): number {
  let high = 0;
  let digit = bytes[at] - zero;
  const start = at;
  const highEnd = at + 7;
  while (digit >>> 0 <= 9 && at < highEnd) {
    high = (high * 10 + digit) | 0;
    digit = bytes[++at] - zero;
  }
  let low = 0;
  let scale = 1;
  const lowEnd = at + 7;
  while (digit >>> 0 <= 9 && at < lowEnd) {
    low = (low * 10 + digit) | 0;
    scale = (scale * 10) | 0;
    digit = bytes[++at] - zero;
  }
  const digits = at - start;
  if (digits === 0 || bytes[at] !== comma) return -1;
  const value = high * scale + low;
  times[row] = digits <= 11 ? value * 1000 : value;
  return at + 1;
}

/** One to five digits up to 65535 and a comma. */
function scanPort(bytes: Uint8Array, at: number, ports: Uint16Array, row: number): number {
  let value = bytes[at] - zero;
  if (value >>> 0 > 9) return -1;
  const end = at + 5;
  let digit = bytes[++at] - zero;
  while (digit >>> 0 <= 9 && at < end) {
    value = value * 10 + digit;
    digit = bytes[++at] - zero;
  }
  if (bytes[at] !== comma || value > 65_535) return -1;
  ports[row] = value;
  return at + 1;
}

/** One to three digits up to 255 and a comma. */
function scanProtocol(bytes: Uint8Array, at: number, protocols: Uint8Array, row: number): number {
  let value = bytes[at] - zero;
  if (value >>> 0 > 9) return -1;
  const end = at + 3;
  let digit = bytes[++at] - zero;
  while (digit >>> 0 <= 9 && at < end) {
    value = value * 10 + digit;
    digit = bytes[++at] - zero;
  }
  if (bytes[at] !== comma || value > 255) return -1;
  protocols[row] = value;
  return at + 1;
}

/** A dotted quad without leading zeros, and a comma. */
function scanIpv4(bytes: Uint8Array, at: number, words: Uint32Array, base: number): number {
  let value = 0;
  for (let k = 0; k < 4; k++) {
    let octet = bytes[at] - zero;
    if (octet >>> 0 > 9) return -1;
    let next = bytes[++at];
    let digit = next - zero;
    if (digit >>> 0 <= 9) {
      if (octet === 0) return -1;
      octet = octet * 10 + digit;
      next = bytes[++at];
      digit = next - zero;
      if (digit >>> 0 <= 9) {
        octet = octet * 10 + digit;
        if (octet > 255) return -1;
        next = bytes[++at];
      }
    }
    if (next !== (k < 3 ? 0x2e : comma)) return -1;
    at++;
    value = (value << 8) | octet;
  }
  words[base] = 0;
  words[base + 1] = 0;
  words[base + 2] = 0xffff;
  words[base + 3] = value;
  return at;
}

const groups = new Uint16Array(8);

/** RFC 4291 section 2.2: eight groups, `::` once, a dotted quad last; and a comma. */
function scanIpv6(bytes: Uint8Array, at: number, words: Uint32Array, base: number): number {
  let count = 0;
  let gap = -1;
  if (bytes[at] === 0x3a) {
    if (bytes[at + 1] !== 0x3a) return -1;
    gap = 0;
    at += 2;
  }
  while (bytes[at] !== comma) {
    if (count === 8) return -1;
    const start = at;
    let value = 0;
    for (let digit = hexOf(bytes[at]); digit >= 0 && at - start < 4; digit = hexOf(bytes[++at]))
      value = value * 16 + digit;
    if (at === start) return -1;
    if (bytes[at] === 0x2e) {
      if (count > 6) return -1;
      at = scanIpv4(bytes, start, words, base);
      if (at < 0) return -1;
      groups[count++] = words[base + 3] >>> 16;
      groups[count++] = words[base + 3] & 0xffff;
      at--;
      break;
    }
    groups[count++] = value;
    if (bytes[at] === comma) break;
    if (bytes[at] !== 0x3a) return -1;
    at++;
    if (bytes[at] === 0x3a) {
      if (gap >= 0) return -1;
      gap = count;
      at++;
    } else if (bytes[at] === comma) return -1;
  }
  if (gap < 0 ? count !== 8 : count > 7) return -1;
  for (let i = 0; i < 4; i++) {
    words[base + i] = (groupAt(i * 2, count, gap) << 16) | groupAt(i * 2 + 1, count, gap);
  }
  return at + 1;
}

/** The group at `index` of the whole address, of which `count` are in `groups` and the missing ones are zero at `gap`. */
function groupAt(index: number, count: number, gap: number): number {
  if (gap < 0 || index < gap) return groups[index];
  const behind = index - (8 - count);
  return behind < gap ? 0 : groups[behind];
}

function hexOf(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 32;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

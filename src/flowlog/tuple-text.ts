/**
 * Tuples as text: one comma-separated line each, written as bytes by hand, no string per tuple.
 *
 *   NSG version 1   time,source,destination,source port,destination port,T|U,I|O,A|D                                    8 fields
 *   NSG version 2   …,A|D,B|C|E,packets forward,bytes forward,packets reverse,bytes reverse                            13 fields
 *   VNet            time,source,destination,source port,destination port,protocol,I|O,B|C|E|D,encryption,(four counters)  13 fields
 *
 *   1542110379,10.5.16.4,13.67.143.115,44931,443,T,O,A,C,30,16978,24,14008          seconds, protocol letter, decision, state
 *   1663146003606,10.0.0.6,52.239.184.180,23956,443,6,O,E,NX,3,767,2,1580           milliseconds, protocol number, state, encryption
 *
 * Source: facts 1.2 and 3.2.
 */
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import type { FlowLogFormat, TupleColumns } from './tuple.ts';
import {
  accessDeny,
  destinationFamily,
  directionInbound,
  encryptionNames,
  sourceFamily,
  stateContinuing,
  stateDenied,
  stateEnd,
} from './tuple.ts';

/** No tuple is longer: two IPv6 addresses, all counters of 16 digits, the longest encryption state. */
export const tupleBytesMax = 256;

const comma = 0x2c;
const dot = 0x2e;
const zero = 0x30;
const colon = 0x3a;
const letterA = 0x41;
const letterB = 0x42;
const letterC = 0x43;
const letterD = 0x44;
const letterE = 0x45;
const letterI = 0x49;
const letterO = 0x4f;
const letterT = 0x54;
const letterU = 0x55;

/** What VNet logs say when nothing is known about encryption. Source: facts 3.2. */
const encryptionDefault = encryptionNames.indexOf('NX');
const encryptionBytes = encryptionNames.map((name) => new TextEncoder().encode(name));

/**
 * Whether `format` can say what this row says. NSG logs know TCP and UDP only; version 1 has one tuple a flow, so continuing and end
 * are not in it. Source: facts 1.2.
 */
export function hasTuple(format: FlowLogFormat, columns: TupleColumns, row: number): boolean {
  if (format === 'vnet') return true;
  const protocol = columns.protocol[row];
  if (protocol !== protocolTcp && protocol !== protocolUdp) return false;
  const state = columns.state[row];
  return format === 'nsg2' || (state !== stateContinuing && state !== stateEnd);
}

/**
 * Writes the tuple of `row` at `at`, which needs `tupleBytesMax` bytes of room; the row must satisfy `hasTuple`.
 * @returns the position behind it.
 */
export function writeTuple(
  format: FlowLogFormat,
  bytes: Uint8Array,
  at: number,
  columns: TupleColumns,
  row: number,
): number {
  const vnet = format === 'vnet';
  const time = columns.timeMillis[row];
  // Readers tell seconds from milliseconds by the number of digits, so milliseconds always have 13, times of 1970 too.
  at = vnet ? writePadded(bytes, at, Math.floor(time), 13) : writeNumber(bytes, at, Math.floor(time / 1000));
  bytes[at++] = comma;
  const family = columns.family[row];
  at = writeAddress(bytes, at, sourceFamily(family), columns.source, row * 4);
  bytes[at++] = comma;
  at = writeAddress(bytes, at, destinationFamily(family), columns.destination, row * 4);
  bytes[at++] = comma;
  at = writeSmall(bytes, at, columns.sourcePort[row]);
  bytes[at++] = comma;
  at = writeSmall(bytes, at, columns.destinationPort[row]);
  bytes[at++] = comma;
  if (vnet) at = writeSmall(bytes, at, columns.protocol[row]);
  else bytes[at++] = columns.protocol[row] === protocolTcp ? letterT : letterU;
  bytes[at++] = comma;
  bytes[at++] = columns.direction[row] === directionInbound ? letterI : letterO;
  bytes[at++] = comma;
  const state = columns.state[row];
  const deny = columns.access[row] === accessDeny || state === stateDenied;
  if (vnet) {
    bytes[at++] = deny ? letterD : stateLetter(state);
    bytes[at++] = comma;
    const encryption = columns.encryption[row];
    const name = encryptionBytes[encryption === 0 ? encryptionDefault : encryption];
    for (let i = 0; i < name.length; i++) bytes[at++] = name[i];
    const missing = deny || state < stateContinuing ? 0 : Number.NaN;
    return writeCounters(bytes, at, columns, row, missing);
  }
  bytes[at++] = deny ? letterD : letterA;
  if (format === 'nsg1') return at;
  bytes[at++] = comma;
  bytes[at++] = stateLetter(state);
  if (state === stateContinuing || state === stateEnd) return writeCounters(bytes, at, columns, row, Number.NaN);
  for (let i = 0; i < 4; i++) bytes[at++] = comma;
  return at;
}

function stateLetter(state: number): number {
  return state === stateContinuing ? letterC : state === stateEnd ? letterE : letterB;
}

/** `,p,b,p,b`; a counter that is not given is written as `missing`, or left empty where that is NaN. */
function writeCounters(bytes: Uint8Array, at: number, columns: TupleColumns, row: number, missing: number): number {
  bytes[at++] = comma;
  at = writeCounter(bytes, at, columns.packetsForward[row], missing);
  bytes[at++] = comma;
  at = writeCounter(bytes, at, columns.bytesForward[row], missing);
  bytes[at++] = comma;
  at = writeCounter(bytes, at, columns.packetsReverse[row], missing);
  bytes[at++] = comma;
  return writeCounter(bytes, at, columns.bytesReverse[row], missing);
}

function writeCounter(bytes: Uint8Array, at: number, value: number, missing: number): number {
  const given = Number.isNaN(value) ? missing : value;
  return Number.isNaN(given) ? at : writeNumber(bytes, at, given);
}

/** Dotted quad, or RFC 5952: lower case, the longest run of two or more zero groups as `::`, the first of equals. */
function writeAddress(bytes: Uint8Array, at: number, family: number, words: Uint32Array, base: number): number {
  if (family === 4) {
    const word = words[base + 3];
    at = writeSmall(bytes, at, word >>> 24);
    bytes[at++] = dot;
    at = writeSmall(bytes, at, (word >>> 16) & 255);
    bytes[at++] = dot;
    at = writeSmall(bytes, at, (word >>> 8) & 255);
    bytes[at++] = dot;
    return writeSmall(bytes, at, word & 255);
  }
  let runStart = 8;
  let runLength = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && groupOf(words, base, end) === 0) end++;
    if (end - i > runLength) {
      runStart = i;
      runLength = end - i;
    }
    if (end > i) i = end;
  }
  for (let i = 0; i < 8; i++) {
    if (i === runStart) {
      bytes[at++] = colon;
      if (i + runLength === 8) bytes[at++] = colon;
      i += runLength - 1;
      continue;
    }
    if (i > 0) bytes[at++] = colon;
    at = writeHex(bytes, at, groupOf(words, base, i));
  }
  return at;
}

/** The 16-bit group `index`, 0 to 7, of an IPv6 address. */
function groupOf(words: Uint32Array, base: number, index: number): number {
  const word = words[base + (index >> 1)];
  return (index & 1) === 0 ? word >>> 16 : word & 0xffff;
}

function writeHex(bytes: Uint8Array, at: number, value: number): number {
  let shift = value > 0xfff ? 12 : value > 0xff ? 8 : value > 0xf ? 4 : 0;
  for (; shift >= 0; shift -= 4) {
    const digit = (value >>> shift) & 15;
    bytes[at++] = digit < 10 ? zero + digit : 0x57 + digit;
  }
  return at;
}

/** Digits of a whole number from 0 to 999,999,999. */
function writeSmall(bytes: Uint8Array, at: number, value: number): number {
  if (value < 10_000) {
    const entry = value << 2;
    const skipped = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
    for (let i = skipped; i < 4; i++) bytes[at++] = fourDigits[entry + i];
    return at;
  }
  const high = (value / 10_000) | 0;
  return writeFour(bytes, writeSmall(bytes, at, high), value - high * 10_000);
}

/** Digits of a whole number from 0 to 2^53 - 1. */
function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value < 1e9) return writeSmall(bytes, at, value | 0);
  const high = Math.floor(value / 1e8);
  at = writeNumber(bytes, at, high);
  const low = (value - high * 1e8) | 0;
  const middle = (low / 10_000) | 0;
  return writeFour(bytes, writeFour(bytes, at, middle), low - middle * 10_000);
}

/** The digits of 0 to 9999, four each: numbers are written four digits at a time. */
const fourDigits = Uint8Array.from(
  { length: 40_000 },
  (_, i) => zero + (Math.floor((i >> 2) / 10 ** (3 - (i & 3))) % 10),
);

function writeFour(bytes: Uint8Array, at: number, value: number): number {
  const entry = value << 2;
  bytes[at] = fourDigits[entry];
  bytes[at + 1] = fourDigits[entry + 1];
  bytes[at + 2] = fourDigits[entry + 2];
  bytes[at + 3] = fourDigits[entry + 3];
  return at + 4;
}

/** `width` digits, leading zeros where the number is shorter. */
function writePadded(bytes: Uint8Array, at: number, value: number, width: number): number {
  let rest = value;
  for (let i = at + width - 1; i >= at; i--) {
    const tenth = Math.floor(rest / 10);
    bytes[i] = zero + rest - tenth * 10;
    rest = tenth;
  }
  return at + width;
}

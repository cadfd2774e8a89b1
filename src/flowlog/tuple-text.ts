/**
 * Tuples as text: one comma-separated line each, written as bytes, without a string per tuple.
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
import { ipv4MappedWord } from '../net/address.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { unpackCounter } from './counter.ts';
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

/** The longest tuple: two IPv6 addresses, counters of 19 digits, the longest encryption state. */
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

/** The encryption state of VNet logs if it is unknown. Source: facts 3.2. */
const encryptionDefault = encryptionNames.indexOf('NX');
const mappedPrefix = new TextEncoder().encode('::ffff:');
const encryptionBytes = encryptionNames.map((name) => new TextEncoder().encode(name));

/**
 * Whether `format` has a form for this row. NSG logs have only TCP and UDP; version 1 has one tuple per flow, so it has
 * no continuing and end. Source: facts 1.2.
 */
export function hasTuple(format: FlowLogFormat, columns: TupleColumns, row: number): boolean {
  if (format === 'vnet') return true;
  const protocol = columns.protocol[row];
  if (protocol !== protocolTcp && protocol !== protocolUdp) return false;
  const state = columns.state[row];
  return format === 'nsg2' || (state !== stateContinuing && state !== stateEnd);
}

/**
 * Writes the tuple of `row` at `at`, with room for `tupleBytesMax` bytes; the row must satisfy `hasTuple`.
 * @returns the position after it
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
  // Readers distinguish seconds and milliseconds by the number of digits, so milliseconds always have 13, also in 1970.
  const seconds = Math.floor(time / 1000);
  if (vnet) {
    const high = Math.floor(seconds / 10_000);
    at = writeDigits(bytes, at, high, 6);
    at = writeDigits(bytes, at, Math.floor(time) - high * 1e7, 7);
  } else at = writeNumber(bytes, at, seconds);
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

/** `,p,b,p,b`; an absent counter is written as `missing`, or empty if that is NaN. */
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

/** Digits of a counter that is not exact as a double. */
function writeLarge(bytes: Uint8Array, at: number, value: number): number {
  const digits = unpackCounter(value).toString();
  for (let i = 0; i < digits.length; i++) bytes[at++] = digits.charCodeAt(i);
  return at;
}

/**
 * Dotted quad, or RFC 5952: lower case, the first of the longest runs of two or more zero groups as `::`; `::ffff:` and
 * a quad for IPv4-mapped addresses.
 */
function writeAddress(bytes: Uint8Array, at: number, family: number, words: Uint32Array, base: number): number {
  const isMapped = family === 6 && words[base] === 0 && words[base + 1] === 0 && words[base + 2] === ipv4MappedWord;
  if (isMapped) {
    bytes.set(mappedPrefix, at);
    at += mappedPrefix.length;
  }
  if (family === 4 || isMapped) {
    const word = words[base + 3];
    at = writeOctet(bytes, at, word >>> 24);
    bytes[at] = dot;
    at = writeOctet(bytes, at + 1, (word >>> 16) & 255);
    bytes[at] = dot;
    at = writeOctet(bytes, at + 1, (word >>> 8) & 255);
    bytes[at] = dot;
    return writeOctet(bytes, at + 1, word & 255);
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

/** Digits of a second or a counter. */
function writeNumber(bytes: Uint8Array, at: number, value: number): number {
  if (value < 0 || value > Number.MAX_SAFE_INTEGER) return writeLarge(bytes, at, value);
  if (value < 1e9) return writeSmall(bytes, at, value);
  const high = Math.floor(value / 1e9);
  return writeDigits(bytes, writeSmall(bytes, at, high), value - high * 1e9, 9);
}

/** Digits of a whole number from 0 to 999,999,999. */
function writeSmall(bytes: Uint8Array, at: number, value: number): number {
  let width = 1;
  for (let bound = 10; bound <= value; bound *= 10) width++;
  return writeDigits(bytes, at, value, width);
}

/** The last `width` digits of a whole number from 0 to 2^31 - 1, with leading zeros; two at a time. */
function writeDigits(bytes: Uint8Array, at: number, value: number, width: number): number {
  let rest = value | 0;
  let i = at + width - 2;
  for (; i >= at; i -= 2) {
    const quotient = (rest / 100) | 0;
    const pair = (rest - quotient * 100) << 1;
    bytes[i] = pairs[pair];
    bytes[i + 1] = pairs[pair + 1];
    rest = quotient;
  }
  if (i === at - 1) bytes[at] = zero + (rest % 10);
  return at + width;
}

/** `00` to `99`. */
const pairs = Uint8Array.from({ length: 200 }, (_, i) => zero + ((i & 1) === 0 ? Math.floor(i / 20) : (i >> 1) % 10));

/** Writes an octet: always three bytes; bytes after its digits are overwritten by the next writer. */
function writeOctet(bytes: Uint8Array, at: number, octet: number): number {
  const entry = octet << 2;
  bytes[at] = octets[entry];
  bytes[at + 1] = octets[entry + 1];
  bytes[at + 2] = octets[entry + 2];
  return at + octets[entry + 3];
}

/** Digits of each octet, padded to three, and their number. */
const octets = Uint8Array.from({ length: 1024 }, (_, i) => {
  const text = String(i >> 2);
  return (i & 3) === 3 ? text.length : (text.codePointAt(i & 3) ?? 0);
});

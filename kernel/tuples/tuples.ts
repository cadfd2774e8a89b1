/**
 * Puts tuples in order (order.ts) and writes them as text, many at once. The reference implementation of writing is `writeTuple` of
 * src/flowlog/tuple-text.ts.
 *
 * AssemblyScript, compiled by scripts/build-kernel.mjs. Memory: layout.mjs. No allocation, no imports but the memory.
 */
import { Address } from '../base/address';
import { counterOf } from '../base/counter';
import { writeIpv6 } from '../base/ipv6-text';
import * as columns from './memory';

export { order } from './order';

const comma: u8 = 0x2c;
const dot: u8 = 0x2e;
const zero: u8 = 0x30;
const quote: u8 = 0x22;
const letterA: u8 = 0x41;
const letterB: u8 = 0x42;
const letterC: u8 = 0x43;
const letterD: u8 = 0x44;
const letterE: u8 = 0x45;
const letterI: u8 = 0x49;
const letterO: u8 = 0x4f;
const letterT: u8 = 0x54;
const letterU: u8 = 0x55;

const stateContinuing: u32 = 2;
const stateEnd: u32 = 3;
const stateDenied: u32 = 4;
const accessDeny: u32 = 1;

/** The last `width` digits of `value`. */
function writeDigits(at: usize, value: u32, width: i32): usize {
  const end = at + width;
  let to = end - 2;
  while (<isize>(to - at) >= 0) {
    const quotient = value / 100;
    store<u16>(to, columns.twoDigits[value - quotient * 100]);
    value = quotient;
    to -= 2;
  }
  if (to + 1 == at) store<u8>(at, zero + <u8>(value % 10));
  return end;
}

/** Digits of a number below 10^9. */
function writeSmall(at: usize, value: u32): usize {
  if (value < 10) {
    store<u8>(at, zero + <u8>value);
    return at + 1;
  }
  if (value < 100) {
    store<u16>(at, columns.twoDigits[value]);
    return at + 2;
  }
  let width = 3;
  if (value >= 1000) {
    width =
      value < 10000 ? 4 : value < 100000 ? 5 : value < 1000000 ? 6 : value < 10000000 ? 7 : value < 100000000 ? 8 : 9;
  }
  return writeDigits(at, value, width);
}

function writeNumber(at: usize, value: f64): usize {
  if (value >= 0 && value < 1e9) return writeSmall(at, <u32>value);
  const whole = <u64>counterOf(value);
  const high = whole / 1000000000;
  at =
    high < 1000000000
      ? writeSmall(at, <u32>high)
      : writeDigits(writeSmall(at, <u32>(high / 1000000000)), <u32>(high % 1000000000), 9);
  return writeDigits(at, <u32>(whole - high * 1000000000), 9);
}

function writeOctet(at: usize, octet: u32): usize {
  const digits = columns.octets[octet];
  store<u32>(at, digits);
  return at + (digits >> 24);
}

function writeIpv4(at: usize, word: u32): usize {
  at = writeOctet(at, word >> 24);
  store<u8>(at, dot);
  at = writeOctet(at + 1, (word >> 16) & 255);
  store<u8>(at, dot);
  at = writeOctet(at + 1, (word >> 8) & 255);
  store<u8>(at, dot);
  return writeOctet(at + 1, word & 255);
}

function writeAddress(at: usize, isIpv6: bool, address: Address): usize {
  return isIpv6 ? writeIpv6(at, changetype<usize>(address)) : writeIpv4(at, address.word3);
}

/** A comma and a counter; one that is not given is 0 where `zeros`, else nothing. */
function writeCounter(at: usize, value: f64, zeros: bool): usize {
  store<u8>(at++, comma);
  if (isNaN(value)) {
    if (!zeros) return at;
    store<u8>(at, zero);
    return at + 1;
  }
  return writeNumber(at, value);
}

function writeCounters(at: usize, row: i32, zeros: bool): usize {
  at = writeCounter(at, columns.packetsForward[row], zeros);
  at = writeCounter(at, columns.bytesForward[row], zeros);
  at = writeCounter(at, columns.packetsReverse[row], zeros);
  return writeCounter(at, columns.bytesReverse[row], zeros);
}

function stateLetter(state: u32): u8 {
  return state == stateContinuing ? letterC : state == stateEnd ? letterE : letterB;
}

/** Seconds from here on have more than 32 bits. */
const timeEnd: f64 = 4294967296000;

/**
 * Writes `,"…"` for each row from `first` to `end`. @param format 0 NSG version 1, 1 version 2, 2 VNet.
 * @returns the bytes written; -1 where a time is beyond what is taken here
 */
export function writeTuples(first: i32, end: i32, format: i32): i32 {
  const vnet = format == 2;
  const start = changetype<usize>(columns.text);
  let at = start;
  for (let row = first; row < end; row++) {
    const moment = columns.timeMillis[row];
    if (!(moment >= 0 && moment < timeEnd)) return -1;
    const time = <u64>moment;
    const seconds = <u32>(time / 1000);
    store<u8>(at, comma);
    store<u8>(at + 1, quote);
    at += 2;
    if (vnet) {
      const high = time / 10000000;
      at = writeDigits(at, <u32>high, 6);
      at = writeDigits(at, <u32>(time - high * 10000000), 7);
    } else if (seconds >= 1000000000) {
      store<u8>(at, zero + <u8>(seconds / 1000000000));
      at = writeDigits(at + 1, seconds % 1000000000, 9);
    } else at = writeSmall(at, seconds);
    store<u8>(at++, comma);
    const family: u32 = columns.family[row];
    at = writeAddress(at, family == 6 || family == 64, columns.source[row]);
    store<u8>(at++, comma);
    at = writeAddress(at, family == 6 || family == 46, columns.destination[row]);
    store<u8>(at++, comma);
    at = writeSmall(at, columns.sourcePort[row]);
    store<u8>(at++, comma);
    at = writeSmall(at, columns.destinationPort[row]);
    store<u8>(at++, comma);
    const protocol: u32 = columns.protocol[row];
    if (vnet) at = writeSmall(at, protocol);
    else store<u8>(at++, protocol == 6 ? letterT : letterU);
    store<u8>(at, comma);
    store<u8>(at + 1, columns.direction[row] == 0 ? letterI : letterO);
    store<u8>(at + 2, comma);
    at += 3;
    const state: u32 = columns.state[row];
    const deny = columns.access[row] == accessDeny || state == stateDenied;
    if (vnet) {
      store<u8>(at, deny ? letterD : stateLetter(state));
      store<u8>(at + 1, comma);
      at += 2;
      const name = columns.encryptionNames[columns.encryption[row]];
      store<u64>(at, name.text0);
      store<u64>(at + 8, name.text1);
      store<u64>(at + 16, name.text2);
      at += name.length;
      at = writeCounters(at, row, deny || state < stateContinuing);
    } else {
      store<u8>(at++, deny ? letterD : letterA);
      if (format == 1) {
        store<u8>(at, comma);
        store<u8>(at + 1, stateLetter(state));
        at += 2;
        if (state == stateContinuing || state == stateEnd) at = writeCounters(at, row, false);
        else {
          store<u32>(at, 0x2c2c2c2c);
          at += 4;
        }
      }
    }
    store<u8>(at++, quote);
    assert(at <= start + columns.textLength);
  }
  return <i32>(at - start);
}

/**
 * Columns of addresses: distinct ones get an index each, then a dictionary of their texts, and of the halves of IPv6 ones.
 *
 * AssemblyScript, a part of kernel/pages/pages.ts.
 */
import { Address } from '../base/address';
import { writeIpv6 } from '../base/ipv6-text';
import { bitWidth, setIpv6, setRange, setResult, writeHybrid32, writeIndexes, writeLevels, writeRun } from './bodies';
import { bucketMask, bucketOf, clearBuckets, hashSeed } from './buckets';
import {
  body,
  buckets,
  dictionary,
  distinctAddresses,
  distinctFamilies,
  families,
  halfIndexes,
  halves as distinctHalves,
  hashes,
  indexes,
  input,
  inputWords,
  levels,
  octetLengths,
  octets,
} from './memory';

const dot: u8 = 0x2e;
const zero: u8 = 0x30;

/** Octets as text with the dot behind. */
export function writeOctets(): void {
  for (let octet: u32 = 0; octet < 256; octet++) {
    const start = changetype<usize>(octets) + (octet << 2);
    let at = start;
    if (octet >= 100) store<u8>(at++, zero + <u8>(octet / 100));
    if (octet >= 10) store<u8>(at++, zero + <u8>((octet / 10) % 10));
    store<u8>(at++, zero + <u8>(octet % 10));
    store<u8>(at++, dot);
    octetLengths[octet] = <u8>(at - start);
  }
}

let ipv6Distinct: u32 = 0;

/**
 * Gives each distinct address an index; `addresses` and `halves` go on from there. `mixedFamily` is the family of rows whose address on this side is IPv4
 * and on the other IPv6. @returns how many differ
 */
export function internAddresses(count: u32, mixedFamily: u32): u32 {
  clearBuckets(65_536);
  let distinct: u32 = 0;
  ipv6Distinct = 0;
  let lastWord: u32 = 0;
  let lastIndex: u32 = 0;
  let known = false;
  for (let row: u32 = 0; row < count; row++) {
    const family: u32 = families[row];
    const address = input[row];
    const word = address.word3;
    if (family == 4 || family == mixedFamily) {
      if (!known || word != lastWord) {
        let bucket = bucketOf(word);
        let index: u32;
        for (;;) {
          index = buckets[bucket];
          if (index == 0) break;
          if (distinctAddresses[index - 1].word3 == word && distinctFamilies[index - 1] == 4) break;
          bucket = (bucket + 1) & bucketMask;
        }
        if (index == 0) {
          index = addAddress(address, distinct++, bucket, 4);
          if (distinct << 1 > bucketMask) growAddresses(distinct);
        }
        lastWord = word;
        lastIndex = index - 1;
        known = true;
      }
      indexes[row] = lastIndex;
      continue;
    }
    const high = address.high;
    const low = address.low;
    let bucket = bucketOf(ipv6Key(high, low));
    let index: u32;
    for (;;) {
      index = buckets[bucket];
      if (index == 0) break;
      const entry = distinctAddresses[index - 1];
      if (entry.low == low && entry.high == high && distinctFamilies[index - 1] == 6) break;
      bucket = (bucket + 1) & bucketMask;
    }
    if (index == 0) {
      index = addAddress(address, distinct++, bucket, 6);
      ipv6Distinct++;
      if (distinct << 1 > bucketMask) growAddresses(distinct);
    }
    indexes[row] = index - 1;
  }
  return distinct;
}

/** One word of both halves, which nobody can choose to be the same for many addresses. */
function ipv6Key(high: u64, low: u64): u64 {
  const hash = high * hashSeed;
  return low ^ hash ^ (hash >> 29);
}

function addAddress(from: Address, index: u32, bucket: u32, family: u8): u32 {
  const entry = distinctAddresses[index];
  entry.high = from.high;
  entry.low = from.low;
  distinctFamilies[index] = family;
  buckets[bucket] = index + 1;
  return index + 1;
}

function growAddresses(distinct: u32): void {
  clearBuckets((bucketMask + 1) << 1);
  for (let i: u32 = 0; i < distinct; i++) {
    const entry = distinctAddresses[i];
    let bucket = distinctFamilies[i] == 4 ? bucketOf(entry.word3) : bucketOf(ipv6Key(entry.high, entry.low));
    while (buckets[bucket] != 0) bucket = (bucket + 1) & bucketMask;
    buckets[bucket] = i + 1;
  }
}

/** The column of texts of the addresses that were interned last, with least and greatest, and the hashes of the texts for address filters. */
export function addresses(count: u32, distinct: u32): void {
  const start = changetype<usize>(dictionary);
  let at = start;
  let least: usize = 0;
  let greatest: usize = 0;
  for (let i: u32 = 0; i < distinct; i++) {
    const address = distinctAddresses[i];
    const text = at + 4;
    const end = distinctFamilies[i] == 4 ? writeIpv4(text, address.word3) : writeIpv6(text, changetype<usize>(address));
    store<u32>(at, <u32>(end - text));
    hashes[i] = hashOfText(text, end);
    if (least == 0) {
      least = at;
      greatest = at;
    } else if (isLess(at, least)) least = at;
    else if (isLess(greatest, at)) greatest = at;
    at = end;
  }
  const end = writeIndexes(writeLevels(count, count), count, distinct, false);
  setResult(count, distinct, at - start, end - changetype<usize>(body));
  setRange(least, greatest);
  setIpv6(ipv6Distinct);
}

/** Whether the text at `a` (its length, then bytes) comes before that at `b`. */
function isLess(a: usize, b: usize): bool {
  const lengthA = load<u32>(a);
  const lengthB = load<u32>(b);
  const both = min(lengthA, lengthB);
  for (let i: u32 = 0; i < both; i++) {
    const difference = <i32>load<u8>(a + 4 + i) - <i32>load<u8>(b + 4 + i);
    if (difference != 0) return difference < 0;
  }
  return lengthA < lengthB;
}

/** as `addressHash` of src/lake/files/address-filter.ts. */
function hashOfText(at: usize, end: usize): f64 {
  let a: u32 = 0x811c9dc5;
  let b: u32 = 0x9747b28c;
  for (; at < end; at++) {
    const code: u32 = load<u8>(at);
    a = (a ^ code) * 0x01000193;
    b = (b ^ code) * 0x85ebca6b;
    b ^= b >> 15;
  }
  a = (a ^ (a >> 16)) * 0x85ebca6b;
  a = (a ^ (a >> 13)) * 0xc2b2ae35;
  return <f64>(a ^ (a >> 16)) * 262144.0 + <f64>((b ^ (b >> 13)) & 262143);
}

function writeIpv4(at: usize, word: u32): usize {
  for (let shift: u32 = 24; shift > 0; shift -= 8) {
    const octet = (word >> shift) & 255;
    store<u32>(at, octets[octet]);
    at += octetLengths[octet];
  }
  const octet = word & 255;
  store<u32>(at, octets[octet]);
  return at + octetLengths[octet] - 1;
}

/** The column of one half (0 the high one) of the IPv6 addresses among those that were interned last; IPv4 is null. */
export function halves(count: u32, addressCount: u32, half: u32): void {
  clearBuckets(65_536);
  let distinct: u32 = 0;
  let least = i64.MAX_VALUE;
  let greatest = i64.MIN_VALUE;
  for (let i: u32 = 0; i < addressCount; i++) {
    if (distinctFamilies[i] == 4) {
      halfIndexes[i] = 0;
      continue;
    }
    const address = distinctAddresses[i];
    const value = rotl<u64>(half == 0 ? address.high : address.low, 32);
    let bucket = bucketOf(value);
    let index: u32;
    for (;;) {
      index = buckets[bucket];
      if (index == 0 || distinctHalves[index - 1] == value) break;
      bucket = (bucket + 1) & bucketMask;
    }
    if (index == 0) {
      distinctHalves[distinct] = value;
      index = ++distinct;
      buckets[bucket] = index;
      least = min(least, <i64>value);
      greatest = max(greatest, <i64>value);
      if (distinct << 1 > bucketMask) growHalves(distinct);
    }
    halfIndexes[i] = index;
  }
  let present: u32 = 0;
  // The indexes of addresses stay for the other half: those of halves go where the input was.
  for (let row: u32 = 0; row < count; row++) {
    const index = halfIndexes[indexes[row]];
    levels[row] = <u8>(index != 0);
    inputWords[present] = index - 1;
    present += <u32>(index != 0);
  }
  let at = writeLevels(count, present);
  if (present > 0) {
    const width = bitWidth(distinct - 1);
    store<u8>(at++, <u8>width);
    at = width == 0 ? writeRun(at, 0, present, 0) : writeHybrid32(at, changetype<usize>(inputWords), present, width);
  }
  memory.copy(changetype<usize>(dictionary), changetype<usize>(distinctHalves), distinct << 3);
  setResult(present, distinct, distinct << 3, at - changetype<usize>(body));
  setRange(least, greatest);
}

function growHalves(distinct: u32): void {
  clearBuckets((bucketMask + 1) << 1);
  for (let i: u32 = 0; i < distinct; i++) {
    let bucket = bucketOf(distinctHalves[i]);
    while (buckets[bucket] != 0) bucket = (bucket + 1) & bucketMask;
    buckets[bucket] = i + 1;
  }
}

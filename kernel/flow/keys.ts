/** NICs and hashes of the packets of a batch: as `#prepare` of src/flow/observe.ts. */
import {
  destinationAt,
  destinationHashAt,
  destinationNicAt,
  destinationPortAt,
  familyAt,
  nicNumbersAt,
  nicWordsAt,
  protocolAt,
  seedsAt,
  sourceAt,
  sourceHashAt,
  sourceNicAt,
  sourcePortAt,
} from '../../src/flow/kernel-layout';
import { forgetTouched } from './observe';
import { keyKind } from './rows';

// @inline
function hashEnd(s0: u32, s1: u32, s2: u32, s3: u32, s4: u32, words: usize, port: u32): u32 {
  let h: u32 =
    load<u32>(words) * s0 +
    load<u32>(words, 4) * s1 +
    (load<u32>(words, 8) * s2 + load<u32>(words, 12) * s3) +
    port * s4;
  h = (h ^ (h >> 15)) * 0x85ebca6b;
  return h ^ (h >> 13);
}

// @inline
function hashFlow(ends: u32, kind: u32): u32 {
  let h: u32 = (ends ^ ((kind + 1) * 0x9e3779b1)) * 0x85ebca6b;
  h = (h ^ (h >> 15)) * 0xc2b2ae35;
  return h ^ (h >> 13);
}

/** Goes on from a slot that has another address. */
function findNicFrom(slot: u32, mask: u32, familyBit: i32, high: u64, low: u64): i32 {
  while (true) {
    slot = (slot + 1) & mask;
    const number = load<i32>(nicNumbersAt + (slot << 2));
    if (number < 0) return number;
    const at: usize = nicWordsAt + (slot << 4);
    if (load<u64>(at) == high && load<u64>(at, 8) == low && (number & 1) == familyBit) return number;
  }
}

/** As findNic of nsg/nic-table.ts. The table is sparse, so that the first slot nearly always tells: which way a packet goes cannot be predicted. */
// @inline
function findNic(mask: u32, familyBit: i32, address: usize): i32 {
  const high = load<u64>(address);
  const low = load<u64>(address, 8);
  const hash: u32 =
    (<u32>high ^ (<u32>(high >> 32) * 0x9e3779b1) ^ (<u32>low * 0x85ebca6b) ^ <u32>(low >> 32)) * 0x2c1b3c6d;
  const slot: u32 = (hash ^ (hash >> 15)) & mask;
  const at: usize = nicWordsAt + (slot << 4);
  let number = load<i32>(nicNumbersAt + (slot << 2));
  const differs = (load<u64>(at) ^ high) | (load<u64>(at, 8) ^ low) | <u64>((number & 1) ^ familyBit);
  if (<i32>(number >= 0) & <i32>(differs != 0)) number = findNicFrom(slot, mask, familyBit, high, low);
  return number >> 1;
}

/** As `#prepare`, but for the touching: NICs and hashes of all packets. @param nicMask -1 where every packet crosses NIC 0 */
export function prepare(count: i32, nicMask: i32): void {
  forgetTouched();
  const s0 = load<u32>(seedsAt);
  const s1 = load<u32>(seedsAt, 4);
  const s2 = load<u32>(seedsAt, 8);
  const s3 = load<u32>(seedsAt, 12);
  const s4 = load<u32>(seedsAt, 16);
  for (let i = 0; i < count; i++) {
    const source: usize = sourceAt + (i << 4);
    const destination: usize = destinationAt + (i << 4);
    const family: u32 = load<u8>(familyAt + i);
    const protocol: u32 = load<u8>(protocolAt + i);
    const ends =
      hashEnd(s0, s1, s2, s3, s4, source, load<u16>(sourcePortAt + (i << 1))) +
      hashEnd(s0, s1, s2, s3, s4, destination, load<u16>(destinationPortAt + (i << 1)));
    let from = 0;
    let to = -1;
    if (nicMask >= 0) {
      const familyBit = <i32>(family == 6);
      from = findNic(nicMask, familyBit, source);
      to = findNic(nicMask, familyBit, destination);
      to = select(-1, to, to == from);
    }
    store<i32>(sourceNicAt + (i << 2), from);
    store<i32>(destinationNicAt + (i << 2), to);
    const hash = hashFlow(ends, keyKind(select(from, to, from >= 0), family, protocol));
    store<u32>(sourceHashAt + (i << 2), hash);
    store<u32>(destinationHashAt + (i << 2), hash);
    if (<i32>(from >= 0) & <i32>(to >= 0))
      store<u32>(destinationHashAt + (i << 2), hashFlow(ends, keyKind(to, family, protocol)));
  }
}

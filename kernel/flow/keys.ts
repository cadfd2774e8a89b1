/** NICs and hashes of the packets of a batch: as `#prepare` of src/flow/observe.ts. */
import { Address } from '../base/address';
import {
  destination,
  destinationHash,
  destinationNic,
  destinationPort,
  family,
  nicAddresses,
  nicNumbers,
  protocol,
  source,
  sourceHash,
  sourceNic,
  sourcePort,
  table,
} from './memory';
import { forgetPrefetched } from './prefetch';
import { keyKind } from './row';

// @inline
function hashEnd(seed0: u32, seed1: u32, seed2: u32, seed3: u32, seed4: u32, address: Address, port: u32): u32 {
  const high = address.word0 * seed0 + address.word1 * seed1;
  const low = address.word2 * seed2 + address.word3 * seed3;
  let h: u32 = high + low + port * seed4;
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
    const number = nicNumbers[slot];
    if (number < 0) return number;
    const address = nicAddresses[slot];
    if (address.high == high && address.low == low && (number & 1) == familyBit) return number;
  }
}

/** As findNic of nsg/nic-table.ts. The table is sparse, so that the first slot nearly always tells: which way a packet goes cannot be predicted. */
// @inline
function findNic(mask: u32, familyBit: i32, address: Address): i32 {
  const high = address.high;
  const low = address.low;
  const hash: u32 =
    (<u32>high ^ (<u32>(high >> 32) * 0x9e3779b1) ^ (<u32>low * 0x85ebca6b) ^ <u32>(low >> 32)) * 0x2c1b3c6d;
  const slot: u32 = (hash ^ (hash >> 15)) & mask;
  const its = nicAddresses[slot];
  let number = nicNumbers[slot];
  const differs = (its.high ^ high) | (its.low ^ low) | <u64>((number & 1) ^ familyBit);
  if (<i32>(number >= 0) & <i32>(differs != 0)) number = findNicFrom(slot, mask, familyBit, high, low);
  return number >> 1;
}

/** As `#prepare`, without prefetching: NICs and hashes of all packets. @param nicMask -1 where every packet crosses NIC 0 */
export function prepare(count: i32, nicMask: i32): void {
  forgetPrefetched();
  const seed0 = table.seed0;
  const seed1 = table.seed1;
  const seed2 = table.seed2;
  const seed3 = table.seed3;
  const seed4 = table.seed4;
  for (let i = 0; i < count; i++) {
    const sourceAddress = source[i];
    const destinationAddress = destination[i];
    const itsFamily: u32 = family[i];
    const itsProtocol: u32 = protocol[i];
    const ends =
      hashEnd(seed0, seed1, seed2, seed3, seed4, sourceAddress, sourcePort[i]) +
      hashEnd(seed0, seed1, seed2, seed3, seed4, destinationAddress, destinationPort[i]);
    let from = 0;
    let to = -1;
    if (nicMask >= 0) {
      const familyBit = <i32>(itsFamily == 6);
      from = findNic(nicMask, familyBit, sourceAddress);
      to = findNic(nicMask, familyBit, destinationAddress);
      to = select(-1, to, to == from);
    }
    sourceNic[i] = from;
    destinationNic[i] = to;
    const hash = hashFlow(ends, keyKind(select(from, to, from >= 0), itsFamily, itsProtocol));
    sourceHash[i] = hash;
    destinationHash[i] = hash;
    if (<i32>(from >= 0) & <i32>(to >= 0)) destinationHash[i] = hashFlow(ends, keyKind(to, itsFamily, itsProtocol));
  }
}

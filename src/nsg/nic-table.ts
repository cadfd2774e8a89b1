/**
 * Maps addresses to NICs: an open-addressed hash table in typed arrays, at most half full, with linear probing. It is
 * filled once and never grows.
 */
import type { Network } from './network.ts';

export interface NicTable {
  readonly mask: number;
  /** Four words per slot. */
  readonly words: Uint32Array;
  /** NIC and family of each slot: twice the NIC's index, plus 1 for IPv6; -1 for an empty slot. */
  readonly nics: Int32Array;
}

/** If two NICs have the same address, the first one is used. */
export function buildNicTable(network: Network): NicTable {
  const entries = network.nics.flatMap((nic, index) => nic.addresses.map((address) => ({ address, index })));
  let size = 16;
  while (size < 2 * entries.length) size *= 2;
  const table: NicTable = { mask: size - 1, words: new Uint32Array(4 * size), nics: new Int32Array(size).fill(-1) };
  for (const { address, index } of entries) {
    const [a, b, c, d] = address.words;
    if (findNic(table, address.family, a, b, c, d) >= 0) continue;
    let slot = hashAddress(a, b, c, d) & table.mask;
    while (table.nics[slot] >= 0) slot = (slot + 1) & table.mask;
    table.words.set(address.words, 4 * slot);
    table.nics[slot] = 2 * index + (address.family === 6 ? 1 : 0);
  }
  return table;
}

/**
 * The same NICs in a larger table: up to `slots` slots (a power of two), but at most 16 per address. With these, the
 * first probe nearly always decides.
 */
export function spreadNicTable(from: NicTable, slots: number): NicTable {
  const size = Math.max(from.mask + 1, Math.min(slots, 8 * (from.mask + 1)));
  const table: NicTable = { mask: size - 1, words: new Uint32Array(4 * size), nics: new Int32Array(size).fill(-1) };
  from.nics.forEach((nic, before) => {
    if (nic < 0) return;
    const address = from.words.subarray(4 * before, 4 * before + 4);
    let slot = hashAddress(address[0], address[1], address[2], address[3]) & table.mask;
    while (table.nics[slot] >= 0) slot = (slot + 1) & table.mask;
    table.words.set(address, 4 * slot);
    table.nics[slot] = nic;
  });
  return table;
}

/** Index of the NIC with this address; -1 if there is none. */
export function findNic(table: NicTable, family: number, a: number, b: number, c: number, d: number): number {
  const { nics, words, mask } = table;
  const familyBit = family === 6 ? 1 : 0;
  let slot = hashAddress(a, b, c, d) & mask;
  for (let nic = nics[slot]; nic >= 0; nic = nics[slot]) {
    const at = 4 * slot;
    if (words[at + 3] === d && words[at + 2] === c && words[at + 1] === b && words[at] === a && (nic & 1) === familyBit)
      return nic >> 1;
    slot = (slot + 1) & mask;
  }
  return -1;
}

function hashAddress(a: number, b: number, c: number, d: number): number {
  const hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ d, 0x2c1b3c6d);
  return hash ^ (hash >>> 15);
}

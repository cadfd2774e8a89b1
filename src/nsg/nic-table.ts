/**
 * From address to NIC: an open-addressed table over typed arrays, half empty, probed in steps of one. Filled once, never grown.
 */
import type { Network } from './network.ts';

export interface NicTable {
  readonly mask: number;
  /** Index into the entries, -1 for an empty slot. */
  readonly slots: Int32Array;
  /** Four words an entry. */
  readonly words: Uint32Array;
  readonly family: Uint8Array;
  readonly nic: Int32Array;
}

/** Of two NICs with one address the first stands. */
export function buildNicTable(network: Network): NicTable {
  const entries = network.nics.flatMap((nic, index) => nic.addresses.map((address) => ({ address, index })));
  let size = 16;
  while (size < 2 * entries.length) size *= 2;
  const table: NicTable = {
    mask: size - 1,
    slots: new Int32Array(size).fill(-1),
    words: new Uint32Array(4 * entries.length),
    family: new Uint8Array(entries.length),
    nic: new Int32Array(entries.length),
  };
  entries.forEach(({ address, index }, entry) => {
    const [a, b, c, d] = address.words;
    if (findNic(table, address.family, a, b, c, d) >= 0) return;
    table.words.set(address.words, 4 * entry);
    table.family[entry] = address.family;
    table.nic[entry] = index;
    let slot = hashAddress(a, b, c, d) & table.mask;
    while (table.slots[slot] >= 0) slot = (slot + 1) & table.mask;
    table.slots[slot] = entry;
  });
  return table;
}

/** Index of the NIC that has the address, -1 when none has. */
export function findNic(table: NicTable, family: number, a: number, b: number, c: number, d: number): number {
  const { slots, words, mask } = table;
  let slot = hashAddress(a, b, c, d) & mask;
  for (;;) {
    const entry = slots[slot];
    if (entry < 0) return -1;
    const at = 4 * entry;
    if (
      words[at + 3] === d &&
      words[at + 2] === c &&
      words[at + 1] === b &&
      words[at] === a &&
      table.family[entry] === family
    )
      return table.nic[entry];
    slot = (slot + 1) & mask;
  }
}

function hashAddress(a: number, b: number, c: number, d: number): number {
  let hash = Math.imul(a ^ Math.imul(b, 0x9e3779b1), 0x85ebca6b) ^ Math.imul(c ^ Math.imul(d, 0xc2b2ae35), 0x27d4eb2f);
  hash ^= hash >>> 15;
  hash = Math.imul(hash, 0x2c1b3c6d);
  return hash ^ (hash >>> 13);
}

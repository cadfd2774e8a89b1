import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PrefixTable } from '../../src/enrich/prefix-table.ts';
import type { Address, Family } from '../../src/net/address.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { Prefix } from '../../src/net/prefix.ts';
import { formatPrefix, maskPrefix, parsePrefix, prefixContains, prefixRange } from '../../src/net/prefix.ts';

const numRuns = process.env['NSGFLOW_LONG'] === '1' ? 2000 : 200;

/** Few different bits, so that prefixes hold each other and addresses meet them. */
const word = fc.constantFrom(
  0,
  1,
  0x0a000000,
  0x0a000001,
  0x0a00ffff,
  0x0a010000,
  0x7fffffff,
  0x80000000,
  0xffff0000,
  0xffffffff,
);

function address(family: Family): fc.Arbitrary<Address> {
  return family === 4
    ? word.map((d): Address => ({ family, words: [0, 0, 0xffff, d] }))
    : fc.tuple(word, word, word, word).map((words): Address => ({ family, words }));
}

const family = fc.constantFrom<Family>(4, 6);
const prefix: fc.Arbitrary<Prefix> = family.chain((one) =>
  fc.tuple(address(one), fc.nat(one === 4 ? 32 : 128)).map(([of, length]) => maskPrefix(of, length)),
);

/** All prefixes that hold an address, one after the other: the longest first, values in the order of the entries. */
function linear(entries: readonly (readonly [Prefix, number])[], of: Address): [string, number[]][] {
  const found = entries.filter(([one]) => prefixContains(one, of)).sort(([a], [b]) => b.length - a.length);
  const lists = new Map<string, number[]>();
  for (const [one, value] of found) lists.set(formatPrefix(one), [...(lists.get(formatPrefix(one)) ?? []), value]);
  return [...lists];
}

function all(table: PrefixTable<number>, of: Address): [string, number[]][] {
  const found: [string, number[]][] = [];
  for (let node = table.find(of); node !== undefined; node = node.within)
    found.push([formatPrefix(node.prefix), [...node.values]]);
  return found;
}

describe('a table of prefixes', () => {
  test('finds what going through all prefixes finds, at bounds too', () => {
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 40 }), fc.array(family.chain(address)), (prefixes, addresses) => {
        const entries = prefixes.map((one, i) => [one, i] as const);
        const table = new PrefixTable(entries);
        const bounds = prefixes.flatMap((one) => Object.values(prefixRange(one)));
        for (const one of [...addresses, ...bounds]) expect(all(table, one)).toEqual(linear(entries, one));
      }),
      { seed: 20_231_114, numRuns },
    );
  });

  test('is empty without prefixes', () => {
    const table = new PrefixTable<number>([]);
    for (const text of ['0.0.0.0', '255.255.255.255', '::', 'ffff::'])
      expect(table.find(parseAddress(text)!)).toBeUndefined();
  });

  test('holds the whole of a family, and tells a mapped address from IPv4', () => {
    const table = new PrefixTable([
      [parsePrefix('0.0.0.0/0')!, 'all'],
      [parsePrefix('255.255.255.255/32')!, 'last'],
      [parsePrefix('::ffff:0:0/96')!, 'mapped'],
    ]);
    const values = (text: string): readonly string[] | undefined => table.find(parseAddress(text)!)?.values;
    expect(values('10.0.0.1')).toEqual(['all']);
    expect(values('255.255.255.255')).toEqual(['last']);
    expect(values('::ffff:10.0.0.1')).toEqual(['mapped']);
    expect(values('::1')).toBeUndefined();
  });
});

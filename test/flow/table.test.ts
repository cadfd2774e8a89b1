import { randomFillSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { hashEnd } from '../../src/flow/table.ts';

/** Addresses and ports that somebody chooses who knows the code, and not the seeds. */
const families: readonly [
  what: string,
  end: (i: number) => readonly [a: number, b: number, c: number, d: number, port: number],
][] = [
  ['an address for each port that takes back what the port does', (i) => [0, 0, 0xffff, 0x0b000000 ^ (i << 16) ^ i, i]],
  ['all ports of one address', (i) => [0, 0, 0xffff, 0x0b000001, i]],
  ['all addresses of a network', (i) => [0, 0, 0xffff, 0x0b000000 + i, 53]],
  ['addresses against ports', (i) => [0, 0, 0xffff, 0x0b010000 - i, i]],
  ['the high words of IPv6', (i) => [0x20010db8, i << 16, 0, 1, 53]],
  ['words of IPv6 against each other', (i) => [0x20010db8 + i, -i | 0, i, -i | 0, 53]],
];

test.each(families)('flows spread over the buckets, whatever the seeds: %s', (_, end) => {
  const count = 60_000;
  const seeds = randomFillSync(new Uint32Array(5)).map((seed) => seed | 1);
  const buckets = new Uint32Array(1 << 17);
  for (let i = 0; i < count; i++) buckets[(hashEnd(seeds, ...end(i)) >>> 0) & (buckets.length - 1)]++;
  const used = buckets.reduce((sum, flows) => sum + Math.min(1, flows), 0);
  expect(
    buckets.reduce((most, flows) => Math.max(most, flows), 0),
    seeds.join(),
  ).toBeLessThan(100);
  expect(used, seeds.join()).toBeGreaterThan(count / 4);
});

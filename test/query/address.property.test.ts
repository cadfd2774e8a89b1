import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Address } from '../../src/net/address.ts';
import { formatAddress } from '../../src/net/address.ts';
import { maskPrefix, prefixRange } from '../../src/net/prefix.ts';
import { ask, withRecords } from './ask.ts';

const runs = process.env['NSGFLOW_LONG'] === '1' ? 1500 : 60;

/** Words that lie at edges, where halves carry over and signs change. */
const word = fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff);
const ipv6 = fc.tuple(word, word, word, word).map((words): Address => ({ family: 6, words }));
const ipv4 = word.map((bits): Address => ({ family: 4, words: [0, 0, 0xffff, bits] }));

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);

const number = ({ words }: Address): bigint => words.reduce((sum, part) => (sum << 32n) | BigInt(part), 0n);

const interval = fc.oneof(
  fc.tuple(ipv6, ipv6),
  fc.tuple(ipv4, ipv4),
  fc.tuple(ipv6, fc.nat(128)).map(([address, length]): [Address, Address] => {
    const { first, last } = prefixRange(maskPrefix(address, length));
    return [first, last];
  }),
);

test('an address lies in a range as its number does, for both families and all edges', async () => {
  const addresses = [
    ...new Map(
      fc.sample(fc.oneof(ipv6, ipv6, ipv4), { seed: 7, numRuns: 600 }).map((one) => [formatAddress(one), one]),
    ).values(),
  ];
  const tuples = addresses.map((address) => {
    const text = formatAddress(address);
    return { time: 0, src: text, dst: text };
  });
  await withRecords([{ tuples }], async (engine) => {
    await fc.assert(
      fc.asyncProperty(interval, fc.boolean(), async ([a, b], not) => {
        const [first, last] = number(a) <= number(b) ? [a, b] : [b, a];
        const within = (one: Address): boolean =>
          one.family === first.family && number(one) >= number(first) && number(one) <= number(last);
        const expected = addresses.filter((one) => within(one) !== not).map(formatAddress);
        const test = { kind: 'test', field: 'dst.ip', any: [{ kind: 'addresses', first, last }] } as const;
        const rows = await ask(engine, { ask: 'tuples', where: not ? { kind: 'not', item: test } : test });
        expect(rows.map((row) => row['dst_ip']).sort(byText)).toEqual(expected.sort(byText));
      }),
      { seed: 11, numRuns: runs },
    );
  });
});

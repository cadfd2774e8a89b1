import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Query, RowOrder } from '../../src/query/tree.ts';
import { ask, withRecords } from './ask.ts';

/** Several tuples have one time, and several conversations begin at once. */
const tuples = Array.from({ length: 12 }, (_, i) => ({
  time: 1_700_000_000_000 + 1000 * (i % 4),
  src: `10.0.0.${1 + (i % 3)}`,
  srcPort: 50_000 + i,
  dst: '10.0.0.9',
  dstPort: 443,
}));

test('an order is the whole order of time from one end or the other', async () => {
  await withRecords([{ tuples }], async (engine) => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('tuples' as const, 'conversations' as const),
        fc.record(
          { limit: fc.integer({ min: 1, max: 15 }), newest: fc.boolean(), descending: fc.boolean() },
          { requiredKeys: [] },
        ),
        async (kind, order: RowOrder) => {
          const all = await ask(engine, { ask: kind });
          const { limit = all.length, newest = false, descending = false } = order;
          const taken = newest ? all.slice(-limit) : all.slice(0, limit);
          const query: Query = { ask: kind, ...order };
          expect(await ask(engine, query)).toEqual(descending ? taken.toReversed() : taken);
        },
      ),
      { numRuns: 24 },
    );
  });
});

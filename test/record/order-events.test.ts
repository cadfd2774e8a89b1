import fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import type { FlowEvents } from '../../src/flow/event.ts';
import { createFlowEvents } from '../../src/flow/event.ts';
import type { OrderedTuples, TupleKernel } from '../../src/flowlog/tuple-kernel.ts';
import { createTupleKernel } from '../../src/flowlog/tuple-kernel.ts';
import type { TupleColumns } from '../../src/flowlog/tuple.ts';
import { orderEvents } from '../../src/record/order-events.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const kernel = createTupleKernel() as TupleKernel;
const room = kernel.room(131_072);

const time = fc.oneof(
  fc.constantFrom(0, 0.5, 1.9, 4_294_967_295.9),
  fc.double({ min: 0, max: 3000, noNaN: true }),
  fc.integer({ min: -5, max: 300_000 }),
);
const event = fc.record({ time, nic: fc.nat(9), group: fc.nat(4), more: fc.nat(0xffffffff) });
const anyRanks = fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5, maxLength: 5 });
type Event = typeof event extends fc.Arbitrary<infer One> ? One : never;

function fill({ columns, nic }: FlowEvents, events: readonly Event[], startMillis: number): FlowEvents {
  events.forEach((one, row) => {
    nic[row] = one.nic;
    columns.group[row] = one.group;
    columns.timeMillis[row] = startMillis + one.time;
    for (let word = 0; word < 4; word++) {
      columns.source[4 * row + word] = one.more ^ (row + word);
      columns.destination[4 * row + word] = one.more ^ (row * word);
    }
    for (const key of ['packetsForward', 'bytesForward', 'packetsReverse', 'bytesReverse'] as const)
      columns[key][row] = one.more % 3 === 0 ? Number.NaN : one.more + row + key.length;
    for (const key of ['sourcePort', 'destinationPort', 'family', 'protocol', 'direction', 'access', 'state'] as const)
      columns[key][row] = (one.more >>> key.length) + row;
    columns.encryption[row] = row;
  });
  columns.count = events.length;
  return { columns, nic, capacity: nic.length };
}

function rowsOf({ tuples, starts }: OrderedTuples): unknown {
  const { columns, nic } = tuples;
  const keys = Object.keys(columns).filter((key) => key !== 'count') as Exclude<keyof TupleColumns, 'count'>[];
  return [
    [...starts],
    Array.from({ length: columns.count }, (_, row) => [
      nic[row],
      ...keys.flatMap((key) => {
        const width = key === 'source' || key === 'destination' ? 4 : 1;
        return [...columns[key].subarray(width * row, width * row + width)];
      }),
    ]),
  ];
}

test('the kernel orders events as TypeScript does, those in its memory and those from elsewhere', () => {
  const order = vi.spyOn(kernel, 'order');
  fc.assert(
    fc.property(
      fc.oneof(fc.array(event, { maxLength: 40 }), fc.array(event, { minLength: 200, maxLength: 600 })),
      anyRanks,
      fc.constantFrom(0, 1_763_632_800_000),
      (events, order, startMillis) => {
        const ranks = Uint32Array.from(order);
        const held = fill(createFlowEvents(events.length), events, startMillis);
        const plain = { kernel: undefined, ordered: createFlowEvents(0) };
        const expected = rowsOf(orderEvents(held, ranks, 10, plain));
        expect(rowsOf(orderEvents(held, ranks, 10, { ...plain, kernel }))).toEqual(expected);
        const made = fill(room, events, startMillis);
        expect(rowsOf(orderEvents(made, ranks, 10, { ...plain, kernel }))).toEqual(expected);
      },
    ),
    { seed: 22, numRuns: long ? 3000 : 150 },
  );
  const left = order.mock.results.filter(({ value }) => value === undefined);
  expect(left.length, 'calls that the kernel leaves to TypeScript').toBeLessThan(order.mock.calls.length / 2);
  order.mockRestore();
});

test('times that lie too far apart, and too many groups, are left to TypeScript', () => {
  const far = fill(createFlowEvents(2), [], 0);
  far.columns.count = 2;
  far.columns.timeMillis.set([2 ** 32, 0]);
  expect(kernel.order(far, Uint32Array.of(0))).toBeUndefined();
  const scratch = { kernel, ordered: createFlowEvents(0) };
  expect([...orderEvents(far, Uint32Array.of(0), 1, scratch).tuples.columns.timeMillis]).toEqual([0, 2 ** 32]);
  far.columns.timeMillis[0] = Number.NaN;
  expect(kernel.order(far, Uint32Array.of(0))).toBeUndefined();
  far.columns.timeMillis[0] = 1;
  expect(kernel.order(far, new Uint32Array(65_537))).toBeUndefined();
  far.nic[0] = 0xffffffff;
  far.columns.timeMillis[0] = 2 ** 32 - 1;
  expect(kernel.order(far, new Uint32Array(65_536))).toBeUndefined();
});

test('no event, one event, and as many as fit', () => {
  const none = fill(createFlowEvents(1), [], 0);
  expect(rowsOf(kernel.order(none, Uint32Array.of(0)) as OrderedTuples)).toEqual([[], []]);
  const many = kernel.room(131_072);
  for (let row = 0; row < many.capacity; row++) {
    many.columns.timeMillis[row] = many.capacity - row;
    many.nic[row] = row & 1;
    many.columns.group[row] = 0;
  }
  many.columns.count = many.capacity;
  const { tuples, starts } = kernel.order(many, Uint32Array.of(0)) as OrderedTuples;
  expect([...starts]).toEqual([0, 65_536]);
  expect(tuples.columns.timeMillis.subarray(0, 65_536).every((at, row) => at === 2 * row + 2)).toBe(true);
  expect(tuples.columns.timeMillis.subarray(65_536).every((at, row) => at === 2 * row + 1)).toBe(true);
});

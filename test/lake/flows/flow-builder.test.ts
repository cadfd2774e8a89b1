/** Pauses and room of the builder, which takes more tuples than the property test has. */
import { expect, test } from 'vitest';
import { FlowBuilder } from '../../../src/lake/flows/flow-builder.ts';
import { batchMax } from '../../../src/lake/flows/settle-kernel-layout.ts';
import { StagedFlows } from '../../../src/lake/flows/staged-flows.ts';
import { StageTables } from '../../../src/lake/tuples/staged-rows.ts';
import type { PlainRow } from '../plain-rows.ts';
import { plainFlows } from './plain-flows.ts';
import { inOrder, stagePlain, valuesOfPlain, valuesOfStaged, wrongNumbers } from './stage-plain.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const dateStart = Date.parse('2023-11-15T00:00:00Z');
const noon = dateStart + 12 * 3_600_000;

function tupleOf(values: PlainRow): PlainRow {
  return {
    time: noon,
    src_ip: '10.0.0.1',
    src_port: 1024,
    dst_ip: '10.0.0.2',
    dst_port: 443,
    protocol: 'tcp',
    direction: 'outbound',
    access: 'allow',
    state: 'begin',
    rule: 'UserRule_A',
    nsg: 'NSG',
    mac: '000D3A000001',
    encryption: null,
    packets_forward: null,
    bytes_forward: null,
    packets_reverse: null,
    bytes_reverse: null,
    format: 'nsg2',
    resource_id: '/R/A',
    target_id: null,
    acl_id: null,
    record_time: noon,
    blob: 'c/a/PT1H.json',
    record_offset: 0,
    tuple_index: 0,
    ...values,
  };
}

/** Builds all of them, which come at once, into one place. */
function buildAll(tuples: readonly PlainRow[], tables = new StageTables()): StagedFlows {
  const flows = new StagedFlows(tables);
  const builder = new FlowBuilder(tables, tuples.length, dateStart, () => flows);
  builder.append(stagePlain(tuples, tables));
  for (const _ of builder.build(Infinity));
  return flows;
}

test('whatever pauses, the rows of a conversation are where it was placed, and what was taken away gets none', () => {
  const macs = ['000D3A000001', '000D3A000002', '000D3A000003'];
  const tuples = Array.from({ length: 3 * batchMax }, (_, i) =>
    tupleOf({ src_port: Math.floor(i / 3), mac: macs[i % 3], direction: i % 3 === 0 ? 'outbound' : 'inbound' }),
  );
  const tables = new StageTables();
  const taken: { readonly flows: StagedFlows; readonly count: number }[] = [];
  let flows = new StagedFlows(tables);
  const take = (): void => {
    taken.push({ flows, count: flows.count });
    flows = new StagedFlows(tables);
  };
  const builder = new FlowBuilder(tables, tuples.length, dateStart, () => flows);
  builder.append(stagePlain(tuples, tables));
  for (const _ of builder.build(Infinity)) take();
  take();
  expect(taken.length).toBeGreaterThan(2);
  expect(taken.map((one) => one.flows.count)).toEqual(taken.map(({ count }) => count));
  expect(taken.flatMap((one) => wrongNumbers(one.flows))).toEqual([]);
  expect(taken.reduce((sum, { count }) => sum + count, 0)).toBe(tuples.length);
});

test('observers stay apart while room for tuples grows', () => {
  const tuplesFrom = (from: number): PlainRow[] =>
    Array.from({ length: 200 }, (_, i) =>
      tupleOf({
        time: noon + 1000 * (from + i),
        src_port: 1024 + (i % 7),
        mac: `000D3A00000${i % 4}`,
        blob: `c/${i % 3}/PT1H.json`,
        state: i % 5 === 0 ? 'begin' : 'continuing',
        packets_forward: i,
        tuple_index: from + i,
      }),
    );
  const steps = [0, 200, 400].map(tuplesFrom);
  const tables = new StageTables();
  const flows = new StagedFlows(tables);
  const builder = new FlowBuilder(tables, steps[0].length, dateStart, () => flows);
  steps.forEach((tuples, step) => {
    builder.append(stagePlain(tuples, tables));
    const bound = step === steps.length - 1 ? Infinity : Number(steps[step + 1][0]['time']);
    for (const _ of builder.build(bound));
  });
  expect(inOrder(valuesOfStaged(flows))).toEqual(inOrder(plainFlows(steps.flat()).map(valuesOfPlain)));
});

test('rows of one batch may go to as many places as there are rows', () => {
  const tuples = Array.from({ length: 600 }, (_, i) => tupleOf({ time: dateStart + i * 140_000, state: 'end' }));
  const tables = new StageTables();
  const places = new Map<number, StagedFlows>();
  const builder = new FlowBuilder(tables, tuples.length, dateStart, (start) => {
    const flows = new StagedFlows(tables);
    places.set(start, flows);
    return flows;
  });
  builder.append(stagePlain(tuples, tables));
  for (const _ of builder.build(Infinity));
  const placed = [...places].map(([start, flows]) => [start, ...flows.columns.timeMillis.subarray(0, flows.count)]);
  expect(placed).toEqual(tuples.map(({ time }) => [time, time]));
});

test('a five-tuple with more tuples than there can be room for is named as the reason', () => {
  const tables = new StageTables();
  const builder = new FlowBuilder(tables, 1, dateStart, () => new StagedFlows(tables));
  builder.append(stagePlain([tupleOf({})], tables));
  const more = Object.assign(stagePlain([tupleOf({})], tables), { count: 20_000_000 });
  expect(() => builder.append(more)).toThrow(
    expect.objectContaining({
      code: 'unavailable',
      message:
        'settling 2023-11-15 takes more than the 4 GiB that WebAssembly has: most of 20,000,001 tuples that wait are of one five-tuple',
    }),
  );
});

test.runIf(long)(
  'there is room for more groups of texts than there are at first',
  () => {
    const tables = new StageTables();
    for (let i = 0; i < 1_200_100; i++) tables.groupId([String(i), '', '', 'nsg2', '/R/B', '', '', 'c/b/PT1H.json']);
    const tuples = Array.from({ length: 60 }, (_, i) =>
      tupleOf({ time: noon + 1000 * i, mac: `000D3A00000${i % 3}`, state: i % 7 === 0 ? 'begin' : 'continuing' }),
    );
    const flows = buildAll(tuples, tables);
    expect(inOrder(valuesOfStaged(flows))).toEqual(inOrder(plainFlows(tuples).map(valuesOfPlain)));
  },
  60_000,
);

test('an IPv4 address and the IPv6 address that stands for it are of two connections', () => {
  const tuples = [
    ['10.0.0.1', '10.0.0.2'],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.2'],
    ['10.0.0.1', '::ffff:10.0.0.2'],
    ['::ffff:10.0.0.1', '10.0.0.2'],
  ].flatMap(([src, dst]) =>
    ['inbound', 'outbound'].map((direction) => tupleOf({ src_ip: src, dst_ip: dst, direction })),
  );
  const flows = buildAll(tuples);
  expect(flows.count).toBe(tuples.length);
  expect(wrongNumbers(flows)).toEqual([]);
});

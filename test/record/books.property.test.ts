import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { quirkTable } from '../../src/record/quirks.ts';
import type { Quirks } from '../../src/record/quirks.ts';
import type { FlowLogSettings, Span } from '../../src/record/recording-settings.ts';
import { anyNetwork } from '../nsg/generate-network.ts';
import type { Sent } from './traffic.ts';
import { recordPackets, start } from './traffic.ts';

/** Whatever the network, its changes, the flow logs, when they are on, filters and quirks: what was observed is in the logs, or counted as left out. */
const addresses = [
  '10.1.1.4',
  '10.1.1.5',
  '10.1.2.4',
  '10.2.0.4',
  '192.168.1.1',
  '8.8.8.8',
  '20.0.0.7',
  '168.63.129.16',
];

const end = fc
  .tuple(fc.constantFrom(...addresses), fc.constantFrom(22, 80, 443, 50_000))
  .map(([a, port]) => `${a}:${port}`);

const packets: fc.Arbitrary<Sent[]> = fc
  .array(fc.tuple(fc.nat(40), end, end, fc.constantFrom('S', 'SA', 'A', 'FA', 'R', 'U', 'U')), {
    minLength: 20,
    maxLength: 120,
  })
  .map((steps) => {
    let at = 0;
    return steps.map(([gap, from, to, flags]): Sent => [(at += gap / 2), from, to, flags]);
  });

const optional = { requiredKeys: [] as never[] };

/** When a flow log is on: always, or between times in seconds after the start. */
const spans: fc.Arbitrary<Span[] | undefined> = fc.option(
  fc.uniqueArray(fc.nat(1200), { maxLength: 7 }).map((seconds) => {
    const millis = [...seconds.sort((a, b) => a - b).map((at) => (start + at) * 1000), Number.POSITIVE_INFINITY];
    return Array.from({ length: millis.length >> 1 }, (_, i) => ({
      fromMillis: millis[2 * i],
      untilMillis: millis[2 * i + 1],
    }));
  }),
  { nil: undefined, freq: 1 },
);

/** Flow logs of any targets, at any times, VNet logs with any filter. */
const flowLogs: fc.Arbitrary<FlowLogSettings[]> = fc.array(
  fc
    .tuple(
      fc.constantFrom(
        '/virtualNetworks/first',
        '/virtualNetworks/second',
        '/subnets/0',
        '/subnets/1',
        '/nics/0',
        '/nics/4',
        ...['s0', 's1', 'n0', 'n1', 'n2', 'n3'].map((name) => `/nsgs/${name}`),
      ),
      fc.constantFrom('nsg1' as const, 'nsg2' as const),
      fc.record(
        {
          enabledFilteringCriteria: fc.constantFrom('', 'DstPort=80', 'Protocol!=TCP || Encryption=X', 'Action=Deny'),
          recordTypes: fc.constantFrom('', 'B,E', 'C', 'D'),
        },
        optional,
      ),
      spans,
    )
    .map(([targetId, format, filter, on]) => ({
      id: `/flowLogs${targetId}`,
      guid: 'guid',
      targetId,
      storage: '',
      spans: on,
      ...(targetId.startsWith('/nsgs') ? { format } : { format: 'vnet' as const, ...filter }),
    })),
  { maxLength: 16 },
);

const quirks = fc.record(
  Object.fromEntries(
    Object.entries(quirkTable).map(([name, { values }]) => [name, fc.constantFrom<string>(...values)]),
  ),
) as unknown as fc.Arbitrary<Quirks>;

const configuration = fc.record({ network: anyNetwork, flowLogs });

describe('the books of any recording', () => {
  test('balance in every format', async () => {
    const reasons = new Set<string>();
    await fc.assert(
      fc.asyncProperty(
        packets,
        configuration,
        configuration,
        fc.nat(20),
        quirks,
        async (sent, first, second, minute, quirks) => {
          let asked = 0;
          const { result, written } = await recordPackets(sent, {
            ...first,
            formats: ['nsg1', 'nsg2', 'vnet'],
            quirks,
            configure: (minuteMillis) => {
              const isDue = minuteMillis >= (start + 60 * minute) * 1000;
              return isDue && asked++ === 0 ? second : undefined;
            },
          });
          const refused = Object.values(result.packets.refused).reduce((sum, count) => sum + count, 0);
          expect(result.packets.read).toBe(sent.length);
          expect(result.packets.counted + refused).toBe(sent.length);
          expect(written).toHaveLength(result.tuples);
          const sums = { nsg1: 0, nsg2: 0, vnet: 0 };
          for (const { blob, tuple } of written) {
            const fields = tuple.split(',');
            const format = blob.includes('flowlogflowevent') ? 'vnet' : fields.length === 8 ? 'nsg1' : 'nsg2';
            if (fields.length === 13) sums[format] += Number(fields[9]) + Number(fields[11]);
          }
          for (const format of ['nsg1', 'nsg2', 'vnet'] as const) {
            for (const reason of Object.keys(result.uncounted[format] ?? {})) reasons.add(reason);
            const left = Object.values(result.uncounted[format] ?? {}).reduce((sum, count) => sum + count, 0);
            expect([format, sums[format] + left]).toEqual([format, result.observed.allowed]);
          }
        },
      ),
      { numRuns: process.env['NSGFLOW_LONG'] === '1' ? 200 : 30, seed: 20_260_106 },
    );
    expect([...reasons].sort()).toEqual([
      'filtering-criteria',
      'no-flow-log',
      'no-nsg',
      'record-types',
      'snatInbound',
      'statelessInboundTcp',
      'udpCounters',
      'version-1',
    ]);
  }, 600_000);
});

import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PlainRow } from '../../lake/plain-rows.ts';
import type { PlainNet } from './plain-reduction.ts';
import { plainNetAnalytics } from './plain-reduction.ts';
import { byText, rowsOfTable } from './table-rows.ts';

const runs = process.env['NSGFLOW_LONG'] === '1' ? 100 : 8;
const start = Date.parse('2024-03-04T09:58:00Z');
const nsg = '/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB';
const flowLog = '/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/NW/FLOWLOGS/FL';

/** Tuples of a few addresses, ports and minutes, so that many fall into one row. */
const tuple: fc.Arbitrary<PlainRow> = fc
  .record({
    minute: fc.integer({ min: 0, max: 90 }),
    lagSeconds: fc.constantFrom(0, 3, 59, 75, 4000, -4000, -1),
    hasRecordTime: fc.constantFrom(true, true, true, false),
    src: fc.constantFrom(
      '10.0.0.4',
      '10.0.0.5',
      '203.0.113.7',
      '198.51.100.9',
      '2001:db8::1',
      '172.16.0.1',
      '172.160.0.1',
    ),
    dst: fc.constantFrom('10.0.0.4', '203.0.113.7', 'fd00::1', '198.51.100.9'),
    port: fc.constantFrom(50_001, 50_002, 443, 9),
    dstPort: fc.constantFrom(443, 22),
    protocol: fc.constantFrom('tcp', 'udp', 'icmp', '99'),
    direction: fc.constantFrom('inbound', 'outbound'),
    state: fc.constantFrom('begin', 'continuing', 'end', 'denied'),
    rule: fc.constantFrom('UserRule_AllowWeb', 'DefaultRule_DenyAllInBound', 'PlatformRule'),
    mac: fc.constantFrom('000D3AF81000', '000D3AF81001', null),
    format: fc.constantFrom('nsg1', 'nsg2', 'vnet', 'vnet'),
    acl: fc.constantFrom(
      '/subscriptions/s/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/Web',
      null,
      'unspecified',
    ),
    counters: fc.option(fc.tuple(...Array.from({ length: 4 }, () => fc.integer({ min: 0, max: 5000 })))),
  })
  .map((one): PlainRow => {
    const recorded = start + one.minute * 60_000;
    const counted = one.format === 'nsg1' ? null : one.counters;
    const counter = (i: number): number | null => (one.state === 'denied' ? null : (counted?.[i] ?? null));
    return {
      time: recorded - one.lagSeconds * 1000,
      src_ip: one.src,
      src_port: one.port,
      dst_ip: one.dst,
      dst_port: one.dstPort,
      protocol: one.protocol,
      direction: one.direction,
      access: one.state === 'denied' ? 'deny' : 'allow',
      state: one.format === 'nsg1' ? null : one.state,
      rule: one.rule,
      nsg: null,
      mac: one.mac,
      encryption: null,
      packets_forward: counter(0),
      bytes_forward: counter(1),
      packets_reverse: counter(2),
      bytes_reverse: counter(3),
      format: one.format,
      resource_id: one.format === 'vnet' ? flowLog : nsg,
      target_id: null,
      acl_id: one.format === 'vnet' ? one.acl : null,
      record_time: one.hasRecordTime ? recorded : null,
      blob: 'b',
      record_offset: 0,
      tuple_index: 0,
    };
  });

const times = ['TimeGenerated', 'FlowIntervalStartTime', 'FlowIntervalEndTime', 'FlowStartTime', 'FlowEndTime'];

/** As cells. */
function shown(row: PlainNet): PlainNet {
  const text = (millis: string | number | null): string => new Date(Number(millis)).toISOString();
  return { ...row, ...Object.fromEntries(times.map((name) => [name, text(row[name])])) };
}

test('the reduction is that of the reference implementation, for every interval, packed and not', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(tuple, { minLength: 1, maxLength: 60 }),
      fc.constantFrom(60, 10, 1),
      fc.boolean(),
      fc.constantFrom(undefined, 30, 45),
      async (tuples, intervalMinutes, isPacked, fromMinute) => {
        const range = fromMinute === undefined ? {} : { start: start + fromMinute * 60_000 };
        const expected = plainNetAnalytics(tuples, { intervalMinutes, isPacked })
          .filter((row) => Number(row['TimeGenerated']) >= (range.start ?? -Infinity))
          .map(shown);
        const columns = Object.keys(plainNetAnalytics(tuples, { intervalMinutes, isPacked })[0]);
        const settings = [`interval=${intervalMinutes}`, `publicAddresses=${isPacked ? 'packed' : 'rows'}`];
        const { interpreted, asked } = await rowsOfTable(tuples, columns, { settings, range });
        const filled = (rows: typeof asked): object[] =>
          rows.map((row) => ({
            ...row,
            SrcPublicIps: row['SrcPublicIps'] ?? '',
            DestPublicIps: row['DestPublicIps'] ?? '',
          }));
        expect(byText(filled(interpreted))).toEqual(byText(expected));
        expect(byText(filled(asked))).toEqual(byText(expected));
      },
    ),
    { seed: 17, numRuns: runs },
  );
}, 600_000);

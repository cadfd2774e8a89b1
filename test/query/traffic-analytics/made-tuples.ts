/** Made-up tuples for the reduction. */
import fc from 'fast-check';
import type { PlainRow } from '../../lake/plain-rows.ts';

export const madeStart = Date.parse('2024-03-04T09:58:00Z');
const nsg = '/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB';
const flowLog = '/SUBSCRIPTIONS/S/RESOURCEGROUPS/RG/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/NW/FLOWLOGS/FL';

/** Tuples of a few addresses, ports and minutes, so that many fall into one row. */
export const madeTuple: fc.Arbitrary<PlainRow> = fc
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
    const recorded = madeStart + one.minute * 60_000;
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

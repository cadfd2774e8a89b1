import { describe, expect, test } from 'vitest';
import type { PlainRow } from '../../lake/plain-rows.ts';
import type { Asked } from './table-rows.ts';
import { rowsOfTable } from './table-rows.ts';

/** Rows worked out by hand. */

const nsgId = '/SUBSCRIPTIONS/5C3E/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB-NSG';
const flowLogId =
  '/subscriptions/5c3e/resourceGroups/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NW_West/flowLogs/Shop-Log';
const vnetId = '/subscriptions/5c3e/resourceGroups/Shop/providers/Microsoft.Network/virtualNetworks/Shop-VNet';
const web = { mac: '000D3AF81000', direction: 'outbound', rule: 'DefaultRule_AllowVnetOutBound' };
const db = { mac: '000D3AF81001', direction: 'inbound', rule: 'UserRule_Allow-SQL' };

/** A tuple of a VNet flow log, at a time of 2024-03-04 and recorded at another. */
function tuple(time: string, recorded: string, state: string, more: PlainRow = {}): PlainRow {
  const at = (text: string): number => Date.parse(`2024-03-04T${text}Z`);
  const counters = more['counters'];
  const [pf = null, bf = null, pr = null, br = null] =
    typeof counters === 'string' ? counters.split(' ').map(Number) : [];
  const { counters: _, ...rest } = more;
  return {
    time: at(time),
    src_ip: '10.0.0.4',
    src_port: 50_001,
    dst_ip: '10.0.1.5',
    dst_port: 1433,
    protocol: 'tcp',
    access: state === 'denied' ? 'deny' : 'allow',
    state,
    nsg: null,
    encryption: 'NX',
    packets_forward: pf,
    bytes_forward: bf,
    packets_reverse: pr,
    bytes_reverse: br,
    format: 'vnet',
    resource_id: flowLogId,
    target_id: vnetId,
    acl_id: nsgId,
    record_time: at(recorded),
    blob: 'b',
    record_offset: 0,
    tuple_index: 0,
    ...web,
    ...rest,
  };
}

/** Both engines give these rows. */
async function expectRows(
  tuples: readonly PlainRow[],
  columns: string,
  expected: readonly (readonly (string | number | null)[])[],
  asked: Asked = {},
): Promise<void> {
  const names = columns.split(' ');
  const answers = await rowsOfTable(tuples, names, asked);
  const rows = expected.map((row) => Object.fromEntries(row.map((value, i) => [names[i], value])));
  const order = (a: object, b: object): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1);
  expect([...answers.interpreted].sort(order)).toEqual([...rows].sort(order));
  expect([...answers.asked].sort(order)).toEqual([...rows].sort(order));
}

describe('one flow that both NICs log, from three source ports, for 61 minutes', () => {
  // The record of 10:00 has the first tuple, which is 15 seconds older than the interval.
  const tuples = [web, db].flatMap((observer, i) => [
    tuple('09:59:45.000', '10:00:00', 'begin', observer),
    tuple('10:04:45.000', '10:05:00', 'continuing', { ...observer, counters: `10 1000 ${8 + i} 800` }),
    tuple('10:09:10.000', '10:10:00', 'begin', { ...observer, src_port: 50_003 }),
    tuple('10:09:20.000', '10:10:00', 'end', { ...observer, src_port: 50_003, counters: '5 500 4 400' }),
    tuple('10:30:00.000', '10:30:00', 'begin', { ...observer, src_port: 9 }),
    tuple('11:00:45.500', '11:01:00', 'end', { ...observer, counters: '20 2000 16 1600' }),
  ]);
  const iso = (time: string): string => `2024-03-04T${time}Z`;

  test('at 60 minutes: two rows an interval', () =>
    expectRows(
      tuples,
      'FlowIntervalStartTime FlowStartTime FlowEndTime FlowDirection MacAddress AclRule SrcPorts AllowedInFlows AllowedOutFlows CompletedFlows PacketsSrcToDest BytesSrcToDest PacketsDestToSrc BytesDestToSrc',
      [
        [
          iso('10:00:00.000'),
          iso('09:59:45.000'),
          iso('10:30:00.000'),
          'Outbound',
          '00-0D-3A-F8-10-00',
          'allowvnetoutbound',
          '9|50001|50003',
          0,
          3,
          1,
          15,
          1500,
          12,
          1200,
        ],
        [
          iso('10:00:00.000'),
          iso('09:59:45.000'),
          iso('10:30:00.000'),
          'Inbound',
          '00-0D-3A-F8-10-01',
          'allow-sql',
          '9|50001|50003',
          3,
          0,
          1,
          15,
          1500,
          13,
          1200,
        ],
        [
          iso('11:00:00.000'),
          iso('11:00:45.500'),
          iso('11:00:45.500'),
          'Outbound',
          '00-0D-3A-F8-10-00',
          'allowvnetoutbound',
          '50001',
          0,
          0,
          1,
          20,
          2000,
          16,
          1600,
        ],
        [
          iso('11:00:00.000'),
          iso('11:00:45.500'),
          iso('11:00:45.500'),
          'Inbound',
          '00-0D-3A-F8-10-01',
          'allow-sql',
          '50001',
          0,
          0,
          1,
          20,
          2000,
          16,
          1600,
        ],
      ],
    ));

  test('at 10 minutes', () =>
    expectRows(
      tuples.filter(({ mac }) => mac === web.mac),
      'FlowIntervalStartTime FlowIntervalEndTime TimeGenerated SrcPorts AllowedOutFlows CompletedFlows BytesSrcToDest',
      [
        [iso('10:00:00.000'), iso('10:10:00.000'), iso('10:10:00.000'), '50001', 1, 0, 1000],
        [iso('10:10:00.000'), iso('10:20:00.000'), iso('10:20:00.000'), '50003', 1, 1, 500],
        [iso('10:30:00.000'), iso('10:40:00.000'), iso('10:40:00.000'), '9', 1, 0, 0],
        [iso('11:00:00.000'), iso('11:10:00.000'), iso('11:10:00.000'), '50001', 0, 1, 2000],
      ],
      { settings: ['interval=10'] },
    ));

  test('a range of TimeGenerated selects intervals whole', () =>
    expectRows(
      tuples,
      'TimeGenerated FlowDirection BytesSrcToDest',
      [
        [iso('11:00:00.000'), 'Outbound', 1500],
        [iso('11:00:00.000'), 'Inbound', 1500],
      ],
      { range: { start: Date.parse(iso('10:01:00')), end: Date.parse(iso('11:30:00')) } },
    ));

  test('settings: time, ports, letters, and the end as the schema article has it', () =>
    expectRows(
      tuples.filter(({ mac }) => mac === db.mac),
      'TimeGenerated SrcPorts FlowDirection FlowStatus L4Protocol FlowEndTime',
      [
        [iso('11:10:00.000'), null, 'I', 'A', 'T', iso('10:30:00.000')],
        [iso('12:10:00.000'), null, 'I', 'A', 'T', iso('11:00:45.500')],
      ],
      { settings: ['timeGenerated=delayed', 'sourcePorts=empty', 'codes=letters', 'flowEndTime=last-begin'] },
    ));

  test('the same flow in the older form', () =>
    expectRows(
      tuples.filter(({ mac, record_time }) => mac === db.mac && Number(record_time) >= Date.parse(iso('11:00:00'))),
      'FASchemaVersion_s FlowDirection_s FlowStatus_s L4Protocol_s NSGList_s NSGRule_s NSGRuleType_s NSGRules_s DestPort_d FlowCount_d InboundBytes_d OutboundBytes_d',
      [
        [
          '2',
          'I',
          'A',
          'T',
          '5c3e/shop/web-nsg',
          'allow-sql',
          'User Defined',
          '0|allow-sql|I|A|0',
          1433,
          0,
          1600,
          2000,
        ],
      ],
      { table: 'AzureNetworkAnalytics_CL' },
    ));

  test('ids of a VNet flow log', () =>
    expectRows(
      tuples.slice(0, 1),
      'AclGroup FlowLogResourceId TargetResourceId TargetResourceType FlowEncryption NsgList NsgRule FaSchemaVersion SubType Type',
      [
        [
          nsgId.toLowerCase(),
          '5c3e/networkwatcherrg/nw_west/shop-log',
          '5c3e/shop/shop-vnet',
          'VirtualNetwork',
          'Unencrypted',
          null,
          null,
          '3',
          'FlowLog',
          'NTANetAnalytics',
        ],
      ],
    ));
});

describe('public addresses', () => {
  const inbound = { direction: 'inbound', rule: 'UserRule_Web', dst_ip: '10.0.0.4', dst_port: 443, mac: web.mac };
  const from = (src_ip: string, src_port: number): PlainRow => ({ ...inbound, src_ip, src_port });
  const tuples = [
    tuple('10:00:01.000', '10:01:00', 'begin', from('203.0.113.9', 1)),
    tuple('10:00:09.000', '10:01:00', 'end', { ...from('203.0.113.9', 1), counters: '16 1600 20 2000' }),
    tuple('10:00:02.000', '10:01:00', 'begin', from('198.51.100.7', 2)),
    tuple('10:00:03.000', '10:01:00', 'begin', from('198.51.100.7', 3)),
    tuple('10:00:08.000', '10:01:00', 'continuing', { ...from('198.51.100.7', 3), counters: '15 1500 17 1700' }),
    tuple('10:00:07.000', '10:01:00', 'denied', { ...from('203.0.113.9', 4), rule: 'DefaultRule_DenyAllInBound' }),
    tuple('10:00:08.000', '10:01:00', 'denied', { ...from('203.0.113.9', 5), rule: 'DefaultRule_DenyAllInBound' }),
  ];

  test('are one row, whose sums are those of its addresses; denied ones have attempts only', () =>
    expectRows(
      tuples,
      'SrcIp SrcPublicIps DestIp DestPublicIps FlowStatus AllowedInFlows DeniedInFlows CompletedFlows PacketsSrcToDest PacketsDestToSrc BytesSrcToDest BytesDestToSrc',
      [
        [
          null,
          '198.51.100.7|2|0|15|17|1500|1700 203.0.113.9|1|1|16|20|1600|2000',
          '10.0.0.4',
          '',
          'Allowed',
          3,
          0,
          1,
          31,
          37,
          3100,
          3700,
        ],
        [null, '203.0.113.9|2|0|0|0|0|0', '10.0.0.4', '', 'Denied', 0, 2, 0, 0, 0, 0, 0],
      ],
    ));

  test('have a row each, if they are not packed', () =>
    expectRows(
      tuples,
      'SrcIp DestIp FlowStatus AllowedInFlows BytesSrcToDest',
      [
        ['198.51.100.7', '10.0.0.4', 'Allowed', 2, 1500],
        ['203.0.113.9', '10.0.0.4', 'Allowed', 1, 1600],
        ['203.0.113.9', '10.0.0.4', 'Denied', 0, 0],
      ],
      { settings: ['publicAddresses=rows'] },
    ));

  test('are listed once an interval', () =>
    expectRows(
      tuples,
      'FlowIntervalStartTime FlowType Ip FaSchemaVersion',
      ['198.51.100.7', '203.0.113.9'].map((ip) => ['2024-03-04T10:00:00.000Z', 'ExternalPublic', ip, '2']),
      { table: 'NTAIpDetails' },
    ));

  test('of both sides: that which is not the NIC’s is listed', () =>
    expectRows(
      [
        tuple('10:00:01.000', '10:01:00', 'begin', { ...inbound, src_ip: '203.0.113.9', dst_ip: '198.51.100.1' }),
        tuple('10:00:01.000', '10:01:00', 'begin', { ...inbound, src_ip: '203.0.113.8', dst_ip: '198.51.100.1' }),
        tuple('10:00:01.000', '10:01:00', 'begin', { ...inbound, src_ip: '203.0.113.8', dst_ip: '198.51.100.2' }),
      ],
      'SrcPublicIps DestIp AllowedInFlows',
      [
        ['203.0.113.8|1|0|0|0|0|0 203.0.113.9|1|0|0|0|0|0', '198.51.100.1', 2],
        ['203.0.113.8|1|0|0|0|0|0', '198.51.100.2', 1],
      ],
    ));
});

describe('NSG flow logs', () => {
  const nsgLog = { format: 'nsg1', resource_id: nsgId, target_id: null, acl_id: null, encryption: null };
  const tuples = [
    tuple('10:00:01.000', '10:01:00', '', { ...nsgLog, state: null }),
    tuple('10:00:05.000', '10:01:00', '', { ...nsgLog, state: null, src_port: 50_002 }),
    tuple('10:00:05.000', '10:01:00', '', { ...nsgLog, state: null, access: 'deny' }),
  ];

  test('version 1 has flows, and no counters', () =>
    expectRows(
      tuples,
      'AclGroup TargetResourceType FlowLogResourceId FlowStatus AllowedOutFlows DeniedOutFlows CompletedFlows BytesSrcToDest PacketsDestToSrc',
      [
        [nsgId.toLowerCase(), 'NetworkSecurityGroup', null, 'Allowed', 2, 0, 0, null, null],
        [nsgId.toLowerCase(), 'NetworkSecurityGroup', null, 'Denied', 0, 1, 0, null, null],
      ],
    ));

  test('are in one of the two tables only, if so set', async () => {
    const settings = ['logs=own'];
    const mixed = [...tuples, tuple('10:00:01.000', '10:01:00', 'begin', db)];
    await expectRows(mixed, 'FlowDirection FlowStatus', [['Inbound', 'Allowed']], { settings });
    const older = { settings, table: 'AzureNetworkAnalytics_CL' };
    await expectRows(
      mixed,
      'FlowDirection_s FlowStatus_s',
      [
        ['O', 'A'],
        ['O', 'D'],
      ],
      older,
    );
  });
});

test('a platform rule has no ACL; a record whose time is far from its tuples counts by their time', () =>
  expectRows(
    [
      tuple('10:00:01.000', '10:01:00', 'begin', {
        rule: 'PlatformRule',
        acl_id: '00000000-0000-0000-0000-000000000000',
      }),
      tuple('10:00:01.000', '16:00:00', 'begin', { rule: 'PlatformRule', acl_id: 'unspecified' }),
    ],
    'AclGroup AclRule FlowIntervalStartTime',
    Array.from({ length: 2 }, () => ['Unspecified', 'platformrule', '2024-03-04T10:00:00.000Z']),
  ));

test.each(['NTATopologyDetails', 'NTAInsights', 'NTARuleRecommendation'])('%s is empty', (table) =>
  expectRows([tuple('10:00:01.000', '10:01:00', 'begin')], 'TimeGenerated Type', [], { table }),
);

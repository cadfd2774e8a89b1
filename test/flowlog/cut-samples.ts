/** Small flow logs of every format, in every frame in which they are read. */

const tuples = {
  nsg1: ['1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D', '1542110379,fd00::4,10.5.16.4,44931,443,T,O,A'],
  nsg2: [
    '1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A,B,,,,',
    '1542110379,2001:db8::1:2,fd00::4,59932,443,T,O,A,E,1,66,1,66',
  ],
  vnet: [
    '1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,B,NX,0,0,0,0',
    '1663146003606,10.0.0.6,52.239.184.181,23956,443,6,O,E,NX_HW_NOT_SUPPORTED,3,767,2,1580',
  ],
} as const;

function nsgRecord(version: 1 | 2, minute: number): object {
  return {
    time: `2018-11-13T12:0${minute}:35.3Z`,
    systemId: `s"${minute}\\`,
    macAddress: '000D3AF87856',
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId: `/SUBSCRIPTIONS/S/NSG-${minute}`,
    properties: {
      Version: version,
      flows: [
        { rule: 'Default {"rule":', flows: [{ mac: '000D3AF87856', flowTuples: tuples[`nsg${version}`] }] },
        { rule: `User_${minute}`, flows: [{ mac: '000D3AF87857', flowTuples: tuples[`nsg${version}`].slice(minute) }] },
      ],
    },
  };
}

function vnetRecord(minute: number): object {
  return {
    time: `2022-09-14T09:0${minute}:52.5Z`,
    flowLogVersion: 4,
    flowLogGUID: 'abcdef01',
    macAddress: '00224871C200',
    category: 'FlowLogFlowEvent',
    flowLogResourceID: `/S/FLOWLOGS/${minute}`,
    targetResourceID: '/t',
    flowRecords: {
      flows: [
        {
          aclID: '/acl/a',
          flowGroups: [
            { rule: 'r', flowTuples: tuples.vnet },
            { rule: 'q', flowTuples: tuples.vnet.slice(1) },
          ],
        },
        { aclID: '/acl/b', flowGroups: [{ rule: 'ssh', flowTuples: tuples.vnet.slice(minute) }] },
      ],
    },
  };
}

function event(minute: number): object {
  return {
    time: `2018-11-13T12:0${minute}:35Z`,
    resourceId: `/S/NSG-${minute}`,
    category: 'NetworkSecurityGroupFlowEvent',
    mac: '000D3AF87856',
    rule: 'r',
    'flow.0': tuples.nsg2[0],
    'flow.1': tuples.nsg2[1],
  };
}

function flatEvent(minute: number): object {
  const names =
    'time,src_ip,dest_IP,src_port,dest_port,protocol,flow_direction,flow_state,flow_encryption_status,num_packets_sent_src_to_dest,bytes_sent_src_to_dest,num_packets_sent_dest_to_src,bytes_sent_dest_to_src';
  const fields = tuples.vnet[minute].split(',');
  return {
    ...Object.fromEntries(names.split(',').map((name, i) => [name, fields[i]])),
    rule_name: 'r',
    mac: '00224871C200',
  };
}

const recordsOf: Record<string, object[]> = {
  nsg1: [nsgRecord(1, 0), nsgRecord(1, 1)],
  nsg2: [nsgRecord(2, 0), nsgRecord(2, 1)],
  vnet: [vnetRecord(0), vnetRecord(1)],
  mixed: [nsgRecord(1, 1), vnetRecord(1), event(0)],
  event: [event(0), event(1)],
  'flat event': [flatEvent(0), flatEvent(1)],
  message: [
    { host: 'h', message: JSON.stringify({ records: [nsgRecord(2, 1)] }) },
    { message: JSON.stringify(event(0)), n: 1 },
  ],
  // One element stands for a list of one, as scripts write it.
  'without lists': [
    {
      time: '2018-11-13T12:00:35Z',
      resourceId: '/S/NSG-0',
      category: 'NetworkSecurityGroupFlowEvent',
      properties: { Version: 2, flows: { rule: 'r', flows: { mac: '000D3AF87856', flowTuples: tuples.nsg2[1] } } },
    },
    nsgRecord(2, 1),
  ],
  'wrong types': [
    { ...nsgRecord(2, 0), time: 1542110435, systemId: [1, { a: 2 }], macAddress: null },
    { ...vnetRecord(1), time: '/Date(1663146003599)/', flowLogGUID: 7 },
  ],
  'nested array': [{ extra: [{ time: 1 }, { category: 'x' }], ...nsgRecord(2, 1), more: [{ time: 2 }] }],
};

const frames: Record<string, (records: object[]) => string> = {
  envelope: (records) => JSON.stringify({ records }),
  'pretty printed': (records) => `\uFEFF${JSON.stringify({ records }, undefined, 1)}\r\n`,
  'envelope with more in it': (records) =>
    JSON.stringify({
      time: 't',
      resourceId: '/e',
      mac: 'm',
      records,
      next: 'x"',
      n: 12,
      deep: { a: [1, { b: null }] },
    }),
  'array of another name': (records) => JSON.stringify({ count: records.length, value: records, nextLink: null }),
  'envelope inside': (records) => JSON.stringify({ a: [{ data: { records, n: 1 } }, { records }], z: [[]] }),
  array: (records) => JSON.stringify(records),
  'records without a list': (records) => records.map((records) => JSON.stringify({ records, n: 1 })).join('\n'),
  'line by line': (records) => records.map((record) => `${JSON.stringify(record)}\n`).join(''),
  block: (records) => records.map((record) => `,${JSON.stringify(record)}`).join(''),
  'joined envelopes': (records) => records.map((record) => JSON.stringify({ records: [record] })).join('\n'),
  'torn and joined': (records) =>
    `{"records":[${records.map((record) => JSON.stringify(record)).join(',{"records":[')}`,
  'with what is no record': (records) =>
    `{"records":[{"a":1},${JSON.stringify(records[0])},[],"x",7,${JSON.stringify(records.at(-1))}]}]`,
};

/** By name: format and frame. @param all every format in every frame, not each of them once or twice */
export function cutSamples(all: boolean): [name: string, text: string][] {
  const samples: [string, string][] = [];
  for (const [format, records] of Object.entries(recordsOf))
    for (const [frame, write] of Object.entries(frames))
      if (all || format === 'mixed' || frame === 'envelope') samples.push([`${format}, ${frame}`, write(records)]);
  return samples;
}

import { describe, expect, test } from 'vitest';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import { accessDeny, stateBegin, stateContinuing, stateDenied, stateEnd, stateNone } from '../../src/flowlog/tuple.ts';
import { plainOf } from './plain.ts';

function decode(text: string): FlowLog {
  return decodeFlowLog(new TextEncoder().encode(text));
}

const nsgId =
  '/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/FABRIKAMRG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/FABRIAKMVM1-NSG';

function nsg2(tuples: string[], more: object = {}): string {
  return JSON.stringify({
    time: '2018-11-13T12:00:35.3899262Z',
    systemId: 'a0fca5ce-022c-47b1-9735-89943b42f2fa',
    macAddress: '000D3AF87856',
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId: nsgId,
    operationName: 'NetworkSecurityGroupFlowEvents',
    properties: {
      Version: 2,
      flows: [{ rule: 'UserRule_web', flows: [{ mac: '000D3AF87856', flowTuples: tuples }] }],
    },
    ...more,
  });
}

const begin = '1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A,B,,,,';
const continuing = '1542110379,10.5.16.4,13.67.143.115,44931,443,T,O,A,C,1021,588096,8005,4610880';
const end = '1542110379,10.5.16.4,13.67.143.115,44931,443,T,O,A,E,52,29952,47,27072';
const denied = '1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,';
const one = nsg2([begin]);
const two = nsg2([continuing, end]);

describe('frames', () => {
  test.each([
    ['an envelope', `{"records":[${one},${two}]}`],
    ['an envelope with other keys', `{"count":2,"records":[${one},${two}],"nextLink":"x"}`],
    ['a byte order mark', `\uFEFF{"records":[${one},${two}]}`],
    ['bare records, one a line', `${one}\n${two}\n`],
    ['bare records, one a line with CR', `${one}\r\n${two}\r\n`],
    ['bare records without anything between', one + two],
    ['an array', `[${one},${two}]`],
    ['two envelopes', `{"records":[${one}]}\n{"records":[${two}]}`],
    ['a block with its leading comma', `,${one},${two}`],
    ['the last blocks with the closing one', `,${one},${two}]}`],
    ['the first blocks without the closing one', `{"records":[${one},${two}`],
    ['a missing last brace', `{"records":[${one},${two}]`],
    ['trailing comma', `{"records":[${one},${two},]}`],
    ['line ends and tabs between records', `{"records":[\r\n\t\t${one}\r\n\t\t,\r\n\t\t${two}\r\n\t]}`],
    ['a second "records" inside the array', `{"records":[${one},\t"records":\t[${two}]}`],
    ['records under a key twice', `{"records":[${one}],"records":[${two}]}`],
    ['an envelope torn and begun again', `{"records":[${one},{"records":[${two}]}`],
    ['an array under another key', `{"value":[${one},${two}]}`],
    ['pretty printed', JSON.stringify({ records: [JSON.parse(one), JSON.parse(two)] }, null, 4)],
    ['texts in JSON, as log forwarders send', JSON.stringify({ message: `{"records":[${one},${two}]}` })],
    [
      'events that wrap a record each',
      `${JSON.stringify({ message: one })}\n${JSON.stringify({ input: { message: two } })}`,
    ],
  ])('%s: all tuples and no rejection', (_name, text) => {
    const log = decode(text);
    expect(log.rejections).toEqual([]);
    expect(log.records.map((record) => record.resourceId)).toEqual([nsgId, nsgId]);
    expect(plainOf(log).map((record) => record.tuples.length)).toEqual([1, 2]);
    expect(log.groups.every((group) => group.rule === 'UserRule_web' && group.mac === '000D3AF87856')).toBe(true);
  });

  test.each([
    ['nothing', ''],
    ['an envelope without records', '{"records":[]}'],
    ['what is left of a block list', ']}'],
  ])('%s holds no record and no rejection', (_name, text) => {
    expect(decode(text)).toMatchObject({ records: [], groups: [], rejections: [], tuples: { count: 0 } });
  });

  test('a record knows where its bytes lie', () => {
    const text = `{"records":[\r\n${one}\r\n,${two}]}`;
    expect(decode(text).records.map(({ startByte, endByte }) => text.slice(startByte, endByte))).toEqual([one, two]);
  });
});

describe('what tuples say', () => {
  test("the article's worked example has 9125 packets and 5256000 bytes, and its begin tuple has no counters", () => {
    const log = decode(nsg2([begin, continuing, end]));
    const [first, ...rest] = plainOf(log)[0].tuples;
    expect(first.state).toBe(stateBegin);
    expect(first.counters).toEqual([Number.NaN, Number.NaN, Number.NaN, Number.NaN]);
    expect(rest.map((tuple) => tuple.state)).toEqual([stateContinuing, stateEnd]);
    expect(rest.reduce((sum, { counters }) => sum + Number(counters[0]) + Number(counters[2]), 0)).toBe(9125);
    expect(rest.reduce((sum, { counters }) => sum + Number(counters[1]) + Number(counters[3]), 0)).toBe(5_256_000);
  });

  const none = [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
  test.each([
    ['denied, NSG version 2', denied, { access: accessDeny, state: stateDenied, counters: none }],
    [
      'denied with counters',
      '1542110402,1.2.3.4,10.5.16.4,28746,443,T,I,D,E,0,0,3,180',
      { access: accessDeny, state: stateEnd, counters: [0, 0, 3, 180] },
    ],
    [
      'NSG version 1',
      '1487282421,42.119.146.95,10.1.0.4,51529,5358,T,I,D',
      { access: accessDeny, state: stateNone, counters: none },
    ],
    ['nine fields', '1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A,B', { state: stateBegin, counters: none }],
    [
      'an end without counters',
      '1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A,E,,,,',
      { state: stateEnd, counters: none },
    ],
    [
      'UDP with zeros, which are zeros',
      '1542110377,10.5.16.4,13.67.143.118,59831,123,U,O,A,C,0,0,0,0',
      { protocol: 17, counters: [0, 0, 0, 0] },
    ],
    [
      'VNet begin, whose zeros are not given',
      '1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,B,NX,0,0,0,0',
      { timeMillis: 1663146003599, encryption: 2, state: stateBegin, counters: none },
    ],
    [
      'VNet denied',
      '1663145998065,101.33.218.153,10.0.0.6,55188,22,6,I,D,NX,0,0,0,0',
      { access: accessDeny, state: stateDenied, counters: none },
    ],
    [
      'VNet end',
      '1663146003606,10.0.0.6,52.239.184.180,23956,443,17,O,E,NX_LOCAL_DST,3,767,2,1580',
      { protocol: 17, encryption: 7, counters: [3, 767, 2, 1580] },
    ],
    [
      'VNet in seconds',
      '1663146003,10.0.0.6,52.239.184.180,23956,443,6,O,E,X,3,767,2,1580',
      { timeMillis: 1663146003000, encryption: 1 },
    ],
    [
      'NSG in milliseconds',
      '1542110377123,10.5.16.4,13.67.143.118,59831,443,T,O,A,B,,,,',
      { timeMillis: 1542110377123 },
    ],
    [
      'IPv6',
      '1542110377,2603:1030:0:1::A,::ffff:10.0.0.1,59831,443,T,O,A,B,,,,',
      { source: '2603:1030:0:1::a', destination: '::ffff:10.0.0.1' },
    ],
    [
      'IPv4 to IPv6',
      '1542110377,10.0.0.4,2a01::1,59831,443,T,O,A,B,,,,',
      { source: '10.0.0.4', destination: '2a01::1' },
    ],
    [
      'IPv6 to IPv4',
      '1542110377,2a01::1,10.0.0.4,59831,443,T,O,A,B,,,,',
      { source: '2a01::1', destination: '10.0.0.4' },
    ],
  ])('%s', (_name, tuple, expected) => {
    const log = decode(nsg2([tuple]));
    expect(log.rejections).toEqual([]);
    expect(plainOf(log)[0].tuples[0]).toMatchObject(expected);
  });

  test('escapes in rule names and tuples are resolved', () => {
    const text = nsg2([begin])
      .replace('UserRule_web', 'UserRule_\\u00fc\\"\\\\\\/')
      .replace('13.67.143.118', '13.67.143.\\u003118');
    const log = decode(text);
    expect(log.rejections).toEqual([]);
    expect(plainOf(log)[0].tuples[0]).toMatchObject({ rule: 'UserRule_ü"\\/', destination: '13.67.143.118' });
  });

  test('a log may change its version inside', () => {
    const vnet = JSON.stringify({
      time: '2022-09-14T09:00:52.5625085Z',
      flowLogVersion: 4,
      flowLogGUID: 'g',
      macAddress: '00-22-48-71-c2-05',
      category: 'FlowLogFlowEvent',
      flowLogResourceID: '/FLOWLOGS/F',
      targetResourceID: '/vnet',
      operationName: 'FlowLogFlowEvent',
      flowRecords: {
        flows: [
          {
            aclID: 'acl',
            flowGroups: [{ rule: 'Internet', flowTuples: ['1663146003599,10.0.0.6,1.2.3.4,1,2,6,O,B,NX,,,,'] }],
          },
        ],
      },
    });
    const v1 = one.replace('"Version":2', '"Version":1').replace(',A,B,,,,', ',A');
    const log = decode(`{"records":[${one},${v1},${vnet}]}`);
    expect(log.rejections).toEqual([]);
    expect(log.records.map((record) => record.format)).toEqual(['nsg2', 'nsg1', 'vnet']);
    expect(log.records[2]).toMatchObject({ resourceId: '/FLOWLOGS/F', flowLogGuid: 'g', targetResourceId: '/vnet' });
    expect(log.groups[2]).toEqual({ record: 2, rule: 'Internet', aclId: 'acl', mac: '00224871C205' });
  });

  test('a record that does not say its version has that of its tuples', () => {
    const without = (tuple: string): string =>
      nsg2([tuple]).replace('"Version":2,', '').replace('NetworkSecurityGroupFlowEvent"', 'x"');
    const formats = [
      begin,
      '1487282421,42.119.146.95,10.1.0.4,51529,5358,T,I,D',
      '1663146003599,10.0.0.6,1.2.3.4,1,2,6,O,B,NX,,,,',
    ];
    expect(formats.map((tuple) => decode(without(tuple)).records[0].format)).toEqual(['nsg2', 'nsg1', 'vnet']);
  });

  test('records without tuples, as version 1 has them for quiet rules, are records', () => {
    const empty = JSON.parse(one) as { properties: { flows: unknown[] } };
    empty.properties.flows = [
      { rule: 'a', flows: [] },
      { rule: 'b', flows: [] },
    ];
    const log = decode(`{"records":[${JSON.stringify(empty)},${one}]}`);
    expect(log.rejections).toEqual([]);
    expect(plainOf(log).map((record) => record.tuples.length)).toEqual([0, 1]);
  });

  test('without mac in the group the record says it, and without both nothing', () => {
    const noMac = one.replace('"mac":"000D3AF87856",', '');
    expect(decode(noMac).groups[0].mac).toBe('000D3AF87856');
    expect(decode(noMac.replace('"macAddress":"000D3AF87856",', '')).groups[0].mac).toBe('');
  });

  test('a time that cannot be read is kept as text', () => {
    expect(decode(nsg2([begin], { time: 'noon' })).records[0]).toMatchObject({ time: 'noon', timeMillis: Number.NaN });
    expect(decode(one).records[0].timeMillis).toBe(Date.UTC(2018, 10, 13, 12, 0, 35, 389));
  });
});

describe('events of one tuple', () => {
  test('"flow.0" holds a tuple; several are one group', () => {
    const event = {
      time: '2025-04-30T09:07:40.986182+00:00',
      flowLogVersion: 4,
      flowLogGUID: 'guid',
      macAddress: '112233445566',
      operationName: 'FlowLogFlowEvent',
      aclID: 'acl',
      'flow.0': '1663146003599,1.2.3.4,192.0.2.180,23956,443,6,O,B,NX,0,0,0,0',
      'flow.1': '1663146003699,1.2.3.4,192.0.2.180,23956,443,6,O,E,NX,1,2,3,4',
      rule: 'Internet',
    };
    const log = decode(`${JSON.stringify(event)}\n${JSON.stringify({ message: JSON.stringify(event) })}`);
    expect(log.rejections).toEqual([]);
    expect(log.groups).toEqual([
      { record: 0, rule: 'Internet', aclId: 'acl', mac: '112233445566' },
      { record: 1, rule: 'Internet', aclId: 'acl', mac: '112233445566' },
    ]);
    expect(plainOf(log).map((record) => record.tuples.length)).toEqual([2, 2]);
    expect(log.records[0].timeMillis).toBe(Date.UTC(2025, 3, 30, 9, 7, 40, 986));
  });

  test('a flat object is one flow', () => {
    const event = {
      acl_id: '/subscriptions/s/networkSecurityGroups/n',
      bytes_sent_dest_to_src: '2572',
      bytes_sent_src_to_dest: 2352,
      category: 'FlowLogFlowEvent',
      dest_IP: '10.2.0.4',
      dest_port: '22',
      flowLogGUID: 'guid',
      flow_direction: 'I',
      flow_encryption_status: 'NX',
      flow_log_resource_id: '/FLOWLOGS/F',
      flow_state: 'E',
      mac: '000d3a130bfe',
      num_packets_sent_dest_to_src: '9',
      num_packets_sent_src_to_dest: '11',
      protocol: '6',
      rule_name: 'UserRule_ssh',
      src_ip: '91.118.39.74',
      src_port: '55304',
      target_resource_id: '/nic',
      time: '1737500459279',
      version: 4,
    };
    const log = decode(JSON.stringify(event, null, 2));
    expect(log.rejections).toEqual([]);
    expect(plainOf(log)).toEqual([
      {
        format: 'vnet',
        time: '1737500459279',
        resourceId: '/FLOWLOGS/F',
        systemId: '',
        macAddress: '000D3A130BFE',
        flowLogGuid: 'guid',
        targetResourceId: '/nic',
        tuples: [
          {
            timeMillis: 1737500459279,
            source: '91.118.39.74',
            destination: '10.2.0.4',
            sourcePort: 55304,
            destinationPort: 22,
            protocol: 6,
            direction: 0,
            access: 0,
            state: stateEnd,
            encryption: 2,
            counters: [11, 2352, 9, 2572],
            rule: 'UserRule_ssh',
            aclId: '/subscriptions/s/networkSecurityGroups/n',
            mac: '000D3A130BFE',
          },
        ],
      },
    ]);
    expect(decode(JSON.stringify({ ...event, src_ip: 'x' })).rejections[0].reason).toBe('not-a-flow-record');
  });
});

describe('rejections', () => {
  /** The rejected bytes and reasons. */
  function rejected(text: string): [string, string][] {
    return decode(text).rejections.map(({ startByte, endByte, reason }) => [text.slice(startByte, endByte), reason]);
  }

  test('a bad tuple costs its own bytes only, and the field is named', () => {
    const bad = begin.replace('13.67.143.118', '13.67.143.999');
    const text = nsg2([begin, bad, end]);
    expect(rejected(text)).toEqual([[`"${bad}"`, 'tuple-malformed']]);
    const log = decode(text);
    expect(log.tuples.count).toBe(2);
    expect(log.rejections[0].detail).toBe('Field 3 of the tuple, destination address, cannot be read.');
    expect(decode(nsg2([`${begin},1`])).rejections[0].detail).toBe('The tuple has too many or too few fields.');
  });

  test('a tuple without its closing or opening quote costs itself', () => {
    const text = nsg2([begin, continuing, end]);
    expect(rejected(text.replace(`${continuing}"`, `${continuing}x`))).toEqual([
      [`"${continuing}x,`, 'tuple-malformed'],
    ]);
    expect(rejected(text.replace(`"${continuing}`, continuing))).toEqual([[`${continuing}",`, 'tuple-malformed']]);
    expect(decode(text.replace(`"${continuing}`, continuing)).tuples.count).toBe(2);
  });

  test('an unknown encryption state costs that field only', () => {
    const tuple = '1663146003606,10.0.0.6,52.239.184.180,23956,443,6,O,E,NX_NEW,3,767,2,1580';
    const text = nsg2([tuple]);
    expect(rejected(text)).toEqual([['NX_NEW', 'encryption-unknown']]);
    expect(plainOf(decode(text))[0].tuples[0]).toMatchObject({ encryption: 0, counters: [3, 767, 2, 1580] });
  });

  test('a cut record gives the tuples before the cut and a rejection of the rest', () => {
    const text = `{"records":[${one},${two}`;
    const cut = text.slice(0, text.length - 60);
    expect(rejected(cut)).toEqual([[cut.slice(cut.lastIndexOf('"1542')), 'truncated']]);
    const log = decode(cut);
    expect(plainOf(log).map((record) => record.tuples.length)).toEqual([1, 1]);
    expect(log.records[1].endByte).toBe(cut.length);
  });

  test('a rule whose structure is lost costs itself, the other rules and records stay', () => {
    const record = JSON.parse(one) as { properties: { flows: { rule: string; flows: unknown[] }[] } };
    const [flow] = record.properties.flows;
    record.properties.flows = ['a', 'b', 'c'].map((rule) => ({ ...flow, rule }));
    const text = `{"records":[${JSON.stringify(record)},${two}]}`;
    const log = decode(text.replace('{"rule":"b","flows":[{', '{"rule":"b","flows":[#'));
    expect(log.groups.map((group) => group.rule)).toEqual(['a', 'c', 'UserRule_web']);
    expect(log.rejections.map((rejection) => rejection.reason)).toEqual(['syntax']);
  });

  test('a rule behind lost structure is not given to a record that ended before it', () => {
    const torn = one.replace(/\]\}\]\}\]\}\}$/, ']#');
    const strange = nsg2([end]).replace('{"time"', '{"x":1,"time"').replace('UserRule_web', 'UserRule_strange');
    const log = decode(`{"records":[${torn},${strange},${one}]}`);
    expect(log.groups.map(({ record, rule }) => [record, rule])).toEqual([
      [0, 'UserRule_web'],
      [1, 'UserRule_web'],
    ]);
    expect(log.rejections).toHaveLength(1);
  });

  test.each([
    ['prose', 'This is no flow log.', 'syntax'],
    ['a number', '17', 'syntax'],
    ['another object', '{"resources":[{"type":"Microsoft.Network/networkSecurityGroups"}]}', 'not-a-flow-record'],
    [
      'another diagnostic log',
      '{"time":"2018-11-13T12:00:35Z","category":"NetworkSecurityGroupRuleCounter","properties":{"matchedConnections":4}}',
      'not-a-flow-record',
    ],
    ['a flow record without its flows', nsg2([begin]).replace(/"properties".*/, '"x":1}'), 'not-a-flow-record'],
    [
      'flows that say neither where nor when',
      '{"flows":[{"rule":"r","flowTuples":["1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A,B,,,,"]}]}',
      'not-a-flow-record',
    ],
  ])('%s is rejected whole', (_name, text, reason) => {
    expect(rejected(text)).toEqual([[text, reason]]);
    expect(decode(text)).toMatchObject({ records: [], groups: [], tuples: { count: 0 } });
  });

  test('what stands between records is rejected, the records stay', () => {
    expect(rejected(`INFO ${one}\nWARN ${two}\nbye`)).toEqual([
      ['INFO ', 'syntax'],
      ['WARN ', 'syntax'],
      ['bye', 'syntax'],
    ]);
    expect(decode(`INFO ${one}\nWARN ${two}\nbye`).tuples.count).toBe(3);
  });

  test('tuples under a key that is none of ours are named, not passed over', () => {
    const text = one.replace('flowTuples', 'flowTupels');
    expect(rejected(text)).toEqual([[`["${begin}"]`, 'tuples-misplaced']]);
  });

  test('an escape that JSON does not have leaves the text as it stands', () => {
    const text = one.replace('UserRule_web', 'UserRule_\\web');
    expect(rejected(text)).toEqual([['"UserRule_\\web"', 'text-malformed']]);
    expect(decode(text).groups[0].rule).toBe('UserRule_\\web');
  });

  test('what an embedded text says wrongly is found at that text', () => {
    const text = JSON.stringify({ message: nsg2(['bad', begin]) });
    const { rejections, records } = decode(text);
    expect(rejections).toHaveLength(1);
    const { startByte, endByte } = rejections[0];
    expect(JSON.parse(text.slice(startByte, endByte))).toBe(nsg2(['bad', begin]));
    expect(records[0]).toMatchObject({ startByte, endByte });
  });
});

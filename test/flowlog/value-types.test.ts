/**
 * Every key of every format with every type of JSON: what is not read is reported, and no tuple is lost without a report.
 */
import { describe, expect, test } from 'vitest';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import { plainOf } from './plain.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

const tuple = (port: number): string => `1542110379,10.5.16.4,13.67.143.115,${port},443,T,O,A,C,30,16978,24,14008`;
const vnetTuple = (port: number): string => `1663146003606,10.0.0.6,52.239.184.180,${port},443,6,O,E,NX,3,767,2,1580`;
const record = { time: '2018-11-13T12:00:35.3899262Z', systemId: 's', macAddress: '000D3AF87856' };
const ofNsg = {
  ...record,
  category: 'NetworkSecurityGroupFlowEvent',
  resourceId: '/SUBSCRIPTIONS/S/RESOURCEGROUPS/R/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/N',
  operationName: 'NetworkSecurityGroupFlowEvents',
};
const group = (rule: string, ports: number[]): Json => ({
  rule,
  flows: [{ mac: '000D3AF87856', flowTuples: ports.map(tuple) }],
});

const logs: Record<string, Json> = {
  'NSG version 1': {
    records: [
      {
        ...ofNsg,
        properties: {
          Version: 1,
          flows: [
            {
              rule: 'r',
              flows: [{ mac: '000D3AF87856', flowTuples: ['1487282421,42.119.146.95,10.1.0.4,51529,5358,T,I,D'] }],
            },
          ],
        },
      },
    ],
  },
  'NSG version 2': {
    records: [
      { ...ofNsg, properties: { Version: 2, flows: [group('UserRule_a', [1001, 1002]), group('UserRule_b', [1003])] } },
      { ...ofNsg, properties: { Version: 2, flows: [group('UserRule_a', [1004])] } },
    ],
  },
  VNet: {
    records: [
      {
        time: '2022-09-14T09:00:52.5625085Z',
        flowLogVersion: 4,
        flowLogGUID: 'g',
        macAddress: '00224871C205',
        category: 'FlowLogFlowEvent',
        flowLogResourceID: '/SUBSCRIPTIONS/S/FLOWLOGS/F',
        targetResourceID: '/subscriptions/s/virtualNetworks/v',
        operationName: 'FlowLogFlowEvent',
        flowRecords: {
          flows: [
            { aclID: 'a', flowGroups: [{ rule: 'r', flowTuples: [vnetTuple(1001), vnetTuple(1002)] }] },
            { aclID: 'b', flowGroups: [{ rule: 'q', flowTuples: [vnetTuple(1003)] }] },
          ],
        },
      },
    ],
  },
  'split by Logstash': {
    records: {
      ...ofNsg,
      properties: {
        Version: 2,
        flows: { rule: 'UserRule_a', flows: { mac: '000D3AF87856', flowTuples: tuple(1001) } },
      },
    },
  },
  'an event a tuple': {
    ...ofNsg,
    rule: 'UserRule_a',
    mac: '000D3AF87856',
    Version: 2,
    'flow.0': tuple(1001),
    'flow.1': tuple(1002),
  },
  'a record in a message': { message: { ...ofNsg, properties: { Version: 2, flows: [group('UserRule_a', [1001])] } } },
  'a flat event': {
    time: '1737500459279',
    src_ip: '91.118.39.74',
    src_port: '1001',
    dest_IP: '10.2.0.4',
    dest_port: '22',
    protocol: '6',
    flow_direction: 'I',
    flow_state: 'E',
    flow_encryption_status: 'NX',
    num_packets_sent_src_to_dest: '11',
    bytes_sent_src_to_dest: '2000',
    num_packets_sent_dest_to_src: '12',
    bytes_sent_dest_to_src: '3000',
    rule_name: 'UserRule_ssh',
    acl_id: 'a',
    mac: '000D3AF87856',
    flow_log_resource_id: '/SUBSCRIPTIONS/S/FLOWLOGS/F',
    flowLogGUID: 'g',
    target_resource_id: '/subscriptions/s/virtualNetworks/v',
  },
};

const empty = ['null', '""', '[]', '{ }'];
const filled: Json[] = [
  true,
  false,
  0,
  7,
  -1.5,
  1e300,
  'text',
  '@{rule=UserRule_a; flows=System.Object[]}',
  tuple(2001),
  `${tuple(2001)} ${tuple(2002)}`,
  ['text'],
  [5, null, true],
  [[['text']]],
  [tuple(2001), tuple(2002)],
  [[tuple(2001)], tuple(2002)],
  [{ text: tuple(2001) }],
  { text: 'text' },
  { text: tuple(2001), flowTuples: tuple(2002) },
  { text: { deep: [tuple(2001)] } },
];

/** Ways in which tools change a value. */
function changesOf(value: Json): Json[] {
  const changes: Json[] = [[value], { value }, [[value]], JSON.stringify(value)];
  if (!Array.isArray(value)) return changes;
  const texts = value.filter((one) => typeof one === 'string');
  if (texts.length > 0) changes.push(texts.join(' '), texts.join('\n'));
  changes.push(value[0], Object.fromEntries(Object.entries(value)));
  return changes;
}

const marker = 'VALUE-TO-REPLACE';

/** The log as text, with a marker in place of the value at each of its keys. */
function* places(value: Json, rebuilt: (changed: Json) => Json): Generator<{ key: string; value: Json; text: string }> {
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    const inPlace = (changed: Json): Json =>
      rebuilt(Array.isArray(value) ? value.with(Number(key), changed) : { ...value, [key]: changed });
    yield { key: Array.isArray(value) ? 'element' : key, value: inner, text: JSON.stringify(inPlace(marker)) };
    yield* places(inner, inPlace);
  }
}

function decode(text: string): FlowLog {
  return decodeFlowLog(new TextEncoder().encode(text));
}

function readOf(log: FlowLog): unknown {
  return plainOf(log).map((one) => ({ ...one, timeMillis: log.records.map(({ timeMillis }) => timeMillis) }));
}

/** Tuples of the text that are neither rows nor in a reported range. */
function lostTuples(text: string, log: FlowLog): string[] {
  const read = new Set(plainOf(log).flatMap(({ tuples }) => tuples.map(({ sourcePort }) => sourcePort)));
  const lost: string[] = [];
  for (const match of text.matchAll(/\d{9,14},(?:\d+\.){3}\d+,(?:\d+\.){3}\d+,(\d+),/g))
    if (
      !read.has(Number(match[1])) &&
      !log.rejections.some((range) => range.startByte <= match.index && match.index < range.endByte)
    )
      lost.push(match[0]);
  return lost;
}

/** Whether a value that is of the right type may make no difference. */
function isUnused(key: string, value: Json): boolean {
  if (key === 'flowLogVersion') return Number.isInteger(Number(value));
  if (key === 'Version' && /^"?[124]"?$/.test(JSON.stringify(value))) return true;
  if (typeof value === 'string') return /^(?:category|operationName|message)$/.test(key);
  // Objects are searched, and what their unknown keys hold is passed over.
  if (!Array.isArray(value) && typeof value === 'object')
    return /^(?:properties|flow(?:s|Groups|Records)|element)$/.test(key);
  return false;
}

describe.each(Object.entries(logs))('%s', (_name, log) => {
  const all = [...places(log, (changed) => changed)];

  test('undamaged is read whole', () => {
    const text = JSON.stringify(log);
    expect(decode(text).rejections).toEqual([]);
    expect(lostTuples(text, decode(text))).toEqual([]);
    expect(decode(text).tuples.count).toBeGreaterThan(0);
  });

  test('a value of any type is read or reported at every key', () => {
    for (const { key, value, text } of all) {
      const nothing = JSON.stringify(readOf(decode(text.replace(JSON.stringify(marker), 'null'))));
      for (const filling of [...filled, ...changesOf(value)]) {
        const json = JSON.stringify(filling);
        const start = text.indexOf(JSON.stringify(marker));
        const changed = text.slice(0, start) + json + text.slice(start + marker.length + 2);
        const read = decode(changed);
        const what = (): string => `${key}: ${json} in ${changed}; ${JSON.stringify(read.rejections)}`;
        const lost = lostTuples(changed, read);
        if (lost.length > 0) throw new Error(`lost ${lost[0]}: ${what()}`);
        const reported = read.rejections.some(
          (range) => range.startByte < start + json.length && start < range.endByte,
        );
        const isRead = JSON.stringify(readOf(read)) !== nothing;
        if (!reported && !isRead && !isUnused(key, filling)) throw new Error(`neither read nor reported: ${what()}`);
      }
    }
  });

  test('null and what is empty says nothing: the rest is read', () => {
    for (const { key, text } of all)
      for (const json of empty) {
        const changed = text.replace(JSON.stringify(marker), json);
        const read = decode(changed);
        expect(lostTuples(changed, read), `${key}: ${json} in ${changed}`).toEqual([]);
      }
  });
});

import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/net/address.ts';
import { ByteWriter } from '../../src/flowlog/byte-writer.ts';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import type { RecordHeader } from '../../src/flowlog/encode.ts';
import { encodeRecord } from '../../src/flowlog/encode.ts';
import type { FlowLogFormat, TupleColumns } from '../../src/flowlog/tuple.ts';
import {
  accessAllow,
  accessDeny,
  createTupleColumns,
  directionInbound,
  directionOutbound,
  stateBegin,
  stateContinuing,
  stateDenied,
  stateEnd,
} from '../../src/flowlog/tuple.ts';

const nsg =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/FabrikamRG/providers/Microsoft.Network/networkSecurityGroups/web';

function header(format: FlowLogFormat): RecordHeader {
  return {
    format,
    timeMillis: Date.UTC(2018, 10, 13, 12, 0, 35, 389),
    resourceId: nsg,
    systemId: 'a0fca5ce-022c-47b1-9735-89943b42f2fa',
    macAddress: '000D3AF87856',
    flowLogGuid: 'abcdef01-2345-6789-0abc-def012345678',
    targetResourceId: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/myVNet',
  };
}

const groups = [
  { rule: 'DefaultRule_DenyAllInBound', aclId: '/subscriptions/s/networkSecurityGroups/Web' },
  { rule: 'UserRule_a"b\\c', aclId: '/subscriptions/s/networkSecurityGroups/Web' },
  { rule: 'PlatformRule', aclId: '00000000-0000-0000-0000-000000000000' },
];

interface Row {
  timeMillis: number;
  source: string;
  destination: string;
  ports: [number, number];
  protocol: number;
  direction: number;
  access: number;
  state: number;
  counters?: [number, number, number, number];
  group: number;
  encryption?: number;
}

function columnsOf(rows: Row[]): TupleColumns {
  const columns = createTupleColumns(rows.length);
  for (const [i, row] of rows.entries()) {
    const source = parseAddress(row.source);
    const destination = parseAddress(row.destination);
    columns.timeMillis[i] = row.timeMillis;
    columns.family[i] = source?.family ?? 0;
    columns.source.set(source?.words ?? [], i * 4);
    columns.destination.set(destination?.words ?? [], i * 4);
    [columns.sourcePort[i], columns.destinationPort[i]] = row.ports;
    columns.protocol[i] = row.protocol;
    columns.direction[i] = row.direction;
    columns.access[i] = row.access;
    columns.state[i] = row.state;
    columns.encryption[i] = row.encryption ?? 0;
    const counters = row.counters ?? [Number.NaN, Number.NaN, Number.NaN, Number.NaN];
    [columns.packetsForward[i], columns.bytesForward[i], columns.packetsReverse[i], columns.bytesReverse[i]] = counters;
    columns.group[i] = row.group;
  }
  columns.count = rows.length;
  return columns;
}

const flow = {
  source: '10.5.16.4',
  destination: '13.67.143.118',
  ports: [59831, 443] as [number, number],
  protocol: 6,
};
const rows: Row[] = [
  {
    ...flow,
    source: '94.102.49.190',
    destination: '10.5.16.4',
    ports: [28746, 443],
    protocol: 17,
    timeMillis: 1542110402999,
    direction: directionInbound,
    access: accessDeny,
    state: stateDenied,
    group: 0,
  },
  {
    ...flow,
    timeMillis: 1542110377000,
    direction: directionOutbound,
    access: accessAllow,
    state: stateBegin,
    group: 1,
  },
  {
    ...flow,
    timeMillis: 1542110379001,
    direction: directionOutbound,
    access: accessAllow,
    state: stateContinuing,
    counters: [1021, 588096, 8005, 4610880],
    group: 1,
    encryption: 1,
  },
  {
    ...flow,
    source: '2001:db8::1',
    destination: '::',
    ports: [0, 65535],
    timeMillis: 1542110379500,
    direction: directionOutbound,
    access: accessAllow,
    state: stateEnd,
    counters: [52, 29952, 0, Number.MAX_SAFE_INTEGER],
    group: 2,
  },
  { ...flow, timeMillis: 1542110379501, direction: directionOutbound, access: accessAllow, state: stateEnd, group: 2 },
];

function encode(format: FlowLogFormat): { text: string; written: number } {
  const writer = new ByteWriter(16);
  const columns = columnsOf(rows);
  const written = encodeRecord(writer, header(format), columns, groups, Uint32Array.from(rows.keys()), 0, rows.length);
  return { text: new TextDecoder().decode(writer.toBytes()), written };
}

const nsgHead =
  '{"time":"2018-11-13T12:00:35.3890000Z","systemId":"a0fca5ce-022c-47b1-9735-89943b42f2fa","macAddress":"000D3AF87856",' +
  '"category":"NetworkSecurityGroupFlowEvent",' +
  '"resourceId":"/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/FABRIKAMRG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB",' +
  '"operationName":"NetworkSecurityGroupFlowEvents","properties":';

describe('encodeRecord', () => {
  test('writes NSG version 2 as Azure does', () => {
    expect(encode('nsg2')).toEqual({
      written: 5,
      text:
        `${nsgHead}{"Version":2,"flows":[` +
        '{"rule":"DefaultRule_DenyAllInBound","flows":[{"mac":"000D3AF87856","flowTuples":[' +
        '"1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D,B,,,,"]}]},' +
        '{"rule":"UserRule_a\\"b\\\\c","flows":[{"mac":"000D3AF87856","flowTuples":[' +
        '"1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A,B,,,,",' +
        '"1542110379,10.5.16.4,13.67.143.118,59831,443,T,O,A,C,1021,588096,8005,4610880"]}]},' +
        '{"rule":"PlatformRule","flows":[{"mac":"000D3AF87856","flowTuples":[' +
        '"1542110379,2001:db8::1,::,0,65535,T,O,A,E,52,29952,0,9007199254740991",' +
        '"1542110379,10.5.16.4,13.67.143.118,59831,443,T,O,A,E,,,,"]}]}]}}',
    });
  });

  test('writes NSG version 1 with the tuples that begin a flow only', () => {
    expect(encode('nsg1')).toEqual({
      written: 2,
      text:
        `${nsgHead}{"Version":1,"flows":[` +
        '{"rule":"DefaultRule_DenyAllInBound","flows":[{"mac":"000D3AF87856","flowTuples":[' +
        '"1542110402,94.102.49.190,10.5.16.4,28746,443,U,I,D"]}]},' +
        '{"rule":"UserRule_a\\"b\\\\c","flows":[{"mac":"000D3AF87856","flowTuples":[' +
        '"1542110377,10.5.16.4,13.67.143.118,59831,443,T,O,A"]}]}]}}',
    });
  });

  test('writes VNet version 4 as Azure does', () => {
    expect(encode('vnet')).toEqual({
      written: 5,
      text:
        '{"time":"2018-11-13T12:00:35.3890000Z","flowLogVersion":4,"flowLogGUID":"abcdef01-2345-6789-0abc-def012345678",' +
        '"macAddress":"000D3AF87856","category":"FlowLogFlowEvent",' +
        '"flowLogResourceID":"/SUBSCRIPTIONS/00000000-0000-0000-0000-000000000000/RESOURCEGROUPS/FABRIKAMRG/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB",' +
        '"targetResourceID":"/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/myVNet",' +
        '"operationName":"FlowLogFlowEvent","flowRecords":{"flows":[' +
        '{"aclID":"/subscriptions/s/networkSecurityGroups/Web","flowGroups":[' +
        '{"rule":"DefaultRule_DenyAllInBound","flowTuples":["1542110402999,94.102.49.190,10.5.16.4,28746,443,17,I,D,NX,0,0,0,0"]},' +
        '{"rule":"UserRule_a\\"b\\\\c","flowTuples":["1542110377000,10.5.16.4,13.67.143.118,59831,443,6,O,B,NX,0,0,0,0",' +
        '"1542110379001,10.5.16.4,13.67.143.118,59831,443,6,O,C,X,1021,588096,8005,4610880"]}]},' +
        '{"aclID":"00000000-0000-0000-0000-000000000000","flowGroups":[' +
        '{"rule":"PlatformRule","flowTuples":["1542110379500,2001:db8::1,::,0,65535,6,O,E,NX,52,29952,0,9007199254740991",' +
        '"1542110379501,10.5.16.4,13.67.143.118,59831,443,6,O,E,NX,,,,"]}]}]}}',
    });
  });

  test('writes nothing where no row can be said in the format', () => {
    const writer = new ByteWriter();
    const columns = columnsOf(rows);
    expect(encodeRecord(writer, header('nsg1'), columns, groups, Uint32Array.of(2, 3), 0, 2)).toBe(0);
    columns.protocol.fill(47);
    expect(encodeRecord(writer, header('nsg2'), columns, groups, Uint32Array.of(0, 1), 0, 2)).toBe(0);
    expect(writer.length).toBe(0);
  });

  test('a tuple of the year 1970 has 13 digits in a VNet log, so that it is read as milliseconds', () => {
    const writer = new ByteWriter();
    encodeRecord(
      writer,
      header('vnet'),
      columnsOf([{ ...rows[1], timeMillis: 5001 }]),
      groups,
      Uint32Array.of(0),
      0,
      1,
    );
    expect(new TextDecoder().decode(writer.toBytes())).toContain('"0000000005001,10.5.16.4');
    expect(decodeFlowLog(writer.toBytes()).tuples.timeMillis[0]).toBe(5001);
  });
});

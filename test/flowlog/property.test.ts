import * as fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { formatRecordTime } from '../../src/base/time.ts';
import { ByteWriter } from '../../src/flowlog/byte-writer.ts';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import { TupleScanner } from '../../src/flowlog/tuple-scanner.ts';
import type { RecordHeader, RuleGroup } from '../../src/flowlog/encode.ts';
import { encodeRecord } from '../../src/flowlog/encode.ts';
import { madeUpHeader, madeUpTuple } from './made-up.ts';
import type { PlainRecord, PlainTuple } from './plain.ts';
import { columnsOf, decodePlain, decodePlainTuple, encodePlain, plainOf } from './plain.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const options = { numRuns: long ? 5000 : 150, seed: 20_181_113 };

function sorted(tuples: readonly Omit<PlainTuple, 'mac'>[]): Omit<PlainTuple, 'mac'>[] {
  return [...tuples].sort((a, b) => order(a.aclId, b.aclId) || order(a.rule, b.rule) || a.timeMillis - b.timeMillis);
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Encodes with the fast encoder; groups are numbered in the order of first use. */
function encodeFast(writer: ByteWriter, header: RecordHeader, tuples: readonly Omit<PlainTuple, 'mac'>[]): number {
  const groups: RuleGroup[] = [];
  const columns = columnsOf(tuples, ({ rule, aclId }) => {
    const found = groups.findIndex((group) => group.rule === rule && group.aclId === aclId);
    return found >= 0 ? found : groups.push({ rule, aclId }) - 1;
  });
  return encodeRecord(writer, header, columns, groups, Uint32Array.from(tuples.keys()), 0, tuples.length);
}

/** What a format keeps of a tuple. */
function withinPrecision(header: RecordHeader, tuple: Omit<PlainTuple, 'mac'>): PlainTuple {
  const vnet = header.format === 'vnet';
  return {
    ...tuple,
    timeMillis: vnet ? tuple.timeMillis : Math.floor(tuple.timeMillis / 1000) * 1000,
    encryption: vnet ? tuple.encryption : 0,
    aclId: vnet ? tuple.aclId : '',
    mac: header.macAddress,
    state: header.format === 'nsg1' ? 0 : tuple.state,
  };
}

describe('encode and decode', () => {
  test('the fast encoder writes what the plain one writes', () => {
    fc.assert(
      fc.property(madeUpHeader, fc.array(madeUpTuple, { maxLength: 20 }), (header, made) => {
        const tuples = sorted(made);
        const writer = new ByteWriter(8);
        encodeFast(writer, header, tuples);
        expect(new TextDecoder().decode(writer.toBytes())).toBe(encodePlain(header, tuples) ?? '');
      }),
      options,
    );
  });

  test('decoding what was encoded gives it back, within the precision of the format', () => {
    const record = fc.tuple(madeUpHeader, fc.array(madeUpTuple, { maxLength: 20 }));
    fc.assert(
      fc.property(fc.array(record, { maxLength: 3 }), (records) => {
        const writer = new ByteWriter();
        const expected: PlainRecord[] = [];
        writer.writeText('{"records":[');
        for (const [header, made] of records) {
          const tuples = sorted(made);
          const before = writer.length;
          if (expected.length > 0) writer.writeText(',');
          const written = encodeFast(writer, header, tuples);
          if (written === 0) {
            writer.length = before;
            continue;
          }
          const kept = tuples.filter((tuple) => header.format !== 'nsg1' || tuple.state === 1 || tuple.state === 4);
          expect(written).toBe(kept.length);
          const vnet = header.format === 'vnet';
          expected.push({
            format: header.format,
            time: formatRecordTime(header.timeMillis),
            resourceId: header.resourceId.toUpperCase(),
            systemId: vnet ? '' : header.systemId,
            macAddress: header.macAddress,
            flowLogGuid: vnet ? header.flowLogGuid : '',
            targetResourceId: vnet ? header.targetResourceId : '',
            tuples: kept.map((tuple) => withinPrecision(header, tuple)),
          });
        }
        writer.writeText(']}');
        const bytes = writer.toBytes();
        const log = decodeFlowLog(bytes);
        expect(log.rejections).toEqual([]);
        expect(plainOf(log)).toEqual(expected);
        expect(decodePlain(new TextDecoder().decode(bytes))).toEqual(expected);
        for (const { startByte, endByte } of log.records) {
          const text = new TextDecoder().decode(bytes.subarray(startByte, endByte));
          expect(() => JSON.parse(text) as unknown).not.toThrow();
        }
      }),
      options,
    );
  });

  /** Pieces of tuples, right and wrong: what the fast loop, its careful twin and the plain one must all judge alike. */
  const piece = {
    time: fc.constantFrom(
      '1542110377',
      '1542110378',
      '1663146003599',
      '154211037',
      '99999999999',
      '123456789012',
      '1',
      '',
    ),
    address: fc.oneof(
      fc.constantFrom(
        '10.5.16.4',
        '255.255.255.255',
        '0.0.0.0',
        '1.2.3.256',
        '01.2.3.4',
        '1.2.3',
        '1.2.3.4.5',
        '1..3.4',
      ),
      fc.constantFrom(
        '::',
        '::1',
        '1::',
        'fe80::1:2',
        '::ffff:1.2.3.4',
        '1:2:3:4:5:6:7:8',
        '1:2:3:4:5:6:7::',
        '::2:3:4:5:6:7:8',
      ),
      fc.constantFrom(
        '1:2:3:4:5:6:7',
        '1::2::3',
        ':1',
        '1:',
        '12345::',
        '1:2:3:4:5:6:7:8:9',
        '1:2:3:4:5:6:1.2.3.4',
        '1.2.3.4::',
        'g::',
      ),
      fc.nat(0xffffffff).map((bits) => formatIpv4(bits)),
    ),
    quad: fc
      .array(
        fc.constantFrom(
          '0',
          '7',
          '42',
          '99',
          '100',
          '249',
          '255',
          '256',
          '300',
          '999',
          '00',
          '07',
          '042',
          '007',
          '1000',
          '',
          'a',
        ),
        {
          minLength: 4,
          maxLength: 4,
        },
      )
      .map((octets) => octets.join('.')),
    port: fc.constantFrom(
      '0',
      '7',
      '80',
      '443',
      '8080',
      '59831',
      '65535',
      '65536',
      '99999',
      '00080',
      '123456',
      '',
      '1a',
      '-1',
    ),
    protocol: fc.constantFrom('T', 'T', 'U', '6', '6', '17', '1', '255', '256', 'X', '', '06', 'TT'),
    direction: fc.constantFrom('I', 'O', 'O', 'i', '', 'IO'),
    tail: fc.constantFrom(
      'A',
      'D',
      'A,B,,,,',
      'D,B,,,,',
      'A,B',
      'A,C,30,16978,24,14008',
      'A,E,1,66,1,66',
      'D,E,0,0,3,180',
      'A,C,,,,',
      'A,B,0,0,0,0',
      'A,B,1,0,0,0',
      'A,E,123456789,1234567890123,9007199254740991,00000001',
      'A,E,9007199254740992,1,1,1',
      'A,E,1,66,1',
      'A,E,1,66,1,66,7',
      'A,',
      'A,X,1,2,3,4',
      'A,B,,,',
      'A,B,,,,,',
      'A,C,1,,3,',
      'X',
      'A,D,,,,',
      'A,E,12345678,1,99999999,100000000',
      'A,E,1.5,1,1,1',
      'B,NX,0,0,0,0',
      'D,NX,0,0,0,0',
      'E,NX,3,767,2,1580',
      'C,X,1,2,3,4',
      'B,NX,,,,',
      'E,NX,,,,',
      'E,NX_HW_NOT_SUPPORTED,1,2,3,4',
      'E,,1,2,3,4',
      'B,NX',
      'B',
      'A,NX,0,0,0,0',
      'D,X,0,0,3,180',
      'B,NX,0,0,0,1',
      'E,NX_FALLBACK,1,2,3,12345',
      'E,NX,1,2,3',
      'E,nx,1,2,3,4',
    ),
  };
  const anyTuple = fc
    .tuple(
      piece.time,
      piece.address,
      piece.address,
      piece.port,
      piece.port,
      piece.protocol,
      piece.direction,
      piece.tail,
    )
    .map((fields) => fields.join(','));
  const likelyTuple = fc
    .tuple(
      fc.constantFrom('1542110377', '1542110999', '1663146003599'),
      fc.nat(0xffffffff).map((bits) => formatIpv4(bits)),
      fc.oneof(fc.constantFrom('10.0.0.4', '2001:db8::1'), piece.quad),
      fc.constantFrom('443,80', '59831,1', '65535,65535'),
      fc.constantFrom('T', 'U', '6', '17'),
      fc.constantFrom('I', 'O'),
      piece.tail,
    )
    .map((fields) => fields.join(','));

  /** Reads the tuples in the fast loop, on the careful path, and behind white space, and compares with the plain twin. */
  function expectAgreement(texts: string[]): void {
    const plain = texts.map(decodePlainTuple).filter((tuple) => tuple !== undefined);
    const rules = { rule: 'r', aclId: '', mac: 'AABBCCDDEEFF' };
    const expected = plain.map((tuple) => ({ ...tuple, ...rules }));
    const json = JSON.stringify({
      records: [{ time: 't', properties: { Version: 2, flows: [{ ...rules, flowTuples: texts }] } }],
    });
    const quoted = new Set(texts.map((text) => `"${text}"`));
    // With room behind them tuples take the fast loop, without it the careful path.
    for (const text of [json + ' '.repeat(1000), json, json.replaceAll('","', '" ,\n "')]) {
      const log = decodeFlowLog(new TextEncoder().encode(text));
      expect(plainOf(log)[0].tuples).toEqual(expected);
      const malformed = log.rejections.filter((rejection) => rejection.reason === 'tuple-malformed');
      expect(malformed.length).toBe(texts.length - plain.length);
      for (const { startByte, endByte } of malformed) expect(quoted).toContain(text.slice(startByte, endByte));
    }
  }

  test('fast, careful and plain reading of a tuple agree, right or wrong', () => {
    const read = vi.spyOn(TupleScanner.prototype, 'read');
    fc.assert(
      fc.property(fc.array(fc.oneof(anyTuple, likelyTuple), { minLength: 1, maxLength: 12 }), expectAgreement),
      { ...options, numRuns: options.numRuns * 3 },
    );
    const fast = read.mock.calls.filter((call, i) => (read.mock.results[i].value as number) > call[1]);
    expect(fast.length, 'runs that the fast loop read').toBeGreaterThan(read.mock.calls.length / 50);
    read.mockRestore();
  });

  test.each([
    '1542110377,10.5.16.4,113.67.143.118,59831,443,T,O,A,B,,,,',
    '1542110379,2603:1030::a1,::ffff:1.2.3.4,9983,65535,U,I,D',
    '1542110379,10.5.16.4,13.67.143.115,44931,443,T,O,A,C,30,1234567,24,12345678',
    '1663146003599,10.0.0.6,52.239.184.180,23956,443,6,O,B,NX,0,0,0,0',
    '1663146003606,10.0.0.6,52.239.184.180,23956,443,17,I,E,X,3,767,2,158012',
  ])('they agree where one character of %s is another', (text) => {
    const nearly: string[] = [];
    for (let at = 0; at < text.length; at++)
      for (const character of '019.,:/-+ abfTUIOADBCENX;')
        nearly.push(text.slice(0, at) + character + text.slice(at + 1));
    for (let i = 0; i < nearly.length; i += 100) expectAgreement(nearly.slice(i, i + 100));
  });

  test('the order of keys, unknown keys and white space make no difference', () => {
    const tuple = '1542110379,10.5.16.4,13.67.143.115,44931,443,T,O,A,C,30,16978,24,14008';
    const group = { rule: 'UserRule_x', flows: [{ mac: '000d3a-F87856', flowTuples: [tuple, tuple] }] };
    const record = {
      time: '2018-11-13T12:00:35.3899262Z',
      systemId: 's',
      category: 'NetworkSecurityGroupFlowEvent',
      resourceId: '/SUBSCRIPTIONS/X',
      extra: { deep: [[{ a: null, b: true, c: -1.5e3 }], 'x\\"y'], empty: {}, none: [] },
      operationName: 'NetworkSecurityGroupFlowEvents',
      properties: { Version: 2, flows: [group] },
    };
    const expected = plainOf(decodeFlowLog(new TextEncoder().encode(JSON.stringify({ records: [record] }))));
    expect(expected[0].tuples.length).toBe(2);
    expect(expected[0].tuples[0].mac).toBe('000D3AF87856');
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), fc.constantFrom(undefined, 1, '\t'), (stream, indent) => {
        const shuffled = shuffleKeys(record, () => stream.next().value);
        const text = JSON.stringify({ records: [shuffled] }, null, indent);
        const log = decodeFlowLog(new TextEncoder().encode(text));
        expect(log.rejections).toEqual([]);
        expect(plainOf(log)).toEqual(expected);
      }),
      { ...options, numRuns: 100 },
    );
  });
});

function formatIpv4(bits: number): string {
  return [bits >>> 24, (bits >>> 16) & 255, (bits >>> 8) & 255, bits & 255].join('.');
}

function shuffleKeys(value: unknown, next: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => shuffleKeys(item, next));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [next(), key, shuffleKeys(item, next)] as const);
  entries.sort(([a], [b]) => a - b);
  return Object.fromEntries(entries.map(([, key, item]) => [key, item]));
}

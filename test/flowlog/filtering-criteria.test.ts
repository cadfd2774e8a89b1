import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { criteriaHold, parseFilteringCriteria, parseRecordTypes } from '../../src/flowlog/filtering-criteria.ts';
import type { TupleColumns } from '../../src/flowlog/tuple.ts';
import { createTupleColumns, encryptionNames, stateBegin, stateEnd } from '../../src/flowlog/tuple.ts';
import { parseAddress } from '../../src/net/address.ts';

interface Row {
  readonly source?: string;
  readonly destination?: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly protocol?: number;
  readonly direction?: number;
  readonly access?: number;
  readonly encryption?: string;
}

function columnsOf(row: Row): TupleColumns {
  const columns = createTupleColumns(1);
  const source = parseAddress(row.source ?? '10.0.0.4')!;
  columns.count = 1;
  columns.family[0] = source.family;
  columns.source.set(source.words);
  columns.destination.set(parseAddress(row.destination ?? '20.252.145.59')!.words);
  columns.sourcePort[0] = row.sourcePort ?? 50_000;
  columns.destinationPort[0] = row.destinationPort ?? 443;
  columns.protocol[0] = row.protocol ?? 6;
  columns.direction[0] = row.direction ?? 1;
  columns.access[0] = row.access ?? 0;
  columns.encryption[0] = encryptionNames.findIndex((name) => name === (row.encryption ?? 'NX'));
  return columns;
}

function holds(text: string, row: Row = {}): boolean {
  const criteria = parseFilteringCriteria(text);
  return criteria === undefined || criteriaHold(criteria, columnsOf(row), 0);
}

describe('filtering criteria', () => {
  test.each<[string, Row, boolean]>([
    ['', {}, true],
    ['dstip=20.252.145.59 || DstPort=443', {}, true],
    ['dstip=20.252.145.59 || DstPort=443', { destination: '1.1.1.1' }, true],
    ['dstip=20.252.145.59 || DstPort=443', { destination: '1.1.1.1', destinationPort: 80 }, false],
    ['srcIP=158.255.7.8 || dstPort=56891', {}, false],
    ['DstPort=80,443', {}, true],
    ['DstPort!=80,443', {}, false],
    ['DstPort!=80,8080', {}, true],
    ['SrcPort=1024-65535', {}, true],
    ['SrcPort=1024-49999', {}, false],
    ['SrcIP=10.0.0.0/8 && Direction=Outbound && Protocol=TCP && Action=Allow', {}, true],
    ['Direction=Inbound', {}, false],
    ['Protocol=UDP', { protocol: 17 }, true],
    ['Action=Deny', { access: 1 }, true],
    ['SrcIP=2001:db8::1/64', { source: '2001:db8::9', destination: '2001:db8::1' }, true],
    ['SrcIP=10.0.0.0/8', { source: '2001:db8::9', destination: '2001:db8::1' }, false],
    ['Encryption=NX_ALL', {}, true],
    ['Encryption=NX_ALL', { encryption: 'X' }, false],
    ['Encryption=X,NX_FALLBACK', { encryption: 'NX_FALLBACK' }, true],
    ['Encryption!=NX_ALL', { encryption: 'NX_LOCAL_DST' }, false],
    [' srcport = 50000 , 50001 ', {}, true],
  ])('%s of %j is %j', (text, row, expected) => expect(holds(text, row)).toBe(expected));

  test('and binds tighter than or', () => {
    expect(holds('DstPort=443 || DstPort=80 && Protocol=UDP')).toBe(true);
    expect(holds('DstPort=80 && DstPort=443 || Protocol=TCP')).toBe(true);
    expect(holds('Protocol=UDP && DstPort=443 || DstPort=443 && Protocol=UDP')).toBe(false);
  });

  test.each([
    ['Dport=443', 'character 1: "Dport" is not a field; the fields are SrcIP'],
    ['DstPort=443 && ', 'character 16: a condition is missing'],
    ['DstPort=443 || Foo', 'character 16: "Foo" is not a field'],
    ['DstPort', 'character 8: DstPort must be followed by = or !='],
    ['DstPort>1', 'character 8: DstPort must be followed by'],
    ['DstPort=443,x', 'character 13: "x" is not a port or a range'],
    ['DstPort=65536', '"65536" is not a port'],
    ['DstPort=9-1', '"9-1" is not a port'],
    ['SrcIP=10.0.0.0/33', 'character 7: "10.0.0.0/33" is not an address or prefix'],
    ['SrcIP=', 'character 7: "" is not an address'],
    ['Direction=Up', '"Up" is not a value of Direction: inbound, outbound'],
    ['Encryption=Y', 'is not a value of Encryption: x, nx, '],
    ['(DstPort=443)', 'character 1: parentheses are not part of the language'],
    ['DstPort=443 && (Protocol=TCP)', 'character 16: parentheses'],
    [`DstPort=${'1,'.repeat(500)}1`, 'longer than 1000 characters'],
  ])('%s is refused with its place', (text, sentence) => {
    expect(() => parseFilteringCriteria(text)).toThrow(sentence);
  });

  test('any text is read or refused with a code', () => {
    const piece = fc.constantFrom(
      'SrcIP',
      'DstPort',
      '=',
      '!=',
      '&&',
      '||',
      ',',
      ' ',
      '10.0.0.0/8',
      '443',
      '-',
      '(',
      'NX',
      '\n',
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
          fc.string(),
        ),
        (text) => {
          try {
            holds(text);
          } catch (error) {
            expect(error).toBeInstanceOf(FlowError);
            expect((error as FlowError).code).toBe('filter-syntax');
          }
        },
      ),
      { numRuns: 2000, seed: 20_260_104 },
    );
  });

  test('a conjunction of conditions is the and of each, a disjunction the or', () => {
    const condition = fc.constantFrom(
      'DstPort=443',
      'DstPort!=443',
      'Protocol=UDP',
      'SrcIP=10.0.0.0/8',
      'Direction=Inbound',
    );
    const row = fc.record({
      destinationPort: fc.constantFrom(80, 443),
      protocol: fc.constantFrom(6, 17),
      direction: fc.nat(1),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(condition, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        row,
        (parts, one) => {
          const text = parts.map((part) => part.join(' && ')).join(' || ');
          expect(holds(text, one)).toBe(parts.some((part) => part.every((condition) => holds(condition, one))));
        },
      ),
      { numRuns: 300, seed: 20_260_105 },
    );
  });
});

describe('record types', () => {
  test('are bits by state; nothing is all', () => {
    expect(parseRecordTypes('B,E')).toBe((1 << stateBegin) | (1 << stateEnd));
    expect(parseRecordTypes(' b , e ')).toBe(parseRecordTypes('B,E'));
    expect([parseRecordTypes(''), parseRecordTypes(' ')]).toEqual([undefined, undefined]);
  });

  test.each(['A', 'B,', 'BE'])('%s is refused', (text) => {
    expect(() => parseRecordTypes(text)).toThrow('is not a record type');
  });
});

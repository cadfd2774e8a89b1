import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { extend, filter, project, scan, summarize } from '../../../src/query/relation/build.ts';
import { inputsOf } from '../../../src/query/relation/check.ts';
import type { Expression } from '../../../src/query/relation/expression.ts';
import { call, column, textValue, when, whole } from '../../../src/query/relation/expression.ts';
import { withFewerKeys } from '../../../src/query/relation/fewer-keys.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import type { Aggregate, Relation } from '../../../src/query/relation/relation.ts';
import type { MadeLake } from '../sql/made-tables.ts';
import { askDuckdb, cellsOf, writeTables } from '../sql/made-tables.ts';
import { tablesOfRows } from '../tables-of-rows.ts';
import { madeTuple } from '../traffic-analytics/made-tuples.ts';
import { byText, plainLookup, plainNames, tableNamed } from '../traffic-analytics/table-rows.ts';

/** By which columns the innermost groups of a tree are made. */
function innerKeys(relation: Relation): readonly string[] {
  const [input] = inputsOf(relation);
  const below = input === undefined ? [] : innerKeys(input);
  return below.length === 0 && relation.kind === 'summarize' ? relation.by : below;
}

const inner = summarize(
  scan('tuples'),
  ['src_ip', 'dst_ip', 'rule', 'access'],
  [
    { name: 'n', function: 'count' },
    { name: 'bytes', function: 'sum', argument: column('bytes_forward') },
    { name: 'back', function: 'sum', argument: column('bytes_reverse') },
    { name: 'first', function: 'min', argument: column('time') },
    { name: 'ports', function: 'set', argument: column('src_port') },
    { name: 'different', function: 'distinct', argument: column('src_port') },
  ],
);
const sum = (argument: Expression): Aggregate => ({ name: 'x', function: 'sum', argument });
const isDenied = call('equal', column('access'), textValue('deny'));
const orZero = (name: string): Expression => call('coalesce', column(name), whole(0));

describe('inner groups have only the keys that outer ones need', () => {
  test.each<[string, Relation, readonly string[]]>([
    ['a sum of sums', summarize(inner, ['rule'], [sum(column('bytes'))]), ['rule']],
    ['a sum of counts', summarize(inner, ['rule'], [sum(column('n'))]), ['rule']],
    [
      'a sum where a key says so',
      summarize(inner, ['rule'], [sum(when(isDenied, column('n'), whole(0)))]),
      ['rule', 'access'],
    ],
    [
      'a sum of two that are never null',
      summarize(inner, ['rule'], [sum(call('add', orZero('bytes'), orZero('n')))]),
      ['rule'],
    ],
    [
      'a sum of two of which one can be null: a group without it would no longer be left out',
      summarize(inner, ['rule'], [sum(call('add', column('bytes'), column('back')))]),
      ['src_ip', 'dst_ip', 'rule', 'access'],
    ],
    [
      'the least of the least, and sets',
      project(
        summarize(
          inner,
          ['rule'],
          [
            { name: 'x', function: 'min', argument: column('first') },
            { name: 'y', function: 'set', argument: column('ports') },
          ],
        ),
        ['x', { name: 'y', value: call('join_list', column('y'), textValue(',')) }],
      ),
      ['rule'],
    ],
    [
      'different values of a key',
      summarize(inner, ['rule'], [{ name: 'x', function: 'distinct', argument: column('src_ip') }]),
      ['src_ip', 'rule'],
    ],
    ['no key at all: one is kept', summarize(inner, [], [sum(column('bytes'))]), ['src_ip']],
    [
      'a key that is computed, behind a condition on another',
      summarize(
        filter(
          project(extend(inner, [{ name: 'upper_rule', value: call('upper', column('rule')) }]), [
            'upper_rule',
            'dst_ip',
            'n',
          ]),
          call('equal', column('dst_ip'), textValue('10.0.0.4')),
        ),
        ['upper_rule'],
        [sum(column('n'))],
      ),
      ['dst_ip', 'rule'],
    ],
    [
      'a number of groups',
      summarize(inner, ['rule'], [{ name: 'x', function: 'count' }]),
      ['src_ip', 'dst_ip', 'rule', 'access'],
    ],
    ['a sum of ones', summarize(inner, ['rule'], [sum(whole(1))]), ['src_ip', 'dst_ip', 'rule', 'access']],
    [
      'the greatest of sums',
      summarize(inner, ['rule'], [{ name: 'x', function: 'max', argument: column('bytes') }]),
      ['src_ip', 'dst_ip', 'rule', 'access'],
    ],
    [
      'the least of the sums of a condition',
      summarize(filter(inner, call('greater', column('n'), whole(1))), ['rule'], [sum(column('n'))]),
      ['src_ip', 'dst_ip', 'rule', 'access'],
    ],
    ['groups by a sum', summarize(inner, ['n'], [sum(column('n'))]), ['src_ip', 'dst_ip', 'rule', 'access']],
    [
      'sums of numbers of different values',
      summarize(inner, ['rule'], [sum(column('different'))]),
      ['src_ip', 'dst_ip', 'rule', 'access'],
    ],
  ])('%s', async (_, relation, keys) => {
    expect(innerKeys(withFewerKeys(relation))).toEqual(keys);
    await expectSame(relation);
  });

  test('a table of Traffic Analytics is grouped by what is asked for', () => {
    // The condition reads the protocol; counts and counters read direction, access and format.
    const always = ['protocol', 'direction', 'access'];
    expect(innerKeys(withFewerKeys(hourly('AclRule', [])))).toEqual(['bin', ...always, 'rule', 'format']);
    expect(innerKeys(withFewerKeys(hourly('AclGroup', [])))).toEqual([
      'bin',
      ...always,
      'format',
      'resource_id',
      'acl_id',
    ]);
    expect(innerKeys(withFewerKeys(hourly('SrcIp', [])))).toEqual(['bin', 'src_ip', 'dst_ip', ...always, 'format']);
  });

  test.each(['AclRule', 'SrcIp', 'FlowStatus', 'FlowType', 'SrcPublicIps'])(
    'NTANetAnalytics by %s has the same sums',
    async (name) => {
      for (const settings of [[], ['publicAddresses=rows', 'interval=1']]) await expectSame(hourly(name, settings));
    },
  );
});

/** Sums of NTANetAnalytics by TimeGenerated and another column. */
function hourly(name: string, settings: readonly string[]): Relation {
  const table = tableNamed('NTANetAnalytics', settings);
  const of = (kql: string): string => table.columns.find((one) => one.name === kql)!.column;
  return summarize(
    filter(table.relation({}), call('not_equal', column(of('L4Protocol')), textValue('ICMP'))),
    [of('TimeGenerated'), of(name)],
    [
      { name: 'bytes', function: 'sum', argument: column(of('BytesSrcToDest')) },
      { name: 'denied', function: 'sum', argument: column(of('DeniedInFlows')) },
      {
        name: 'both',
        function: 'sum',
        argument: call(
          'add',
          call('coalesce', column(of('AllowedInFlows')), whole(0)),
          call('coalesce', column(of('PacketsDestToSrc')), whole(0)),
        ),
      },
      { name: 'last', function: 'max', argument: column(of('FlowEndTime')) },
    ],
  );
}

const [tuples] = fc.sample(fc.array(madeTuple, { minLength: 80, maxLength: 80 }), { seed: 5, numRuns: 1 });
const tables = tablesOfRows(tuples);
let lake: MadeLake;
beforeAll(async () => {
  lake = await writeTables(tables);
});
afterAll(() => lake.close());

/** The tree as it is, that with fewer keys, and its SQL give the same rows. */
async function expectSame(relation: Relation): Promise<void> {
  const expected = byText(cellsOf(relation, interpret(relation, tables, plainLookup)));
  const narrowed = withFewerKeys(relation);
  expect(byText(cellsOf(narrowed, interpret(narrowed, tables, plainLookup)))).toEqual(expected);
  expect(byText(await askDuckdb(lake, relation, plainNames))).toEqual(expected);
}

import { describe, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { filter, project, scan, share, summarize, union } from '../../../src/query/relation/build.ts';
import { checkRelation, columnsOf } from '../../../src/query/relation/check.ts';
import type { Expression } from '../../../src/query/relation/expression.ts';
import { call, column, textValue, whole } from '../../../src/query/relation/expression.ts';
import type { Relation } from '../../../src/query/relation/relation.ts';
import { duckdb } from '../../../src/query/sql/duckdb.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';

/** That a tree, as it could come from outside, is refused with these words, before it is SQL. */
function expectRefused(relation: unknown, words: string): void {
  for (const use of [checkRelation, (one: Relation) => lowerRelation(one, duckdb)]) {
    let refusal: unknown;
    try {
      use(structuredClone(relation) as Relation);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toBeInstanceOf(FlowError);
    expect(refusal).toMatchObject({ code: 'relation-invalid', message: expect.stringContaining(words) as string });
  }
}

const flows: Relation = { kind: 'scan', table: 'flows' };
const where = (expression: unknown): unknown => ({ kind: 'filter', input: flows, where: expression });
const named = (name: unknown, value: unknown): unknown => ({
  kind: 'project',
  input: flows,
  columns: [{ name, value }],
});

describe('a tree has columns', () => {
  test('of the types that its expressions give', () => {
    const tree = summarize(
      filter(scan('flows'), call('equal', column('protocol'), textValue('tcp'))),
      ['dst_port'],
      [
        { name: 'flows', function: 'count' },
        { name: 'bytes', function: 'sum', argument: column('bytes_forward') },
        { name: 'first', function: 'min', argument: column('time') },
      ],
    );
    expect(columnsOf(tree)).toEqual([
      { name: 'dst_port', type: 'integer' },
      { name: 'flows', type: 'long' },
      { name: 'bytes', type: 'wide' },
      { name: 'first', type: 'time' },
    ]);
  });

  test('also where a part of it is named and read twice', () => {
    const tree = share('some', project(scan('tuples'), ['src_ip']), (ref) => union([ref, ref]));
    expect(checkRelation(tree)).toEqual([{ name: 'src_ip', type: 'text' }]);
  });
});

describe('a wrong tree is refused', () => {
  test.each<[string, unknown, string]>([
    ['a table that is none', { kind: 'scan', table: 'users' }, 'there is no table "users"'],
    ['a table by a name that every object has', { kind: 'scan', table: 'constructor' }, 'no table'],
    ['a relation that is none', { kind: 'delete', input: flows }, 'there is no relation "delete"'],
    ['an unknown column', where({ kind: 'column', name: 'bytes' }), 'there is no column "bytes"'],
    ['a condition that is a number', where(whole(1)), 'a filter is boolean, not long'],
    [
      'a comparison of a text and a number',
      where(call('equal', column('rule'), whole(1))),
      'equal does not take (text, long)',
    ],
    [
      'a function that is none',
      where({ kind: 'call', function: 'getenv', arguments: [] }),
      'there is no function "getenv"',
    ],
    [
      'a function by a name that every object has',
      where({ kind: 'call', function: 'toString', arguments: [] }),
      'no function',
    ],
    ['too few arguments', where({ kind: 'call', function: 'equal', arguments: [whole(1)] }), 'equal does not take'],
    ['a name that SQL could mistake', named('a" FROM x; --', whole(1)), 'names are lower-case words'],
    ['a name that is no text', named(5, whole(1)), 'names are lower-case words'],
    ['a constant of text', named('a', { kind: 'constant', type: 'text', value: 'x' }), 'no constant of type text'],
    ['a constant that is no number', named('a', { kind: 'constant', type: 'long', value: '1; DROP' }), 'no constant'],
    ['a number that is none', named('a', { kind: 'literal', type: 'long', value: '1e5' }), 'no literal of type long'],
    ['a type that is none', named('a', { kind: 'literal', type: 'BLOB', value: 'x' }), 'there is no type "BLOB"'],
    [
      'two columns of one name',
      { kind: 'extend', input: flows, columns: [{ name: 'rule', value: whole(1) }] },
      'two columns "rule"',
    ],
    ['a limit that is no number', { kind: 'limit', input: flows, rows: '1; DROP TABLE x' }, 'a limit of'],
    ['groups by a list', { kind: 'summarize', input: flows, by: ['reports'], aggregates: [] }, 'not grouped by list'],
    [
      'a union of different columns',
      { kind: 'union', inputs: [flows, { kind: 'scan', table: 'tuples' }] },
      'a union of',
    ],
    ['an unnest of a text', { kind: 'unnest', input: flows, list: column('rule'), as: 'one' }, 'unnest of text'],
    ['an element outside of a list', where({ kind: 'element' } satisfies Expression), 'an element stands outside'],
    ['a name that is not known', { kind: 'ref', name: 'x', columns: [] }, 'no relation of the name "x"'],
    [
      'a percentile beyond 1000',
      {
        kind: 'summarize',
        input: flows,
        by: [],
        aggregates: [{ name: 'p', function: 'percentile', argument: column('tuples'), permille: 1001 }],
      },
      'a percentile of 1001',
    ],
  ])('%s', (_, relation, words) => expectRefused(relation, words));
});

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FlowError } from '../../../src/base/errors.ts';
import { fields, findField } from '../../../src/query/filter/fields.ts';
import { lowerQuery } from '../../../src/query/lower/lower.ts';
import { parseMeasure } from '../../../src/query/measure.ts';
import { clickhouse } from '../../../src/query/sql/clickhouse.ts';
import { duckdb } from '../../../src/query/sql/duckdb.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';
import type { SqlText } from '../../../src/query/sql/print.ts';
import { printSql } from '../../../src/query/sql/print.ts';
import type { Match, Query } from '../../../src/query/tree.ts';

const numRuns = process.env['NSGFLOW_LONG'] === '1' ? 1000 : 100;

/** What means something to one of the engines. */
const fragments = `' " \` \\ ; -- /* */ $1 $$ {p1:String} {{ } % _ * ? [ ] ( ) E' x'' NULL`
  .split(' ')
  .concat(['\0', '\n', '\u2019', '\uff07', '\ud800', '\u00a0', '\ufeff', ' OR 1=1 --', "'); DROP VIEW flows; --"]);

const hostile = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.array(fc.constantFrom(...fragments), { minLength: 1, maxLength: 6 }).map((parts) => parts.join('')),
);

const textFields = fields.filter(({ kind }) => !['address', 'port', 'counter', 'time'].includes(kind));
const kinds: Readonly<Record<string, (text: string) => Match>> = {
  text: (value) => ({ kind: 'text', value }),
  glob: (pattern) => ({ kind: 'glob', pattern }),
  regex: (pattern) => ({ kind: 'regex', pattern }),
};

describe.each([duckdb, clickhouse])('SQL of trees for $name', (dialect) => {
  function compiled(ask: Query['ask'], field: string, match: Match): SqlText {
    const where = { kind: 'test', field, any: [match] } as const;
    const groups = { axes: [{ by: ['src.ip'], limit: 10 }], measures: [parseMeasure('bytes')] };
    const query = (ask === 'groups' ? { ask, where, ...groups } : { ask, where }) as Query;
    const { relation } = lowerQuery(query, { firstDateMillis: undefined });
    return printSql(lowerRelation(relation, dialect), dialect, { tuples: 'tuples_source', flows: 'flows_source' });
  }

  test('has the same text whatever the value of a test is: values are parameters', () => {
    fc.assert(
      fc.property(
        hostile,
        fc.constantFrom(...textFields),
        fc.constantFrom('text', 'glob', 'regex'),
        fc.constantFrom<Query['ask']>('tuples', 'conversations', 'groups', 'count'),
        (text, field, kind, asked) => {
          const one = compiled(asked, field.name, kinds[kind](text));
          const plain = compiled(asked, field.name, kinds[kind]('x'));
          expect(one.text).toBe(plain.text);
          expect(one.parameters.length).toBe(plain.parameters.length);
        },
      ),
      { numRuns },
    );
  });

  test('never has a name of a field that a user made up', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        fc.pre(findField(text) === undefined);
        const by = { ask: 'groups', axes: [{ by: [text], limit: 1 }], measures: [parseMeasure('flows')] } as const;
        expect(() => lowerQuery(by, { firstDateMillis: undefined })).toThrow(FlowError);
      }),
      { numRuns },
    );
  });
});

describe('the SQL of a question without columns of observers', () => {
  test('is a plain scan of the rows that are shown, without window and join of rows', () => {
    const query: Query = { ask: 'groups', axes: [{ by: ['src.ip'], limit: 10 }], measures: [parseMeasure('bytes')] };
    const { relation } = lowerQuery(query, { firstDateMillis: 0 });
    const { text } = printSql(lowerRelation(relation, duckdb), duckdb, { tuples: 'T', flows: 'F' });
    expect(text.match(/FROM F/g)).toHaveLength(1);
    expect(text).toContain('WHERE observer = 0');
    expect(text).not.toMatch(/OVER|UNION|unnest|reports|INNER JOIN|LEFT JOIN/);
  });

  test('reads reports only of rows that cross a bound', () => {
    const query: Query = {
      ask: 'groups',
      range: { start: 1e12, end: 2e12 },
      axes: [],
      measures: [parseMeasure('bytes')],
    };
    const { relation } = lowerQuery(query, { firstDateMillis: 0 });
    const { text } = printSql(lowerRelation(relation, duckdb), duckdb, { tuples: 'T', flows: 'F' });
    const [inside, ...crossing] = text.split('UNION ALL');
    expect(inside).not.toContain('reports');
    expect(crossing.map((part) => part.includes('reports'))).toEqual([true, true]);
  });
});

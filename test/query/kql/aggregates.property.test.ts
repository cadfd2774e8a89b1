/** Aggregates of KQL: DuckDB and the interpreter give the same values, over small tables with nulls, NaN, empty texts and ties, and over none. */
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import type { ExactCell } from '../../../src/query/engine/result.ts';
import { timeText } from '../../../src/query/engine/result.ts';
import { kqlAggregates } from '../../../src/query/kql/functions/kql-functions.ts';
import type { KqlContext, Typed } from '../../../src/query/kql/functions/kinds.ts';
import type { KqlType } from '../../../src/query/kql/type.ts';
import { scalarOf } from '../../../src/query/kql/type.ts';
import { neverNullText } from '../../../src/query/kql/lower/rows.ts';
import { project, summarize, values } from '../../../src/query/relation/build.ts';
import { columnsOf } from '../../../src/query/relation/check.ts';
import type { Expression, Named } from '../../../src/query/relation/expression.ts';
import { column, nothing, whole } from '../../../src/query/relation/expression.ts';
import { evaluate, interpret } from '../../../src/query/relation/interpret.ts';
import type { Column, Type } from '../../../src/query/relation/type.ts';
import type { Value } from '../../../src/query/relation/value.ts';
import { decimalText } from '../../../src/query/relation/value.ts';
import { timespanText } from '../../../src/query/relation/values/timespan.ts';
import type { Aggregate, Relation } from '../../../src/query/relation/relation.ts';

const isLong = process.env['NSGFLOW_LONG'] === '1';
const numRuns = isLong ? 12 : 2;
const seed = 20_241_130;

/** Values of the types, nulls among them; strings have none. */
const cells: Readonly<Record<KqlType, readonly (string | number | boolean | null)[]>> = {
  bool: [null, true, false],
  int: [null, 0, 1, -1, 2_147_483_647, -2_147_483_648],
  long: [null, 0, 1, -1, '9007199254740993', '-9007199254740993'],
  real: [null, 0, 1.5, -1, 2, 'NaN'],
  decimal: [null, '0', '1.5', '-2.25', '0.000000000001'],
  string: ['', 'a', 'A', 'ä', '%'],
  datetime: [null, 0, 1_700_000_000_000_000, '-62135596800000000', 1],
  timespan: [null, 0, 1, -10_000_000, 864_000_000_000],
  dynamic: [null, '1', '"a"', '[1,2]', '[]', '{"a":1}', '{"a":2,"b":[1]}', '1.5'],
  guid: [null, '74be27de-1e4e-49d9-b579-fe0b331d3642', '00000000-0000-0000-0000-000000000000'],
};

const types = Object.keys(cells) as KqlType[];
const numbers: readonly KqlType[] = ['int', 'long', 'real'];
const sized: readonly KqlType[] = [...numbers, 'decimal', 'datetime', 'timespan'];
const ordered: readonly KqlType[] = [...sized, 'string'];

interface Form {
  readonly of: string;
  /** Types of the first argument. */
  readonly over: readonly KqlType[];
  /** Further arguments: columns of these types, or constants. */
  readonly more?: readonly (KqlType | number)[];
  /** Whether values of rows are free among ties: only the first result is compared. */
  readonly isFree?: true;
}

const forms: readonly Form[] = [
  { of: 'count', over: types },
  { of: 'countif', over: ['bool'] },
  ...['sum', 'sumif'].map((of) => ({ of, over: ['bool', 'int', 'long', 'real', 'decimal', 'timespan'] as const })),
  ...['avg', 'avgif'].map((of) => ({ of, over: [...numbers, 'timespan', 'datetime'] as const })),
  ...['min', 'minif', 'max', 'maxif'].map((of) => ({ of, over: ordered })),
  ...['dcount', 'dcountif', 'count_distinct', 'count_distinctif'].map((of) => ({ of, over: types })),
  { of: 'percentile', over: sized, more: [50] },
  { of: 'percentiles', over: sized, more: [0, 33.3, 100] },
  { of: 'percentiles_array', over: sized, more: [5, 95] },
  { of: 'arg_max', over: ordered, more: ['long'], isFree: true },
  { of: 'arg_min', over: ordered, more: ['string'], isFree: true },
  ...['make_set', 'make_set_if'].map((of) => ({ of, over: types })),
  { of: 'make_set', over: types, more: [2] },
  { of: 'dcountif', over: types },
  ...['stdev', 'stdevif', 'stdevp', 'variance', 'varianceif', 'variancep', 'variancepif'].map((of) => ({
    of,
    over: numbers,
  })),
  ...['covariance', 'covariancep'].map((of) => ({ of, over: numbers, more: ['long'] as const })),
  ...['binary_all_and', 'binary_all_or', 'binary_all_xor'].map((of) => ({ of, over: ['int', 'long'] as const })),
];

/** Those of which a test of another kind speaks: they depend on the order of rows, or give any value. */
const others = /^(?:make_?list|make_bag|make_dictionary|take_any|any|arg(?:max|min)$|makeset|percentiles?w)/;

const engine = openEngineWithoutLake();
afterAll(() => engine.close());

function literalOf(type: KqlType, value: string | number | boolean | null): Expression {
  return value === null ? nothing(scalarOf(type)) : { kind: 'literal', type: scalarOf(type), value };
}

interface Question {
  readonly relation: Relation;
  readonly form: string;
}

/** All forms over one table. Tables have a column of each type, and one to group by. */
function questionOf(rows: readonly (readonly number[])[], isGrouped: boolean): Question {
  let names = 0;
  const fresh = (): string => `c${++names}`;
  const table = values(
    [...types.map((type) => ({ name: `of_${type}`, type: scalarOf(type) })), { name: 'key', type: 'long' }],
    rows.map((row) => [
      ...types.map((type, i) => literalOf(type, cells[type][row[i] % cells[type].length])),
      whole(row[types.length] % 2),
    ]),
  );
  const context: KqlContext = {
    now: 0n,
    refuse: (sentence) => {
      throw new Error(sentence);
    },
    constant: ({ value }) => evaluate(value, {}),
    fresh,
  };
  const columnOf = (type: KqlType): Typed => ({ type, value: column(`of_${type}`) });
  const aggregates: Aggregate[] = [];
  const results: Named[] = [];
  for (const { of, over, more = [], isFree } of forms)
    for (const type of over) {
      const rest = more.map((one): Typed => {
        if (typeof one === 'string') return columnOf(one);
        return { type: 'real', value: { kind: 'literal', type: 'double', value: one } };
      });
      const isConditional = of.endsWith('if') && of !== 'countif';
      const args = [columnOf(type), ...rest, ...(isConditional ? [columnOf('bool')] : [])];
      const lowered = kqlAggregates[of].lower(of === 'count' ? [] : args, context);
      aggregates.push(...lowered.aggregates);
      const shown = [lowered.result, ...(isFree === true ? [] : (lowered.more ?? []))];
      for (const [i, value] of shown.entries())
        results.push({ name: `${of}_${type}_${results.length}_${i}`, value: neverNullText(value).value });
    }
  const by = isGrouped ? ['key'] : [];
  return { relation: project(summarize(table, by, aggregates), [...by, ...results]), form: `by ${by.join()}` };
}

test('each aggregate is in the forms, or is one that another test has', () => {
  const asked = new Set(forms.map(({ of }) => of));
  const missing = Object.keys(kqlAggregates).filter((one) => !asked.has(one) && !others.test(one));
  expect(missing).toEqual(['covarianceif', 'covariancepif']);
});

test('DuckDB and the interpreter give the same values', async () => {
  const row = fc.array(fc.nat({ max: 29 }), { minLength: types.length + 1, maxLength: types.length + 1 });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { maxLength: 7 }), fc.boolean(), async (rows, isGrouped) => {
      const { relation, form } = questionOf(rows, isGrouped);
      const columns = columnsOf(relation).map(({ name }) => ({ name, column: name }));
      const answer = await engine.relate({ relation, columns });
      const given: string[] = [];
      for await (const chunk of answer.chunks) given.push(...chunk.map((one) => textOf(one, columnsOf(relation))));
      const kinds = columnsOf(relation).map(({ type }) => type);
      const wanted = interpret(relation, { tuples: [], flows: [] }).map((one) =>
        textOf(
          columns.map((each, i) => shown(one[each.column], kinds[i])),
          columnsOf(relation),
        ),
      );
      expect(given.sort(), form).toEqual(wanted.sort());
    }),
    {
      seed,
      numRuns,
      examples: [
        [[], false],
        [[], true],
      ],
    },
  );
}, 600_000);

/** Reals are compared to 9 digits: sums of squares differ in the last ones. */
function textOf(row: readonly unknown[], columns: readonly Column[]): string {
  return row.map((value, i) => `${columns[i].name} ${cellText(value as ExactCell, columns[i].type)}`).join('\n');
}

/** A value of the interpreter as an answer has it. */
function shown(value: Value, type: Type): unknown {
  if (typeof value !== 'bigint') return type === 'dynamic' && typeof value === 'string' ? JSON.parse(value) : value;
  if (type === 'timespan') return timespanText(value);
  if (type === 'decimal') return decimalText(value);
  return type === 'time' ? timeText(value, 'Z') : value;
}

function cellText(value: ExactCell, type: Type): string {
  if (typeof value === 'number') return type === 'double' ? String(Number(value.toPrecision(9))) : `${value}`;
  return value === null
    ? 'null'
    : typeof value === 'object'
      ? JSON.stringify(value)
      : String(value)
          .replace(/(\.\d*?)\.?0*Z$/, '$1Z')
          .replace('.Z', 'Z');
}

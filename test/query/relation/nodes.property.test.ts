/** Nodes that questions of KQL need: DuckDB and the interpreter give the same rows, over small tables with nulls, NaN, empty texts and ties. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openEngineWithoutLake } from '../../../src/query/engine/no-lake.ts';
import type { ExactCell } from '../../../src/query/engine/result.ts';
import { join, project, sort, values, window } from '../../../src/query/relation/build.ts';
import { columnsOf } from '../../../src/query/relation/check.ts';
import type { Expression } from '../../../src/query/relation/expression.ts';
import { nothing } from '../../../src/query/relation/expression.ts';
import { interpret } from '../../../src/query/relation/interpret.ts';
import type { JoinKind } from '../../../src/query/relation/node-names.ts';
import type { Relation, WindowFunction } from '../../../src/query/relation/relation.ts';
import type { ScalarType } from '../../../src/query/relation/type.ts';
import type { Value } from '../../../src/query/relation/value.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const numRuns = long ? 60 : 8;
const seed = 20_240_229;

const cells = {
  long: [null, 0, 1, -1, 2, '9007199254740993'],
  double: [null, 0, 1.5, -1, 'NaN', 'Infinity'],
  text: [null, '', 'a', 'A', 'ä', '%'],
} as const satisfies Partial<Record<ScalarType, readonly (string | number | null)[]>>;

type Kind = keyof typeof cells;

const kinds: readonly Kind[] = ['long', 'double', 'text'];

function literalOf(type: Kind, value: string | number | null): Expression {
  return value === null ? nothing(type) : { kind: 'literal', type, value };
}

/** A table with a key, a value and its place, under names of its own. */
function tableOf(prefix: string, type: Kind): fc.Arbitrary<Relation> {
  const cell = fc.constantFrom(...cells[type]);
  return fc.array(fc.tuple(cell, fc.constantFrom(...cells.long)), { maxLength: 6 }).map((rows) =>
    values(
      [
        { name: `${prefix}_key`, type },
        { name: `${prefix}_value`, type: 'long' },
        { name: `${prefix}_place`, type: 'long' },
      ],
      rows.map(([key, value], i) => [literalOf(type, key), literalOf('long', value), literalOf('long', i)]),
    ),
  );
}

const joins: readonly Exclude<JoinKind, 'cross'>[] = ['inner', 'left', 'right', 'full', 'semi', 'anti'];

const joined = fc
  .tuple(fc.constantFrom(...joins), fc.constantFrom(...kinds))
  .chain(([kind, type]) =>
    fc
      .tuple(tableOf('l', type), tableOf('r', type))
      .map(([left, right]) => join(kind, left, right, [{ left: 'l_key', right: 'r_key' }])),
  );

const functions: readonly WindowFunction[] = [
  { kind: 'row_number' },
  { kind: 'previous', column: 'l_value' },
  { kind: 'lag', column: 'l_key', rows: 2 },
  { kind: 'lead', column: 'l_value', rows: 1 },
  { kind: 'lead', column: 'l_key', rows: 0 },
  { kind: 'running_sum', column: 'l_value' },
];

const windowed = fc
  .tuple(fc.constantFrom(...functions), fc.constantFrom(...kinds), fc.boolean(), fc.boolean(), fc.boolean())
  .chain(([of, type, isParted, descending, nullsFirst]) =>
    tableOf('l', type).map((table) =>
      window(table, 'found', of, isParted ? ['l_key'] : [], [
        { by: 'l_value', descending, nullsFirst },
        { by: 'l_place' },
      ]),
    ),
  );

/** Ranks have ties: their order is the key alone. */
const ranked = fc
  .tuple(fc.constantFrom('rank' as const, 'dense_rank' as const), fc.constantFrom(...kinds), fc.boolean())
  .chain(([kind, type, descending]) =>
    tableOf('l', type).map((table) => window(table, 'found', { kind }, [], [{ by: 'l_key', descending }])),
  );

const ordered = fc
  .tuple(fc.constantFrom(...kinds), fc.boolean(), fc.boolean())
  .chain(([type, descending, nullsFirst]) =>
    tableOf('l', type).map((table) =>
      project(sort(table, { by: 'l_key', descending, nullsFirst }, 'l_place'), ['l_place', 'l_key']),
    ),
  );

test.each([
  ['joins of every kind', joined, false],
  ['windows', windowed, false],
  ['ranks', ranked, false],
  ['orders', ordered, true],
] as const)('%s', async (_, relations, isOrdered) => {
  const engine = openEngineWithoutLake();
  try {
    await fc.assert(
      fc.asyncProperty(relations, async (relation) => {
        const columns = columnsOf(relation).map(({ name }) => ({ name, column: name }));
        const answer = await engine.relate({ relation, columns });
        const rows: string[] = [];
        for await (const chunk of answer.chunks) rows.push(...chunk.map((row) => row.map(textOf).join('|')));
        const wanted = interpret(relation, { tuples: [], flows: [] }).map((row) =>
          columns.map(({ column }) => textOf(row[column])).join('|'),
        );
        if (!isOrdered) for (const some of [rows, wanted]) some.sort();
        expect(rows, answer.sql).toEqual(wanted);
      }),
      { seed, numRuns },
    );
  } finally {
    await engine.close();
  }
});

/** Exact cells write NaN and infinities as texts. */
function textOf(value: Value | ExactCell | undefined): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value !== 'string') return value.toString();
  return /^(?:NaN|-?Infinity)$/.test(value) ? value : `"${value}`;
}

import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DuckdbConnection } from '../../../src/lake/duckdb/connection.ts';
import type { Duckdb } from '../../../src/lake/duckdb/duckdb.ts';
import { openDuckdb, quoteText } from '../../../src/lake/duckdb/duckdb.ts';
import { DuckDBDecimalValue, DuckDBTimestampTZValue } from '../../../src/lake/duckdb/duckdb-library.ts';
import { registerScriptFunctions } from '../../../src/query/duckdb/script-functions.ts';
import { call, column } from '../../../src/query/relation/expression.ts';
import type { Expression } from '../../../src/query/relation/expression.ts';
import { evaluate } from '../../../src/query/relation/interpret.ts';
import { primitives } from '../../../src/query/relation/primitives/primitives.ts';
import type { PrimitiveName } from '../../../src/query/relation/primitives/primitives.ts';
import type { Primitive } from '../../../src/query/relation/rule.ts';
import type { ScalarType } from '../../../src/query/relation/type.ts';
import type { Row, Value } from '../../../src/query/relation/value.ts';
import { decimalOf, decimalText } from '../../../src/query/relation/value.ts';
import { duckdb as dialect } from '../../../src/query/sql/duckdb.ts';
import { expressionSql } from '../../../src/query/sql/lower-expression.ts';
import { name } from '../../../src/query/sql/node.ts';
import { printSql } from '../../../src/query/sql/print.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const rows = long ? 200 : 60;
const seed = 20_240_229;

const texts = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    'a',
    'abc',
    'ABC',
    'foo_bar',
    'foo bar',
    'Foo-Bar baz',
    'é',
    'ßx',
    '日本 語',
    '%',
    '_',
    '\\',
    '10.0.0.4',
    '10.0.0.40/24',
    '192.168.1.1',
    '172.16.5.4/12',
    '256.1.1.1',
    '1.2.3',
    '::1',
    'fe80::1/64',
    '42',
    ' -7 ',
    '+5',
    '0x1F',
    '3.9',
    '1e3',
    'NaN',
    '-inf',
    'true',
    'FALSE',
    '2024-02-29',
    '2024-02-29T23:59:59.123456Z',
    '1.02:03:04.5',
    '1d',
    'a,b,"c,d"',
    'http://u:p@h:80/p?a=1#f',
    '9223372036854775808',
    '{"a":1}',
    '[1,2]',
    'null',
  ),
  fc.string({ unit: fc.constantFrom('a', 'b', 'A', 'é', '1', '0', '.', ' ', '-', '_', ','), maxLength: 8 }),
);
const json = fc.oneof(
  fc.constantFrom(
    '[]',
    '{}',
    '1',
    '1.5',
    '-3',
    'true',
    'false',
    '"x"',
    '"5"',
    '""',
    '[1,2,3]',
    '[3,1.0,"b","a",null,true]',
    '["a","B","a"]',
    '{"a":1,"b":{"c":[1,{"d":2}]}}',
    '{"a b":null,"x/y":"z","~":1}',
    '[[1,2],[3]]',
    '[true,false,null]',
    '[{"a":1},{"a":2,"b":3}]',
    '9007199254740993',
    '[0.5,null,2.25,4]',
    '[1,2,4,8,16]',
    '1e300',
  ),
);
const longs = fc.oneof(
  fc.bigInt({ min: -5n, max: 40n }),
  fc.constantFrom(0n, 1n, -1n, 10n ** 12n, -(10n ** 12n), 2n ** 31n, 4_294_967_295n, 3_232_235_777n),
);
const values: Readonly<Record<ScalarType, fc.Arbitrary<Value>>> = {
  boolean: fc.boolean(),
  integer: fc.integer({ min: -1000, max: 1000 }).map(BigInt),
  long: longs,
  wide: longs,
  double: fc.oneof(
    fc.constantFrom(
      0,
      1,
      -1,
      0.5,
      -0.5,
      2.5,
      -2.5,
      1.25,
      NaN,
      Infinity,
      -Infinity,
      1e15,
      1e16,
      1e300,
      1e-7,
      123.456,
      42,
      3.9,
      -3.9,
    ),
    fc.integer({ min: -4000, max: 4000 }).map((one) => one / 16),
  ),
  decimal: fc.constantFrom('0', '1', '-1.5', '12345678901234.5', '0.000001', '3.25').map(decimalOf),
  text: texts,
  time: fc.oneof(
    fc.constantFrom(
      -62_135_596_800_000_000n,
      253_402_300_799_999_999n,
      0n,
      -1n,
      1_709_251_199_123_456n,
      1_704_067_200_000_000n,
      1_710_028_800_000_000n,
    ),
    fc.bigInt({ min: -(10n ** 15n), max: 2n * 10n ** 15n }),
  ),
  timespan: fc.oneof(longs, fc.bigInt({ min: -(10n ** 14n), max: 10n ** 14n })),
  dynamic: json,
  guid: fc.constantFrom('12345678-1234-1234-1234-123456789abc', '00000000-0000-0000-0000-000000000000'),
};

/** Arguments for which any value would be an error or without an end. */
const special: Partial<Record<PrimitiveName, (args: Value[]) => Value[]>> = {
  // Its second argument is written by the lowering.
  key_values: ([of, other]) => {
    const form = { keys: ['a', 'b'], quotes: ['"'], escapes: [], greedy: false };
    const delimiters = other === null || (other as string).length % 2 === 0 ? {} : { pair: ',', sign: '=' };
    return [of, JSON.stringify({ ...form, ...delimiters })];
  },
  // Comparing arrays of a million items takes long, and tells no more.
  array_repeat: ([of, count]) => [of, typeof count === 'bigint' && count > 1000n ? 1000n : count],
};

/** Regular expressions that both engines know. */
const patterns = fc.constantFrom('a', '[a-z]+', '(o+)', '\\d+', '(a)|(b)', '^f', 'r$', '[^\\w]+', '-|_', 'o.', '\\s');
const patternAt: Partial<Record<PrimitiveName, number>> = {
  regex_extract: 1,
  regex_extract_all: 1,
  regex_index: 1,
  regex_count: 1,
  regex_trim_start: 1,
  regex_trim_end: 1,
  matches_whole: 1,
};

const untested = new Set<string>(['random', 'random_guid']);

function argumentsOf(of: PrimitiveName, { parameters, rest }: Primitive): fc.Arbitrary<readonly Value[]> {
  const types = [...parameters, ...(rest === undefined ? [] : [rest, rest, rest])];
  return fc.tuple(
    ...types.map((type, i) => fc.option(patternAt[of] === i ? patterns : values[type], { freq: 8, nil: null })),
  );
}

function sqlOf(value: Value, type: ScalarType): string {
  const typed = dialect.types[type];
  if (value === null) return `CAST(NULL AS ${typed})`;
  if (type === 'time') return `make_timestamptz(${value as bigint})`;
  if (type === 'decimal') return `CAST('${decimalText(value as bigint)}' AS ${typed})`;
  if (typeof value === 'string') return quoteText(value);
  return `CAST('${value as number | bigint | boolean}' AS ${typed})`;
}

function plain(value: unknown): unknown {
  if (value instanceof DuckDBTimestampTZValue) return value.micros;
  if (value instanceof DuckDBDecimalValue) return value.value;
  return value;
}

/** Twelve digits, and none behind the ninth after the point. */
function rounded(value: number): number {
  return Math.abs(value) < 1 ? Math.round(value * 1e9) / 1e9 : Number(value.toPrecision(12));
}

/** Reals may differ in the last digits; JSON in its blanks. */
function comparable(value: unknown, type: ScalarType): unknown {
  if (type === 'integer' && typeof value === 'number') return BigInt(value);
  if (type === 'double' && typeof value === 'number') return Number.isFinite(value) ? rounded(value) : String(value);
  if (type === 'dynamic' && typeof value === 'string') return JSON.parse(value);
  return value;
}

describe('each primitive gives in DuckDB what it gives in the interpreter', () => {
  let opened: Duckdb;
  let connection: DuckdbConnection;
  beforeAll(async () => {
    opened = await openDuckdb();
    connection = await opened.connect();
  });
  afterAll(async () => {
    connection.closeSync();
    await opened.close();
  });

  const names = (Object.keys(primitives) as PrimitiveName[]).filter((one) => !untested.has(one));
  test.each(names)('%s', async (of) => {
    const primitive: Primitive = primitives[of];
    const groupAt = of.startsWith('regex_extract') ? 2 : -1;
    const samples = fc
      .sample(argumentsOf(of, primitive), { numRuns: rows, seed })
      .map((args) => special[of]?.([...args]) ?? args);
    const types = samples[0].map((_, i) => primitive.parameters[i] ?? primitive.rest ?? 'text');
    const columns = types.map((type, i) => ({ name: `a${i}`, type }));
    const expression: Expression = call(
      of,
      ...columns.map((one, i) =>
        i === groupAt ? ({ kind: 'constant', type: 'long', value: 0 } as const) : column(one.name),
      ),
    );
    const source = samples.map(
      (args, i) => `(${[String(i), ...args.map((one, j) => sqlOf(one, types[j]))].join(', ')})`,
    );
    const value = expressionSql(expression, { dialect, scope: { columns }, column: name });
    const { text } = printSql(
      {
        with: [],
        query: {
          kind: 'select',
          columns: [
            { name: 'i', value: name('i') },
            { name: 'x', value },
          ],
          from: { kind: 'table', table: 'flows' },
          where: [],
          groupBy: [],
          orderBy: [{ by: name('i'), descending: false, nullsFirst: false }],
        },
      },
      dialect,
      {
        tuples: '',
        flows: `(SELECT * FROM (VALUES ${source.join(', ')}) t(${['i', ...columns.map((one) => one.name)].join(', ')}))`,
      },
    );
    registerScriptFunctions(connection, text);
    const answer = await connection.runAndReadAll(text).catch((error: unknown) => {
      throw new Error(text, { cause: error });
    });
    const found = answer.getRows().map(([, one]) => comparable(plain(one), primitive.result));
    const expected = samples.map((args) => {
      const row: Row = Object.fromEntries(columns.map((one, i) => [one.name, args[i]]));
      return comparable(evaluate(expression, row), primitive.result);
    });
    const differences = found.flatMap((one, i) =>
      JSON.stringify(one, big) === JSON.stringify(expected[i], big)
        ? []
        : [{ args: samples[i], found: one, expected: expected[i] }],
    );
    expect(differences.slice(0, 3)).toEqual([]);
    expect(differences).toHaveLength(0);
  });
});

function big(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value;
}

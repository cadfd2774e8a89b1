/** Aggregates beyond counts, sums and extremes: types, and the value for the interpreter. DuckDB's SQL is beside it in sql/duckdb-aggregates.ts. */
import type { Type } from './type.ts';
import { isScalar, isWhole } from './type.ts';
import type { Value } from './value.ts';
import { compareValues } from './value.ts';

interface AggregateRule {
  /** The type of the result; `undefined` refuses the arguments. */
  readonly type: (types: readonly Type[]) => Type | undefined;
  /** Of the arguments' values, row by row. */
  readonly value: (rows: readonly (readonly Value[])[]) => Value;
}

/** The second argument where the first is greatest or least; rows whose first argument is null do not count. */
function argument(sign: 1 | -1): AggregateRule {
  return {
    type: ([by, of]) => (isScalar(by) && isScalar(of) ? of : undefined),
    value: (rows) => {
      let best: readonly Value[] | undefined;
      for (const row of rows)
        if (row[0] !== null && (best === undefined || sign * compareValues(row[0], best[0]) > 0)) best = row;
      return best?.[1] ?? null;
    },
  };
}

const present = (rows: readonly (readonly Value[])[]): (readonly Value[])[] =>
  rows.filter((row) => row.every((value) => value !== null));

const total = (values: readonly number[]): number => values.reduce((sum, one) => sum + one, 0);

/** The sum of products of distances from the means, divided by the count, or by one less. */
function spread(less: 0 | 1): (rows: readonly (readonly Value[])[]) => Value {
  return (rows) => {
    const pairs = present(rows).map((row) => [Number(row[0]), Number(row.at(-1))] as const);
    const count = pairs.length;
    if (count <= less) return null;
    const [x, y] = [total(pairs.map(([one]) => one)) / count, total(pairs.map(([, one]) => one)) / count];
    return total(pairs.map(([a, b]) => (a - x) * (b - y))) / (count - less);
  };
}

const doubles =
  (count: number) =>
  (types: readonly Type[]): Type | undefined =>
    types.length === count && types.every((type) => type === 'double') ? 'double' : undefined;

const bits = (of: (a: bigint, b: bigint) => bigint): AggregateRule => ({
  type: ([type]) => (type === 'long' ? 'long' : undefined),
  value: (rows) =>
    present(rows)
      .map(([one]) => one as bigint)
      .reduce<bigint | null>((all, one) => (all === null ? one : of(all, one)), null),
});

const textsOf = (rows: readonly (readonly Value[])[]): string[] => present(rows).map(([one]) => one as string);

const jsonArray = (texts: readonly string[], [first]: readonly (readonly Value[])[]): string =>
  `[${texts.slice(0, Number(first?.[1] ?? 0)).join(',')}]`;

export const aggregates = {
  arg_max: argument(1),
  arg_min: argument(-1),
  /** A value that is not null, if there is one. */
  any: { type: ([type]) => (isScalar(type) ? type : undefined), value: (rows) => present(rows)[0]?.[0] ?? null },
  /** The JSON array of the first texts of JSON that are not null, so many at most. */
  json_list: {
    type: ([type, most]) => (type === 'dynamic' && isWhole(most) ? 'dynamic' : undefined),
    value: (rows) => jsonArray(textsOf(rows), rows),
  },
  /** The JSON array of the different texts of JSON that are not null, in order of the texts, so many at most. */
  json_set: {
    type: ([type, most]) => (type === 'dynamic' && isWhole(most) ? 'dynamic' : undefined),
    value: (rows) => jsonArray([...new Set(textsOf(rows))].sort(compareValues), rows),
  },
  /** The least value that a share of the values, in hundred-thousandths, does not exceed. */
  quantile: {
    type: ([type, share]) => (isScalar(type) && isWhole(share) ? type : undefined),
    value: (rows) => {
      const values = rows
        .map(([one]) => one)
        .filter((one) => one !== null)
        .sort(compareValues);
      if (values.length === 0) return null;
      const rank = ((rows[0][1] as bigint) * BigInt(values.length) + 99_999n) / 100_000n;
      return values[Math.max(Number(rank) - 1, 0)];
    },
  },
  variance: { type: doubles(1), value: spread(1) },
  variance_all: { type: doubles(1), value: spread(0) },
  covariance: { type: doubles(2), value: spread(1) },
  covariance_all: { type: doubles(2), value: spread(0) },
  bits_and: bits((a, b) => a & b),
  bits_or: bits((a, b) => a | b),
  bits_xor: bits((a, b) => a ^ b),
} as const satisfies Record<string, AggregateRule>;

export type AggregateName = keyof typeof aggregates;

export function aggregateRule(name: AggregateName): AggregateRule {
  return aggregates[name];
}

/** The tree of a question as JSON: `Query` of src/query/tree.ts without its filter and its range. */
import { Type } from 'typebox';
import { limits } from '../../../base/limits.ts';
import { groupField } from '../../../query/measure.ts';
import type { Measure, Query } from '../../../query/tree.ts';
import { ApiError, describeApiFailure } from '../api-error.ts';
import { words } from '../schema.ts';

const counter = words(['bytes', 'packets', 'bytes.forward', 'bytes.reverse', 'packets.forward', 'packets.reverse']);
const flag = Type.Optional(Type.Boolean());

const measure = Type.Union(
  [
    Type.Object({ kind: words(['flows', 'denied', 'tuples', 'first', 'last']) }),
    Type.Object({ kind: Type.Literal('sum'), of: counter }),
    Type.Object({ kind: Type.Literal('rate'), of: counter, isBits: flag }),
    Type.Object({ kind: Type.Literal('distinct'), field: Type.String({ maxLength: 100 }) }),
    Type.Object({
      kind: Type.Literal('percentile'),
      of: counter,
      permille: Type.Integer({ minimum: 1, maximum: 1000 }),
    }),
  ],
  { description: 'What is counted of a group.' },
);

const axis = Type.Object(
  {
    by: Type.Array(Type.String({ maxLength: 100 }), { minItems: 1, maxItems: 8, description: 'Fields to group by.' }),
    limit: Type.Integer({ minimum: 1, maximum: limits.consoleGroupsMax, description: 'The largest groups.' }),
    other: Type.Optional(Type.Boolean({ description: 'Whether all further groups together are one more row.' })),
  },
  { description: 'One dimension of groups.' },
);

const order = {
  limit: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER })),
  newest: flag,
  descending: flag,
  names: Type.Optional(Type.Array(Type.String({ maxLength: 100 }), { maxItems: 50 })),
};

const span = { minimum: 1000, maximum: 10 * 366 * 86_400_000 };

export const querySchema = Type.Union(
  [
    Type.Object({
      ask: Type.Literal('groups'),
      axes: Type.Array(axis, { maxItems: 2 }),
      measures: Type.Array(measure, { minItems: 1, maxItems: 16 }),
      bucketMillis: Type.Optional(Type.Integer(span)),
      atReport: flag,
      observations: flag,
      compareMillis: Type.Optional(Type.Integer(span)),
      changes: flag,
    }),
    Type.Object({ ask: Type.Literal('tuples'), origin: flag, ...order }),
    Type.Object({ ask: Type.Literal('conversations'), ...order }),
    Type.Object({ ask: Type.Literal('count'), observations: flag }),
  ],
  { description: 'What is asked: groups, perhaps over time; conversations; tuples; or their number.' },
);

/** A checked tree, whose fields have their canonical names. @throws ApiError with the field */
export function readQuery(query: unknown, field = '/query'): Query {
  // The schema was checked: it is that of the tree.
  const tree = query as Query;
  if (tree.ask !== 'groups') return tree;
  return {
    ...tree,
    axes: tree.axes.map((one, at) => ({
      ...one,
      by: one.by.map((name, i) => fieldName(name, `${field}/axes/${at}/by/${i}`)),
    })),
    measures: tree.measures.map((one, at) => canonical(one, `${field}/measures/${at}/field`)),
  };
}

function canonical(one: Measure, field: string): Measure {
  return one.kind === 'distinct' ? { ...one, field: fieldName(one.field, field) } : one;
}

function fieldName(name: string, field: string): string {
  try {
    return groupField(name).name;
  } catch (error) {
    const { status, code, message, hint } = describeApiFailure(error);
    throw new ApiError(status, code, message, { hint, field });
  }
}

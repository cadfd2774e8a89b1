import { Type } from 'typebox';
import { parseTimePoint, timeExamples } from '../../../query/filter/time-point.ts';
import type { QueryRange } from '../../../query/tree.ts';
import { ApiError } from '../api-error.ts';

const point = Type.Union([Type.Number(), Type.String({ maxLength: 60 })], {
  description: 'Epoch milliseconds, ISO 8601, or how long ago: -6h.',
});

/** Fields of a body that has a time range. */
export const rangeSchema = { from: Type.Optional(point), to: Type.Optional(point) };

interface Given {
  readonly from?: number | string | undefined;
  readonly to?: number | string | undefined;
}

/** @param field JSON pointer of the object with `from` and `to` @throws ApiError with the field */
export function readRange({ from, to }: Given, nowMillis: number, field = ''): QueryRange {
  const start = readPoint(from, nowMillis, `${field}/from`);
  const end = readPoint(to, nowMillis, `${field}/to`);
  if (start !== undefined && end !== undefined && start > end)
    throw new ApiError(400, 'usage', 'the range ends before it starts', {
      field: `${field}/to`,
      hint: 'Exchange them.',
    });
  return { ...(start === undefined ? {} : { start }), ...(end === undefined ? {} : { end }) };
}

/** Times that JavaScript's dates have. */
const millisMax = 8.64e15;

function readPoint(given: number | string | undefined, nowMillis: number, field: string): number | undefined {
  if (given === undefined || given === '') return undefined;
  const millis = typeof given === 'number' ? Math.trunc(given) : parseTimePoint(given, nowMillis);
  if (millis !== undefined && Math.abs(millis) <= millisMax) return millis;
  throw new ApiError(400, 'usage', `${JSON.stringify(given)} is not a time`, {
    field,
    hint: `Such as ${timeExamples}.`,
  });
}

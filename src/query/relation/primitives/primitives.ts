/** All primitives: functions of scalars with DuckDB's SQL beside them. */
import { addressPrimitives } from './address.ts';
import { convertPrimitives } from './convert.ts';
import { dynamicPrimitives } from './dynamic.ts';
import { keyValuePrimitives } from './key-values.ts';
import { numberPrimitives } from './number.ts';
import { parsePrimitives } from './parse.ts';
import { seriesPrimitives } from './series.ts';
import { textPrimitives } from './text.ts';
import { timePrimitives } from './time.ts';

export const primitives = {
  ...convertPrimitives,
  ...textPrimitives,
  ...numberPrimitives,
  ...timePrimitives,
  ...dynamicPrimitives,
  ...addressPrimitives,
  ...parsePrimitives,
  ...keyValuePrimitives,
  ...seriesPrimitives,
} as const;

export type PrimitiveName = keyof typeof primitives;

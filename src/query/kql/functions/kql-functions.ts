/** The functions, operators of expressions and aggregates of KQL, by name. */
import { addressFunctions } from './address-functions.ts';
import { conversionFunctions } from './conversion-functions.ts';
import { dynamicFunctions } from './dynamic-functions.ts';
import type { KqlFunction } from './kinds.ts';
import { numberFunctions } from './number-functions.ts';
import { seriesFunctions } from './series-functions.ts';
import { textFunctions } from './text-functions.ts';
import { timeFunctions } from './time-functions.ts';

export { kqlAggregates } from './aggregate-functions.ts';
export { kqlOperators } from './operators.ts';

export const kqlFunctions: Readonly<Record<string, KqlFunction>> = {
  ...conversionFunctions,
  ...textFunctions,
  ...numberFunctions,
  ...timeFunctions,
  ...dynamicFunctions,
  ...addressFunctions,
  ...seriesFunctions,
};

/** Names of operators as they are written in a query. */
import { operators } from './operators.ts';

/** Kinds of the syntax whose operators have other names. */
const otherNames: Readonly<Record<string, string>> = {
  FilterOperator: 'where',
  AsOperator: 'as',
  TopHittersOperator: 'top-hitters',
  GetSchemaOperator: 'getschema',
};

function operatorName(kind: string): string {
  return (
    otherNames[kind] ??
    kind
      .replace(/Operator$/, '')
      .replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-')
      .toLowerCase()
  );
}

/** The operators that nsgflow has. */
export const operatorNames: readonly string[] = Object.keys(operators).map(operatorName).toSorted();

/** Other words for two of them. */
export const operatorAliases: readonly string[] = ['order', 'limit', 'filter'];

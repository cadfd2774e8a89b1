/** The functions, operators of expressions and aggregates of KQL, by name. */
import { call, column } from '../../relation/expression.ts';
import type { KqlAggregate, KqlFunction } from './kinds.ts';

export const kqlOperators: Readonly<Record<string, KqlFunction>> = {
  '==': {
    arity: [2, 2],
    about: 'equal',
    lower: ([a, b]) => ({
      value: call('coalesce', call('equal', a.value, b.value), { kind: 'constant', type: 'boolean', value: false }),
      type: 'bool',
    }),
  },
};

export const kqlFunctions: Readonly<Record<string, KqlFunction>> = {};

export const kqlAggregates: Readonly<Record<string, KqlAggregate>> = {
  count: {
    arity: [0, 0],
    about: 'number of rows',
    lower: (_, context) => {
      const name = context.fresh();
      return { aggregates: [{ name, function: 'count' }], result: { value: column(name), type: 'long' } };
    },
  },
};

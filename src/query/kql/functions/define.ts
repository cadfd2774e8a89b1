/** Short ways to write entries of the tables of functions. */
import type { Expression } from '../../relation/expression.ts';
import { call } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import type { KqlType } from '../type.ts';
import { convert, emptyText, folded, typed } from './convert.ts';
import type { Arity, KqlContext, KqlFunction, Typed } from './kinds.ts';

/** A function whose lowering is written out. */
export function custom(
  arity: Arity | number,
  about: string,
  lower: (args: readonly Typed[], context: KqlContext) => Typed,
): KqlFunction {
  return {
    arity: typeof arity === 'number' ? [arity, arity] : arity,
    about,
    lower: (args, context) => folded(lower(args, context)),
  };
}

/** A parameter: its type, or the value that it has if it is left out. */
export type Parameter = KqlType | { readonly type: KqlType; readonly otherwise: Expression };

/** A function that is a primitive over arguments of these types. A string that could be null is empty. */
export function direct(
  about: string,
  parameters: readonly Parameter[],
  result: KqlType,
  of: FunctionName | ((...args: Expression[]) => Expression),
): KqlFunction {
  const least = parameters.filter((one) => typeof one === 'string').length;
  return custom([least, parameters.length], about, (args, context) => {
    const values = parameters.map((parameter, i) => {
      const type = typeof parameter === 'string' ? parameter : parameter.type;
      if (i < args.length) return convert(args[i], type, context);
      return typeof parameter === 'string' ? context.refuse('an argument is missing') : parameter.otherwise;
    });
    const value = typeof of === 'string' ? call(of, ...values) : of(...values);
    return typed(result, result === 'string' ? call('coalesce', value, emptyText) : value);
  });
}

/** A function of any number of arguments of one type. */
export function variadic(
  about: string,
  arity: Arity,
  parameter: KqlType,
  result: KqlType,
  of: FunctionName,
): KqlFunction {
  return custom(arity, about, (args, context) =>
    typed(result, call(of, ...args.map((one) => convert(one, parameter, context)))),
  );
}

/** The text of a constant argument, such as the name of a part of a date. */
export function constantText(of: Typed, what: string, context: KqlContext): string {
  const value = context.constant(of);
  return typeof value === 'string' ? value : context.refuse(`${what} has to be a constant`);
}

export function constantNumber(of: Typed, what: string, context: KqlContext): number {
  const value = context.constant(of);
  return typeof value === 'bigint' || typeof value === 'number'
    ? Number(value)
    : context.refuse(`${what} has to be a constant`);
}

/** Arithmetic and comparison over the types of KQL. */
import type { Expression } from '../../relation/expression.ts';
import { call, no, nothing, when, whole, wholeValue, yes } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import type { KqlType } from '../type.ts';
import { commonKqlType, convert, isNumeric, typed, widest } from './convert.ts';
import type { KqlContext, Typed } from './kinds.ts';

type Sign = '+' | '-' | '*' | '/' | '%';

const ofLongs = { '+': 'add', '-': 'subtract', '*': 'multiply', '/': 'quotient', '%': 'modulo' } as const;
const ofReals = {
  '+': 'real_add',
  '-': 'real_subtract',
  '*': 'real_multiply',
  '/': 'real_divide',
  '%': 'real_modulo',
} as const;
const ofDecimals = {
  '+': 'decimal_add',
  '-': 'decimal_subtract',
  '*': 'decimal_multiply',
  '/': 'decimal_divide',
  '%': 'decimal_modulo',
} as const;

const ticks = (of: Expression): Expression => call('ticks_of', of);
const span = (of: Expression): Expression => call('timespan_of', of);
const ten = wholeValue('long', 10);
const microsOfSpan = (of: Expression): Expression => call('quotient', ticks(of), ten);

export function numbers(sign: Sign, a: Typed, b: Typed, context: KqlContext): Typed {
  const type = widest([a.type, b.type]);
  const both = (as: KqlType): readonly [Expression, Expression] => [convert(a, as, context), convert(b, as, context)];
  if (type === 'real') return typed(type, call(ofReals[sign], ...both('real')));
  if (type === 'decimal') return typed(type, call(ofDecimals[sign], ...both('decimal')));
  const value = call(ofLongs[sign], ...both('long'));
  return type === 'int' ? typed('int', call('long_integer', value)) : typed('long', value);
}

/** @throws what `refuse` throws for types that the operator does not take */
export function arithmetic(sign: Sign, a: Typed, b: Typed, context: KqlContext): Typed {
  if (a.type === 'dynamic' && b.type === 'dynamic') {
    const value = arithmetic(
      sign,
      { type: 'real', value: convert(a, 'real', context) },
      { type: 'real', value: convert(b, 'real', context) },
      context,
    );
    return typed('dynamic', convert(value, 'dynamic', context));
  }
  if (a.type === 'dynamic' || b.type === 'dynamic') {
    const other = a.type === 'dynamic' ? b.type : a.type;
    const type = other === 'int' ? 'long' : other === 'datetime' && sign === '-' ? 'datetime' : other;
    const as = (one: Typed): Typed => ({ type, value: convert(one, type, context) });
    return arithmetic(sign, as(a), as(b), context);
  }
  if (isNumeric(a.type) && isNumeric(b.type)) return numbers(sign, a, b, context);
  const [left, right] = [a.value, b.value];
  switch (`${a.type} ${sign} ${b.type}`) {
    case 'datetime + timespan':
      return typed('datetime', call('time_of_micros', call('add', call('micros_of', left), microsOfSpan(right))));
    case 'timespan + datetime':
      return typed('datetime', call('time_of_micros', call('add', call('micros_of', right), microsOfSpan(left))));
    case 'datetime - timespan':
      return typed('datetime', call('time_of_micros', call('subtract', call('micros_of', left), microsOfSpan(right))));
    case 'datetime - datetime': {
      const micros = call('subtract', call('micros_of', left), call('micros_of', right));
      return typed('timespan', span(call('multiply', micros, ten)));
    }
    case 'timespan + timespan':
      return typed('timespan', span(call('add', ticks(left), ticks(right))));
    case 'timespan - timespan':
      return typed('timespan', span(call('subtract', ticks(left), ticks(right))));
    case 'timespan / timespan':
      return typed('real', call('real_divide', call('long_double', ticks(left)), call('long_double', ticks(right))));
    case 'datetime / timespan':
      return typed('real', call('real_divide', convert(a, 'real', context), call('long_double', ticks(right))));
    case 'timespan % timespan':
      return typed('timespan', span(call('modulo', ticks(left), ticks(right))));
    case 'datetime % timespan': {
      const since = convert(a, 'long', context);
      return typed('timespan', span(call('modulo', since, ticks(right))));
    }
    default:
  }
  if (a.type === 'timespan' && isNumeric(b.type)) return scaled(sign, a, b, context);
  if (b.type === 'timespan' && isNumeric(a.type) && sign === '*') return scaled(sign, b, a, context);
  return context.refuse(`${sign} does not take ${a.type} and ${b.type}`);
}

function scaled(sign: Sign, of: Typed, by: Typed, context: KqlContext): Typed {
  if (sign !== '*' && sign !== '/' && sign !== '%')
    return context.refuse(`${sign} does not take timespan and ${by.type}`);
  const value = numbers(sign, { type: 'long', value: ticks(of.value) }, by, context);
  return typed('timespan', span(convert(value, 'long', context)));
}

/** Both sides as one type that compares. */
export function comparable(a: Typed, b: Typed, context: KqlContext): readonly [Expression, Expression, KqlType] {
  let type = commonKqlType([a, b]);
  const types: readonly KqlType[] = [a.type, b.type];
  if (type === undefined) {
    if (types.includes('bool') && types.some(isNumeric)) type = 'real';
    else if (types.includes('string') && types.some((one) => ['bool', 'guid', 'datetime', 'timespan'].includes(one)))
      type = types.find((one) => one !== 'string');
  }
  if (type === undefined) return context.refuse(`a ${a.type} and a ${b.type} do not compare`);
  if (type === 'decimal' && types.includes('real')) type = 'real';
  return [convert(a, type, context), convert(b, type, context), type];
}

const isNan = (of: Expression): Expression => call('is_nan', of);

/** `==` and `!=`: a null on one side is unequal; of two nulls the result is null. NaN equals nothing. */
export function equality(sign: '==' | '!=', a: Typed, b: Typed, context: KqlContext): Typed {
  const [left, right, type] = comparable(a, b, context);
  const isEqual = sign === '==';
  const compared = call(isEqual ? 'equal' : 'not_equal', left, right);
  if (type === 'string') return typed('bool', compared);
  const oneNull = isEqual ? no : yes;
  const withNan =
    type === 'real' && ![left, right].some((side) => side.kind === 'literal' && side.value !== 'NaN')
      ? when(call('or', isNan(left), isNan(right)), isEqual ? no : yes, compared)
      : compared;
  if ([left, right].some((side) => side.kind === 'literal')) return typed('bool', call('coalesce', withNan, oneNull));
  const bothNull = call('and', call('is_null', left), call('is_null', right));
  return typed('bool', when(bothNull, nothing('boolean'), call('coalesce', withNan, oneNull)));
}

const orders = { '<': 'less', '<=': 'less_or_equal', '>': 'greater', '>=': 'greater_or_equal' } as const;

export function ordering(sign: keyof typeof orders, a: Typed, b: Typed, context: KqlContext): Typed {
  const [left, right, type] = comparable(a, b, context);
  const name: FunctionName = orders[sign];
  if (type === 'bool') return typed('bool', call(name, call('boolean_long', left), call('boolean_long', right)));
  const compared = call(name, left, right);
  const sides = [left, right].filter((side) => side.kind !== 'literal' || side.value === 'NaN');
  if (type !== 'real' || sides.length === 0) return typed('bool', compared);
  return typed('bool', call('and', compared, ...sides.map((side) => call('not', isNan(side)))));
}

export function between(args: readonly Typed[], context: KqlContext): Typed {
  const [value, low, high] = args;
  const top = value.type === 'datetime' && high.type === 'timespan' ? arithmetic('+', low, high, context) : high;
  return typed(
    'bool',
    call('and', ordering('>=', value, low, context).value, ordering('<=', value, top, context).value),
  );
}

export function negated(of: Typed, context: KqlContext): Typed {
  switch (of.type) {
    case 'timespan':
      return typed('timespan', span(call('subtract', whole(0), ticks(of.value))));
    case 'int':
    case 'long':
    case 'real':
    case 'decimal':
      if (of.type === 'real')
        return typed('real', call('real_multiply', of.value, { kind: 'literal', type: 'double', value: -1 }));
      return numbers('-', typed(of.type, zeroOf(of.type)), of, context);
    case 'dynamic': {
      const value = call('real_multiply', convert(of, 'real', context), { kind: 'literal', type: 'double', value: -1 });
      return typed('dynamic', call('double_dynamic', value));
    }
    default:
      return context.refuse(`- does not take ${of.type}`);
  }
}

function zeroOf(type: 'int' | 'long' | 'decimal'): Expression {
  if (type === 'decimal') return { kind: 'literal', type: 'decimal', value: '0' };
  return wholeValue(type === 'int' ? 'integer' : 'long', 0);
}

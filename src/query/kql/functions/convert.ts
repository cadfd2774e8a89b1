/** Conversions between the types of KQL: the explicit ones, and those that functions make of their arguments. */
import { evaluate } from '../../relation/interpret.ts';
import type { Expression } from '../../relation/expression.ts';
import type { Literal } from '../../relation/value.ts';
import { call, childrenOf, columnsRead, nothing, textValue, wholeValue } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import type { Value } from '../../relation/value.ts';
import { decimalText } from '../../relation/value.ts';
import type { KqlType } from '../type.ts';
import { scalarOf } from '../type.ts';
import type { KqlContext, Typed } from './kinds.ts';

/** Ticks from year 1 to 1970. */
const epochTicks = 621_355_968_000_000_000n;

export const typed = (type: KqlType, value: Expression): Typed => ({ type, value });

export const emptyText = textValue('');

export function isNumeric(type: KqlType): boolean {
  return type === 'int' || type === 'long' || type === 'real' || type === 'decimal';
}

/** The narrowest type that holds values of all these numbers. */
export function widest(types: readonly KqlType[]): KqlType {
  const order: readonly KqlType[] = ['int', 'long', 'decimal', 'real'];
  return order[types.reduce((most, type) => Math.max(most, order.indexOf(type)), 0)];
}

/** The type of `iff`, `case`, `coalesce`, `min_of` …: dynamic values become what the others are. `undefined` if there is none. */
export function commonKqlType(args: readonly Typed[]): KqlType | undefined {
  const types = args.filter((one) => !isNull(one)).map(({ type }) => type);
  const plain = types.filter((type) => type !== 'dynamic');
  const [first] = plain;
  if (first === undefined) return types[0] ?? args[0]?.type;
  if (plain.every((type) => type === first)) return first;
  return plain.every(isNumeric) ? widest(plain) : undefined;
}

function isNull({ value }: Typed): boolean {
  return (value.kind === 'literal' || value.kind === 'constant') && value.value === null;
}

type Conversions = Partial<Record<KqlType, (of: Expression) => Expression>>;

const one =
  (name: FunctionName) =>
  (of: Expression): Expression =>
    call(name, of);
const chain =
  (...names: readonly FunctionName[]) =>
  (of: Expression): Expression =>
    names.reduce((value, name) => call(name, value), of);

const ticksOfTime = (of: Expression): Expression =>
  call('add', call('multiply', call('micros_of', of), wholeValue('long', 10)), wholeValue('long', epochTicks));

const timeOfTicks = (of: Expression): Expression =>
  call(
    'time_of_micros',
    call('quotient', call('subtract', of, wholeValue('long', epochTicks)), wholeValue('long', 10)),
  );

const conversions: Readonly<Record<KqlType, Conversions>> = {
  string: {
    bool: one('boolean_text'),
    int: chain('integer_long', 'long_text'),
    long: one('long_text'),
    real: one('double_text'),
    decimal: one('decimal_text'),
    datetime: one('time_text'),
    timespan: one('timespan_text'),
    guid: one('guid_text'),
    dynamic: one('dynamic_text'),
  },
  long: {
    bool: one('boolean_long'),
    int: one('integer_long'),
    real: one('double_long'),
    decimal: one('decimal_long'),
    string: one('text_long'),
    datetime: ticksOfTime,
    timespan: one('ticks_of'),
    dynamic: one('dynamic_long'),
  },
  int: {
    bool: chain('boolean_long', 'long_small'),
    long: one('long_small'),
    real: chain('double_long', 'long_small'),
    decimal: chain('decimal_long', 'long_small'),
    string: chain('text_long', 'long_small'),
    timespan: chain('ticks_of', 'long_small'),
    dynamic: chain('dynamic_long', 'long_small'),
  },
  real: {
    bool: chain('boolean_long', 'long_double'),
    int: chain('integer_long', 'long_double'),
    long: one('long_double'),
    decimal: one('decimal_double'),
    string: one('text_double'),
    datetime: (of) => call('long_double', ticksOfTime(of)),
    timespan: chain('ticks_of', 'long_double'),
    dynamic: one('dynamic_double'),
  },
  decimal: {
    bool: chain('boolean_long', 'long_decimal'),
    int: chain('integer_long', 'long_decimal'),
    long: one('long_decimal'),
    real: one('double_decimal'),
    string: one('text_decimal'),
    timespan: chain('ticks_of', 'long_decimal'),
    dynamic: chain('dynamic_text', 'text_decimal'),
  },
  bool: {
    int: (of) => call('not_equal', call('integer_long', of), wholeValue('long', 0)),
    long: (of) => call('not_equal', of, wholeValue('long', 0)),
    real: (of) => call('not_equal', of, { kind: 'literal', type: 'double', value: 0 }),
    string: one('text_boolean'),
    dynamic: one('dynamic_boolean'),
  },
  datetime: {
    string: one('text_time'),
    dynamic: chain('dynamic_text', 'text_time'),
    int: (of) => timeOfTicks(call('integer_long', of)),
    long: timeOfTicks,
    timespan: (of) => timeOfTicks(call('ticks_of', of)),
  },
  timespan: {
    string: one('text_timespan'),
    dynamic: chain('dynamic_text', 'text_timespan'),
    int: chain('integer_long', 'timespan_of'),
    long: one('timespan_of'),
    real: chain('double_long', 'timespan_of'),
  },
  guid: { string: one('text_guid'), dynamic: chain('dynamic_text', 'text_guid') },
  dynamic: {
    bool: one('boolean_dynamic'),
    int: chain('integer_long', 'long_dynamic'),
    long: one('long_dynamic'),
    real: one('double_dynamic'),
    string: one('text_dynamic'),
    decimal: chain('decimal_text', 'text_dynamic'),
    datetime: chain('time_text', 'text_dynamic'),
    timespan: chain('timespan_text', 'text_dynamic'),
    guid: chain('guid_text', 'text_dynamic'),
  },
};

/** A value as one of a type; a string is never null. @throws what `refuse` throws if there is no conversion */
export function convert(of: Typed, type: KqlType, context: KqlContext): Expression {
  if (of.type === type) return of.value;
  if (isNull(of)) return type === 'string' ? emptyText : nothing(scalarOf(type));
  const conversion = conversions[type][of.type];
  if (conversion === undefined) return context.refuse(`a ${of.type} cannot become a ${type}`);
  const value = conversion(of.value);
  return type === 'string' ? call('coalesce', value, emptyText) : value;
}

const neverFolded: ReadonlySet<string> = new Set<FunctionName>(['random', 'random_guid', 'matches', 'replace_matches']);

function isFolded(expression: Expression): boolean {
  const isFree =
    expression.kind !== 'call' || (!neverFolded.has(expression.function) && !expression.function.startsWith('regex_'));
  return isFree && childrenOf(expression).every(isFolded);
}

/** A value that reads no column as a literal. Regular expressions are left to the engine, which bounds their time. */
export function folded(of: Typed): Typed {
  const { kind } = of.value;
  if (kind === 'literal' || kind === 'constant' || columnsRead(of.value).length > 0 || !isFolded(of.value)) return of;
  let value: Value;
  try {
    value = evaluate(of.value, {});
  } catch {
    return of;
  }
  return { type: of.type, value: literalOf(value, of.type) };
}

export function literalOf(value: Value, type: KqlType): Expression {
  const scalar = scalarOf(type);
  if (value === null) return nothing(scalar);
  const plain = ((): Literal['value'] => {
    if (typeof value === 'bigint') {
      if (type === 'decimal') return decimalText(value);
      return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
    }
    if (typeof value === 'number' && !Number.isFinite(value)) return String(value);
    return value as string | number | boolean; // of a scalar type
  })();
  return { kind: 'literal', type: scalar, value: plain };
}

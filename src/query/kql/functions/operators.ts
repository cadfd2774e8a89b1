/** Operators of expressions, by their sign. */
import type { Expression } from '../../relation/expression.ts';
import { call, no, textValue } from '../../relation/expression.ts';
import type { FunctionName } from '../../relation/functions.ts';
import { isArray, jsonText, parseJson } from '../../relation/values/json.ts';
import type { Json } from '../../relation/values/json.ts';
import { arithmetic, between, comparable, equality, negated, ordering } from './arithmetic.ts';
import { convert, literalOf, typed } from './convert.ts';
import { custom } from './define.ts';
import type { KqlContext, KqlFunction, Typed } from './kinds.ts';

const not = ({ value }: Typed): Typed => typed('bool', call('not', value));

/** What is not one, also of null. */
const notOrNull = ({ value }: Typed): Typed => typed('bool', call('not', call('coalesce', value, no)));

function textOperators(sign: string, about: string, of: FunctionName): Record<string, KqlFunction> {
  const test =
    (isCased: boolean) =>
    (args: readonly Typed[], context: KqlContext): Typed => {
      const texts = args.map((one) => convert(one, 'string', context));
      return typed('bool', call(of, ...(isCased ? texts : texts.map((one) => call('lower', one)))));
    };
  const [plain, cased] = [test(false), test(true)];
  return {
    [sign]: custom(2, `${about}, in any case`, plain),
    [`!${sign}`]: custom(2, `not: ${about}, in any case`, (args, context) => not(plain(args, context))),
    [`${sign}_cs`]: custom(2, about, cased),
    [`!${sign}_cs`]: custom(2, `not: ${about}`, (args, context) => not(cased(args, context))),
  };
}

/** Items of a list: a constant array stands for its elements. `undefined` if an array is known only when the query runs. */
function itemsOf(items: readonly Typed[], context: KqlContext): readonly Typed[] | undefined {
  const all = items.map((item): readonly Typed[] | undefined => {
    if (item.type !== 'dynamic') return [item];
    const value = context.constant(item);
    if (value === undefined) return undefined;
    const json = typeof value === 'string' ? parseJson(value) : null;
    return (isArray(json) ? json : [json ?? null]).map(typedJson);
  });
  return all.every((one) => one !== undefined) ? all.flat() : undefined;
}

function typedJson(json: Json): Typed {
  if (typeof json === 'string') return typed('string', textValue(json));
  if (typeof json === 'boolean') return typed('bool', literalOf(json, 'bool'));
  if (typeof json === 'bigint') return typed('long', literalOf(json, 'long'));
  if (typeof json === 'number') return typed('real', literalOf(json, 'real'));
  return typed('dynamic', literalOf(json === null ? null : jsonText(json), 'dynamic'));
}

function isIn([of, ...items]: readonly Typed[], context: KqlContext, isCased: boolean): Typed {
  const fold = (one: Typed): Typed => (isCased ? one : typed('string', call('lower', convert(one, 'string', context))));
  const known = itemsOf(items, context);
  if (known === undefined) {
    const [list] = items;
    if (items.length > 1) return context.refuse('a list with an array that is not constant is not supported');
    const value = fold(of);
    return typed(
      'bool',
      call(
        'coalesce',
        call('set_has', isCased ? list.value : call('array_lower', list.value), convert(value, 'dynamic', context)),
        no,
      ),
    );
  }
  const some = known.filter((one) => !(one.value.kind === 'constant' && one.value.value === null));
  if (some.length === 0) return typed('bool', no);
  const wanted = fold(of);
  const pairs = some.filter((one) => comparesWith(wanted, one)).map((one) => comparable(wanted, fold(one), context));
  if (pairs.length === 0) return typed('bool', no);
  const types = new Set(pairs.map(([, , type]) => type));
  const value =
    types.size === 1
      ? call('in', pairs[0][0], ...pairs.map(([, item]) => item))
      : pairs.map(([left, right]): Expression => call('equal', left, right)).reduce((a, b) => call('or', a, b));
  return typed('bool', of.type === 'string' ? value : call('coalesce', value, no));
}

/** A list can hold texts and numbers; only those of a type that compares can be equal. */
function comparesWith(a: Typed, b: Typed): boolean {
  if (a.type === 'dynamic' || b.type === 'dynamic' || a.type === b.type) return true;
  const isNumber = ({ type }: Typed): boolean => ['int', 'long', 'real', 'decimal', 'bool'].includes(type);
  if (isNumber(a) && isNumber(b)) return true;
  return a.type !== 'string' && !isNumber(a) && b.type === 'string';
}

function hasTerms([of, ...items]: readonly Typed[], context: KqlContext, isAll: boolean): Typed {
  const text = call('lower', convert(of, 'string', context));
  const known = itemsOf(items, context);
  if (known === undefined) {
    if (items.length > 1) return context.refuse('a list with an array that is not constant is not supported');
    return typed('bool', call('coalesce', call(isAll ? 'text_has_all' : 'text_has_any', text, items[0].value), no));
  }
  if (known.length === 0) return typed('bool', literalOf(isAll, 'bool'));
  const tests = known.map((one) => call('text_has', text, call('lower', convert(one, 'string', context))));
  return typed('bool', tests.length === 1 ? tests[0] : call(isAll ? 'and' : 'or', ...tests));
}

function access(args: readonly Typed[], context: KqlContext): Typed {
  const [of, key] = args;
  if (of.type === 'string') return context.refuse('a string has no members: parse_json() makes it dynamic');
  if (of.type !== 'dynamic') return context.refuse(`a ${of.type} has no members`);
  if (key.type === 'int' || key.type === 'long')
    return typed('dynamic', call('dynamic_element', of.value, convert(key, 'long', context)));
  return typed('dynamic', call('dynamic_member', of.value, convert(key, 'string', context)));
}

const equalTexts = (args: readonly Typed[], context: KqlContext): Typed => {
  const [a, b] = args.map((one) => call('lower', convert(one, 'string', context)));
  return typed('bool', call('equal', a, b));
};

const logic =
  (name: 'and' | 'or') =>
  (args: readonly Typed[], context: KqlContext): Typed =>
    typed('bool', call(name, ...args.map((one) => convert(one, 'bool', context))));

const many = Infinity;

export const kqlOperators: Readonly<Record<string, KqlFunction>> = {
  and: custom(2, 'both hold', logic('and')),
  or: custom(2, 'one of both holds', logic('or')),
  '==': custom(2, 'equal; null equals no value, and null == null is null', ([a, b], context) =>
    equality('==', a, b, context),
  ),
  '!=': custom(2, 'not equal; null differs from every value', ([a, b], context) => equality('!=', a, b, context)),
  '<>': custom(2, 'not equal', ([a, b], context) => equality('!=', a, b, context)),
  '<': custom(2, 'less', ([a, b], context) => ordering('<', a, b, context)),
  '<=': custom(2, 'less or equal', ([a, b], context) => ordering('<=', a, b, context)),
  '>': custom(2, 'greater', ([a, b], context) => ordering('>', a, b, context)),
  '>=': custom(2, 'greater or equal', ([a, b], context) => ordering('>=', a, b, context)),
  '+': custom(2, 'sum of numbers, timespans, or a datetime and a timespan', ([a, b], context) =>
    arithmetic('+', a, b, context),
  ),
  '-': custom(2, 'difference; of two datetimes a timespan', ([a, b], context) => arithmetic('-', a, b, context)),
  '*': custom(2, 'product of numbers, or of a timespan and a number', ([a, b], context) =>
    arithmetic('*', a, b, context),
  ),
  '/': custom(2, 'quotient: of whole numbers towards zero, null for a divisor of 0', ([a, b], context) =>
    arithmetic('/', a, b, context),
  ),
  '%': custom(2, 'remainder, which is never negative', ([a, b], context) => arithmetic('%', a, b, context)),
  'unary -': custom(1, 'negative', ([of], context) => negated(of, context)),
  between: custom(3, 'from the first bound to the second, both included', between),
  '!between': custom(3, 'not between', (args, context) => not(between(args, context))),
  '=~': custom(2, 'equal texts, in any case', equalTexts),
  '!~': custom(2, 'different texts, in any case', (args, context) => not(equalTexts(args, context))),
  ...textOperators('contains', 'a text is found in the text', 'text_contains'),
  ...textOperators('startswith', 'the text begins with a text', 'text_starts'),
  ...textOperators('endswith', 'the text ends with a text', 'text_ends'),
  ...textOperators('has', 'a term is found in the text: a run of letters and digits', 'text_has'),
  ...textOperators('hasprefix', 'a term begins with a text', 'text_has_prefix'),
  ...textOperators('hassuffix', 'a term ends with a text', 'text_has_suffix'),
  ':': custom(2, 'as `has`, in `search`', ([of, term], context) =>
    typed(
      'bool',
      call('text_has', call('lower', convert(of, 'string', context)), call('lower', convert(term, 'string', context))),
    ),
  ),
  'matches regex': custom(2, 'a regular expression of RE2 is found', (args, context) =>
    typed('bool', call('matches', ...args.map((one) => convert(one, 'string', context)))),
  ),
  in: custom([2, many], 'one of these values', (args, context) => isIn(args, context, true)),
  '!in': custom([2, many], 'none of these values', (args, context) => notOrNull(isIn(args, context, true))),
  'in~': custom([2, many], 'one of these texts, in any case', (args, context) => isIn(args, context, false)),
  '!in~': custom([2, many], 'none of these texts, in any case', (args, context) =>
    notOrNull(isIn(args, context, false)),
  ),
  has_any: custom([2, many], 'one of these terms is found, in any case', (args, context) =>
    hasTerms(args, context, false),
  ),
  has_all: custom([2, many], 'all of these terms are found, in any case', (args, context) =>
    hasTerms(args, context, true),
  ),
  '[]': custom(2, 'a member of a bag, or an element of an array', access),
};

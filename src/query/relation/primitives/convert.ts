/** Primitives that turn values of one type into another. */
import { call, cast, number } from '../../sql/node.ts';
import type { SqlExpression } from '../../sql/node.ts';
import { and, equal, join, less, local, or, quoted, when } from '../../sql/sql.ts';
import { primitive } from '../rule.ts';
import { datetimeText, parseDatetime } from '../values/datetime.ts';
import { isNumeric, jsonText, parseJson, realText } from '../values/json.ts';
import type { Json } from '../values/json.ts';
import { decimalReal, parseDecimal, parseLong, parseReal, realDecimal } from '../values/number.ts';
import { parseTimespan, timespanText } from '../values/timespan.ts';
import { decimalOf, decimalScale, decimalText } from '../value.ts';

const trim = (text: SqlExpression): SqlExpression =>
  call('regexp_replace', text, quoted(String.raw`^\s+|\s+$`), quoted(''), quoted('g'));
const full = (text: SqlExpression, pattern: string): SqlExpression => call('regexp_full_match', text, quoted(pattern));
const same = (of: SqlExpression): SqlExpression => of;
const tryCast = (of: SqlExpression, type: 'BIGINT' | 'INTEGER' | 'DOUBLE'): SqlExpression => ({
  kind: 'try-cast',
  of,
  type,
});

const longSql = (text: SqlExpression): SqlExpression =>
  when([full(text, String.raw`\s*[+-]?(\d{1,30}|0[xX][0-9a-fA-F]{1,16})\s*`), tryCast(trim(text), 'BIGINT')])();

const realSql = (text: SqlExpression): SqlExpression =>
  when(
    [full(text, String.raw`\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?\s*`), tryCast(trim(text), 'DOUBLE')],
    [
      full(text, String.raw`(?i)\s*[+-]?(nan|inf|infinity)\s*`),
      tryCast(call('replace', trim(text), quoted('+'), quoted('')), 'DOUBLE'),
    ],
  )();

/** Towards zero; null of what no whole number of 64 bits is. */
const realLong = (value: number): bigint | undefined =>
  Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : undefined;

/** The text of a dynamic value: of a string the string itself. */
const dynamicTextSql = (of: SqlExpression): SqlExpression =>
  when([call('starts_with', of, quoted('"')), call('json_extract_string', of, quoted('$'))])(of);

function dynamicText(text: string): string {
  const value = parseJson(text);
  return typeof value === 'string' ? value : text;
}

const scalarOf = <T>(text: string, of: (value: Json) => T | undefined): T | undefined => {
  const value = parseJson(text);
  return value === undefined ? undefined : of(value);
};

const boolOf = (text: string): boolean | undefined => {
  const word = text.trim().toLowerCase();
  if (word === 'true' || word === 'false') return word === 'true';
  const value = parseLong(word);
  return value === undefined ? undefined : value !== 0n;
};

export const convertPrimitives = {
  boolean_text: primitive(
    ['boolean'],
    'text',
    (of) => (of ? 'True' : 'False'),
    (of) => when([of, quoted('True')])(quoted('False')),
    { guards: true },
  ),
  boolean_long: primitive(
    ['boolean'],
    'long',
    (of) => (of ? 1n : 0n),
    (of) => cast(of, 'long'),
  ),
  integer_long: primitive(
    ['integer'],
    'long',
    (of) => of,
    (of) => cast(of, 'long'),
  ),
  /** Of 128 bits; more than 64 are an error. */
  wide_long: primitive(
    ['wide'],
    'long',
    (of) => BigInt.asIntN(64, of),
    (of) => cast(of, 'long'),
  ),
  /** The lower 32 bits. */
  long_integer: primitive(
    ['long'],
    'integer',
    (of) => BigInt.asIntN(32, of),
    (of) =>
      cast(
        {
          kind: 'operator',
          operator: '-',
          operands: [
            call(
              'xor',
              { kind: 'operator', operator: '&', operands: [of, number(4_294_967_295)] },
              number(2_147_483_648),
            ),
            number(2_147_483_648),
          ],
        },
        'integer',
      ),
  ),
  /** Null of what has more than 32 bits. */
  long_small: primitive(
    ['long'],
    'integer',
    (of) => (BigInt.asIntN(32, of) === of ? of : undefined),
    (of) => tryCast(of, 'INTEGER'),
  ),
  wide_double: primitive(
    ['wide'],
    'double',
    (of) => Number(of),
    (of) => cast(of, 'double'),
  ),
  long_text: primitive(
    ['long'],
    'text',
    (of) => String(of),
    (of) => cast(of, 'text'),
  ),
  long_double: primitive(
    ['long'],
    'double',
    (of) => Number(of),
    (of) => cast(of, 'double'),
  ),
  long_decimal: primitive(
    ['long'],
    'decimal',
    (of) => decimalOf(String(of)),
    (of) => cast(of, 'decimal'),
  ),
  double_long: primitive(['double'], 'long', realLong, (of) =>
    when([
      and(call('isfinite', of), less(call('abs', of), { kind: 'fixed', text: '9.2233720368547758e18' })),
      cast(call('trunc', of), 'long'),
    ])(),
  ),
  double_text: primitive(['double'], 'text', realText, (of) => {
    const size = call('abs', of);
    const plain = and(
      { kind: 'operator', operator: '>=', operands: [size, { kind: 'fixed', text: '0.001' }] },
      less(size, { kind: 'fixed', text: '1e15' }),
    );
    return when([or(plain, and(equal(of, number(0)), { kind: 'not', of: call('signbit', of) })), cast(of, 'text')])(
      call('kql_double_text', of),
    );
  }),
  double_decimal: primitive(['double'], 'decimal', realDecimal),
  decimal_text: primitive(['decimal'], 'text', decimalText, undefined),
  decimal_double: primitive(['decimal'], 'double', decimalReal, undefined),
  decimal_long: primitive(['decimal'], 'long', (of) => {
    const whole = of / 10n ** BigInt(decimalScale);
    return BigInt.asIntN(64, whole) === whole ? whole : undefined;
  }),
  time_text: primitive(['time'], 'text', datetimeText, (of) =>
    call(
      'replace',
      join(call('strftime', local(of), quoted('%Y-%m-%dT%H:%M:%S.%f')), quoted('0Z')),
      quoted('.9999990Z'),
      quoted('.9999999Z'),
    ),
  ),
  timespan_text: primitive(['timespan'], 'text', timespanText),
  guid_text: primitive(['guid'], 'text', (of) => of, same),
  text_boolean: primitive(['text'], 'boolean', boolOf, (of) => {
    const word = call('lower', trim(of));
    const value = longSql(of);
    return when(
      [equal(word, quoted('true')), { kind: 'boolean', value: true }],
      [equal(word, quoted('false')), { kind: 'boolean', value: false }],
    )({ kind: 'operator', operator: '<>', operands: [value, number(0)] });
  }),
  text_long: primitive(['text'], 'long', parseLong, longSql),
  text_double: primitive(['text'], 'double', parseReal, realSql),
  text_decimal: primitive(['text'], 'decimal', parseDecimal),
  text_time: primitive(['text'], 'time', parseDatetime),
  text_timespan: primitive(['text'], 'timespan', parseTimespan),
  text_guid: primitive(['text'], 'guid', (of) => {
    const word = of
      .trim()
      .toLowerCase()
      .replace(/^\{(.*)\}$/, '$1');
    const digits = word.replaceAll('-', '');
    return /^[\da-f]{32}$/.test(digits) ? digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-') : undefined;
  }),

  boolean_dynamic: primitive(
    ['boolean'],
    'dynamic',
    (of) => String(of),
    (of) => cast(of, 'text'),
  ),
  long_dynamic: primitive(
    ['long'],
    'dynamic',
    (of) => String(of),
    (of) => cast(of, 'text'),
  ),
  double_dynamic: primitive(['double'], 'dynamic', (of) => jsonText(of)),
  text_dynamic: primitive(
    ['text'],
    'dynamic',
    (of) => JSON.stringify(of),
    (of) => cast(call('to_json', of), 'text'),
  ),
  /** JSON as it is; any other text as a string. Null of JSON's null, and of an empty text. */
  text_parsed: primitive(['text'], 'dynamic', (of) => {
    const value = parseJson(of);
    return of === '' || value === null ? undefined : jsonText(value ?? of);
  }),
  dynamic_text: primitive(['dynamic'], 'text', dynamicText, dynamicTextSql),
  dynamic_long: primitive(
    ['dynamic'],
    'long',
    (of) =>
      scalarOf(of, (value) =>
        typeof value === 'bigint'
          ? value
          : typeof value === 'number'
            ? realLong(value)
            : typeof value === 'boolean'
              ? BigInt(value)
              : typeof value === 'string'
                ? parseLong(value)
                : undefined,
      ),
    (of) =>
      when(
        [equal(of, quoted('true')), number(1)],
        [equal(of, quoted('false')), number(0)],
        [call('starts_with', of, quoted('"')), longSql(dynamicTextSql(of))],
        [full(of, String.raw`-?\d{1,18}`), tryCast(of, 'BIGINT')],
        [call('regexp_matches', of, quoted(String.raw`^[\[{]`)), { kind: 'null', type: 'long' }],
      )(call('kql_dynamic_long', of)),
  ),
  dynamic_double: primitive(
    ['dynamic'],
    'double',
    (of) =>
      scalarOf(of, (value) =>
        isNumeric(value) || typeof value === 'boolean'
          ? Number(value)
          : typeof value === 'string'
            ? parseReal(value)
            : undefined,
      ),
    (of) =>
      when(
        [equal(of, quoted('true')), number(1)],
        [equal(of, quoted('false')), number(0)],
        [call('regexp_matches', of, quoted(String.raw`^[\[{]`)), { kind: 'null', type: 'double' }],
      )(realSql(dynamicTextSql(of))),
  ),
  dynamic_boolean: primitive(['dynamic'], 'boolean', (of) =>
    scalarOf(of, (value) =>
      typeof value === 'boolean'
        ? value
        : isNumeric(value)
          ? Number(value) !== 0
          : typeof value === 'string'
            ? boolOf(value)
            : undefined,
    ),
  ),
  /** Whether a dynamic value is an array. */
  dynamic_kind: primitive(['dynamic'], 'text', (of) => {
    const value = parseJson(of) ?? null;
    if (value === null) return 'null';
    if (typeof value === 'bigint') return 'long';
    if (typeof value === 'number') return 'double';
    if (typeof value === 'boolean') return 'bool';
    return typeof value === 'string' ? 'string' : Array.isArray(value) ? 'array' : 'dictionary';
  }),
} as const;

/** Literals, read from the text of their token: the language service gets some of their values wrong. */
import type { Literal } from '../../relation/value.ts';
import { nothing } from '../../relation/expression.ts';
import type { TreeValue, Value } from '../../relation/value.ts';
import { decimalText } from '../../relation/value.ts';
import type { Typed } from '../functions/kinds.ts';
import type { SyntaxNode } from '../language/syntax.ts';
import { scalarOf } from '../type.ts';
import type { KqlType } from '../type.ts';

const literalKinds: Readonly<Record<string, KqlType>> = {
  BooleanLiteralExpression: 'bool',
  IntLiteralExpression: 'int',
  LongLiteralExpression: 'long',
  RealLiteralExpression: 'real',
  DecimalLiteralExpression: 'decimal',
  DateTimeLiteralExpression: 'datetime',
  TimespanLiteralExpression: 'timespan',
  GuidLiteralExpression: 'guid',
  StringLiteralExpression: 'string',
  CompoundStringLiteralExpression: 'string',
};

export function isLiteral({ kind }: SyntaxNode): boolean {
  return Object.hasOwn(literalKinds, kind);
}

/** The value of a literal; `undefined` if its text is none. */
export function literalOf(node: SyntaxNode): Typed | undefined {
  const type = literalKinds[node.kind];
  const text = node.text ?? '';
  if (type === 'string') return literal('string', text);
  const [, inner] = /^\w+\s*\(([\s\S]*)\)$/.exec(text) ?? [];
  // The engine takes quotes within the brackets: datetime('2024-01-01').
  const plain = (inner ?? text).trim().replace(/^(["'])([^]*)\1$/, '$2');
  if (plain === 'null') return { value: nothing(scalarOf(type)), type };
  const value = readers[type](plain);
  return value === undefined ? undefined : literal(type, value);
}

export function literal(type: KqlType, value: TreeValue['value']): Typed {
  return value === null
    ? { value: nothing(scalarOf(type)), type }
    : { value: { kind: 'literal', type: scalarOf(type), value } satisfies Literal, type };
}

/** A value of the interpreter as a literal. */
export function literalOfValue(type: KqlType, value: Value): Typed {
  if (typeof value === 'bigint') {
    if (type === 'decimal') return literal(type, decimalText(value));
    const number = Number(value);
    return literal(type, Number.isSafeInteger(number) ? number : String(value));
  }
  if (typeof value === 'number' && !Number.isFinite(value)) return literal(type, String(value));
  return literal(type, value as string | number | boolean | null);
}

type Reader = (text: string) => string | number | boolean | undefined;

const readers: Readonly<Record<KqlType, Reader>> = {
  bool: (text) => (/^(true|1)$/i.test(text) ? true : /^(false|0)$/i.test(text) ? false : undefined),
  int: (text) => wholeOf(text, 32),
  long: (text) => wholeOf(text, 64),
  real: (text) => {
    if (/^nan$/i.test(text)) return 'NaN';
    const [, sign] = /^([+-]?)inf$/i.exec(text) ?? [];
    if (sign !== undefined) return sign === '-' ? '-Infinity' : 'Infinity';
    const number = Number(text);
    return text === '' || Number.isNaN(number) ? undefined : number;
  },
  decimal: (text) => {
    const [, sign, whole = '', fraction = '', exponent = '0'] =
      /^([+-]?)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i.exec(text) ?? [];
    if (sign === undefined || whole + fraction === '') return undefined;
    const digits = whole + fraction;
    const point = whole.length + Number(exponent);
    const padded = point <= 0 ? '0'.repeat(1 - point) + digits : digits.padEnd(point, '0');
    const at = Math.max(point, 1);
    return `${sign === '-' ? '-' : ''}${padded.slice(0, at)}.${padded.slice(at)}`.replace(/\.$/, '');
  },
  string: (text) => text,
  datetime: (text) => {
    const micros = datetimeMicros(text);
    return micros === undefined ? undefined : numberOf(micros);
  },
  timespan: (text) => {
    const ticks = timespanTicks(text);
    return ticks === undefined ? undefined : numberOf(ticks);
  },
  dynamic: (text) => text,
  guid: (text) => {
    const hex = text.toLowerCase().replaceAll(/[-{}]/g, '');
    if (!/^[0-9a-f]{32}$/.test(hex)) return undefined;
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  },
};

function numberOf(value: bigint): number | string {
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}

function wholeOf(text: string, bits: 32 | 64): number | string | undefined {
  const [, sign, digits] = /^([+-]?)(0x[0-9a-f]+|\d+)$/i.exec(text) ?? [];
  if (digits === undefined) return undefined;
  const value = sign === '-' ? -BigInt(digits) : BigInt(digits);
  return BigInt.asIntN(bits, value) === value ? numberOf(value) : undefined;
}

const units: Readonly<Record<string, bigint>> = {
  d: 864_000_000_000n,
  day: 864_000_000_000n,
  days: 864_000_000_000n,
  h: 36_000_000_000n,
  hr: 36_000_000_000n,
  hrs: 36_000_000_000n,
  hour: 36_000_000_000n,
  hours: 36_000_000_000n,
  m: 600_000_000n,
  min: 600_000_000n,
  minute: 600_000_000n,
  minutes: 600_000_000n,
  s: 10_000_000n,
  sec: 10_000_000n,
  second: 10_000_000n,
  seconds: 10_000_000n,
  ms: 10_000n,
  milli: 10_000n,
  millis: 10_000n,
  millisecond: 10_000n,
  milliseconds: 10_000n,
  micro: 10n,
  micros: 10n,
  microsecond: 10n,
  microseconds: 10n,
  nano: 0n,
  nanos: 0n,
  tick: 1n,
  ticks: 1n,
};

/** Ticks of 100 ns of `1.5h`, `1.02:03:04.5`, or of days as a number. */
export function timespanTicks(text: string): bigint | undefined {
  const [, number, unit] = /^([+-]?\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text) ?? [];
  if (number !== undefined) {
    const size = unit === '' ? units['d'] : units[unit.toLowerCase()];
    if (size === undefined) return undefined;
    const [whole, fraction = ''] = number.split('.');
    const scaled = BigInt(`${whole}${fraction}`) * size;
    return scaled / 10n ** BigInt(fraction.length);
  }
  const [, sign, days = '0', hours, minutes, seconds = '0', fraction = ''] =
    /^(-?)(?:(\d+)\.)?(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,7}))?)?$/.exec(text) ?? [];
  if (hours === undefined) return undefined;
  if (Number(hours) > 23 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const whole = ((BigInt(days) * 24n + BigInt(hours)) * 60n + BigInt(minutes)) * 60n + BigInt(seconds);
  const ticks = whole * 10_000_000n + BigInt(fraction.padEnd(7, '0'));
  return sign === '-' ? -ticks : ticks;
}

const months = 'jan feb mar apr may jun jul aug sep oct nov dec'.split(' ');

/** Epoch microseconds of ISO 8601 and the other forms that literals have; further digits of the fraction are cut. UTC without a zone. */
export function datetimeMicros(text: string): bigint | undefined {
  const iso =
    /^(\d{4})(?:-(\d{1,2})(?:-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s*(z|utc|gmt|[+-]\d{2}:?\d{2})?)?)?)?$/i.exec(
      text,
    );
  const us = /^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(?: (\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?)?$/.exec(text);
  const rfc =
    /^(?:[a-z]{3},?\s+)?(\d{1,2}) ([a-z]{3})[a-z]* (\d{2,4})(?: (\d{1,2}):(\d{2})(?::(\d{2}))?)?\s*(z|utc|gmt|[+-]\d{4})?$/i.exec(
      text,
    );
  if (iso !== null) return microsOf([iso[1], iso[2], iso[3], iso[4], iso[5], iso[6]], iso[7], iso[8]);
  if (us !== null) return microsOf([us[3], us[1], us[2], us[4], us[5], us[6]], us[7], undefined);
  if (rfc === null) return undefined;
  const month = months.indexOf(rfc[2].toLowerCase()) + 1;
  const year = rfc[3].length === 2 ? `20${rfc[3]}` : rfc[3];
  return month === 0 ? undefined : microsOf([year, String(month), rfc[1], rfc[4], rfc[5], rfc[6]], undefined, rfc[7]);
}

function microsOf(
  parts: readonly (string | undefined)[],
  fraction: string | undefined,
  zone: string | undefined,
): bigint | undefined {
  const [year, month = 1, day = 1, hour = 0, minute = 0, second = 0] = parts.map((part) =>
    part === undefined ? undefined : Number(part),
  );
  const date = new Date(0);
  date.setUTCFullYear(year!, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isThere =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isThere) return undefined;
  const [, sign, hours, minutes] = /^([+-])(\d{2}):?(\d{2})$/.exec(zone ?? '') ?? [];
  const shift = sign === undefined ? 0 : (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) * 60_000;
  return BigInt(date.getTime() - shift) * 1000n + BigInt((fraction ?? '').slice(0, 6).padEnd(6, '0'));
}

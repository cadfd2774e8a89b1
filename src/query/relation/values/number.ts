/** Numbers of texts. */
import { decimalOf, decimalScale } from '../value.ts';

/** A whole number of 64 bits, in digits or as `0x…`; `undefined` of any other text. */
export function parseLong(text: string): bigint | undefined {
  const trimmed = text.trim();
  if (!/^[+-]?(\d{1,30}|0[xX][\da-fA-F]{1,16})$/.test(trimmed)) return undefined;
  const magnitude = BigInt(trimmed.replace(/^[+-]/, ''));
  const value = trimmed.startsWith('-') ? -magnitude : magnitude;
  return BigInt.asIntN(64, value) === value ? value : undefined;
}

export function parseReal(text: string): number | undefined {
  const trimmed = text.trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?$/.test(trimmed)) return Number(trimmed);
  const [, sign, word] = /^([+-]?)(nan|inf|infinity)$/i.exec(trimmed) ?? [];
  if (word === undefined) return undefined;
  return word.toLowerCase() === 'nan' ? NaN : sign === '-' ? -Infinity : Infinity;
}

/** In units of 10^-12. */
export function parseDecimal(text: string): bigint | undefined {
  const found = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/.exec(text.trim());
  if (found === null) return undefined;
  const [, sign, whole, fraction = '', exponent = '0'] = found;
  if (whole + fraction === '') return undefined;
  const digits = whole + fraction;
  const point = whole.length + Number(exponent);
  const [left, right] =
    point >= digits.length
      ? [digits.padEnd(point, '0'), '']
      : point <= 0
        ? ['0', digits.padStart(digits.length - point, '0')]
        : [digits.slice(0, point), digits.slice(point)];
  return decimalInRange(decimalOf(`${sign === '-' ? '-' : ''}${left}.${right}`));
}

/** `undefined` for a decimal of more than 26 digits before the point. */
export function decimalInRange(units: bigint): bigint | undefined {
  const most = 10n ** BigInt(26 + decimalScale);
  return units > -most && units < most ? units : undefined;
}

export function realDecimal(value: number): bigint | undefined {
  return Number.isFinite(value) ? parseDecimal(String(value)) : undefined;
}

export function decimalReal(units: bigint): number {
  const one = 10n ** BigInt(decimalScale);
  const whole = units / one;
  const fraction = String(units < 0n ? -(units % one) : units % one).padStart(decimalScale, '0');
  return Number(`${units < 0n ? '-' : ''}${whole < 0n ? -whole : whole}.${fraction}`);
}

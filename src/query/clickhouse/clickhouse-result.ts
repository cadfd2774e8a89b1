import type { Cell } from '../engine/result.ts';

/** A value of ClickHouse's JSON as a cell: the same as the embedded engine gives. */
export function clickhouseCell(value: unknown, type: string): Cell {
  if (value === null || value === undefined) return null;
  const plain = plainType(type);
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'number' && typeof value !== 'string') return JSON.stringify(value);
  if (/^U?Int/.test(plain)) {
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : String(value);
  }
  if (/^(Float|Decimal)/.test(plain)) return Number(value);
  return plain.startsWith('DateTime') ? timeText(String(value)) : value;
}

function plainType(type: string): string {
  return type.replace(/^(?:LowCardinality|Nullable)\((.*)\)$/, '$1').replace(/^Nullable\((.*)\)$/, '$1');
}

/** `2023-11-14 12:00:00.123000` as ISO 8601 with milliseconds, and microseconds where there are any. */
function timeText(text: string): string {
  const [date, time = '00:00:00'] = text.split(' ');
  const [seconds, fraction = ''] = time.split('.');
  const micros = fraction.padEnd(6, '0').slice(0, 6);
  return `${date}T${seconds}.${micros.endsWith('000') ? micros.slice(0, 3) : micros}Z`;
}

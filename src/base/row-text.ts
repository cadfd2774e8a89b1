/** Rows as text: what the commands print and what the API streams is the same. */
import { randomUUID } from 'node:crypto';

/** Unsafe characters that `JSON.stringify` does not escape. */
const unsafeInStrings = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** A cell as text: objects as JSON. */
export function plainText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Marks the digits of a bigint in JSON until they stand without quotes. No data knows it. */
const exact = `exact ${randomUUID()} `;
const exactInJson = new RegExp(`"${exact}(-?\\d+)"`, 'g');

/** A value as JSON: bigints are numbers with all digits; unsafe characters become `\u` escapes. */
export function jsonText(value: unknown, indent?: number): string {
  let hasExact = false;
  const json = JSON.stringify(
    value,
    (_, one: unknown) => {
      if (typeof one !== 'bigint') return one;
      hasExact = true;
      return `${exact}${one}`;
    },
    indent,
  );
  return escapeJson(hasExact ? json.replace(exactInJson, '$1') : json);
}

/** The same for JSON text: unsafe characters occur only in strings. */
export function escapeJson(json: string): string {
  return json.replace(unsafeInStrings, escapeUnits);
}

/** `\u202e`, or two of them for a character beyond 16 bits. */
export function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** A row as an object, by the names of its columns. */
export function rowObject(names: readonly string[], row: readonly unknown[]): Record<string, unknown> {
  return Object.fromEntries(names.map((name, i) => [name, row[i] ?? null]));
}

/** A cell of a CSV file; empty for null. Source: RFC 4180. */
export function csvCell(value: unknown, quote: (text: string) => string = quoteCsv): string {
  return value === null || value === undefined ? '' : quote(plainText(value));
}

export function quoteCsv(text: string): string {
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

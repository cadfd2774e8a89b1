/**
 * The list of cases of KQL: each is a query that needs no table, and the answer that its documentation page gives by rule. Inputs are our
 * own, and answers are worked by hand. Values are written as `query -o json` prints them, longs beyond 2^53 as texts of their digits.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export interface KqlCase {
  readonly id: string;
  /** The page whose rules the case follows. */
  readonly source: string;
  readonly query: string;
  /** Names and types, in order. */
  readonly columns: readonly (readonly [string, string])[];
  readonly rows: readonly (readonly Json[])[];
  /** Whether the order of rows counts. */
  readonly ordered: boolean;
}

const folder = new URL('cases/', import.meta.url);

/** All cases, by file in order of name. */
export function kqlCases(): KqlCase[] {
  return readdirSync(fileURLToPath(folder))
    .filter((name) => name.endsWith('.json'))
    .toSorted()
    .flatMap((name) => JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as KqlCase[]);
}

/** What of an answer differs from the case; `undefined` if it is right. */
export function differenceOf(one: KqlCase, columns: KqlCase['columns'], rows: KqlCase['rows']): string | undefined {
  const wanted = columnText(one.columns);
  const given = columnText(columns);
  if (given !== wanted) return `columns ${given}, not ${wanted}`;
  const types = one.columns.map(([, type]) => type);
  const wantedRows = one.rows.map((row) => rowText(row, types));
  const givenRows = rows.map((row) => rowText(row, types));
  if (!one.ordered) for (const texts of [wantedRows, givenRows]) texts.sort();
  if (givenRows.join('\n') === wantedRows.join('\n')) return undefined;
  return `rows ${givenRows.slice(0, 6).join(' ')}, not ${wantedRows.slice(0, 6).join(' ')}`;
}

function columnText(columns: KqlCase['columns']): string {
  return columns.map(([name, type]) => `${JSON.stringify(name)}:${type}`).join(', ');
}

function rowText(row: readonly Json[], types: readonly string[]): string {
  return `[${row.map((value, index) => valueText(value, types[index] ?? '')).join(',')}]`;
}

/** Equal values have equal texts: reals are compared to 12 digits, decimals and times without trailing zeros. */
function valueText(value: Json, type: string): string {
  if (value === null) return 'null';
  if (type === 'real' && typeof value === 'number') return realText(value);
  if ((type === 'long' || type === 'int') && typeof value === 'number') return String(value);
  if (typeof value !== 'string') return type === 'dynamic' ? dynamicText(value) : JSON.stringify(value);
  if (type === 'long' || type === 'int') return value;
  if (type === 'decimal') return value.replace(/(\.\d*?)0+$/, '$1').replace(/\.$/, '');
  if (type === 'datetime') return timeText(value, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,7})?Z$/);
  if (type === 'timespan') return timeText(value, /^-?(?:\d+\.)?\d\d:\d\d:\d\d(?:\.\d{1,7})?$/);
  return JSON.stringify(value);
}

function realText(value: number): string {
  return value === 0 ? '0' : String(Number(value.toPrecision(12)));
}

function timeText(value: string, shape: RegExp): string {
  if (!shape.test(value)) return `not in the right form: ${value}`;
  return value.replace(/(\.\d{1,7}?)0+(?=Z|$)/, '$1').replace(/\.0(?=Z|$)/, '');
}

/** Keys of objects have no order. */
function dynamicText(value: Json): string {
  if (typeof value === 'number') return realText(value);
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Json[]).map(dynamicText).join(',')}]`;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${dynamicText(item)}`).join(',')}}`;
}

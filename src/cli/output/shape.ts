/** `--columns` and `--sort`: which columns of a result are printed, and in which order its rows come. */
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { nearest } from '../../query/filter/nearest.ts';
import { plainText } from '../../base/row-text.ts';
import type { Result, ResultColumn } from './result.ts';

export interface Shape {
  /** Names of columns, as in JSON. */
  readonly columns?: readonly string[];
  readonly sort?: SortOrder;
  /** Rows to print after sorting. */
  readonly limit?: number;
}

export interface SortOrder {
  readonly column: string;
  readonly isDescending: boolean;
}

/** Names with commas. @throws usage */
export function parseColumns(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw new FlowError('usage', `--columns ${JSON.stringify(text)} has an empty name`);
  return names;
}

/** `name`, `name:asc` or `name:desc`. @throws usage */
export function parseSort(text: string): SortOrder {
  const [, column, order = 'asc'] = /^(.+?)(?::(asc|desc))?$/i.exec(text.trim()) ?? [];
  if (column === undefined || /:(?!desc$|asc$)\w*$/i.test(text))
    throw new FlowError('usage', `--sort takes a column and perhaps :desc, not ${JSON.stringify(text)}`);
  return { column, isDescending: order.toLowerCase() === 'desc' };
}

/** The result with other columns or in another order. @throws usage for names that it does not have */
export function shaped(result: Result, { columns, sort, limit }: Shape): Result {
  const sorted = sort === undefined ? result : sortedBy(result, sort, limit ?? Infinity);
  return columns === undefined ? sorted : selected(sorted, columns);
}

type Row = readonly unknown[];

function selected(result: Result, names: readonly string[]): Result {
  const picked = names.map((name) => columnNamed(result.columns, name, '--columns'));
  return {
    columns: picked.map(({ column }) => column),
    chunks: mapChunks(result.chunks, (rows) => rows.map((row) => picked.map(({ of }) => of(row)))),
    keep: names,
  };
}

function sortedBy(result: Result, { column: name, isDescending }: SortOrder, limit: number): Result {
  const { column, of } = columnNamed(result.columns, name, '--sort');
  const key = column.kind === 'number' ? (row: Row) => numberOf(of(row)) : of;
  const compare = (a: Row, b: Row): number => compareCells(key(a), key(b), isDescending);
  const most = Math.min(limit, limits.sortedRowsMax);
  const chunks = async function* (): AsyncGenerator<readonly unknown[][]> {
    let rows: unknown[][] = [];
    const cut = (): void => {
      rows.sort(compare);
      rows = rows.slice(0, limit);
    };
    for await (const chunk of result.chunks) {
      for (const row of chunk) rows.push(row);
      if (rows.length >= 2 * most) cut();
      if (rows.length > limits.sortedRowsMax && limit > limits.sortedRowsMax)
        throw new FlowError('usage', `--sort takes at most ${limits.sortedRowsMax} rows`, {
          hint: 'Name how many rows to show, such as --limit 100, or a narrower filter.',
        });
    }
    cut();
    yield rows;
  };
  return { ...result, chunks: chunks() };
}

/** A column of the result, or the sum of two. @throws usage */
function columnNamed(
  columns: readonly ResultColumn[],
  name: string,
  option: string,
): { readonly column: ResultColumn; readonly of: (row: Row) => unknown } {
  const names = columns.map((one) => one.name);
  const [place, other] = partsOf(names, name, option).map((part) => names.indexOf(part));
  if (other === undefined) return { column: columns[place], of: (row) => row[place] };
  return { column: { ...columns[place], name }, of: (row) => sumOf(row[place], row[other]) };
}

/** The names that make up a column: `bytes` and `packets` are also the sum of both directions. @throws usage */
export function partsOf(names: readonly string[], name: string, option: string): readonly string[] {
  if (names.includes(name)) return [name];
  const directions = [`${name}_forward`, `${name}_reverse`];
  if (directions.every((one) => names.includes(one))) return directions;
  throw unknownColumn(name, names, option);
}

/** Keys of an object that is printed alone. @throws usage for keys that it does not have */
export function pickedKeys(value: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(
    names.map((name) => {
      if (!Object.hasOwn(value, name)) throw unknownColumn(name, Object.keys(value), '--columns');
      return [name, value[name]];
    }),
  );
}

function unknownColumn(name: string, names: readonly string[], option: string): FlowError {
  const near = nearest(name, names);
  return new FlowError('usage', `${option}: there is no column ${JSON.stringify(name)}`, {
    hint: `${near === undefined ? '' : `Did you mean ${near}? `}Columns: ${names.join(', ')}.`,
  });
}

/** Null where neither is counted; exact beyond 2^53, where numbers are their digits. */
function sumOf(a: unknown, b: unknown): unknown {
  if (a == null && b == null) return null;
  const parts = [a ?? 0, b ?? 0];
  if (parts.every((part) => typeof part === 'number')) return parts[0] + parts[1];
  return String(parts.reduce<bigint>((sum, part) => sum + BigInt(plainText(part)), 0n));
}

function numberOf(value: unknown): unknown {
  return typeof value === 'string' ? Number(value) : value;
}

/** Cells without a value come last in both orders. */
function compareCells(a: unknown, b: unknown, isDescending: boolean): number {
  if (a == null || b == null) return Number(a == null) - Number(b == null);
  const order = compareValues(a, b);
  return isDescending ? -order : order;
}

function compareValues(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [x, y] = [plainText(a), plainText(b)];
  return x < y ? -1 : x > y ? 1 : 0;
}

async function* mapChunks(
  chunks: Result['chunks'],
  map: (rows: readonly unknown[][]) => unknown[][],
): AsyncGenerator<readonly unknown[][]> {
  for await (const chunk of chunks) yield map(chunk);
}

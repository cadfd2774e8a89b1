import type { GroupQuery, RowOrder } from '../../../src/query/tree.ts';
import type { AnswerColumn, Cell } from '../../../src/query/engine/result.ts';

/** A question without its range and its filter, which all panels of a page share. */
export type Query =
  | Omit<GroupQuery, 'range' | 'where'>
  | (RowOrder & { readonly ask: 'tuples'; readonly origin?: boolean; readonly names?: readonly string[] })
  | (RowOrder & { readonly ask: 'conversations'; readonly names?: readonly string[] })
  | { readonly ask: 'count'; readonly observations?: boolean };

export interface Question {
  readonly query: Query;
  readonly filter: string;
  /** Epoch milliseconds; the end is excluded. */
  readonly from: number;
  readonly to: number;
}

export interface Answer {
  readonly columns: readonly AnswerColumn[];
  /** A list of values for each column. */
  readonly data: readonly (readonly Cell[])[];
  readonly rows: number;
  readonly summary?: { readonly flows: number; readonly counted?: number };
  readonly range: { readonly from: number; readonly to: number };
  readonly millis: number;
  readonly cached: boolean;
}

export function questionBody({ query, filter, from, to }: Question): object {
  return { query, ...(filter.trim() === '' ? {} : { filter }), from, to };
}

const noCells: readonly Cell[] = [];

/** The values of a column; none where the answer does not have it. */
export function cellsOf({ columns, data }: Answer, name: string): readonly Cell[] {
  return data[columns.findIndex((column) => column.name === name)] ?? noCells;
}

/** The column of a field: `dst.port` is `dst_port`, `dst` is `dst_ip`. */
export function columnOfField(field: string): string {
  return field === 'src' || field === 'dst' ? `${field}_ip` : field.replaceAll('.', '_');
}

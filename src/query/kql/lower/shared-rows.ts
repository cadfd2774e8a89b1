import { columnsOf } from '../../relation/check.ts';
import type { KqlQuery } from './query.ts';
import type { Rows } from './rows.ts';
import { renamed } from './rows.ts';

/** Rows that are computed once. */
export function sharedRows(rows: Rows, query: KqlQuery): Rows {
  const plain = renamed(rows, query.fresh);
  const name = query.share(plain.relation);
  return { ...plain, relation: { kind: 'ref', name, columns: columnsOf(plain.relation) } };
}

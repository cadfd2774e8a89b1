import { values } from '../../relation/build.ts';
import { yes } from '../../relation/expression.ts';
import type { KqlQuery } from './query.ts';
import type { Rows } from './rows.ts';

/** One row without a column that the query sees: what `print` and constants stand in. */
export function oneRow(query: KqlQuery): Rows {
  const name = query.fresh();
  return { relation: values([{ name, type: 'boolean' }], [[yes]]), columns: [], order: [], group: [] };
}

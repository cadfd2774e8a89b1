/** Where expressions are lowered: the rows, whose columns names mean, and what `let` and calls have bound. */
import { columnsOf } from '../../relation/check.ts';
import { columnsRead } from '../../relation/expression.ts';
import type { Aggregate } from '../../relation/relation.ts';
import type { Typed } from '../functions/kinds.ts';
import type { Names } from './names.ts';
import type { KqlQuery } from './query.ts';
import type { Rows } from './rows.ts';
import { findColumn, typedColumn } from './rows.ts';

/** Where expressions are lowered: rows, whose relation may gain columns meanwhile, and names. */
export class Scope {
  readonly query: KqlQuery;
  readonly names: Names;
  /** While a summarize is lowered: its aggregates. Their arguments read the rows; all else reads what comes of them. */
  readonly aggregates: Aggregate[] | undefined;
  readonly #place: { rows: Rows };

  constructor(query: KqlQuery, names: Names, rows: Rows | { rows: Rows }, aggregates?: Aggregate[]) {
    this.query = query;
    this.names = names;
    this.#place = 'rows' in rows ? rows : { rows };
    this.aggregates = aggregates;
  }

  get rows(): Rows {
    return this.#place.rows;
  }

  set rows(rows: Rows) {
    this.#place.rows = rows;
  }

  column(name: string): Typed | undefined {
    const found = findColumn(this.rows, name);
    return found === undefined ? undefined : typedColumn(found);
  }

  /** The same rows with other names: columns that either gains are known to both. */
  withNames(names: Names): Scope {
    return new Scope(this.query, names, this.#place, this.aggregates);
  }

  /** The same rows, for arguments of aggregates, which hold none themselves. */
  withoutAggregates(): Scope {
    return new Scope(this.query, this.names, this.#place);
  }

  /** Whether the value of an argument can be read here. */
  reads({ value }: Typed): boolean {
    const known = new Set([
      ...columnsOf(this.rows.relation).map((one) => one.name),
      ...(this.aggregates ?? []).map((one) => one.name),
    ]);
    return columnsRead(value).every((name) => known.has(name));
  }
}

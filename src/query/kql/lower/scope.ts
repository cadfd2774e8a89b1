/** What names mean at a place of a query: columns of the rows, and what `let` and calls have bound. */
import { columnsOf } from '../../relation/check.ts';
import { columnsRead } from '../../relation/expression.ts';
import type { Aggregate } from '../../relation/relation.ts';
import type { Typed } from '../functions/kinds.ts';
import type { SyntaxNode } from '../language/syntax.ts';
import type { KqlQuery } from './query.ts';
import type { Rows } from './rows.ts';
import { findColumn, typedColumn } from './rows.ts';

export type Binding =
  /** Lowered where it is used, with the names of where it was written. */
  | { readonly kind: 'scalar'; readonly node: SyntaxNode; readonly names: Names }
  /** An argument, lowered at the call; it may read columns of the rows there. */
  | { readonly kind: 'value'; readonly value: Typed }
  | {
      readonly kind: 'table';
      readonly node: SyntaxNode;
      readonly names: Names;
      readonly cache: { name?: string; rows?: Rows };
    }
  | { readonly kind: 'function'; readonly node: SyntaxNode; readonly names: Names }
  /** Rows that are known already: the input of a fork, of a part. */
  | { readonly kind: 'rows'; readonly rows: Rows };

/** Names that are bound, the innermost first. */
export class Names {
  readonly #own = new Map<string, Binding>();
  readonly #outer: Names | undefined;

  constructor(outer?: Names) {
    this.#outer = outer;
  }

  find(name: string): Binding | undefined {
    return this.#own.get(name) ?? this.#outer?.find(name);
  }

  /** Names of tables and views that are bound. */
  tables(): string[] {
    const own = [...this.#own].flatMap(([name, { kind }]) => (kind === 'table' || kind === 'function' ? [name] : []));
    return [...(this.#outer?.tables() ?? []), ...own];
  }

  bind(name: string, binding: Binding): void {
    this.#own.set(name, binding);
  }
}

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
    const names = columnsRead(value);
    return names.every((name) => columnsOf(this.rows.relation).some((one) => one.name === name));
  }
}

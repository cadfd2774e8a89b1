/** What `let`, calls and parts of a query have bound to names. */
import type { Typed } from '../functions/kinds.ts';
import type { SyntaxNode } from '../language/syntax.ts';
import type { Rows } from './rows.ts';

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

/** What the lowering of one query shares: fresh names, relations that are computed once, and what the text and its tree say. */
import { FlowError } from '../../../base/errors.ts';
import { evaluate } from '../../relation/interpret.ts';
import { columnsRead } from '../../relation/expression.ts';
import type { Relation } from '../../relation/relation.ts';
import type { Value } from '../../relation/value.ts';
import type { ExactCell } from '../../engine/result.ts';
import type { QueryRange } from '../../tree.ts';
import type { KqlContext, Typed } from '../functions/kinds.ts';
import type { Analysis, Schema, SyntaxNode } from '../language/syntax.ts';
import type { KqlTable } from '../table.ts';
import type { Place } from './kql-error.ts';
import { KqlError } from './kql-error.ts';
import type { Rows } from './rows.ts';
import type { Names } from './names.ts';

/** Rows that the lowering needs before it can go on: values that become names of columns. */
export class RowsNeeded extends Error {
  readonly relation: Relation;
  readonly key: string;

  constructor(key: string, relation: Relation) {
    super('rows are needed');
    this.key = key;
    this.relation = relation;
  }
}

export interface QuerySettings {
  readonly text: string;
  readonly analysis: Analysis;
  readonly tables: readonly KqlTable[];
  readonly nowMicros: bigint;
  /** Of the rows of tables. */
  readonly range: QueryRange;
  /** Answers to {@link RowsNeeded}, by their keys. */
  readonly known: ReadonlyMap<string, readonly (readonly ExactCell[])[]>;
}

/** What `render` says. */
export interface Render {
  readonly chart: string;
  readonly properties: Readonly<Record<string, string>>;
}

type LowerRows = (of: SyntaxNode, names: Names, input?: Rows) => Rows;

export class KqlQuery {
  readonly settings: QuerySettings;
  /** Relations that are computed once, each behind those that it reads. */
  readonly shared: { readonly name: string; readonly value: Relation }[] = [];
  /** Names of tables that were read. */
  readonly tablesRead = new Set<string>();
  /** Values of `toscalar` that read no row, by its expression. */
  readonly scalars = new Map<SyntaxNode, Typed>();
  #names = 0;
  #callDepth = 0;
  /** The call whose body is being lowered: offsets inside of it are those of its declaration. */
  #call: Place | undefined;

  /** How the query wants to be drawn. */
  render: Render | undefined;
  /** Lowers rows: expressions need it, which rows are made of. */
  readonly rowsOf: LowerRows;
  #uses: ReadonlyMap<string, number> | undefined;

  constructor(
    settings: QuerySettings,
    lowerRows: (of: SyntaxNode, names: Names, query: KqlQuery, input?: Rows) => Rows,
  ) {
    this.settings = settings;
    this.rowsOf = (of, names, input) => lowerRows(of, names, this, input);
  }

  /** How often a name is read in the whole text, bodies of calls included. */
  usesOf(name: string): number {
    this.#uses ??= usesIn(this.settings.analysis.tree);
    return this.#uses.get(name) ?? 0;
  }

  readonly fresh = (): string => `c${++this.#names}`;

  schemaOf({ schema }: SyntaxNode): Schema | undefined {
    return schema === undefined ? undefined : this.settings.analysis.schemas[schema];
  }

  /** Refuses what is not supported. */
  refuse(place: Place, sentence: string, hint?: string): never {
    throw this.error('kql-unsupported', place, sentence, hint);
  }

  /** Refuses what is wrong. */
  invalid(place: Place, sentence: string, hint?: string): never {
    throw this.error('kql-invalid', place, sentence, hint);
  }

  error(code: 'kql-invalid' | 'kql-unsupported', place: Place, sentence: string, hint?: string): KqlError {
    return new KqlError(code, this.settings.text, this.#call ?? place, sentence, hint === undefined ? {} : { hint });
  }

  /** Lowers the body of a function that is called at a place. */
  within<T>(place: Place, lower: () => T): T {
    if (this.#callDepth > 100) this.refuse(place, 'functions call each other more than 100 deep');
    const before = this.#call;
    this.#call ??= place;
    this.#callDepth++;
    try {
      return lower();
    } finally {
      this.#call = before;
      this.#callDepth--;
    }
  }

  /** What functions are told; errors of a call have its name and place. */
  contextAt(place: Place, name: string): KqlContext {
    return {
      now: this.settings.nowMicros,
      refuse: (sentence) => this.refuse(place, `${name}: ${sentence}`),
      constant: (of) => this.constant(of),
      fresh: this.fresh,
    };
  }

  /** The value of an expression that reads no column. */
  constant({ value }: Typed): Value | undefined {
    if (columnsRead(value).length > 0) return undefined;
    return evaluate(value, {});
  }

  /** Does something with an expression of the tree; what the tree refuses becomes an error with a place. */
  checked<T>(place: Place, act: () => T): T {
    try {
      return act();
    } catch (error) {
      if (error instanceof FlowError && error.code === 'relation-invalid')
        throw new KqlError('kql-unsupported', this.settings.text, this.#call ?? place, shortReason(error.message), {
          cause: error,
        });
      throw error;
    }
  }

  share(value: Relation): string {
    const name = `let_${this.shared.length + 1}`;
    this.shared.push({ name, value });
    return name;
  }
}

function shortReason(message: string): string {
  return `this is not supported in this form (${message.replace(/^the question's tree is wrong: /, '').slice(0, 200)})`;
}

function usesIn(tree: SyntaxNode | undefined): ReadonlyMap<string, number> {
  const uses = new Map<string, number>();
  const visit = (of: SyntaxNode): void => {
    if (of.kind === 'NameReference') uses.set(of.text ?? '', (uses.get(of.text ?? '') ?? 0) + 1);
    if (of.body !== undefined) visit(of.body);
    for (const part of Object.values(of.parts)) {
      if (typeof part === 'string') continue;
      if ('kind' in part) visit(part);
      else for (const item of part) visit(item);
    }
  };
  if (tree !== undefined) visit(tree);
  return uses;
}

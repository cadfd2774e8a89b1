/** What the language service tells of a text, as plain data: no object of it leaves the thread that it lives in. */

/** A node of the syntax tree. Kinds and names of parts are those of the language service. */
export interface SyntaxNode {
  readonly kind: string;
  /** Offsets in the text, `end` excluded. Within the body of a function that is called, those of its declaration. */
  readonly start: number;
  readonly end: number;
  /** Of names: without quotes and brackets. Of string literals: the value. Of other literals: the token as it stands. */
  readonly text?: string;
  /** Type of an expression, as KQL names it; `unknown` where it is not known before the query runs. */
  readonly type?: string;
  /** Of a tabular expression or operator: its place in {@link Analysis.schemas}. */
  readonly schema?: number;
  /** What a name stands for. */
  readonly symbol?: { readonly kind: string; readonly name: string };
  /** Of a call of a function that the query declares: its statements and expression, bound to this call. */
  readonly body?: SyntaxNode;
  /** Nodes below by name: one, several of a list, or the text of a token. */
  readonly parts: Readonly<Record<string, SyntaxPart>>;
}

export type SyntaxPart = SyntaxNode | readonly SyntaxNode[] | string;

export interface SchemaColumn {
  readonly name: string;
  readonly type: string;
}

export interface Schema {
  readonly columns: readonly SchemaColumn[];
  /** The data decides which further columns there are. */
  readonly isOpen: boolean;
}

export interface Diagnostic {
  readonly code: string;
  /** Whether the text is not KQL, whatever its names mean. */
  readonly isSyntax: boolean;
  readonly message: string;
  readonly start: number;
  readonly length: number;
}

/** A text that was read. With errors, the tree is not complete. */
export interface Analysis {
  readonly tree: SyntaxNode | undefined;
  readonly schemas: readonly Schema[];
  readonly errors: readonly Diagnostic[];
}

export interface Completion {
  /** What stands before and behind the cursor once it is chosen. */
  readonly before: string;
  readonly after: string;
  readonly label: string;
  readonly kind: string;
}

export interface Completions {
  readonly items: readonly Completion[];
  /** The part of the text that an item replaces. */
  readonly start: number;
  readonly length: number;
}

/** A table as the language service declares it. */
export interface DeclaredTable {
  readonly name: string;
  readonly columns: readonly SchemaColumn[];
}

export type LanguageRequest =
  | { readonly ask: 'analyze'; readonly text: string; readonly tables: readonly DeclaredTable[] }
  | {
      readonly ask: 'complete';
      readonly text: string;
      readonly position: number;
      readonly tables: readonly DeclaredTable[];
    };

export type LanguageAnswer = { readonly result: Analysis | Completions } | { readonly fault: string };

/**
 * Loads the language service: two scripts that set globals. `scripts/bundle.mjs` joins them into one file beside the thread's; in development they are
 * read from the package. What is used of it is typed here.
 */
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { runInThisContext } from 'node:vm';

export interface BridgeList<T> {
  readonly Count: number;
  getItem(index: number): T;
}

export interface BridgeSymbol {
  readonly Name: string;
  readonly Kind: number;
  /** Of tables and tuples. */
  readonly Columns?: BridgeList<{ readonly Name: string; readonly Type: BridgeSymbol }>;
  readonly IsOpen?: boolean;
}

export interface BridgeNode {
  readonly Kind: number;
  readonly TextStart: number;
  readonly End: number;
  readonly ChildCount?: number;
  readonly Text?: string;
  readonly SimpleName?: string;
  readonly LiteralValue?: unknown;
  readonly ResultType?: BridgeSymbol | null;
  readonly ReferencedSymbol?: BridgeSymbol | null;
  GetChild?(index: number): BridgeNode | null;
  GetName?(index: number): string;
  GetCalledFunctionBody?(): BridgeNode | null;
}

export interface BridgeDiagnostic {
  readonly Code: string;
  readonly Message: string;
  readonly Severity: string;
  readonly Start: number;
  readonly Length: number;
}

export interface BridgeCode {
  readonly Kind: string;
  readonly Syntax: BridgeNode;
  GetDiagnostics(): BridgeList<BridgeDiagnostic>;
  GetSyntaxDiagnostics(): BridgeList<BridgeDiagnostic>;
}

interface BridgeCompletions {
  readonly Items: BridgeList<{
    readonly BeforeText: string;
    readonly AfterText: string | null;
    readonly DisplayText: string;
    readonly Kind: number;
  }>;
  readonly EditStart: number;
  readonly EditLength: number;
}

type Globals = { readonly globals: unique symbol };

export interface Kusto {
  readonly KustoCode: { ParseAndAnalyze(text: string, globals: Globals): BridgeCode };
  readonly GlobalState: { readonly Default: { WithDatabase(database: object): Globals } };
  readonly Symbols: {
    readonly DatabaseSymbol: { readonly ctor: new (name: string, tables: readonly object[]) => object };
    readonly TableSymbol: { From(schema: string): { WithName(name: string): object } };
    readonly SymbolKind: object;
  };
  readonly Syntax: { readonly SyntaxKind: object; readonly SyntaxToken: new () => BridgeNode };
  readonly Editor: {
    readonly CompletionKind: object;
    readonly KustoCodeService: {
      readonly $ctor1: new (
        text: string,
        globals: Globals,
      ) => { GetCompletionItems(position: number): BridgeCompletions };
    };
  };
}

export interface LanguageLibrary {
  readonly kusto: Kusto;
  /** The name of a value of an enumeration. */
  readonly nameOf: (enumeration: object, value: number) => string;
}

const joined = new URL('kusto-language.js', import.meta.url);

let library: LanguageLibrary | undefined;

/** The language service; half a second and 50 MB for the first call of a thread. */
export function languageLibrary(): LanguageLibrary {
  library ??= load();
  return library;
}

function load(): LanguageLibrary {
  runInThisContext(script(), { filename: 'kusto-language.js' });
  const { Kusto, System } = globalThis as unknown as {
    Kusto: { Language: Kusto };
    System: { Enum: { toString(enumeration: object, value: number): string } };
  };
  return { kusto: Kusto.Language, nameOf: (enumeration, value) => System.Enum.toString(enumeration, value) };
}

function script(): string {
  if (existsSync(joined)) return readFileSync(joined, 'utf8');
  const { resolve } = createRequire(import.meta.url);
  return ['bridge.min.js', 'Kusto.Language.Bridge.min.js']
    .map((name) => readFileSync(resolve(`@kusto/language-service-next/${name}`), 'utf8'))
    .join('\n;\n');
}

/** Asks the language service, and copies what it tells into plain data. */
import { limits } from '../../../base/limits.ts';
import type { BridgeCode, BridgeDiagnostic, BridgeList, BridgeNode, BridgeSymbol, LanguageLibrary } from './bridge.ts';
import { languageLibrary } from './bridge.ts';
import type {
  Analysis,
  Completions,
  DeclaredTable,
  Diagnostic,
  LanguageAnswer,
  LanguageRequest,
  Schema,
  SyntaxNode,
  SyntaxPart,
} from './syntax.ts';

/** Answers a request; faults of the library become a short text. */
export function answerLanguage(request: LanguageRequest): LanguageAnswer {
  try {
    return { result: request.ask === 'analyze' ? analyze(request) : complete(request) };
  } catch (error) {
    return { fault: shortened(error) };
  }
}

/** Of an error of a script whose line has megabytes, only the beginning. */
function shortened(error: unknown): string {
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return message.slice(0, 300);
}

type Globals = ReturnType<LanguageLibrary['kusto']['GlobalState']['Default']['WithDatabase']>;

const declared = new Map<string, Globals>();

/** The state in which these tables are known; that of the last ones is kept, since it holds what was learned of them. */
function globalsOf(tables: readonly DeclaredTable[]): Globals {
  const key = JSON.stringify(tables);
  const known = declared.get(key);
  if (known !== undefined) return known;
  const { Symbols, GlobalState } = languageLibrary().kusto;
  const symbols = tables.map(({ name, columns }) => {
    const list = columns.map((column) => `['${column.name.replaceAll("'", "\\'")}']: ${column.type}`).join(', ');
    return Symbols.TableSymbol.From(`(${list})`).WithName(name);
  });
  const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor('nsgflow', symbols));
  declared.clear();
  declared.set(key, globals);
  return globals;
}

function analyze({ text, tables }: Extract<LanguageRequest, { ask: 'analyze' }>): Analysis {
  const { kusto } = languageLibrary();
  const code = kusto.KustoCode.ParseAndAnalyze(text, globalsOf(tables));
  if (code.Kind !== 'Query')
    return {
      tree: undefined,
      schemas: [],
      errors: [{ code: 'command', isSyntax: true, message: '', start: 0, length: text.length }],
    };
  const errors = errorsIn(code, text);
  if (errors.length > 0) return { tree: undefined, schemas: [], errors };
  const copy = new Copy();
  return { tree: copy.node(code.Syntax), schemas: copy.schemas, errors };
}

/** Those of the syntax first: what follows from a text that is no query says little. */
function errorsIn(code: BridgeCode, text: string): Diagnostic[] {
  const ofSyntax = code.GetSyntaxDiagnostics();
  const place = ({ Code, Start, Length }: BridgeDiagnostic): string => `${Code} ${Start} ${Length}`;
  const places = new Set(items(ofSyntax).map(place));
  const errors = items(code.GetDiagnostics())
    .filter(({ Code, Severity, Start }) => Severity === 'Error' && !isTolerated(Code, text.slice(0, Start)))
    .map((one) => ({
      code: one.Code,
      isSyntax: places.has(place(one)),
      message: one.Message,
      start: one.Start,
      length: one.Length,
    }));
  return [...errors.filter(({ isSyntax }) => isSyntax), ...errors.filter(({ isSyntax }) => !isSyntax)];
}

function items<T>(list: BridgeList<T>): T[] {
  return Array.from({ length: list.Count }, (_, i) => list.getItem(i));
}

/** Errors that the engine does not have: an argument of `count()`, keywords as names of columns, and a fraction of seconds in `make_timespan`. */
function isTolerated(code: string, before: string): boolean {
  return code === 'KS107' || code === 'KS228' || (code === 'KS134' && /\bmake_timespan\s*\([^()]*$/.test(before));
}

function complete({ text, position, tables }: Extract<LanguageRequest, { ask: 'complete' }>): Completions {
  const { kusto, nameOf } = languageLibrary();
  const found = new kusto.Editor.KustoCodeService.$ctor1(text, globalsOf(tables)).GetCompletionItems(position);
  const items = [];
  for (let i = 0; i < Math.min(found.Items.Count, limits.kqlCompletionsMax); i++) {
    const { BeforeText, AfterText, DisplayText, Kind } = found.Items.getItem(i);
    const kind = nameOf(kusto.Editor.CompletionKind, Kind);
    items.push({ before: BeforeText, after: AfterText ?? '', label: DisplayText, kind });
  }
  return { items, start: found.EditStart, length: found.EditLength };
}

/** Names of values of the enumerations, by value. */
const kindNames = new Map<number, string>();
const symbolKinds = new Map<number, string>();

class Copy {
  readonly schemas: Schema[] = [];
  readonly #library = languageLibrary();
  readonly #schemaOf = new Map<string, number>();
  readonly #schemaOfSymbol = new Map<BridgeSymbol, number>();
  #nodes = 0;

  node(node: BridgeNode): SyntaxNode {
    if (++this.#nodes > limits.kqlNodesMax) throw new RangeError('the query has too many parts');
    const kind = this.#kind(node.Kind);
    const parts: Record<string, SyntaxPart> = {};
    for (let i = 0; i < (node.ChildCount ?? 0); i++) {
      const child = node.GetChild!(i);
      if (child === null || child === undefined) continue;
      const part = this.#part(child);
      if (part !== '' && part !== undefined) parts[node.GetName!(i)] = part;
    }
    const text = textOf(node, kind, parts);
    const body = kind === 'FunctionCallExpression' ? node.GetCalledFunctionBody!() : null;
    return {
      kind,
      start: node.TextStart,
      end: node.End,
      ...(text === undefined ? {} : { text }),
      ...this.#result(node.ResultType),
      ...this.#symbol(node.ReferencedSymbol),
      ...(body === null || body === undefined ? {} : { body: this.node(body) }),
      parts,
    };
  }

  #part(child: BridgeNode): SyntaxPart | undefined {
    if (isToken(child)) return child.Text ?? '';
    const kind = this.#kind(child.Kind);
    if (kind === 'List') {
      const items: SyntaxNode[] = [];
      for (let i = 0; i < child.ChildCount!; i++) {
        let item = child.GetChild!(i);
        if (item !== null && this.#kind(item.Kind) === 'SeparatedElement') item = item.GetChild!(0);
        if (item !== null) items.push(this.node(item));
      }
      return items;
    }
    // A name's own node says all that is in it.
    return kind === 'TokenName' || kind === 'BracketedName' || kind === 'BracedName' ? undefined : this.node(child);
  }

  #result(type: BridgeSymbol | null | undefined): Pick<SyntaxNode, 'type' | 'schema'> {
    if (type === null || type === undefined) return {};
    if (type.Columns === undefined) return { type: scalarName(type) };
    let schema = this.#schemaOfSymbol.get(type);
    if (schema === undefined) {
      schema = this.#addSchema(type);
      this.#schemaOfSymbol.set(type, schema);
    }
    return { schema };
  }

  #addSchema({ Columns, IsOpen }: BridgeSymbol): number {
    const columns = [];
    for (let i = 0; i < Columns!.Count; i++) {
      const { Name, Type } = Columns!.getItem(i);
      columns.push({ name: Name, type: scalarName(Type) });
    }
    const schema = { columns, isOpen: IsOpen === true };
    const key = JSON.stringify(schema);
    const known = this.#schemaOf.get(key);
    if (known !== undefined) return known;
    this.#schemaOf.set(key, this.schemas.length);
    return this.schemas.push(schema) - 1;
  }

  #symbol(symbol: BridgeSymbol | null | undefined): Pick<SyntaxNode, 'symbol'> {
    if (symbol === null || symbol === undefined) return {};
    let kind = symbolKinds.get(symbol.Kind);
    if (kind === undefined) {
      kind = this.#library.nameOf(this.#library.kusto.Symbols.SymbolKind, symbol.Kind);
      symbolKinds.set(symbol.Kind, kind);
    }
    return { symbol: { kind, name: symbol.Name } };
  }

  #kind(value: number): string {
    let name = kindNames.get(value);
    if (name === undefined) {
      name = this.#library.nameOf(this.#library.kusto.Syntax.SyntaxKind, value);
      kindNames.set(value, name);
    }
    return name;
  }
}

function isToken(node: BridgeNode): boolean {
  return node instanceof languageLibrary().kusto.Syntax.SyntaxToken;
}

/** Dynamic values have types of their own where their form is known. */
function scalarName({ Name, Kind }: BridgeSymbol): string {
  return scalarTypes.has(Name) || Kind === 1 ? Name : /dynamic|array|bag/i.test(Name) ? 'dynamic' : Name;
}

const scalarTypes: ReadonlySet<string> = new Set(
  'bool int long real decimal string datetime timespan dynamic guid'.split(' '),
);

function textOf(node: BridgeNode, kind: string, parts: Readonly<Record<string, SyntaxPart>>): string | undefined {
  if (typeof node.SimpleName === 'string') return node.SimpleName;
  if (kind === 'StringLiteralExpression' || kind === 'CompoundStringLiteralExpression')
    return String(node.LiteralValue);
  const token = parts['Token'];
  return typeof token === 'string' ? token : undefined;
}

/**
 * Completion of filter expressions, for shells and for the console: fields, operators, values and the words between tests.
 *
 *   dst.po|                       → dst.port
 *   access = |                    → allow, deny
 *   access = deny |               → and, or
 *   rule = Us|                    → values that `liveValues` knows of the field
 */
import type { Field } from './fields.ts';
import { fields, findField } from './fields.ts';
import type { Token } from './filter-lexer.ts';
import { scanFilter } from './filter-lexer.ts';
import { portNames } from './port-names.ts';
import { primitiveWords } from './primitive.ts';

/** What could stand in place of the characters from `start` to the end. */
export interface Completion {
  readonly start: number;
  readonly words: readonly string[];
}

/** Values of a field that the data has and that begin with a text; nothing where that cannot be told quickly. */
export type LiveValues = (field: Field, beginning: string) => Promise<readonly string[]>;

/** Words that may follow the beginning of an expression; none where it is no filter. At most `limit`. */
export async function completeFilter(text: string, liveValues: LiveValues, limit = 200): Promise<Completion> {
  let tokens: Token[];
  try {
    tokens = scanFilter(text);
  } catch {
    return { start: text.length, words: [] };
  }
  const words = tokens.slice(0, -1);
  const last = words.at(-1);
  // A word that ends where the text does is still being typed.
  const typed = last !== undefined && last.kind === 'word' && last.end === text.length ? last : undefined;
  const before = typed === undefined ? words : words.slice(0, -1);
  const beginning = typed?.text.toLowerCase() ?? '';
  const offered = await candidates(before, typed?.text ?? '', liveValues);
  const matching = [...new Set(offered)].filter((word) => word.toLowerCase().startsWith(beginning));
  return { start: typed?.start ?? text.length, words: matching.slice(0, limit) };
}

const comparisons = ['=', '!=', '<', '<=', '>', '>=', '~', '!~'];

/** What may come behind these tokens. */
async function candidates(before: readonly Token[], typed: string, liveValues: LiveValues): Promise<readonly string[]> {
  const state = stateAfter(before);
  if (state.expects === 'test') return [...fields.map(({ name }) => name), 'not', ...primitiveWords.keys()];
  if (state.expects === 'operator')
    return ['in', 'not', 'like', ...comparisons.filter((sign) => hasOrder(state.field) || !/[<>]/.test(sign))];
  if (state.expects === 'joint') return ['and', 'or'];
  return valuesOf(state.field, typed, liveValues);
}

type State =
  | { readonly expects: 'test' }
  | { readonly expects: 'joint' }
  | { readonly expects: 'operator' | 'value' | 'list'; readonly field: Field };

/** A small automaton, which knows where in an expression one is; brackets need not be closed. */
function stateAfter(tokens: readonly Token[]): State {
  let state: State = { expects: 'test' };
  for (const { kind, text } of tokens) {
    const word = kind === 'word' ? text.toLowerCase() : text;
    if (state.expects === 'test') {
      const field = kind === 'word' ? findField(word) : undefined;
      const value = primitiveWords.get(word);
      if (field !== undefined) state = { expects: 'operator', field };
      else if (value !== undefined) state = { expects: 'value', field: value };
      else if (primitiveWords.has(word)) state = { expects: 'joint' };
    } else if (state.expects === 'operator') {
      if (word !== 'not') state = { expects: 'value', field: state.field };
    } else if (state.expects === 'value') {
      state = word === '(' ? { expects: 'list', field: state.field } : { expects: 'joint' };
    } else if (state.expects === 'list') {
      if (word === ')') state = { expects: 'joint' };
    } else if (['and', 'or', '&&', '||'].includes(word)) state = { expects: 'test' };
  }
  return state;
}

function hasOrder({ kind }: Field): boolean {
  return kind === 'port' || kind === 'counter' || kind === 'time';
}

async function valuesOf(field: Field, typed: string, liveValues: LiveValues): Promise<readonly string[]> {
  switch (field.kind) {
    case 'name':
      return [...(field.values ?? []), 'null'];
    case 'protocol':
      return ['tcp', 'udp', 'icmp'];
    case 'port':
      return [...portNames()];
    case 'counter':
      return ['1kB', '1MB', '1GB', 'null'];
    case 'time':
      return ['1h', '1d', 'today', 'yesterday', 'now'];
    default:
      return (await liveValues(field, typed)).map((value) =>
        /^[\w.:/*-]+$/.test(value) ? value : JSON.stringify(value),
      );
  }
}

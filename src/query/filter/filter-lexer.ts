import { FlowError } from '../../base/errors.ts';

/**
 * Words of a filter expression. A word is everything up to a blank, bracket, comma, quote or operator, so that addresses,
 * ranges, times and globs are words: `10.0.0.0/8`, `1024-65535`, `2024-05-01T08:00:00Z`, `Allow*`.
 */
export interface Token {
  readonly kind: 'word' | 'text' | 'operator' | 'end';
  /** Of a quoted text, without its quotes. */
  readonly text: string;
  /** Characters of the expression: start included, end excluded. */
  readonly start: number;
  readonly end: number;
}

const operators = ['!=', '!~', '<=', '>=', '==', '&&', '||', '=', '<', '>', '~', '!', '(', ')', ','];

export function scanFilter(expression: string): Token[] {
  const tokens: Token[] = [];
  let at = 0;
  while (at < expression.length) {
    const character = expression[at];
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    const token =
      character === '"' || character === "'"
        ? scanText(expression, at)
        : (scanOperator(expression, at) ?? scanWord(expression, at));
    tokens.push(token);
    at = token.end;
  }
  tokens.push({ kind: 'end', text: '', start: expression.length, end: expression.length });
  return tokens;
}

/** Within quotes, the quote itself and `\` stand behind a `\`. */
function scanText(expression: string, start: number): Token {
  const quote = expression[start];
  let text = '';
  for (let at = start + 1; at < expression.length; at++) {
    if (expression[at] === quote) return { kind: 'text', text, start, end: at + 1 };
    if (expression[at] === '\\' && (expression[at + 1] === quote || expression[at + 1] === '\\')) at++;
    text += expression[at];
  }
  throw filterError(expression, start, `this ${quote} is not closed`);
}

function scanOperator(expression: string, start: number): Token | undefined {
  const text = operators.find((operator) => expression.startsWith(operator, start));
  return text === undefined ? undefined : { kind: 'operator', text, start, end: start + text.length };
}

function scanWord(expression: string, start: number): Token {
  const match = /^(?:[^\s()!=<>~,"'&|]|&(?!&)|\|(?!\|))+/.exec(expression.slice(start, start + 1000));
  const text = match === null ? expression[start] : match[0];
  return { kind: 'word', text, start, end: start + text.length };
}

/** At most so many characters of the expression are shown beside the caret. */
const shownBefore = 60;
const shownAfter = 40;

/** A filter that is refused, with the place of what it is refused for. */
export class FilterError extends FlowError {
  /** Without the place. */
  readonly problem: string;
  /** The refused characters. */
  readonly offset: number;
  readonly length: number;
  /** What may stand in their place. */
  readonly suggestion: string | undefined;

  constructor(
    message: string,
    about: {
      readonly problem: string;
      readonly start: number;
      readonly end: number;
      readonly suggestion?: string | undefined;
    },
  ) {
    super('filter-syntax', message);
    this.problem = about.problem;
    this.offset = about.start;
    this.length = about.end - about.start;
    this.suggestion = about.suggestion;
  }
}

/**
 * An error with the place shown:
 *
 *   unknown field "dst.prot" (column 5); did you mean "dst.port"?
 *     dst.prot = 22
 *     ^
 */
export function filterError(
  expression: string,
  start: number,
  problem: string,
  suggestion?: string,
  end = expression.length,
): FilterError {
  const meant = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
  const from = start > shownBefore ? start - shownBefore : 0;
  const to = Math.min(expression.length, start + shownAfter);
  const line = `${from > 0 ? '…' : ''}${expression.slice(from, to)}${to < expression.length ? '…' : ''}`;
  const caret = ' '.repeat(start - from + (from > 0 ? 1 : 0));
  const shown = line.replaceAll(/\p{Cc}/gu, ' ');
  const message = `${problem} (column ${start + 1})${meant}\n  ${shown}\n  ${caret}^`;
  return new FilterError(message, { problem, start, end, suggestion });
}

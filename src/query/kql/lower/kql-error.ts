import { FlowError } from '../../../base/errors.ts';

/** Where something stands in a text: offsets, `end` excluded. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** What a name should have stood for. */
export interface MissingName {
  readonly kind: 'table' | 'column' | 'function';
  readonly name: string;
}

interface KqlErrorOptions {
  readonly cause?: unknown;
  readonly hint?: string;
  readonly isSyntax?: boolean;
  readonly missing?: MissingName;
}

/** A query that is refused, with the place of what it is refused for. */
export class KqlError extends FlowError {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly sentence: string;
  /** Whether the text is not KQL, whatever its names mean. */
  readonly isSyntax: boolean;
  /** What stands at the place. */
  readonly token: string;
  /** A name that stands for nothing. */
  readonly missing: MissingName | undefined;
  /** Offsets, `end` excluded. */
  readonly start: number;
  readonly end: number;

  constructor(
    code: 'kql-invalid' | 'kql-unsupported',
    text: string,
    { start, end }: Place,
    sentence: string,
    options: KqlErrorOptions = {},
  ) {
    const before = text.slice(0, start);
    const line = before.split('\n').length;
    const column = start - (before.lastIndexOf('\n') + 1) + 1;
    super(code, `line ${line}, column ${column}: ${sentence}${excerpt(text, start, end)}`, options);
    this.line = line;
    this.column = column;
    this.sentence = sentence;
    this.isSyntax = options.isSyntax === true;
    this.missing = options.missing;
    this.token = tokenAt(text, start, end);
    this.start = start;
    this.end = end;
  }
}

/** Characters of a line that are shown on either side of a place. */
const contextChars = 50;

/** The line with the place marked below it. */
function excerpt(text: string, start: number, end: number): string {
  const lineStart = text.lastIndexOf('\n', start - 1) + 1;
  const found = text.indexOf('\n', start);
  const lineEnd = found < 0 ? text.length : found;
  const from = Math.max(lineStart, start - contextChars);
  const shown = text.slice(from, Math.min(lineEnd, start + contextChars)).replaceAll('\t', ' ');
  if (shown.trim() === '') return '';
  const width = Math.max(1, Math.min(end, lineEnd, start + contextChars) - start);
  return `\n\n  ${shown}\n  ${' '.repeat(start - from)}${'^'.repeat(width)}`;
}

/** The characters of a place; where nothing stands, the word that follows. */
function tokenAt(text: string, start: number, end: number): string {
  const given = text.slice(start, end).trim();
  const token = given === '' ? (/^\s*(\w+|\S)/.exec(text.slice(start))?.[1] ?? '<EOF>') : given;
  return token.slice(0, contextChars);
}

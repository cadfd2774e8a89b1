import { FlowError } from '../../../base/errors.ts';

/** Where something stands in a text: offsets, `end` excluded. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** A query that is refused, with the place of what it is refused for. */
export class KqlError extends FlowError {
  /** From 1. */
  readonly line: number;
  readonly column: number;
  readonly sentence: string;

  constructor(
    code: 'kql-invalid' | 'kql-unsupported',
    text: string,
    { start, end }: Place,
    sentence: string,
    options: { cause?: unknown; hint?: string } = {},
  ) {
    const before = text.slice(0, start);
    const line = before.split('\n').length;
    const column = start - (before.lastIndexOf('\n') + 1) + 1;
    super(code, `line ${line}, column ${column}: ${sentence}${excerpt(text, start, end)}`, options);
    this.line = line;
    this.column = column;
    this.sentence = sentence;
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

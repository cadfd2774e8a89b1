import { randomUUID } from 'node:crypto';
import { snakeKeys } from './snake-keys.ts';

/**
 * Characters that data must not send to a terminal: control characters (C0, DEL, C1), characters that change the
 * direction or order of text or are invisible (bidirectional controls, zero-width characters, tags), line and paragraph
 * separators, and lone surrogates.
 */
export const unsafeCharacters = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** All of them in a text. */
export const unsafeInText = new RegExp(unsafeCharacters, 'gu');
const unsafeInLines = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** Those that `JSON.stringify` does not escape. */
const unsafeInStrings = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text that may come from data, for a terminal: unsafe characters except line breaks are shown as a dot. */
export function printable(text: string): string {
  return text.replace(unsafeInLines, '·');
}

/** The same without line breaks, for one cell or name. */
export function printableCell(text: string): string {
  return text.replace(unsafeInText, '·');
}

/** A cell as text: objects as JSON. */
export function plainText(value: unknown): string {
  if (typeof value === 'bigint') return String(value);
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Marks the digits of a bigint in JSON until they stand without quotes. No data knows it. */
const exact = `exact ${randomUUID()} `;
const exactInJson = new RegExp(`"${exact}(-?\\d+)"`, 'g');

/** A value as JSON: bigints are numbers with all digits; unsafe characters become `\u` escapes. */
export function jsonText(value: unknown, indent?: number): string {
  let hasExact = false;
  const json = JSON.stringify(
    value,
    (_, one: unknown) => {
      if (typeof one !== 'bigint') return one;
      hasExact = true;
      return `${exact}${one}`;
    },
    indent,
  );
  return escapeJson(hasExact ? json.replace(exactInJson, '$1') : json);
}

/** The same for JSON text: unsafe characters occur only in strings. */
export function escapeJson(json: string): string {
  return json.replace(unsafeInStrings, escapeUnits);
}

/** `\u202e`, or two of them for a character beyond 16 bits. */
export function escapeUnits(character: string): string {
  return Array.from(
    { length: character.length },
    (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`,
  ).join('');
}

/** Prints one or more lines to stderr, on a terminal as wide as that. All messages of commands use it, because they can quote data. */
export function tell(text: string): void {
  const { isTTY, columns } = process.stderr;
  process.stderr.write(`${isTTY && columns > 0 ? wrapLines(printable(text), columns) : printable(text)}\n`);
}

/** Lines of at most `width`, broken at spaces; what goes on is indented as its line. A line with carets and the one above stay, because carets point at a place. */
export function wrapLines(text: string, width: number): string {
  const isCaret = (line: string | undefined): boolean => line !== undefined && /^ *\^+$/.test(line);
  const wrapped = text.split('\n').map((line, i, all) => {
    if (line.length <= width || isCaret(line) || isCaret(all[i + 1])) return line;
    const indent = /^ */.exec(line)![0];
    const lines: string[] = [];
    for (const word of line.slice(indent.length).split(' ')) {
      const longer = `${lines.at(-1) ?? indent} ${word}`;
      if (lines.length > 0 && longer.length <= width) lines[lines.length - 1] = longer;
      else lines.push(indent + word);
    }
    return lines.join('\n');
  });
  return wrapped.join('\n');
}

/** Prints the figures of a command as one JSON object on a line of stdout, with keys in snake_case. */
export function showFigures(figures: object): void {
  show(`${jsonText(snakeKeys(figures))}\n`);
}

/** Prints a text for users to stdout, such as a summary. */
export function show(text: string): void {
  process.stdout.write(printable(text));
}

import { jsonText } from '../../base/row-text.ts';
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

/** Text that may come from data, for a terminal: unsafe characters except line breaks are shown as a dot. */
export function printable(text: string): string {
  return text.replace(unsafeInLines, '·');
}

/** The same without line breaks, for one cell or name. */
export function printableCell(text: string): string {
  return text.replace(unsafeInText, '·');
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

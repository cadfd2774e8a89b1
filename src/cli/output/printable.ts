/**
 * What a terminal must not get from data: control characters (C0, DEL, C1), characters that change the direction or order of text or that nobody
 * sees (bidirectional controls, zero-width characters, tags), line and paragraph separators, and halves of surrogate pairs.
 */
export const unsafeCharacters = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** All of them in a text. */
export const unsafeInText = new RegExp(unsafeCharacters, 'gu');
const unsafeInLines = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;
/** Those that `JSON.stringify` and the like leave as they are. */
const unsafeInStrings = /[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu;

/** Text that may come from data, for a terminal: unsafe characters but line breaks are shown as a dot. */
export function printable(text: string): string {
  return text.replace(unsafeInLines, '·');
}

/** The same without line breaks, for one cell or one name. */
export function printableCell(text: string): string {
  return text.replace(unsafeInText, '·');
}

/** A value as JSON without unsafe characters: as `\u` escapes, which stand for the same. */
export function jsonText(value: unknown, indent?: number): string {
  return escapeJson(JSON.stringify(value, undefined, indent));
}

/** The same of a text that is JSON already: unsafe characters occur in strings only. */
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

/** Says a line, or several, on stderr. All that commands tell people there goes through here: it may quote data. */
export function tell(text: string): void {
  process.stderr.write(`${printable(text)}\n`);
}

/** Writes a text for people to stdout, such as a summary. */
export function show(text: string): void {
  process.stdout.write(printable(text));
}

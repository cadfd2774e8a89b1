/**
 * The UTF-16 encoding that the byte order mark names, or `undefined` without a mark. Windows PowerShell's `>` writes
 * such files.
 */
export function utf16Of(bytes: Uint8Array): 'utf-16le' | 'utf-16be' | undefined {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return 'utf-16le';
  return bytes[0] === 0xfe && bytes[1] === 0xff ? 'utf-16be' : undefined;
}

/**
 * The text without these characters at its end. A regular expression would take quadratic time for long runs of them
 * inside the text.
 */
export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1])) end--;
  return text.slice(0, end);
}

/** The text of a file: UTF-8, or UTF-16 with a byte order mark. The mark is not part of the text. */
export function decodeText(bytes: Uint8Array): string {
  return new TextDecoder(utf16Of(bytes) ?? 'utf-8').decode(bytes);
}

/** Byte-level JSON functions of the decoder: white space, strings, keys. Equal texts become one string. */

export const quote = 0x22;
export const backslash = 0x5c;

/** The first position from `at` on without white space, at most `end`. */
export function skipSpace(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const b = bytes[at];
    if (b !== 0x20 && b !== 0x0a && b !== 0x0d && b !== 0x09) break;
    at++;
  }
  return at;
}

/** Position of the quote that closes the string whose first byte is at `at`; -1 if the input ends first. */
export function stringEnd(bytes: Uint8Array, at: number, end: number): number {
  while (at < end) {
    const b = bytes[at];
    if (b === quote) return at;
    at += b === backslash ? 2 : 1;
  }
  return -1;
}

/** Whether the bytes from `start` to `end` equal `name`, an ASCII text in lower case, ignoring case. */
export function sameName(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  if (end - start !== name.length) return false;
  for (let i = 0; i < name.length; i++) {
    const b = bytes[start + i];
    if ((b >= 0x41 && b <= 0x5a ? b | 32 : b) !== name[i]) return false;
  }
  return true;
}

/** The text of a JSON string between its quotes, with escapes resolved; `undefined` for an invalid escape. */
export function stringText(bytes: Uint8Array, start: number, end: number): string | undefined {
  const raw = utf8.decode(bytes.subarray(start, end));
  if (bytes.subarray(start, end).indexOf(backslash) < 0) return raw;
  try {
    const text: unknown = JSON.parse(`"${Array.from(raw, escapeControl).join('')}"`);
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** JSON forbids raw control characters in strings, but logs written by hand contain them. */
function escapeControl(character: string): string {
  return character >= ' ' ? character : `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Caches texts by their bytes, so that a rule name in many records becomes one string. */
export class TextCache {
  readonly #slots = new Map<number, { bytes: Uint8Array; text: string }>();

  /** The same as `stringText`. */
  text(bytes: Uint8Array, start: number, end: number): string | undefined {
    let hash = 0x811c9dc5;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i], 0x01000193);
    const slot = this.#slots.get(hash);
    if (slot !== undefined && sameBytes(slot.bytes, bytes, start, end)) return slot.text;
    const text = stringText(bytes, start, end);
    if (text === undefined) return undefined;
    if (this.#slots.size >= slotsMax) this.#slots.clear();
    this.#slots.set(hash, { bytes: bytes.slice(start, end), text });
    return text;
  }
}

/** Cached texts; with more distinct texts, some are created again. */
const slotsMax = 4096;

function sameBytes(a: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (a.length !== end - start) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== bytes[start + i]) return false;
  return true;
}

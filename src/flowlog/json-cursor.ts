/** A position in JSON text, and the steps over the text that need no knowledge of flow logs. */
import { quote, skipSpace, stringEnd } from './json-bytes.ts';
import type { RejectionReason } from './rejection.ts';

export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
export const comma = 0x2c;
export const colon = 0x3a;
/** Bytes of a value that are shown or compared. */
const rawBytesMax = 200;

export class JsonCursor {
  readonly bytes: Uint8Array;
  readonly end: number;
  at = 0;
  /** Why the last step failed. */
  fault: RejectionReason = 'syntax';
  /** The last string: its opening quote, and the position after its closing one. */
  #stringStart = 0;
  #stringEnd = -1;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.end = bytes.length;
  }

  /** Skips white space. @returns the byte there; `undefined` at the end */
  next(): number {
    this.at = skipSpace(this.bytes, this.at, this.end);
    return this.bytes[this.at];
  }

  /** Skips a string from its opening quote. */
  string(): boolean {
    const end = stringEnd(this.bytes, this.at + 1, this.end);
    if (end < 0) return this.fail('truncated');
    this.#stringStart = this.at;
    this.at = end + 1;
    this.#stringEnd = this.at;
    return true;
  }

  /** Skips a number, `true`, `false` or `null`. */
  literal(): boolean {
    const start = this.at;
    while (this.at < this.end && isLiteral(this.bytes[this.at])) this.at++;
    return this.at > start || this.fail();
  }

  /** Skips the comma after a value; the caller reads the closing bracket or brace. */
  separator(close: number): boolean {
    const b = this.next();
    if (b === comma) this.at++;
    return b === comma || b === close || this.failBehindString();
  }

  /** Fails at `at`. @param fault without it, `truncated` at the end, else `syntax` */
  fail(fault?: RejectionReason): false {
    this.fault = fault ?? (this.at >= this.end ? 'truncated' : 'syntax');
    return false;
  }

  /**
   * Fails at `at`, or at the string if only a string is before it: the string may have lost its closing quote and have
   * ended at the opening quote of the next one.
   */
  failBehindString(): boolean {
    if (this.at < this.end && skipSpace(this.bytes, this.#stringEnd, this.end) === this.at) this.at = this.#stringStart;
    return this.fail();
  }

  /** The bytes from `start` to `at` as text, shortened. */
  raw(start: number): string {
    return new TextDecoder().decode(this.bytes.subarray(start, Math.min(this.at, start + rawBytesMax)));
  }

  /** Whether the value from `start` to `at` is empty: null, or an empty text, list or object. */
  isEmpty(start: number): boolean {
    const b = this.bytes[start];
    if (b === quote) return this.at === start + 2;
    if (b === openBrace || b === openBracket) return skipSpace(this.bytes, start + 1, this.end) === this.at - 1;
    return this.raw(start) === 'null';
  }

  /** Whether the input ends before the colon of a key that may begin at `start`. */
  isKeyCut(start: number): boolean {
    if (start >= this.end) return true;
    if (this.bytes[start] !== quote) return false;
    const close = stringEnd(this.bytes, start + 1, this.end);
    return close < 0 || skipSpace(this.bytes, close + 1, this.end) >= this.end;
  }
}

/** Letters, digits, `+`, `-` and `.`: the characters of numbers, `true`, `false`, `null`. */
function isLiteral(b: number): boolean {
  return (b >= 0x30 && b <= 0x39) || ((b | 32) >= 0x61 && (b | 32) <= 0x7a) || b === 0x2b || b === 0x2d || b === 0x2e;
}

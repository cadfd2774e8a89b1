import { backslash, quote, skipSpace, stringEnd, stringText } from './json-bytes.ts';
import type { RejectionReason } from './rejection.ts';
import { encryptionFault, scanTuple, tupleFields, tupleScanBytes } from './tuple-scan.ts';
import type { TupleScanner } from './tuple-scanner.ts';
import type { TupleColumns } from './tuple.ts';
import { growTupleColumns } from './tuple.ts';

const openBrace = 0x7b;
const closeBrace = 0x7d;
const closeBracket = 0x5d;
const comma = 0x2c;

/** No tuple is longer, nor the text of one with a few escapes. */
const tupleTextMax = 512;

type Reject = (startByte: number, endByte: number, reason: RejectionReason, detail?: string) => void;

/**
 * Reads the strings of `flowTuples` into columns. A bad tuple costs its own bytes only: reading goes on at the next quote that a digit
 * follows, which a closing quote never is.
 *
 * Positions returned: behind what was read; or, where structure is lost, the complement `~at` of where, a negative number.
 */
export class TupleReader {
  readonly #bytes: Uint8Array;
  readonly #scanner: TupleScanner;
  readonly #columns: TupleColumns;
  readonly #reject: Reject;
  readonly #scratch = new Uint8Array(tupleTextMax + tupleScanBytes);

  constructor(bytes: Uint8Array, columns: TupleColumns, scanner: TupleScanner, reject: Reject) {
    this.#bytes = bytes;
    this.#scanner = scanner;
    this.#columns = columns;
    this.#reject = reject;
  }

  /** The tuples from `at`, behind the opening bracket, to behind the closing one. */
  array(at: number, group: number): number {
    const bytes = this.#bytes;
    const end = bytes.length;
    const columns = this.#columns;
    const fastEnd = end - tupleScanBytes;
    while (at < end) {
      const b = bytes[at];
      if (b === quote) {
        if (at < fastEnd) {
          const behind = this.#scanner.read(bytes, at, columns, group);
          if (behind > at) {
            at = behind;
            continue;
          }
          const row = columns.count;
          const close = scanTuple(bytes, at + 1, columns, row);
          if (close > 0) {
            columns.group[row] = group;
            columns.count = row + 1;
            at = close + 1;
            continue;
          }
        }
        at = this.#careful(at, group, true);
        if (at < 0) return at;
      } else if (b === comma || b <= 0x20) at++;
      else if (b === closeBracket) return at + 1;
      else if (b === openBrace || b === closeBrace) return ~at;
      else {
        const next = this.#nextTuple(at + 1);
        this.#reject(at, next, 'tuple-malformed', 'Between two tuples stands neither a comma nor white space.');
        at = next;
      }
    }
    return ~at;
  }

  /** One tuple that is the value of a key; `at` is its opening quote. */
  single(at: number, group: number): number {
    return this.#careful(at, group, false);
  }

  /** One tuple that does not stand in the input as such. False where it is none. */
  text(tuple: string, group: number): boolean {
    return this.#scan(new TextEncoder().encode(tuple), group) === 0;
  }

  /**
   * Reads what the fast path could not: the last tuples of the input (copied to where there is room behind them), tuples with escapes,
   * encryption states that are not known. The rest is rejected.
   */
  #careful(start: number, group: number, inArray: boolean): number {
    const bytes = this.#bytes;
    const close = stringEnd(bytes, start + 1, Math.min(bytes.length, start + 1 + tupleTextMax));
    if (close < 0 && bytes.length - start <= tupleTextMax) return ~start;
    let field = -1;
    if (close >= 0) {
      const text = tupleBytes(bytes, start + 1, close);
      field = this.#scan(text, group);
      if (field === encryptionFault) field = this.#withoutEncryption(text, start, close, group);
      if (field === 0) return close + 1;
    }
    const behind = close < 0 ? -1 : skipSpace(bytes, close + 1, bytes.length);
    if (behind >= bytes.length) return ~start;
    const whole = behind >= 0 && isEndOfValue(bytes[behind]);
    if (!whole && !inArray) return ~start;
    const next = whole ? close + 1 : this.#nextTuple(start + 1);
    this.#reject(start, next, 'tuple-malformed', describeFault(-field));
    return next;
  }

  /** Reads `text` into a new row. 0 when that went well, else the negative number of the field at fault; -1 for what is no text. */
  #scan(text: Uint8Array | undefined, group: number): number {
    if (text === undefined || text.length > tupleTextMax) return -1;
    const columns = this.#columns;
    const row = columns.count;
    if (row === columns.timeMillis.length) growTupleColumns(columns);
    this.#scratch.fill(0);
    this.#scratch.set(text);
    this.#scratch[text.length] = quote;
    const close = scanTuple(this.#scratch, 0, columns, row);
    if (close < 0) return close;
    if (close !== text.length) return 1 - tupleFields.length;
    columns.group[row] = group;
    columns.count = row + 1;
    return 0;
  }

  /** Reads a VNet tuple whose ninth field is no encryption state that we know; that field alone is rejected. */
  #withoutEncryption(text: Uint8Array | undefined, start: number, close: number, group: number): number {
    if (text === undefined) return -1;
    let fieldStart = 0;
    for (let field = 1; field < 9; field++) fieldStart = text.indexOf(comma, fieldStart) + 1;
    const commaBehind = text.indexOf(comma, fieldStart);
    const fieldEnd = commaBehind < 0 ? text.length : commaBehind;
    const rest = new Uint8Array([...text.subarray(0, fieldStart), ...text.subarray(fieldEnd)]);
    const field = this.#scan(rest, group);
    if (field !== 0) return field;
    const escaped = text.length !== close - start - 1;
    const word = new TextDecoder().decode(text.subarray(fieldStart, fieldEnd));
    this.#reject(
      escaped ? start : start + 1 + fieldStart,
      escaped ? close + 1 : start + 1 + fieldEnd,
      'encryption-unknown',
      `The encryption state ${JSON.stringify(word)} is not known; the tuple is kept without it.`,
    );
    return 0;
  }

  /** The next quote that opens a tuple, the end of the array, or a brace; the input's end where there is none of them. */
  #nextTuple(from: number): number {
    const bytes = this.#bytes;
    for (let at = from; at < bytes.length; at++) {
      const b = bytes[at];
      if (b === closeBracket || b === openBrace || b === closeBrace) return at;
      if (b === quote && bytes[at + 1] >= 0x30 && bytes[at + 1] <= 0x39) return at;
    }
    return bytes.length;
  }
}

function tupleBytes(bytes: Uint8Array, start: number, end: number): Uint8Array | undefined {
  const raw = bytes.subarray(start, end);
  if (raw.indexOf(backslash) < 0) return raw;
  const text = stringText(bytes, start, end);
  return text === undefined ? undefined : new TextEncoder().encode(text);
}

function isEndOfValue(byte: number): boolean {
  return byte === comma || byte === closeBracket || byte === closeBrace;
}

function describeFault(field: number): string {
  if (field === tupleFields.length - 1) return 'The tuple has too many or too few fields.';
  return `Field ${field} of the tuple, ${tupleFields[field]}, cannot be read.`;
}

import { limits } from '../base/limits.ts';
import { counterMax, packCounter } from './counter.ts';
import { backslash, quote, skipSpace, stringEnd, stringText } from './json-bytes.ts';
import { keyAt } from './keys.ts';
import type { RejectionReason } from './rejection.ts';
import { encryptionFault, scanTuple, tupleFields, tupleScanBytes } from './tuple-scan.ts';
import type { TupleScanner } from './tuple-scanner.ts';
import type { TupleColumns } from './tuple.ts';
import { mendTuple } from './tuple-mend.ts';
import { growTupleColumns } from './tuple.ts';

const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const comma = 0x2c;

/** The longest tuple, also as a text with a few escapes. */
const tupleTextMax = 512;

type Reject = (startByte: number, endByte: number, reason: RejectionReason, detail?: string) => void;

/** A text in the input with its quotes. */
interface Place {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads the strings of `flowTuples` to columns. A bad tuple affects only its own bytes: reading continues at the next
 * quote before a digit, which is never a closing quote.
 *
 * Returned positions are after the part that was read; if structure is lost at `at`, the result is the complement
 * `~at`, a negative number.
 */
export class TupleReader {
  readonly #bytes: Uint8Array;
  readonly #scanner: TupleScanner;
  readonly #columns: TupleColumns;
  readonly #reject: Reject;
  readonly #countMended: (count: number) => void;
  readonly #scratch = new Uint8Array(tupleTextMax + tupleScanBytes);

  constructor(
    bytes: Uint8Array,
    columns: TupleColumns,
    scanner: TupleScanner,
    reject: Reject,
    countMended: (count: number) => void,
  ) {
    this.#bytes = bytes;
    this.#scanner = scanner;
    this.#columns = columns;
    this.#reject = reject;
    this.#countMended = countMended;
  }

  /** Reads the tuples from `at`, after the opening bracket, to after the closing one. */
  array(at: number, group: number): number {
    const bytes = this.#bytes;
    const end = bytes.length;
    const columns = this.#columns;
    const fastEnd = end - tupleScanBytes;
    let open = 0;
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
      else if (b === closeBracket) {
        at++;
        if (open === 0) return at;
        open--;
      } else if (b === openBracket) {
        at++;
        open++;
      } else if (b === openBrace) {
        const behind = behindOther(bytes, at);
        if (behind < 0) return ~at;
        if (skipSpace(bytes, at + 1, end) < behind - 1)
          this.#reject(at, behind, 'flows-unreadable', 'An object between tuples; it is skipped.');
        at = behind;
      } else if (b === closeBrace) return ~at;
      else {
        const next = this.#nextTuple(at + 1);
        this.#reject(at, next, 'tuple-malformed', 'Two tuples are not separated by a comma or white space.');
        at = next;
      }
    }
    return ~at;
  }

  /** Reads the text value of a key, from its opening quote at `at`: one tuple, or several separated by white space. */
  single(at: number, group: number): number {
    const close = stringEnd(this.#bytes, at + 1, this.#bytes.length);
    if (close - at <= tupleTextMax) return this.#careful(at, group, false);
    const text = stringText(this.#bytes, at + 1, close);
    if (text !== undefined && this.#joined(text, group)) return close + 1;
    this.#reject(at, close + 1, 'tuple-malformed', 'The text is neither a tuple nor tuples separated by white space.');
    return close + 1;
  }

  /** Reads one tuple that is not in the input in this form; `place` is its source. False if it is not a tuple. */
  text(tuple: string, group: number, place: Place): boolean {
    return this.#read(new TextEncoder().encode(tuple), group, place) === 0;
  }

  /**
   * Reads tuples that the fast path cannot: the last tuples of the input (copied, to have room after them), tuples with
   * escapes, unknown encryption states, large counters, and repairable ones. Others are rejected.
   */
  #careful(start: number, group: number, inArray: boolean): number {
    const bytes = this.#bytes;
    const close = stringEnd(bytes, start + 1, Math.min(bytes.length, start + 1 + tupleTextMax));
    if (close < 0 && bytes.length - start <= tupleTextMax) return ~start;
    let field = -1;
    if (close >= 0) {
      field = this.#read(tupleBytes(bytes, start + 1, close), group, { start, end: close + 1 });
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

  /** Reads `text` in all unambiguous ways. Returns as `#scan`. */
  #read(text: Uint8Array | undefined, group: number, place: Place): number {
    if (text === undefined || text.length > tupleTextMax) return -1;
    const field = this.#known(text, group, place);
    if (field === 0) return 0;
    const written = new TextDecoder().decode(text);
    if (/\s/.test(written) && this.#joined(written, group)) return 0;
    const mended = mendTuple(written);
    if (mended === undefined || this.#known(new TextEncoder().encode(mended), group, place, false) !== 0) return field;
    this.#countMended(1);
    return 0;
  }

  /** Reads a tuple without the fields whose values cannot be kept; these are rejected. Returns as `#scan`. */
  #known(text: Uint8Array, group: number, place: Place, asWritten = true): number {
    const field = this.#scan(text, group);
    if (field === encryptionFault) return this.#withoutEncryption(text, group, place, asWritten);
    const isCounter = field <= countersFault && field > countersFault - counterColumns.length;
    return isCounter ? this.#withLargeCounters(text, group, place, asWritten, field) : field;
  }

  /** Reads `text` to a new row. 0 for success, otherwise the negative number of the invalid field. */
  #scan(text: Uint8Array, group: number): number {
    if (text.length > tupleTextMax) return -1;
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

  /** Reads several valid tuples separated by white space. */
  #joined(written: string, group: number): boolean {
    const parts = written.split(/\s+/);
    const before = this.#columns.count;
    if (parts.length > 1 && parts.every((part) => this.#scan(new TextEncoder().encode(part), group) === 0)) {
      this.#countMended(parts.length);
      return true;
    }
    this.#columns.count = before;
    return false;
  }

  /** Reads a VNet tuple with an unknown encryption state; only that field is rejected. */
  #withoutEncryption(text: Uint8Array, group: number, place: Place, asWritten: boolean): number {
    const fields = new TextDecoder().decode(text).split(',');
    const word = fields[encryptionField];
    if (word === '') return encryptionFault;
    const read = this.#known(encoded(fields.with(encryptionField, '')), group, place, false);
    if (read !== 0) return read;
    this.#rejectField(
      fields,
      encryptionField,
      text,
      place,
      asWritten,
      'encryption-unknown',
      `The encryption state ${JSON.stringify(word)} is not known; the tuple is kept without it.`,
    );
    return 0;
  }

  /**
   * Reads a tuple with counters that are too large for the scanner: those below 2^63 exactly; larger ones are rejected.
   */
  #withLargeCounters(text: Uint8Array, group: number, place: Place, asWritten: boolean, fault: number): number {
    const fields = new TextDecoder().decode(text).split(',');
    const large = new Map<number, bigint>();
    for (let field = firstCounterField; field < fields.length; field++)
      if (/^\d{16,}$/.test(fields[field])) large.set(field, BigInt(fields[field]));
    if (large.size === 0 || fields.length !== firstCounterField + counterColumns.length) return fault;
    // A number in place of each, because four counters of 0 can mean "not counted".
    const read = this.#known(
      encoded(fields.map((value, field) => (large.has(field) ? '1' : value))),
      group,
      place,
      false,
    );
    if (read !== 0) return read;
    const row = this.#columns.count - 1;
    for (const [field, value] of large) {
      const fits = value <= counterMax;
      this.#columns[counterColumns[field - firstCounterField]][row] = fits ? packCounter(value) : Number.NaN;
      if (!fits)
        this.#rejectField(
          fields,
          field,
          text,
          place,
          asWritten,
          'counter-too-large',
          `The counter ${fields[field].slice(0, 40)} (${tupleFields[field + 1]}) is 2^63 or more; the tuple is kept without it.`,
        );
    }
    return 0;
  }

  /** Rejects one field of a tuple: its own bytes if they are unchanged in the input, otherwise all of `place`. */
  #rejectField(
    fields: readonly string[],
    field: number,
    text: Uint8Array,
    { start, end }: Place,
    asWritten: boolean,
    reason: RejectionReason,
    detail: string,
  ): void {
    const from = start + 1 + fields.slice(0, field).reduce((sum, before) => sum + before.length + 1, 0);
    const inPlace = asWritten && end - start === text.length + 2;
    this.#reject(inPlace ? from : start, inPlace ? from + fields[field].length : end, reason, detail);
  }

  /** The next quote that opens a tuple, the end of the array, or a brace; the end of the input if there is none. */
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

/**
 * The position after the object at `at`; -1 if it does not end, is not JSON, or contains a key of flow logs: then
 * quotes or brackets before it were lost, and it is not part of the list.
 */
function behindOther(bytes: Uint8Array, at: number): number {
  const closing: number[] = [];
  for (let i = at; i < bytes.length; i++) {
    const b = bytes[i];
    if (b === quote) {
      if (keyAt(bytes, i, bytes.length) !== undefined) return -1;
      i = stringEnd(bytes, i + 1, bytes.length);
      if (i < 0) return -1;
    } else if (b === openBrace || b === openBracket) {
      if (closing.push(b === openBrace ? closeBrace : closeBracket) > limits.flowLogDepthMax) return -1;
    } else if (b === closeBrace || b === closeBracket) {
      if (closing.pop() !== b) return -1;
      if (closing.length === 0) return isJson(bytes.subarray(at, i + 1)) ? i + 1 : -1;
    }
  }
  return -1;
}

function isJson(bytes: Uint8Array): boolean {
  try {
    JSON.parse(utf8.decode(bytes));
    return true;
  } catch {
    return false;
  }
}

const utf8 = new TextDecoder();

/** Index of a VNet tuple's encryption state among its fields. */
const encryptionField = 8;
const firstCounterField = 9;
/** The scanner's result for the first counter; the others follow. */
const countersFault = -10;
const counterColumns = ['packetsForward', 'bytesForward', 'packetsReverse', 'bytesReverse'] as const;

function encoded(fields: readonly string[]): Uint8Array {
  return new TextEncoder().encode(fields.join(','));
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

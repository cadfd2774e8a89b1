import { quote } from './json-bytes.ts';
import type { Key } from './keys.ts';
import { keyAt, recordKeys } from './keys.ts';

/** Where reading goes on after structure was lost. */
export interface Resync {
  /** Position of a brace; the input's end where nothing more begins. */
  readonly at: number;
  /** Whether a group of the record at hand begins there, rather than another record. */
  readonly inRecord: boolean;
}

/**
 * The next object at or behind `from` that surely begins a record, or a group of the record at hand, whose first key is `groupKey`: a
 * brace and such a key, which no string can hold unescaped. A group counts only while no key of a record was passed, so that no tuple goes to
 * another record's NSG.
 */
export function resync(bytes: Uint8Array, from: number, groupKey: Key | undefined): Resync {
  let passedRecordKey = false;
  for (let at = bytes.indexOf(quote, from); at >= 0; at = bytes.indexOf(quote, at + 1)) {
    const key = keyAt(bytes, at, bytes.length);
    if (key === undefined) continue;
    let before = at - 1;
    while (before >= from && bytes[before] <= 0x20) before--;
    const first = before >= from && bytes[before] === 0x7b;
    if (first && (recordKeys.has(key) || key === 'records')) return { at: before, inRecord: false };
    if (first && key === groupKey && !passedRecordKey) return { at: before, inRecord: true };
    if (recordKeys.has(key)) passedRecordKey = true;
  }
  return { at: bytes.length, inRecord: false };
}

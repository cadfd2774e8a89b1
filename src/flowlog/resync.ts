import { quote } from './json-bytes.ts';
import type { Key } from './keys.ts';
import { keyAt, recordKeys } from './keys.ts';

/** Where reading continues after structure was lost. */
export interface Resync {
  /** Position of a brace; the end of the input if there is none. */
  readonly at: number;
  /** Whether a group of the current record begins there, not another record. */
  readonly inRecord: boolean;
}

/**
 * The next object from `from` on that certainly begins a record, or a group of the current record with the first key
 * `groupKey`: a brace and the key, which a string cannot contain unescaped. A group counts only if no key of a record
 * comes before it, so that no tuple is assigned to another record's NSG.
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

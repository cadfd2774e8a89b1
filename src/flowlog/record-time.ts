import { parseTime } from '../base/time.ts';

const dateForm = /^\/Date\((-?\d{1,14})(?:[+-]\d{4})?\)\/$/;
const epochForm = /^(\d{9,14})(?:\.(\d+))?$/;
const isoForm = /^(\d{4}-\d{2}-\d{2})[Tt ](\d{2}:\d{2})(:\d{2}(?:[.,]\d+)?)? ?(Z|z|UTC|GMT|[+-]\d{2}:?\d{2})?$/;
const mailForm = /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/;

/**
 * Parses the flush time of a record, as written by Azure and by tools: epoch milliseconds; `undefined` if the text is not a
 * time or is ambiguous. Dates in figures with slashes, and times without a date, are local forms that cannot be
 * distinguished.
 *
 *   2018-11-13T12:00:35.3899262Z   2018-11-13 12:00:35 +01:00   2018-11-13T12:00Z      without an offset: UTC
 *   /Date(1542110435389)/   /Date(1542110435389+0100)/     Windows PowerShell 5.1; the offset does not change the time
 *   1542110435   1542110435.389   1542110435389            9 to 11 digits are seconds, 12 to 14 milliseconds, as in tuples
 *   Tue, 13 Nov 2018 12:00:35 GMT                          RFC 7231 section 7.1.1.1
 */
export function parseRecordTime(text: string): number | undefined {
  const iso = isoForm.exec(text);
  if (iso !== null) {
    const [, date, minutes, seconds = ':00', zone = 'Z'] = iso;
    return parseTime(`${date}T${minutes}${seconds}${zone.length === 3 ? 'Z' : zone}`);
  }
  const millis = dateForm.exec(text);
  if (millis !== null) return Number(millis[1]);
  const epoch = epochForm.exec(text);
  if (epoch !== null) {
    const [, whole, fraction = ''] = epoch;
    return whole.length > 11 ? Number(whole) : Number(whole) * 1000 + Number(fraction.padEnd(3, '0').slice(0, 3));
  }
  if (!mailForm.test(text)) return undefined;
  const value = Date.parse(text);
  return Number.isNaN(value) ? undefined : value;
}

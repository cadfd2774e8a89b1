import type { BlobItem } from '../../blob/container.ts';
import { StorageError } from './storage-error.ts';

/** Times in HTTP headers have whole seconds. */
const secondMillis = 1000;

type Headers = Readonly<Record<string, string | string[] | undefined>>;

/**
 * Checks a read against `If-Match`, `If-None-Match`, `If-Modified-Since` and `If-Unmodified-Since`. Source: RFC 9110
 * section 13.2.2.
 * @throws StorageError 304, 412
 */
export function checkConditions(headers: Headers, blob: BlobItem): void {
  const get = (name: string): string | undefined => headers[name] as string | undefined;
  const modifiedMillis = Math.floor(blob.lastModifiedMillis / secondMillis) * secondMillis;
  const match = get('if-match');
  const unmodifiedSince = Date.parse(get('if-unmodified-since') ?? '');
  if (match === undefined ? modifiedMillis > unmodifiedSince : !names(match, blob.etag))
    throw new StorageError(
      412,
      'ConditionNotMet',
      'The condition specified using HTTP conditional header(s) is not met.',
    );
  const noneMatch = get('if-none-match');
  const modifiedSince = Date.parse(get('if-modified-since') ?? '');
  if (noneMatch === undefined ? modifiedMillis <= modifiedSince : names(noneMatch, blob.etag))
    throw new StorageError(304, 'ConditionNotMet', 'The blob has not changed.', { etag: blob.etag });
}

/** Clients send ETags with or without quotes. */
function names(list: string, etag: string): boolean {
  const plain = (text: string): string =>
    text
      .trim()
      .replace(/^W\//, '')
      .replace(/^"(.*)"$/, '$1');
  return list.trim() === '*' || list.split(',').some((one) => plain(one) === plain(etag));
}

/** Bytes `start` to `end` (excluded). */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/**
 * The bytes that `x-ms-range` or `Range` requests. Source: Azure Storage, "Specifying the Range header".
 * @returns `undefined` for the whole blob: no header, or one in an unsupported form
 * @throws StorageError 416
 */
export function readRange(headers: Headers, lengthBytes: number): ByteRange | undefined {
  const text = headers['x-ms-range'] ?? headers['range'];
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(typeof text === 'string' ? text.trim() : '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const start = match[1] === '' ? Math.max(0, lengthBytes - Number(match[2])) : Number(match[1]);
  const last = match[1] === '' || match[2] === '' ? lengthBytes - 1 : Math.min(Number(match[2]), lengthBytes - 1);
  if (start >= lengthBytes || last < start)
    throw new StorageError(
      416,
      'InvalidRange',
      'The range specified is invalid for the current size of the resource.',
      {
        'content-range': `bytes */${lengthBytes}`,
      },
    );
  return { start, end: last + 1 };
}

/**
 * Shared Key authorization. Source: Azure Storage, "Authorize with Shared Key", the form for the Blob service since
 * 2015-02-21.
 */
import { timingSafeEqual } from 'node:crypto';
import { signText } from '../../blob/sas-text.ts';

/** The signed parts of a request. */
export interface SignedRequest {
  readonly method: string;
  /** Path as sent, with escapes, with the account of path style: `/account/container/blob`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** Signed in this order, by value only. */
const signedHeaders = [
  'content-encoding',
  'content-language',
  'content-length',
  'content-md5',
  'content-type',
  'date',
  'if-modified-since',
  'if-match',
  'if-none-match',
  'if-unmodified-since',
  'range',
] as const;

/** The text that Shared Key signs for this request to this account. */
export function sharedKeyText(request: SignedRequest, account: string): string {
  const value = (name: string): string => String(request.headers[name] ?? '');
  const plain = signedHeaders.map((name) => {
    if (name === 'content-length') return value(name) === '0' ? '' : value(name);
    return name === 'date' && request.headers['x-ms-date'] !== undefined ? '' : value(name);
  });
  const own = Object.keys(request.headers)
    .filter((name) => name.startsWith('x-ms-'))
    .sort()
    .map((name) => `${name}:${value(name).trim().replace(/\s+/g, ' ')}\n`);
  return `${[request.method.toUpperCase(), ...plain].join('\n')}\n${own.join('')}${canonicalResource(request, account)}`;
}

/**
 * The account is added before the path, so in path style it occurs twice. Source: issue of the facts, 3; Azurite does
 * the same.
 */
function canonicalResource({ path, query }: SignedRequest, account: string): string {
  const byName = new Map<string, string[]>();
  for (const [name, value] of query) {
    const lower = name.toLowerCase();
    byName.set(lower, [...(byName.get(lower) ?? []), value]);
  }
  const lines = [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, values]) => `\n${name}:${values.sort().join(',')}`);
  return `/${account}${path}${lines.join('')}`;
}

/** Whether one of the keys created this signature; constant time. */
export function isSignedBy(keys: readonly string[], text: string, signature: string): boolean {
  const given = Buffer.from(signature);
  let found = false;
  for (const key of keys) {
    const wanted = Buffer.from(signText(text, key));
    if (given.length === wanted.length && timingSafeEqual(given, wanted)) found = true;
  }
  return found;
}

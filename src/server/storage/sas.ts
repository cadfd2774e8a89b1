/**
 * Shared access signatures of an account, a container or a blob. Source: Azure Storage, "Create an account SAS", "Create a service SAS".
 * Versions before 2015-04-05, stored access policies and user delegation keys are refused.
 */
import { BlockList, isIP } from 'node:net';
import type { SasField } from '../../blob/sas-text.ts';
import { accountSasText, sasOverrides, serviceSasText } from '../../blob/sas-text.ts';
import { isSignedBy } from './shared-key.ts';
import { StorageError } from './storage-error.ts';

/** The operation of a request: `list` blobs or containers, or `read` a blob or properties. */
export interface SasRequest {
  readonly account: string;
  /** In base64. */
  readonly keys: readonly string[];
  /** `undefined` for the account itself. */
  readonly container: string | undefined;
  /** Without URL escapes; `undefined` for a container or the account. */
  readonly blob: string | undefined;
  readonly access: 'read' | 'list';
  readonly clientAddress: string;
  readonly nowMillis: number;
}

const versionMin = '2015-04-05';

/**
 * Authorizes the request.
 * @throws StorageError 403
 */
export function checkSas(query: URLSearchParams, request: SasRequest): void {
  const get = (name: string): string => query.get(name) ?? '';
  // Fields are signed one per line: a line feed in a field would create two.
  if (signedFields.some((name) => /\p{Cc}/u.test(get(name)))) throw refuse('A field contains a control character.');
  const version = get('sv');
  if (!/^\d{4}-\d{2}-\d{2}$/.test(version) || version < versionMin)
    throw refuse(`The signed version sv must be ${versionMin} or later.`);
  if (get('si') !== '') throw refuse('Stored access policies (si) are not supported.');
  if (get('skoid') !== '') throw refuse('User delegation signatures are not supported.');
  const isAccount = query.has('ss');
  const text = isAccount
    ? accountSasText(get, request.account)
    : serviceSasText(get, request.account, signedPath(get, request));
  if (!isSignedBy(request.keys, text, get('sig'))) throw refuse('Signature did not match.');
  if (!protocols.includes(get('spr'))) throw refuse('The signed protocol spr is neither https nor https,http.');
  checkTimes(get('st'), get('se'), request.nowMillis);
  checkAddress(get('sip'), request.clientAddress);
  const wanted = request.access === 'read' ? 'r' : 'l';
  if (!get('sp').includes(wanted))
    throw new StorageError(
      403,
      'AuthorizationPermissionMismatch',
      'This request is not authorized to perform this operation using this permission.',
    );
  const isInScope = isAccount ? accountScope(get, request) : serviceScope(get, request);
  if (!isInScope)
    throw new StorageError(
      403,
      isAccount ? 'AuthorizationResourceTypeMismatch' : 'AuthorizationFailure',
      'This request is not authorized to perform this operation.',
    );
}

/**
 * Values of `spr`. HTTP without HTTPS is not allowed. Source: Azure Storage, "Create an account SAS", "Specify the HTTP
 * protocol".
 */
const protocols = ['', 'https', 'https,http'];

/** Response headers that a service SAS replaces. An account SAS does not sign these parameters, so it replaces none. */
export function sasHeaders(query: URLSearchParams): Record<string, string> {
  if (query.has('ss')) return {};
  const headers: Record<string, string> = {};
  for (const [parameter, header] of Object.entries(sasOverrides)) {
    const value = query.get(parameter);
    // eslint-disable-next-line no-control-regex
    if (value !== null && !/[^\u0020-\u007e]/.test(value)) headers[header] = value;
  }
  return headers;
}

const signedFields: readonly string[] = [
  'sp',
  'ss',
  'srt',
  'st',
  'se',
  'sip',
  'spr',
  'sv',
  'sr',
  'ses',
  'snapshot',
].concat(Object.keys(sasOverrides));

/** The container or blob whose path is signed. */
function signedPath(get: SasField, { container, blob }: SasRequest): string {
  return get('sr') === 'b' && blob !== undefined ? `${container}/${blob}` : (container ?? '');
}

function accountScope(get: SasField, { container, blob, access }: SasRequest): boolean {
  const type = container === undefined ? 's' : blob === undefined ? 'c' : 'o';
  const isListOfContainers = container === undefined && access === 'list';
  return get('ss').includes('b') && get('srt').includes(isListOfContainers ? 's' : type);
}

function serviceScope(get: SasField, { container, blob }: SasRequest): boolean {
  if (container === undefined) return false;
  return get('sr') === 'c' || (get('sr') === 'b' && blob !== undefined);
}

function checkTimes(start: string, end: string, nowMillis: number): void {
  const expiry = parseSasTime(end);
  if (Number.isNaN(expiry)) throw refuse('The signed expiry se is missing or is not a time in UTC.');
  if (start !== '' && !(parseSasTime(start) <= nowMillis)) throw refuse('Signature not valid yet: see its start st.');
  if (expiry <= nowMillis) throw refuse('Signature has expired: see its end se.');
}

/**
 * Epoch milliseconds; NaN for other forms, some of which `Date.parse` would read as local time. Source: Azure Storage,
 * "Create a service SAS", "Format SAS date and time values".
 */
function parseSasTime(text: string): number {
  return /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,7})?)?Z)?$/.test(text) ? Date.parse(text) : Number.NaN;
}

function checkAddress(range: string, clientAddress: string): void {
  if (range === '') return;
  const [first, last = first] = range.split('-');
  const client = clientAddress.replace(/^::ffff:/i, '');
  const family = isIP(client) === 6 ? 'ipv6' : 'ipv4';
  const allowed = new BlockList();
  try {
    allowed.addRange(first, last, family);
  } catch {
    throw refuse('The signed address range sip is invalid or of the other address family.');
  }
  if (!allowed.check(client, family))
    throw new StorageError(
      403,
      'AuthorizationSourceIPMismatch',
      'This request is not authorized to perform this operation using this source IP.',
    );
}

function refuse(why: string): StorageError {
  return new StorageError(
    403,
    'AuthenticationFailed',
    `Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature. ${why}`,
  );
}

import { FlowError } from '../base/errors.ts';
import type { ErrorCode } from '../base/errors.ts';

/** The used fields of an error of `@azure/storage-blob`, `@azure/identity` or Node. */
interface ServiceFailure {
  readonly name?: string;
  readonly message?: string;
  readonly statusCode?: number;
  /** The service's code (`BlobNotFound`), or Node's (`ECONNREFUSED`). */
  readonly code?: string;
  readonly details?: { readonly errorCode?: string };
}

/**
 * Codes that refuse the credentials; any other 403 refuses the operation. Source: Azure Storage, "Common REST API error
 * codes".
 */
const authenticationCodes = new Set([
  'AuthenticationFailed',
  'InvalidAuthenticationInfo',
  'NoAuthenticationInformation',
  'InvalidSas',
]);

/** Conflicts (409) that are not lost races. Source: Azure Storage, "Blob service error codes". */
const conflictExceptions: Readonly<Record<string, ErrorCode>> = {
  AccountIsDisabled: 'permission',
  BlobArchived: 'blob-unreadable',
  BlobBeingRehydrated: 'blob-unreadable',
  BlobImmutableDueToPolicy: 'permission',
  BlobUsesCustomerSpecifiedEncryption: 'blob-unreadable',
  ContainerBeingDeleted: 'unavailable',
  ContainerDisabled: 'permission',
  InvalidBlobType: 'blob-conflict',
  PublicAccessNotPermitted: 'permission',
};

/** Hints for blobs that nobody can read. */
const conflictHints: Readonly<Record<string, string>> = {
  BlobArchived:
    'Move it to an online tier: az storage blob set-tier --tier Hot. That takes hours; the blob is read afterwards.',
  BlobBeingRehydrated: 'It is being moved out of the archive tier, and is read afterwards.',
  BlobUsesCustomerSpecifiedEncryption:
    'Upload the blob again without a customer-provided key: nsgflow cannot send one.',
};

const signInHint =
  'Set AZURE_STORAGE_CONNECTION_STRING, put a SAS into the URL, or sign in with `az login` (or a managed identity).';

/**
 * Azure answers AuthorizationFailure if the account's firewall blocks the machine; Azurite answers it for a wrong key.
 */
const firewallHint =
  "Check AZURE_STORAGE_CONNECTION_STRING or the SAS in the URL, and whether the account's network rules allow this machine.";

/** The service's error code, or Node's; an empty text if there is none. */
export function failureCode(cause: unknown): string {
  const failure = asFailure(cause);
  return failure.details?.errorCode ?? failure.code ?? '';
}

/** The HTTP status of the service's response; `undefined` if there was no response. */
export function statusOf(cause: unknown): number | undefined {
  return asFailure(cause).statusCode;
}

/** True if the blob, or its container, does not exist. */
export function isMissing(cause: unknown): boolean {
  const code = failureCode(cause);
  return (
    asFailure(cause).statusCode === 404 && (code === 'BlobNotFound' || code === 'ContainerNotFound' || code === '')
  );
}

/**
 * An error of the service or of the connection to it, as a sentence. The message never contains a key or a signature:
 * from the service's response it has only the code. Other errors are thrown unchanged.
 * @param doing "read URL" or "write URL", the URL without query
 */
export function azureError(cause: unknown, doing: string): FlowError {
  if (cause instanceof FlowError) return cause;
  const { name = '', message = '', statusCode } = asFailure(cause);
  const code = failureCode(cause);
  const fail = (error: ErrorCode, why: string, hint?: string): FlowError =>
    new FlowError(error, `cannot ${doing}: ${why}`, hint === undefined ? { cause } : { cause, hint });
  if (name === 'AbortError' || name === 'TimeoutError') return fail('unavailable', 'no answer in time');
  if (/^(?:\w*Authentication\w*|CredentialUnavailable)Error$/.test(name))
    return fail('authentication', 'no credentials of this machine were accepted', signInHint);
  if (code === 'PARSE_ERROR' || /^Data corruption failure|aborted$/.test(message))
    return fail('unavailable', 'the response was incomplete');
  if (statusCode === undefined) {
    if (name !== 'RestError' && !/^(?:E(?!RR_)|ERR_TLS|ERR_SSL|CERT_)/.test(code)) throw cause;
    if (/ENOTFOUND|EAI_AGAIN/.test(code + message)) return fail('unavailable', 'the host name is unknown');
    return fail(
      'unavailable',
      /[A-Z]{2,}_?[A-Z_]{3,}/.exec(code === 'REQUEST_SEND_ERROR' ? message : code)?.[0] ?? name,
    );
  }
  const answer = `the service answers ${statusCode}${code === '' ? '' : ` ${code}`}`;
  if (code === 'AuthorizationFailure') return fail('authentication', answer, firewallHint);
  if (statusCode === 401 || authenticationCodes.has(code)) return fail('authentication', answer);
  if (statusCode === 403) return fail('permission', answer);
  if (statusCode === 404) return fail('not-found', answer);
  if (statusCode === 409) return fail(conflictExceptions[code] ?? 'blob-conflict', answer, conflictHints[code]);
  if (statusCode === 412 || code === 'InvalidBlockList') return fail('blob-conflict', answer);
  if (statusCode === 408 || statusCode === 429 || statusCode >= 500) return fail('unavailable', answer);
  return fail('io', answer, 'Check the URL; the service does not understand the request.');
}

function asFailure(cause: unknown): ServiceFailure {
  return typeof cause === 'object' && cause !== null ? cause : {};
}

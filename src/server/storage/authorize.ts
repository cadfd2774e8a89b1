import type { Tokens } from '../tokens.ts';
import { RequestError } from '../arm-error.ts';
import { checkSas, sasHeaders } from './sas.ts';
import type { SasRequest } from './sas.ts';
import { isSignedBy, sharedKeyText } from './shared-key.ts';
import type { SignedRequest } from './shared-key.ts';
import { StorageError } from './storage-error.ts';

/** The largest difference of a request's clock. Source: Azure Storage, "Authorize with Shared Key". */
const clockMillisMax = 15 * 60_000;

/**
 * Authorizes a request to the Blob service: Shared Key, shared access signature, or a bearer token.
 * @returns response headers that the signature requires
 * @throws StorageError 401, 403
 */
export async function authorize(
  signed: SignedRequest,
  request: SasRequest,
  tokens: Tokens,
  challenge: string,
): Promise<Record<string, string>> {
  const authorization = signed.headers['authorization'] as string | undefined;
  if (authorization === undefined) {
    if (signed.query.has('sig')) {
      checkSas(signed.query, request);
      return sasHeaders(signed.query);
    }
    throw new StorageError(
      401,
      'NoAuthenticationInformation',
      'Server failed to authenticate the request. Please refer to the information in the www-authenticate header.',
      { 'www-authenticate': challenge },
    );
  }
  const sharedKey = /^SharedKey ([^:\s]+):(\S+)$/i.exec(authorization);
  if (sharedKey !== null) {
    checkSharedKey(sharedKey[1], sharedKey[2], signed, request);
    return {};
  }
  try {
    await tokens.check(authorization, challenge, 'storage');
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    throw new StorageError(401, 'InvalidAuthenticationInfo', error.message, error.headers);
  }
  return {};
}

function checkSharedKey(account: string, signature: string, signed: SignedRequest, request: SasRequest): void {
  const date = Date.parse(String(signed.headers['x-ms-date'] ?? signed.headers['date'] ?? ''));
  if (!(Math.abs(date - request.nowMillis) <= clockMillisMax))
    throw refuse('Request date header not specified, or too far from the time of the service.');
  if (account !== request.account || !isSignedBy(request.keys, sharedKeyText(signed, request.account), signature))
    throw refuse('The MAC signature found in the HTTP request is not the one that a key of the account makes.');
}

function refuse(why: string): StorageError {
  return new StorageError(
    403,
    'AuthenticationFailed',
    `Server failed to authenticate the request. Make sure the value of Authorization header is formed correctly including the signature. ${why}`,
  );
}

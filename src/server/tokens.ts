import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { SignJWT, jwtVerify } from 'jose';
import { RequestError } from './arm-error.ts';
import { privateMode, writeWhole } from './private-file.ts';

/** Who may use the service. */
export interface TokenSettings {
  /** Only tokens that were signed here are taken, and only who knows the secret gets one. */
  readonly strict: boolean;
  /** `undefined` unless strict. */
  readonly secret: string | undefined;
  readonly tenantId: string;
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Epoch seconds. */
  readonly expiresOn: number;
}

const issuer = 'nsgflow';
const lifetimeSeconds = 3600;
const keyBytes = 32;

/** Signs access tokens and checks them. Its key lies in a file, so that tokens outlive a restart. */
export class Tokens {
  readonly settings: TokenSettings;
  readonly #key: Uint8Array;
  readonly #now: () => number;

  constructor(settings: TokenSettings, key: Uint8Array, now: () => number) {
    this.settings = settings;
    this.#key = key;
    this.#now = now;
  }

  /** @throws RequestError 401 where the secret is wanted and this is not it */
  checkSecret(given: string | undefined): void {
    const { strict, secret } = this.settings;
    if (!strict) return;
    if (secret === undefined || given === undefined || !sameText(given, secret))
      throw new RequestError(401, 'invalid_client', 'The client secret is not the one of this service.');
  }

  async issue(client: string, audience: string): Promise<IssuedToken> {
    const nowSeconds = Math.floor(this.#now() / 1000);
    const expiresOn = nowSeconds + lifetimeSeconds;
    const accessToken = await new SignJWT({
      tid: this.settings.tenantId,
      appid: client,
      oid: client,
      sub: client,
      ver: '1.0',
    })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(issuer)
      .setAudience(audience)
      .setIssuedAt(nowSeconds)
      .setNotBefore(nowSeconds)
      .setExpirationTime(expiresOn)
      .sign(this.#key);
    return { accessToken, expiresInSeconds: lifetimeSeconds, expiresOn };
  }

  /** Takes any bearer token that is not empty; strict, only one of ours that has not expired. @throws RequestError 401 */
  async check(authorization: string | undefined, challenge: string): Promise<void> {
    const token = /^bearer +(\S+)$/i.exec(authorization ?? '')?.[1];
    const headers = { 'www-authenticate': challenge };
    if (token === undefined)
      throw new RequestError(
        401,
        'AuthenticationFailed',
        "Authentication failed. The 'Authorization' header is missing.",
        headers,
      );
    if (!this.settings.strict) return;
    try {
      await jwtVerify(token, this.#key, {
        issuer,
        algorithms: ['HS256'],
        currentDate: new Date(this.#now()),
        requiredClaims: ['exp', 'aud', 'tid'],
      });
    } catch {
      throw new RequestError(401, 'InvalidAuthenticationToken', 'The access token is invalid.', {
        'www-authenticate': `${challenge}, error="invalid_token", error_description="The access token is invalid."`,
      });
    }
  }
}

/** The key of tokens in this file, made where there is none. @throws io, permission */
export async function tokenKey(path: string): Promise<Uint8Array> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const known = Buffer.from(text.trim(), 'base64');
  if (known.length === keyBytes) return new Uint8Array(known);
  const key = randomBytes(keyBytes);
  await writeWhole(path, `${key.toString('base64')}\n`, privateMode);
  return new Uint8Array(key);
}

/** Compares in a time that does not tell where the texts differ. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

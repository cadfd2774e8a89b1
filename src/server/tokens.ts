import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { SignJWT, jwtVerify } from 'jose';
import { RequestError } from './arm-error.ts';
import { isAudience } from './audience.ts';
import type { Audience } from './audience.ts';
import { privateMode, writeWhole } from './private-file.ts';
import { WrongSecrets } from './wrong-secrets.ts';

/** Access rules of the service. */
export interface TokenSettings {
  /** Only tokens signed by this service are accepted, and only clients with the secret get one. */
  readonly strict: boolean;
  /** Used only if `strict`. */
  readonly secret: string | undefined;
  readonly tenantId: string;
  /** Names and addresses of the service, in lower case: valid audiences in addition to Azure's. */
  readonly names: readonly string[];
}

export interface IssuedToken {
  readonly accessToken: string;
  readonly expiresInSeconds: number;
  /** Epoch seconds. */
  readonly expiresOn: number;
}

const issuer = 'nsgflow';
const lifetimeSeconds = 3600;
/** Lifetime of a token for a shell: programs in the shell cannot renew it. */
export const shellTokenSeconds = 24 * 3600;
const keyBytes = 32;

/** Signs and checks access tokens. The key is in a file, so that tokens survive a restart. */
export class Tokens {
  readonly settings: TokenSettings;
  readonly #key: Uint8Array;
  readonly #now: () => number;
  readonly #wait: (millis: number) => Promise<void>;
  readonly #names: ReadonlySet<string>;
  readonly #wrong: WrongSecrets;

  /** @param wait delays the response to a wrong secret */
  constructor(
    settings: TokenSettings,
    key: Uint8Array,
    now: () => number,
    wait: (millis: number) => Promise<void> = sleep,
  ) {
    this.settings = settings;
    this.#key = key;
    this.#now = now;
    this.#wait = wait;
    this.#names = new Set(settings.names);
    this.#wrong = new WrongSecrets(now);
  }

  /**
   * Checks a client's secret. Responses to wrong secrets are delayed, longer after each one.
   * @param address of the client
   * @throws RequestError 401 if a secret is required and this one is wrong
   */
  async checkSecret(given: string | undefined, address: string | undefined): Promise<void> {
    const { strict, secret } = this.settings;
    if (!strict || (secret !== undefined && given !== undefined && sameText(given, secret))) return;
    const millis = this.#wrong.add(address);
    if (millis > 0) await this.#wait(millis);
    throw new RequestError(401, 'invalid_client', 'The client secret is not the one of this service.');
  }

  async issue(client: string, audience: string, seconds: number = lifetimeSeconds): Promise<IssuedToken> {
    const nowSeconds = Math.floor(this.#now() / 1000);
    const expiresOn = nowSeconds + seconds;
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
    return { accessToken, expiresInSeconds: seconds, expiresOn };
  }

  /**
   * Accepts any non-empty bearer token; with `strict`, only an unexpired token of this service for this part.
   * @throws RequestError 401
   */
  async check(authorization: string | undefined, challenge: string, part: Audience): Promise<void> {
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
    const refuse = (why: string): RequestError =>
      new RequestError(401, 'InvalidAuthenticationToken', why, {
        'www-authenticate': `${challenge}, error="invalid_token", error_description="${why}"`,
      });
    let audience: unknown;
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        issuer,
        algorithms: ['HS256'],
        currentDate: new Date(this.#now()),
        requiredClaims: ['exp', 'aud', 'tid'],
      });
      audience = payload.aud;
    } catch {
      throw refuse('The access token is invalid.');
    }
    if (!isAudience(audience, part, this.#names)) throw refuse('The access token is for another audience.');
  }
}

/**
 * The token key in this file, created if missing.
 * @throws io, permission
 */
export async function tokenKey(path: string): Promise<Uint8Array> {
  const text = await readFile(path, 'utf8').catch(() => '');
  const known = Buffer.from(text.trim(), 'base64');
  if (known.length === keyBytes) return new Uint8Array(known);
  const key = randomBytes(keyBytes);
  await writeWhole(path, `${key.toString('base64')}\n`, privateMode);
  return new Uint8Array(key);
}

/** Compares two texts in constant time. */
export function sameText(a: string, b: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError } from '../base/errors.ts';
import { failureCode, statusOf } from './azure-error.ts';

/**
 * Retries of one operation on a service. The client's own retries are off: they ignore `Retry-After`, do not retry
 * after 408 and 429, and many writers that failed together retry together.
 */

/**
 * Attempts of one operation, including the first: an unreachable account is reported within seconds, and callers
 * resume.
 */
const triesMax = 4;
/**
 * Longest pause before the second attempt, doubled each time; a random part of it is used, so that writers spread out.
 */
const pauseMillis = 500;
const pauseMillisMax = 4000;

/**
 * Statuses after which a retry can succeed. Source: Azure Storage, "Common REST API error codes"; RFC 6585 section 4.
 */
export const passingStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/**
 * Calls `act` until it succeeds, fails permanently, has failed `triesMax` times, or `limitMillis` have passed; `act`
 * must stop when the signal aborts. Waits for `Retry-After` if the service sends it; if that is longer than the
 * remaining time, the error is thrown at once.
 */
export async function withRetries<T>(limitMillis: number, act: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const endMillis = performance.now() + limitMillis;
  const signal = AbortSignal.timeout(limitMillis);
  for (let tried = 1; ; tried++) {
    try {
      return await act(signal);
    } catch (error) {
      if (tried === triesMax || signal.aborted || !isPassing(error)) throw error;
      const pause = retryAfterMillis(error) ?? Math.random() * Math.min(pauseMillisMax, pauseMillis * 2 ** (tried - 1));
      if (performance.now() + pause >= endMillis) throw error;
      await sleep(pause);
    }
  }
}

/** True for connection failures and for responses that ask to try later. */
function isPassing(error: unknown): boolean {
  if (error instanceof FlowError) return false;
  const status = statusOf(error);
  if (status !== undefined) return passingStatuses.has(status) || failureCode(error) === 'PARSE_ERROR';
  const { name } = error as Error;
  return name === 'RestError' || isCutShort(error) || /^E[A-Z]|^UND_ERR/.test(failureCode(error));
}

/** True if fewer bytes arrived than announced. */
export function isCutShort(error: unknown): boolean {
  return error instanceof Error && /^Data corruption failure|aborted$/.test(error.message);
}

/** Longer pauses are not accepted: a faulty proxy could stop a recorder for days, and timers are limited to 24 days. */
const retryAfterMillisMax = 600_000;

/**
 * The pause in the `Retry-After` header of an error's response, or of its cause; at most ten minutes. `undefined` if
 * there is none. Source: RFC 9110 section 10.2.3 (seconds, or a date).
 */
export function retryAfterMillis(error: unknown): number | undefined {
  const from = error instanceof FlowError ? error.cause : error;
  const headers = (from as { response?: { headers?: { get?: (name: string) => string | undefined } } } | undefined)
    ?.response?.headers;
  const inMillis = headers?.get?.('retry-after-ms') ?? headers?.get?.('x-ms-retry-after-ms');
  const text = headers?.get?.('retry-after');
  const isWhole = (value: string | undefined): value is string => value !== undefined && /^\d+$/.test(value);
  let pause: number | undefined;
  if (isWhole(inMillis)) pause = Number(inMillis);
  else if (isWhole(text)) pause = Number(text) * 1000;
  else if (text !== undefined) pause = Math.max(0, Date.parse(text) - Date.now());
  return pause === undefined || Number.isNaN(pause) ? undefined : Math.min(pause, retryAfterMillisMax);
}

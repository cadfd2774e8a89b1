import { clientAddress } from './connections.ts';

/** Wrong secrets of one client that are answered without delay. */
const freeAttempts = 3;
const firstWaitMillis = 250;
const waitMillisMax = 8000;
/** A client is forgotten after this time without a wrong secret. */
const forgetMillis = 15 * 60_000;
const clientsMax = 10_000;

/**
 * Counts wrong secrets by client, and returns the delay of the next response: none for the first three, then 250 ms,
 * doubled each time up to 8 s. The right secret is never delayed: other users of the machine have the same address and
 * must not block its owner.
 */
export class WrongSecrets {
  readonly #now: () => number;
  /** Those with the latest attempts are last. */
  readonly #clients = new Map<string, { count: number; lastMillis: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /**
   * Counts a wrong secret.
   * @returns the delay of its response in milliseconds
   */
  add(remoteAddress: string | undefined): number {
    const client = clientAddress(remoteAddress);
    const nowMillis = this.#now();
    const before = this.#clients.get(client);
    const count = before === undefined || nowMillis - before.lastMillis > forgetMillis ? 1 : before.count + 1;
    this.#clients.delete(client);
    this.#clients.set(client, { count, lastMillis: nowMillis });
    if (this.#clients.size > clientsMax) this.#clients.delete(this.#clients.keys().next().value!);
    return count <= freeAttempts ? 0 : Math.min(waitMillisMax, firstWaitMillis * 2 ** (count - freeAttempts - 1));
  }
}

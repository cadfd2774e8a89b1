import { clientAddress } from './connections.ts';

/** Wrong secrets of one client that are answered at once. */
const freeAttempts = 3;
const firstWaitMillis = 250;
const waitMillisMax = 8000;
/** A client without a wrong secret for so long is forgotten. */
const forgetMillis = 15 * 60_000;
const clientsMax = 10_000;

/**
 * Counts wrong secrets by client, and says how long the answer to the next one waits: not at all for the first three, then 250 ms, twice as long each
 * time, up to 8 s. The right secret never waits: other users of the machine have the same address, and must not lock its owner out.
 */
export class WrongSecrets {
  readonly #now: () => number;
  /** Those that tried last at the end. */
  readonly #clients = new Map<string, { count: number; lastMillis: number }>();

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Counts a wrong secret. @returns milliseconds that its answer waits */
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

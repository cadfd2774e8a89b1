/** Lets at most so many calls run at once. Others wait in the order in which they came. */
export class Gate {
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(callsMax: number) {
    this.#free = callsMax;
  }

  /** What `act` resolves to, which must not pass the gate itself. @throws the reason of the signal where it aborts before the call begins, at once */
  async pass<T>(act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    if (this.#free > 0) this.#free--;
    else await this.#turn(signal);
    try {
      return await act();
    } finally {
      this.#leave();
    }
  }

  /** The place of a call that ended is free, or the next one's. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free++;
    else next();
  }

  #turn(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (end: () => void) => (): void => {
        this.#waiting.delete(enter);
        signal?.removeEventListener('abort', give);
        end();
      };
      const enter = settle(resolve);
      const give = settle(() => reject(signal?.reason as Error));
      this.#waiting.add(enter);
      signal?.addEventListener('abort', give);
    });
  }
}

/**
 * Waits for a promise in turns. It is listened to once: `Promise.race` would leave a listener with every turn for as long as the promise takes, and an
 * interface may be quiet for weeks.
 */
export class TimedWait<T> {
  readonly promise: Promise<T>;
  #isSettled = false;
  #wake: (() => void) | undefined;

  constructor(promise: Promise<T>) {
    this.promise = promise;
    const settle = (): void => {
      this.#isSettled = true;
      this.interrupt();
    };
    promise.then(settle, settle);
  }

  /** Waits until the promise has an outcome, `millis` have passed (`undefined`: however many), or `interrupt` is called. @returns whether it has one */
  async settled(millis: number | undefined): Promise<boolean> {
    if (this.#isSettled) return true;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (millis !== undefined) timer = setTimeout(resolve, millis);
    });
    clearTimeout(timer);
    return this.#isSettled;
  }

  /** Ends the turn. */
  interrupt(): void {
    this.#wake?.();
  }
}

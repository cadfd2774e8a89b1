/**
 * Waits for a promise in several steps with one listener. `Promise.race` would add a listener per step for as long as
 * the promise is pending, and an interface can be quiet for weeks.
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

  /**
   * Waits until the promise settles, `millis` have passed (`undefined`: no limit), or `interrupt` is called.
   * @returns whether the promise has settled
   */
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

  /** Ends the current wait. */
  interrupt(): void {
    this.#wake?.();
  }
}

/**
 * Counts by reason. Each packet, tuple or byte range that is left out is counted here, so that nothing is dropped
 * silently (DESIGN decision 6). The first example of each reason is kept for the report.
 */
export class Counters<Reason extends string = string> {
  readonly #counts = new Map<Reason, number>();
  readonly #examples = new Map<Reason, string>();

  /** Adds `n` to the count of `reason`. `example` is called only for the first one. */
  add(reason: Reason, n = 1, example?: () => string): void {
    const before = this.#counts.get(reason);
    this.#counts.set(reason, (before ?? 0) + n);
    if (before === undefined && example !== undefined) this.#examples.set(reason, example());
  }

  get(reason: Reason): number {
    return this.#counts.get(reason) ?? 0;
  }

  /** The first example of `reason`, or `undefined` if none was given. */
  example(reason: Reason): string | undefined {
    return this.#examples.get(reason);
  }

  get total(): number {
    let sum = 0;
    for (const n of this.#counts.values()) sum += n;
    return sum;
  }

  /** Reasons with a count above 0, in alphabetic order, as a plain object. */
  toJSON(): Record<string, number> {
    return Object.fromEntries([...this.#counts].filter(([, n]) => n > 0).sort(([a], [b]) => (a < b ? -1 : 1)));
  }
}

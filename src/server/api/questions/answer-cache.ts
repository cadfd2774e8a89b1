import { limits } from '../../../base/limits.ts';
import type { Engine } from '../../../query/engine/engine.ts';

/**
 * Answers as JSON, by question and engine: an engine is one version of the lake with one state of names, so a kept answer is never out of date. At
 * the limit, answers that were not asked for the longest go first.
 */
export class AnswerCache {
  readonly #answers = new Map<string, string>();
  readonly #engines = new WeakMap<Engine, number>();
  readonly #bytesMax: number;
  #engineCount = 0;
  #bytes = 0;

  constructor(bytesMax: number = limits.consoleCacheBytesMax) {
    this.#bytesMax = bytesMax;
  }

  find(engine: Engine, question: unknown): string | undefined {
    const key = this.#key(engine, question);
    const found = this.#answers.get(key);
    if (found === undefined) return undefined;
    this.#answers.delete(key);
    this.#answers.set(key, found);
    return found;
  }

  keep(engine: Engine, question: unknown, answer: string): void {
    const key = this.#key(engine, question);
    const bytes = bytesOf(key, answer);
    if (bytes > this.#bytesMax / 8) return;
    this.#remove(key);
    this.#answers.set(key, answer);
    this.#bytes += bytes;
    for (const old of this.#answers.keys()) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#remove(old);
    }
  }

  #remove(key: string): void {
    const answer = this.#answers.get(key);
    if (answer === undefined) return;
    this.#answers.delete(key);
    this.#bytes -= bytesOf(key, answer);
  }

  #key(engine: Engine, question: unknown): string {
    let number = this.#engines.get(engine);
    if (number === undefined) this.#engines.set(engine, (number = ++this.#engineCount));
    return `${number} ${JSON.stringify(question)}`;
  }
}

/** Texts have two bytes a character. */
function bytesOf(key: string, answer: string): number {
  return 2 * (key.length + answer.length);
}

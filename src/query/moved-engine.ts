/** Asks again where the files of an old lake moved under a question (lake/move-tuples.ts). */
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { movedSnapshot } from '../lake/moved-files.ts';
import type { Snapshot } from '../lake/snapshot.ts';
import type { Engine, Scan } from './engine.ts';
import type { Answer, Cell } from './result.ts';
import type { Query } from './tree.ts';

type OpenEngine = (snapshot: Snapshot) => Engine;

/** An engine over a version of a lake, whose files may move until they have been read. */
export function openMovableEngine(snapshot: Snapshot, open: OpenEngine): Engine {
  return snapshot.table.layout === 'new' ? open(snapshot) : new MovableEngine(snapshot, open);
}

class MovableEngine implements Engine {
  readonly #open: OpenEngine;
  #snapshot: Snapshot;
  #engine: Engine;
  #cancelled: FlowError | undefined;

  constructor(snapshot: Snapshot, open: OpenEngine) {
    this.#snapshot = snapshot;
    this.#open = open;
    this.#engine = open(snapshot);
  }

  async ask(query: Query): Promise<Answer> {
    return this.#begun((engine) => engine.ask(query));
  }

  async sql(text: string): Promise<Answer> {
    return this.#begun((engine) => engine.sql(text));
  }

  async writeParquet(query: Query, path: string): Promise<number> {
    return this.#again((engine) => engine.writeParquet!(query, path));
  }

  scan(): Scan {
    return this.#engine.scan();
  }

  cancel(reason: FlowError): void {
    this.#cancelled ??= reason;
    this.#engine.cancel(reason);
  }

  async close(): Promise<void> {
    await this.#engine.close();
  }

  /** An answer whose first chunk has come: until then, it may begin anew. */
  async #begun(ask: (engine: Engine) => Promise<Answer>): Promise<Answer> {
    return this.#again(async (engine) => {
      const answer = await ask(engine);
      const chunks = answer.chunks[Symbol.asyncIterator]();
      const first = await chunks.next();
      return { ...answer, chunks: this.#rest(first, chunks) };
    });
  }

  async *#rest(first: IteratorResult<Cell[][]>, chunks: AsyncIterator<Cell[][]>): AsyncGenerator<Cell[][]> {
    try {
      for (let next = first; next.done !== true; next = await chunks.next()) yield next.value;
    } catch (error) {
      if (!(await this.#hasMoved())) throw error;
      throw new FlowError('unavailable', `the lake ${this.#snapshot.folder} was moved while it was read`, {
        cause: error,
        hint: 'Ask again.',
      });
    } finally {
      await chunks.return?.();
    }
  }

  async #again<T>(act: (engine: Engine) => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await act(this.#engine);
      } catch (error) {
        if (this.#cancelled !== undefined || attempt >= limits.movedAttemptsMax || !(await this.#hasMoved()))
          throw error;
      }
      await this.#engine.close();
      this.#engine = this.#open(this.#snapshot);
      if (this.#cancelled !== undefined) this.#engine.cancel(this.#cancelled);
    }
  }

  /** Whether files lie elsewhere than where they were looked for; they are looked for there from now on. */
  async #hasMoved(): Promise<boolean> {
    const now = await movedSnapshot(this.#snapshot);
    if (now === undefined) return false;
    const known = this.#snapshot.files;
    this.#snapshot = now;
    return now.files.some(({ path }, i) => path !== known[i]?.path);
  }
}

/** Asks again where the files of an old lake moved under a question (lake/tuples/move-tuples.ts). */
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { NameSource } from '../../enrich/names.ts';
import { movedSnapshot } from '../../lake/delta/moved-files.ts';
import type { Snapshot } from '../../lake/delta/snapshot.ts';
import type { AskSettings, Engine, RelationAnswer, RelationQuestion, Times, WrittenAnswer } from './engine.ts';
import type { QuestionView } from './question-view.ts';
import { ViewEngine } from './view-engine.ts';
import type { Answer } from './result.ts';
import type { Query, QueryRange } from '../tree.ts';

/** An engine over a version of a lake, whose files may move until they have been read. Closing it closes the view. */
export function openMovableEngine(view: QuestionView, names?: NameSource): Engine {
  return view.tuples.table.layout === 'new' ? new ViewEngine(view, names) : new MovableEngine(view, names);
}

class MovableEngine implements Engine {
  readonly #view: QuestionView;
  readonly #names: NameSource | undefined;
  #tuples: Snapshot;
  #engine: Engine;

  constructor(view: QuestionView, names: NameSource | undefined) {
    this.#view = view;
    this.#names = names;
    this.#tuples = view.tuples;
    this.#engine = this.#open();
  }

  async ask(query: Query, settings?: AskSettings): Promise<Answer> {
    return this.#begun((engine) => engine.ask(query, settings), settings);
  }

  async sql(text: string, settings?: AskSettings): Promise<Answer> {
    return this.#begun((engine) => engine.sql(text, settings), settings);
  }

  async relate(question: RelationQuestion, settings?: AskSettings): Promise<RelationAnswer> {
    return this.#begun((engine) => engine.relate(question, settings), settings);
  }

  async writeParquet(query: Query, path: string, settings?: AskSettings): Promise<WrittenAnswer> {
    return this.#again((engine) => engine.writeParquet!(query, path, settings), settings);
  }

  timesOf(range: QueryRange): Times | undefined {
    return this.#engine.timesOf?.(range);
  }

  async close(): Promise<void> {
    await this.#engine.close();
    await this.#view.close();
  }

  /** Over the files where they lie now. */
  #open(): Engine {
    const { flowsVersion, firstDateMillis, storedFlows } = this.#view;
    const view: QuestionView = {
      tuples: this.#tuples,
      flowsVersion,
      firstDateMillis,
      storedFlows,
      flows: (range, signal) => this.#view.flows(range, signal),
      close: () => Promise.resolve(),
    };
    return new ViewEngine(view, this.#names);
  }

  /** An answer whose first chunk has come: until then, it may begin anew. */
  async #begun<C, A extends { readonly chunks: AsyncIterable<C[][]> }>(
    ask: (engine: Engine) => Promise<A>,
    settings: AskSettings | undefined,
  ): Promise<A> {
    return this.#again(async (engine) => {
      const answer = await ask(engine);
      const chunks = answer.chunks[Symbol.asyncIterator]();
      const first = await chunks.next();
      return { ...answer, chunks: this.#rest(first, chunks) };
    }, settings);
  }

  async *#rest<C>(first: IteratorResult<C[][]>, chunks: AsyncIterator<C[][]>): AsyncGenerator<C[][]> {
    try {
      for (let next = first; next.done !== true; next = await chunks.next()) yield next.value;
    } catch (error) {
      if (!(await this.#hasMoved())) throw error;
      throw new FlowError('unavailable', `the lake ${this.#tuples.folder} was moved while it was read`, {
        cause: error,
        hint: 'Ask again.',
      });
    } finally {
      await chunks.return?.();
    }
  }

  async #again<T>(act: (engine: Engine) => Promise<T>, settings: AskSettings | undefined): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      const engine = this.#engine;
      try {
        return await act(engine);
      } catch (error) {
        const isOver = settings?.signal?.aborted === true || attempt >= limits.movedAttemptsMax;
        if (isOver || !(await this.#hasMoved())) throw error;
      }
      if (this.#engine !== engine) continue;
      this.#engine = this.#open();
      await engine.close();
    }
  }

  /** Whether files lie elsewhere than where they were looked for; they are looked for there from now on. */
  async #hasMoved(): Promise<boolean> {
    const now = await movedSnapshot(this.#tuples);
    if (now === undefined) return false;
    const known = this.#tuples.files;
    this.#tuples = now;
    return now.files.some(({ path }, i) => path !== known[i]?.path);
  }
}

/**
 * DuckDB over one version of a lake: questions as trees run in this process, where each ends between two chunks of rows; SQL of users runs in processes of
 * its own. A process that asks SQL alone does not load DuckDB.
 */
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import type { NameSource } from '../../enrich/names.ts';
import type { DuckdbEngine } from '../duckdb/duckdb-engine.ts';
import type { SqlAnswer } from '../duckdb/sql-answer.ts';
import { askSql } from '../duckdb/sql-process.ts';
import type { Query, QueryRange } from '../tree.ts';
import type { AskSettings, Engine, RelationAnswer, RelationQuestion, Times, WrittenAnswer } from './engine.ts';
import type { QuestionView } from './question-view.ts';
import { scanOf, timesOf } from './question-view.ts';
import type { Answer, Cell } from './result.ts';

export class ViewEngine implements Engine {
  readonly #lake: QuestionView | undefined;
  readonly #names: NameSource | undefined;
  readonly #sql = new Set<SqlAnswer>();
  #trees: Promise<DuckdbEngine> | undefined;

  /** Closing the engine closes the view. Without a view, it answers trees that read no table. */
  constructor(view: QuestionView | undefined, names?: NameSource) {
    this.#lake = view;
    this.#names = names;
  }

  get #view(): QuestionView {
    if (this.#lake !== undefined) return this.#lake;
    throw new FlowError('usage', 'name what to ask: --lake DIR, or -i SOURCE');
  }

  async ask(query: Query, settings?: AskSettings): Promise<Answer> {
    return (await this.#openTrees()).ask(query, settings);
  }

  async relate(question: RelationQuestion, settings?: AskSettings): Promise<RelationAnswer> {
    return (await this.#openTrees()).relate(question, settings);
  }

  async writeParquet(query: Query, path: string, settings?: AskSettings): Promise<WrittenAnswer> {
    return (await this.#openTrees()).writeParquet(query, path, settings);
  }

  async sql(text: string, settings: AskSettings = {}): Promise<Answer> {
    const { signal, bounds = {} } = settings;
    const { tuples } = this.#view;
    signal?.throwIfAborted();
    const flows = await this.#view.flows({}, signal);
    const files = { tuples: tuples.files, flows: flows.flatMap((table) => table.files) };
    const { memoryBytes = limits.queryMemoryBytesMax, spillBytes = limits.querySpillBytesMax } = bounds;
    const answer = await askSql({ text, files, memoryBytes, spillBytes }, settings);
    this.#sql.add(answer);
    const read = [...files.tuples, ...files.flows];
    return {
      columns: answer.columns,
      names: answer.names,
      chunks: this.#untilEnd(answer),
      scan: scanOf(this.#view, { tuples: [tuples], flows }, [{ read, unfiltered: 0 }]),
    };
  }

  timesOf(range: QueryRange): Times | undefined {
    return this.#lake === undefined ? undefined : timesOf(this.#lake, range);
  }

  /** Ends what still runs. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#sql, (answer) => answer.close()));
    await (await this.#trees)?.close();
    await this.#lake?.close();
  }

  async *#untilEnd(answer: SqlAnswer): AsyncGenerator<Cell[][]> {
    try {
      yield* answer.chunks;
    } finally {
      this.#sql.delete(answer);
    }
  }

  #openTrees(): Promise<DuckdbEngine> {
    this.#trees ??= import('../duckdb/duckdb-engine.ts').then(
      ({ DuckdbEngine: Trees }) => new Trees(this.#lake, this.#names),
    );
    return this.#trees;
  }
}

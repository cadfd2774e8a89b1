/**
 * Asks questions of the console: so many at once, each with less memory than a command has, ended when the client goes, and answered from memory where the
 * same was asked of the same version.
 */
import { FlowError } from '../../../base/errors.ts';
import { Gate } from '../../../base/gate.ts';
import { limits } from '../../../base/limits.ts';
import type { AskSettings, Engine } from '../../../query/engine/engine.ts';
import type { AnswerColumn, AnswerSummary, ExactCell, Scan } from '../../../query/engine/result.ts';
import { askKql } from '../../../query/kql/kql.ts';
import type { KqlTable } from '../../../query/kql/table.ts';
import { columnKinds } from '../../../query/kql/type.ts';
import type { Query, QueryRange } from '../../../query/tree.ts';
import type { ServiceLake } from '../../service-lake.ts';
import { ApiError } from '../api-error.ts';
import { AnswerCache } from './answer-cache.ts';

export type Question =
  | { readonly language: 'tree'; readonly query: Query }
  | {
      readonly language: 'kql';
      readonly text: string;
      readonly range: QueryRange;
      readonly parameters: Readonly<Record<string, string>>;
    }
  | { readonly language: 'sql'; readonly text: string };

/** Rows as they come. */
export interface Rows {
  readonly columns: readonly AnswerColumn[];
  readonly chunks: AsyncIterable<readonly (readonly ExactCell[])[]>;
  readonly summary?: AnswerSummary | undefined;
  readonly scan: Scan;
  /** How `render` of KQL draws it. */
  readonly render?: unknown;
}

export interface DeskSettings {
  readonly lake: ServiceLake;
  readonly tables: readonly KqlTable[];
  readonly now: () => number;
}

export class QuestionDesk {
  readonly #settings: DeskSettings;
  readonly #gate = new Gate(limits.consoleQuestionsAtOnce);
  readonly #streams = new Gate(limits.consoleStreamsAtOnce);
  readonly #cache = new AnswerCache();
  #questions = 0;

  constructor(settings: DeskSettings) {
    this.#settings = settings;
  }

  /** The answer as JSON, with `cached` and `millis`. @throws ApiError 429, and what engines throw */
  async answer(question: Question, gone: AbortSignal): Promise<string> {
    const startMillis = performance.now();
    return await this.#with(gone, async (engine, signal) => {
      const found = this.#cache.find(engine, question);
      const body = found ?? (await this.#gate.pass(() => this.#body(engine, question, signal), signal));
      if (found === undefined && isRepeatable(question)) this.#cache.keep(engine, question, body);
      const millis = Math.round(performance.now() - startMillis);
      return `${body.slice(0, -1)},"millis":${millis},"cached":${found !== undefined}}`;
    });
  }

  /**
   * Rows as they come, without limits of rows or time. `end` is to be called once.
   * @throws what engines throw
   */
  async open(question: Question, gone: AbortSignal): Promise<Rows & { readonly end: () => Promise<void> }> {
    const { engine, giveBack } = await this.#settings.lake.take();
    let leave: () => void = () => undefined;
    const left = new Promise<void>((resolve) => (leave = resolve));
    try {
      const rows = await new Promise<Rows>((resolve, reject) => {
        this.#streams
          .pass(async () => {
            resolve(await this.#rows(engine, question, gone));
            await left;
          }, gone)
          .catch(reject);
      });
      const end = async (): Promise<void> => {
        leave();
        await giveBack();
      };
      return { ...rows, end };
    } catch (error) {
      leave();
      await giveBack();
      throw error;
    }
  }

  /** Writes the answer to a question of the tree to a Parquet file. */
  async writeParquet(query: Query, path: string, gone: AbortSignal): Promise<void> {
    const { engine, giveBack } = await this.#settings.lake.take();
    try {
      await this.#streams.pass(async () => void (await engine.writeParquet!(query, path, asking(gone))), gone);
    } finally {
      await giveBack();
    }
  }

  /** Calls `ask` with the engine over the newest version, within the time limit. */
  async #with<T>(gone: AbortSignal, ask: (engine: Engine, signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#questions >= limits.consoleQuestionsMax)
      throw new ApiError(429, 'unavailable', 'too many questions run or wait', { hint: 'Ask again later.' });
    this.#questions++;
    const timeout = new AbortController();
    const seconds = limits.consoleQuestionSecondsMax;
    const timer = setTimeout(
      () => timeout.abort(new FlowError('timeout', `the question has no answer after ${seconds} seconds`)),
      seconds * 1000,
    );
    try {
      const taken = await this.#settings.lake.take();
      try {
        return await ask(taken.engine, AbortSignal.any([gone, timeout.signal]));
      } finally {
        await taken.giveBack();
      }
    } finally {
      clearTimeout(timer);
      this.#questions--;
    }
  }

  async #rows(engine: Engine, question: Question, signal: AbortSignal): Promise<Rows> {
    const settings = asking(signal);
    switch (question.language) {
      case 'tree':
        return await engine.ask(question.query, settings);
      case 'sql':
        return await engine.sql(question.text, settings);
      default: {
        const { tables, now } = this.#settings;
        const { text, range, parameters } = question;
        const given = { tables, range, parameters: new Map(Object.entries(parameters)), nowMillis: now() };
        const { plan, answer } = await askKql(engine, text, given, settings);
        const columns = plan.columns.map(({ name, type }) => ({ name, kind: columnKinds[type] }));
        return { columns, chunks: answer.chunks, scan: answer.scan, render: plan.render };
      }
    }
  }

  async #body(engine: Engine, question: Question, signal: AbortSignal): Promise<string> {
    const { columns, chunks, summary, scan, render } = await this.#rows(engine, question, signal);
    const data: string[][] = columns.map(() => []);
    let rows = 0;
    let bytes = 0;
    let isCut = false;
    for await (const chunk of chunks) {
      for (const row of chunk) {
        isCut = rows >= limits.consoleRowsMax || bytes > limits.consoleAnswerBytesMax;
        if (isCut) break;
        rows++;
        for (const [at, values] of data.entries()) {
          const text = cellText(row[at] ?? null);
          bytes += text.length;
          values.push(text);
        }
      }
      if (isCut) break;
    }
    const { files, filesRead, rowsRead, bytesRead, version } = scan;
    const rest = JSON.stringify({
      rows,
      ...(isCut ? { cut: true } : {}),
      ...(summary === undefined ? {} : { summary }),
      scan: { files, filesRead, rowsRead, bytesRead, version },
      range: rangeOf(question),
      ...(render === undefined ? {} : { render }),
    });
    const cells = data.map((values) => `[${values.join(',')}]`).join(',');
    return `{"columns":${JSON.stringify(columns)},"data":[${cells}],${rest.slice(1)}`;
  }
}

function asking(signal: AbortSignal): AskSettings {
  return { signal, bounds: { memoryBytes: limits.consoleQuestionMemoryBytes } };
}

/** KQL and SQL can ask for the time. */
function isRepeatable({ language }: Question): boolean {
  return language === 'tree';
}

function rangeOf(question: Question): { from?: number | undefined; to?: number | undefined } {
  const range = question.language === 'tree' ? question.query.range : question.language === 'kql' ? question.range : {};
  return { from: range?.start, to: range?.end };
}

/** Whole numbers beyond 2^53 are texts: JavaScript's numbers would round them. */
function cellText(cell: ExactCell): string {
  return typeof cell === 'bigint' ? `"${cell}"` : JSON.stringify(cell);
}

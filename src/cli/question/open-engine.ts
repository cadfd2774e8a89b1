import { errorTable, FlowError } from '../../base/errors.ts';
import { formatCountOf } from '../../base/format-count.ts';
import type { NameSource } from '../../enrich/names.ts';
import { tuplesKeptFrom } from '../../lake/flows/frozen.ts';
import type { Lake } from '../../lake/lake.ts';
import { openLake } from '../../lake/lake.ts';
import type { AskSettings, Engine } from '../../query/engine/engine.ts';
import type { QuestionView } from '../../query/engine/question-view.ts';
import type { Query, QueryRange } from '../../query/tree.ts';
import { stop, stopGently } from '../interrupt.ts';
import { parseBytes, parseDelay } from '../options/amount.ts';
import { namesOf } from '../options/name-options.ts';
import { tell } from '../output/printable.ts';
import { createProgress } from '../output/progress.ts';
import { tellUnread } from '../output/unread.ts';
import { tellingGoneTuples } from './gone-tuples.ts';
import { tellingProgress } from './telling-progress.ts';
import type { AskOptions } from './question.ts';

/**
 * Opens the lake, or reads the logs of `-i`, and calls `ask` with the engine. SIGINT and `--timeout` abort its
 * questions.
 * @throws usage, interrupted, timeout, and errors of reading
 */
export async function withEngine<T>(
  options: AskOptions,
  ask: (engine: Engine) => Promise<T>,
  lake: 'needed' | 'optional' = 'needed',
): Promise<T> {
  const timeoutMillis = options.timeout === undefined ? undefined : parseDelay('--timeout', options.timeout);
  const memoryBytes = options.memory === undefined ? undefined : parseBytes('--memory', options.memory);
  const isWithout = lake === 'optional' && options.lake === undefined && options.input === undefined;
  const opened = isWithout ? await openWithoutLake() : await openEngine(options);
  const undo = stopGently(() =>
    stop.abort(
      new FlowError('interrupted', 'interrupted', { hint: 'A question changes nothing: ask again at any time.' }),
    ),
  );
  const timer =
    timeoutMillis === undefined
      ? undefined
      : setTimeout(
          () => stop.abort(new FlowError('timeout', `no answer within ${options.timeout}: given up`)),
          timeoutMillis,
        );
  try {
    const bounds = memoryBytes === undefined ? undefined : { memoryBytes };
    const engine = withSettings(opened.engine, { signal: stop.signal, bounds });
    return await ask(tellingGoneTuples(tellingProgress(engine), opened.tuplesFrom ?? ''));
  } finally {
    clearTimeout(timer);
    undo();
    // After Ctrl-C the process ends at once, without releasing memory piece by piece.
    if (!isInterrupted(stop.signal)) await opened.close();
  }
}

function isInterrupted({ reason }: AbortSignal): boolean {
  return reason instanceof FlowError && reason.code === 'interrupted';
}

/** An engine that uses these settings for each question. */
function withSettings(engine: Engine, settings: AskSettings): Engine {
  return {
    ask: (query, own) => engine.ask(query, { ...settings, ...own }),
    sql: (text, own) => engine.sql(text, { ...settings, ...own }),
    relate: (question, own) => engine.relate(question, { ...settings, ...own }),
    ...(engine.timesOf === undefined ? {} : { timesOf: (range: QueryRange) => engine.timesOf!(range) }),
    ...(engine.writeParquet === undefined
      ? {}
      : {
          writeParquet: (query: Query, path: string, own?: AskSettings) =>
            engine.writeParquet!(query, path, { ...settings, ...own }),
        }),
    close: () => engine.close(),
  };
}

/** Reading logs for one question that takes longer than this ends with a hint. */
const lakeHintMillis = 5000;

interface OpenEngine {
  readonly engine: Engine;
  /** The first date with all tuples in the lake; '' if none were removed. */
  readonly tuplesFrom?: string;
  /** Closes the engine and its lake. */
  close(): Promise<void>;
}

/** For questions that read no table. */
async function openWithoutLake(): Promise<OpenEngine> {
  const { openEngineWithoutLake } = await import('../../query/engine/no-lake.ts');
  const engine = openEngineWithoutLake();
  return { engine, close: () => engine.close() };
}

async function openEngine(options: AskOptions): Promise<OpenEngine> {
  const folder = options.lake;
  if ((folder === undefined) === (options.input === undefined))
    throw new FlowError('usage', 'name what to ask: --lake DIR, or -i SOURCE', {
      hint: 'One of the two; NSGFLOW_LAKE or lake in nsgflow.yaml names the lake of all commands.',
    });
  if (options.engine !== undefined) {
    if (folder === undefined) throw new FlowError('usage', '--engine asks a lake: --lake goes with it');
    const url = options.engine;
    const { openClickhouseEngine } = await import('../../query/clickhouse/clickhouse-engine.ts');
    const { isLakeHere } = await import('../../query/clickhouse/clickhouse-place.ts');
    if (isLakeHere(folder)) {
      const lake = await openLake(folder);
      const open = async (): Promise<Engine> =>
        openClickhouseEngine(url, folder, process.env, await viewOf(lake, tell));
      return await engineOver(lake, open, () => lake.close());
    }
    const engine = openClickhouseEngine(url, folder, process.env);
    tell('note: the lake is not on this machine: conversations are those that were settled last (nsgflow lake settle)');
    return { engine, close: () => engine.close() };
  }
  if (folder !== undefined) {
    const lake = await openLake(folder);
    return await engineOver(
      lake,
      () => duckdbOver(lake, tell, namesOf(options, folder)),
      () => lake.close(),
    );
  }
  const { readLogs } = await import('../../ingest/read-logs.ts');
  const progress = createProgress('reading');
  // At the end of the process, the temporary lake is removed.
  const undo = stopGently(() => {
    progress.end();
    tell('nsgflow: interrupted');
    process.exit(errorTable.interrupted.exit);
  });
  const sources = options.input!.map((source) => source.replace(/\?.*$/, '')).join(' ');
  const hint = setTimeout(() => {
    progress.end();
    tell(`note: each question reads all logs again. Make a lake once: nsgflow ingest ${sources} --lake DIR`);
  }, lakeHintMillis);
  const logs = await readLogs(options.input!, (done, total) => progress.update(done, total)).finally(() => {
    clearTimeout(hint);
    undo();
    progress.end();
  });
  tellUnread(logs.unread);
  const { count, example } = logs.copies;
  if (example !== undefined)
    tell(
      `warning: ${formatCountOf(count, 'file')} with the same bytes as another one, and all count: ${example[0]} and ${example[1]}${count > 1 ? ' …' : ''}`,
    );
  if (logs.rejected > 0)
    tell(`warning: ${formatCountOf(logs.rejected, 'byte range')} could not be used; the first: ${logs.firstRejection}`);
  if (logs.mended > 0) tell(`note: mended ${formatCountOf(logs.mended, 'tuple')}, written as no format has them`);
  return await engineOver(
    logs.lake,
    () => duckdbOver(logs.lake, undefined, namesOf(options, undefined)),
    () => logs.close(),
  );
}

type OnNotice = ((sentence: string) => void) | undefined;

/** DuckDB over the newest version of a lake. */
async function duckdbOver(lake: Lake, onNotice: OnNotice, names: NameSource): Promise<Engine> {
  const { openLakeEngine } = await import('../../query/engine/lake-engine.ts');
  return openLakeEngine(lake, onNotice === undefined ? {} : { onNotice }, names);
}

/** The newest version of a lake. */
async function viewOf(lake: Lake, onNotice: OnNotice): Promise<QuestionView> {
  const { LakeView } = await import('../../lake/flows/view.ts');
  return LakeView.open(lake, onNotice === undefined ? {} : { onNotice });
}

/** An engine over a lake; both are closed together. */
async function engineOver(lake: Lake, open: () => Promise<Engine>, close: () => Promise<void>): Promise<OpenEngine> {
  try {
    const engine = await open();
    return {
      engine,
      tuplesFrom: tuplesKeptFrom(lake.tuples.state),
      close: async () => {
        await engine.close();
        await close();
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

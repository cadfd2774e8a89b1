import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import type { Lake } from '../../lake/lake.ts';
import type { Positions } from '../../lake/positions/positions.ts';
import { flowsColumns } from '../../lake/tuples/stored-columns.ts';
import type { Snapshot } from '../../lake/delta/snapshot.ts';
import { openLake } from '../../lake/lake.ts';
import { tuplesOnly } from '../../query/engine/question-view.ts';
import type { NameSource } from '../../enrich/names.ts';
import { namesOf } from '../options/name-options.ts';
import { openMovableEngine } from '../../query/engine/moved-engine.ts';
import type { Cell } from '../../query/engine/result.ts';
import type { Query } from '../../query/tree.ts';
import { parseDelay } from '../options/amount.ts';
import type { AskOptions } from '../question/question.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import { withEngine } from '../question/open-engine.ts';
import { addSource, printAnswer, whereOf } from '../question/question.ts';
import { flowTable, tupleColumns } from '../output/flow-table.ts';
import { stopGently } from '../interrupt.ts';
import { parseWhole } from '../options/options.ts';
import { plainText } from '../../base/row-text.ts';

interface TailOptions extends AskOptions {
  readonly follow?: boolean;
  readonly limit: string;
  readonly interval: string;
}

export function define(command: Command): void {
  command.argument('[filter...]', 'filter expression, asked of each tuple');
  command
    .option('-f, --follow', 'go on with tuples as they come into the lake')
    .option('-n, --limit <n>', 'tuples to begin with', '20')
    .option('--interval <time>', 'how often to look for new ones', '1s');
  addSource(command);
  addOutput(command, tupleColumns);
  command.action(async (words: string[], options: TailOptions) => {
    const format = formatOf(options);
    const query = {
      ask: 'tuples' as const,
      newest: true,
      limit: parseWhole('--limit', options.limit, 0, 1_000_000),
      ...whereOf(words),
    };
    const intervalMillis = parseDelay('--interval', options.interval);
    if (options.follow !== true) {
      await withEngine(options, (engine) => printAnswer(engine, query, options, { show: flowTable }));
      return;
    }
    const folder = options.lake;
    if (options.input !== undefined || options.engine !== undefined || folder === undefined)
      throw new FlowError('usage', '--follow follows a lake: name it with --lake', {
        hint: 'nsgflow ingest SOURCE --lake DIR --follow fills one.',
      });
    if (format === 'parquet' || format === 'json' || format === 'yaml')
      throw new FlowError('usage', `--follow has no end, which ${format} needs`, {
        hint: 'Use jsonl, csv, tsv or table.',
      });
    const lake = await openLake(folder);
    const stop = new AbortController();
    const undo = stopGently(() => stop.abort());
    try {
      const answer = { columns, chunks: follow(lake, query, intervalMillis, stop.signal, namesOf(options, folder)) };
      await print(answer, format, { show: flowTable, follow: true });
    } finally {
      undo();
      await lake.close();
    }
    throw new FlowError('interrupted', 'interrupted');
  });
}

const columns = flowsColumns.map(({ name, delta }) => ({
  name,
  kind: delta === 'timestamp' ? ('time' as const) : delta === 'string' ? ('text' as const) : ('number' as const),
}));

/** One version of the lake: its files, and how far each blob had been read. */
interface Seen {
  readonly snapshot: Snapshot;
  readonly positions: Positions;
}

/**
 * The last tuples, then the tuples of each later version. A tuple is new if its record begins after the bytes that were already read of its
 * blob. So files that a compaction rewrites print nothing twice.
 */
async function* follow(
  lake: Lake,
  query: Extract<Query, { ask: 'tuples' }>,
  intervalMillis: number,
  signal: AbortSignal,
  names: NameSource,
): AsyncGenerator<Cell[][]> {
  let seen = await look(lake);
  if (query.limit! > 0) yield* tuplesOf(seen.snapshot, query, () => true, names);
  while (!signal.aborted) {
    await sleep(intervalMillis, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    const now = await look(lake);
    if (now.snapshot.version === seen.snapshot.version) continue;
    const known = new Set(seen.snapshot.files.map(({ path }) => path));
    const files = now.snapshot.files.filter(({ path }) => !known.has(path));
    const { byKey } = seen.positions;
    if (files.length > 0)
      yield* tuplesOf(
        { ...now.snapshot, files },
        { ...query, newest: false, limit: undefined },
        (blob, byte) => {
          const position = byKey.get(blob);
          return position === undefined || byte >= position.readBytes;
        },
        names,
      );
    seen = now;
  }
}

/** Files and positions of one and the same version. */
async function look(lake: Lake): Promise<Seen> {
  for (;;) {
    const snapshot = await lake.snapshot();
    const positions = await lake.positions();
    if (positions.version === snapshot.version) return { snapshot, positions };
  }
}

async function* tuplesOf(
  snapshot: Snapshot,
  query: Omit<Extract<Query, { ask: 'tuples' }>, 'limit'> & { readonly limit?: number | undefined },
  isNew: (blob: string, recordByte: number) => boolean,
  names: NameSource,
): AsyncGenerator<Cell[][]> {
  const engine = openMovableEngine(tuplesOnly(snapshot), names);
  try {
    const { limit, ...rest } = query;
    const answer = await engine.ask({ ...rest, ...(limit === undefined ? {} : { limit }), origin: true });
    const width = columns.length;
    for await (const chunk of answer.chunks) {
      const rows = chunk.filter((row) => isNew(plainText(row[width]), Number(row[width + 1])));
      if (rows.length > 0) yield rows.map((row) => row.slice(0, width));
    }
  } finally {
    await engine.close();
  }
}

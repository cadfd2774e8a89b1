import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NameSource } from '../../src/enrich/names.ts';
import type { Engine } from '../../src/query/engine/engine.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { parseMeasure } from '../../src/query/measure.ts';
import { parseFilter } from '../../src/query/filter/filter.ts';
import type { Cell } from '../../src/query/engine/result.ts';
import type { GroupQuery, Query, Selection } from '../../src/query/tree.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { PlainRecord } from '../lake/build-flow-log.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';

/** An answer's rows as objects by column. */
export async function ask(engine: Engine, query: Query | string): Promise<Record<string, Cell>[]> {
  const { columns, chunks } = await (typeof query === 'string' ? engine.sql(query) : engine.ask(query));
  const rows: Record<string, Cell>[] = [];
  for await (const chunk of chunks)
    for (const row of chunk) rows.push(Object.fromEntries(row.map((cell, i) => [columns[i].name, cell])));
  return rows;
}

/** Runs `use` over an engine with these records, of which nothing is settled. */
export async function withRecords(
  records: readonly PlainRecord[],
  use: (engine: Engine) => Promise<void>,
  names?: NameSource,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-ask-'));
  const lake = await openLake(folder, { create: true });
  try {
    const append = await lake.beginAppend();
    await append.addFlowLog(buildFlowLog(records), { blob: 'blob' });
    await append.commit([]);
    const engine = await openLakeEngine(lake, undefined, names);
    try {
      await use(engine);
    } finally {
      await engine.close();
    }
  } finally {
    await lake.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** A question's condition from text; now is 2023-11-15. */
export function where(expression: string): { where?: NonNullable<Query['where']> } {
  const condition = parseFilter(expression, Date.parse('2023-11-15T00:00:00Z'));
  return condition === undefined ? {} : { where: condition };
}

/** The largest groups by one axis, with flows, packets and bytes. */
export function top({
  by,
  metric,
  limit,
  ...rest
}: Selection & {
  readonly by: readonly string[];
  readonly metric: 'bytes' | 'packets' | 'flows';
  readonly limit: number;
  readonly observations?: boolean;
}): GroupQuery {
  const measures = [metric, 'flows', 'packets', 'bytes'].filter((name, i, all) => all.indexOf(name) === i);
  return { ...rest, ask: 'groups', axes: [{ by, limit }], measures: measures.map(parseMeasure) };
}

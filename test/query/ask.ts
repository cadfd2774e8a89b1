import type { Engine } from '../../src/query/engine.ts';
import type { DuckdbEngine } from '../../src/query/duckdb-engine.ts';
import { openMemoryEngine } from '../../src/query/duckdb-engine.ts';
import { parseMeasure } from '../../src/query/measure.ts';
import { parseFilter } from '../../src/query/filter.ts';
import type { Answer, Cell } from '../../src/query/result.ts';
import type { GroupQuery, Query, Selection } from '../../src/query/tree.ts';
import { MemoryTable } from '../../src/lake/memory-table.ts';
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

/** Runs `use` over an engine with these records in memory. */
export async function withRecords(
  records: readonly PlainRecord[],
  use: (engine: DuckdbEngine) => Promise<void>,
): Promise<void> {
  const table = await MemoryTable.open();
  await table.addFlowLog(buildFlowLog(records), { blob: 'blob' });
  const engine = await openMemoryEngine(table);
  try {
    await use(engine);
  } finally {
    await engine.close();
    await table.close();
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

/** All rows of an answer, times as epoch milliseconds, as the plain twin has them. */
export async function rowsOf({ columns, chunks }: Answer): Promise<unknown[][]> {
  const rows: unknown[][] = [];
  for await (const chunk of chunks)
    for (const row of chunk)
      rows.push(
        row.map((cell, i) => (columns[i].kind === 'time' && typeof cell === 'string' ? Date.parse(cell) : cell)),
      );
  return rows;
}

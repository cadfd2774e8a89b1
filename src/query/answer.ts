/** What the engines make of rows. */
import type { LoweredQuery } from './lower/lower.ts';
import { totalNames } from './lower/groups.ts';
import { columnsOf } from './relation/check.ts';
import { answerColumns } from './answer-columns.ts';
import type { Answer, Cell, Scan } from './engine/result.ts';
import type { Query } from './tree.ts';

/** Whether an answer to a question may be of any size: its rows are passed on as they come. */
export function isStreamed({ ask }: Query): boolean {
  return ask === 'tuples' || ask === 'conversations';
}

/** The answer of rows that have all columns of a question's tree, those behind the answer's columns too. */
export async function answerOf(
  query: Query,
  { relation, columns: names }: LoweredQuery,
  chunks: AsyncIterable<Cell[][]>,
  scan: Scan,
): Promise<Answer> {
  const columns = answerColumns(query, relation, names);
  if (isStreamed(query)) return { columns, chunks, scan };
  const rows: Cell[][] = [];
  for await (const chunk of chunks) rows.push(...chunk);
  const shown = inOneChunk(rows.map((row) => row.slice(0, names.length)));
  if (query.ask !== 'groups') return { columns, chunks: shown, scan };
  const total = (name: string): number | undefined => {
    const at = columnsOf(relation).findIndex((column) => column.name === name);
    return at < 0 ? undefined : Number(rows[0]?.[at] ?? 0);
  };
  const basis = query.observations === true ? 'tuples' : 'conversations';
  const summary = { basis, flows: total(totalNames.flows) ?? 0, counted: total(totalNames.counted) } as const;
  return { columns, chunks: shown, summary, scan };
}

async function* inOneChunk(rows: Cell[][]): AsyncGenerator<Cell[][]> {
  yield rows;
}

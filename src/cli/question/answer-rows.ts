import type { Engine, Times } from '../../query/engine/engine.ts';
import type { Answer, Cell } from '../../query/engine/result.ts';
import type { QueryRange } from '../../query/tree.ts';

/** Rows of a small answer. */
export async function allRows({ chunks }: Answer): Promise<Cell[][]> {
  const rows: Cell[][] = [];
  for await (const chunk of chunks) rows.push(...chunk);
  return rows;
}

/** Times of the first and the last tuple of a range, or a little more; `undefined` where it has none. */
export async function spanOf(engine: Engine, range: QueryRange): Promise<Times | undefined> {
  const known = engine.timesOf?.(range);
  if (known !== undefined) return known;
  const answer = await engine.ask({
    range,
    ask: 'groups',
    axes: [],
    measures: [{ kind: 'first' }, { kind: 'last' }],
    observations: true,
  });
  const [row] = await allRows(answer);
  const [first, last] = row ?? [];
  return typeof first === 'string' && typeof last === 'string'
    ? { firstMillis: Date.parse(first), lastMillis: Date.parse(last) }
    : undefined;
}

/** How long a question's range is: from its first tuple if no start is given, to its last one if no end is given; 0 without tuples. */
export async function spanMillisOf(engine: Engine, { start, end }: QueryRange): Promise<number> {
  if (start !== undefined && end !== undefined) return end - start;
  const times = await spanOf(engine, {
    ...(start === undefined ? {} : { start }),
    ...(end === undefined ? {} : { end }),
  });
  return times === undefined ? 0 : (end ?? times.lastMillis) - Math.max(start ?? -Infinity, times.firstMillis);
}

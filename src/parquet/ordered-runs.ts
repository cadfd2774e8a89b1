import type { Runs } from './column-values.ts';

/** Where a run of rows as they were read comes to stand in another order: its part ends before `ends[i]`, of run `runs[i]`. */
export interface OrderedParts {
  readonly ends: readonly number[];
  readonly runs: readonly number[];
}

/** Parts of runs, of rows that stand in another order: the row `order[i]` in place i. Rows mostly go on upwards. */
export function orderedParts({ runs, ends }: Pick<Runs, 'runs' | 'ends'>, order: Uint32Array): OrderedParts {
  const parts = { ends: [] as number[], runs: [] as number[] };
  let run = 0;
  for (let i = 0; i < order.length;) {
    const row = order[i];
    if (run > 0 && row < ends[run - 1]) run = 0;
    while (run < runs && ends[run] <= row) run++;
    const start = run === 0 ? 0 : ends[run - 1];
    const end = ends[run];
    while (i < order.length && order[i] >= start && order[i] < end) i++;
    parts.ends.push(i);
    parts.runs.push(run);
  }
  return parts;
}

/** The runs that the parts give with these ids. */
export function orderedRuns(parts: OrderedParts, ids: Uint32Array): Runs {
  const ends = new Uint32Array(parts.ends.length);
  const newIds = new Uint32Array(parts.ends.length);
  let runs = 0;
  for (let i = 0; i < parts.ends.length; i++) {
    const id = ids[parts.runs[i]];
    if (runs === 0 || newIds[runs - 1] !== id) newIds[runs++] = id;
    ends[runs - 1] = parts.ends[i];
  }
  return { runs, ends, ids: newIds };
}

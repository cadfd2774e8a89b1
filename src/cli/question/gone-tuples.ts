/**
 * Questions about dates whose tuples were removed by retention: they answer from the remaining tuples, print a note,
 * and end with exit code 7.
 */
import { errorTable } from '../../base/errors.ts';
import type { Engine } from '../../query/engine/engine.ts';
import type { Query, QueryRange } from '../../query/tree.ts';
import { readsTable } from '../../query/relation/check.ts';
import { scanTimes } from '../../query/relation/scan-times.ts';
import { rangeOf } from '../../query/tree.ts';
import { tell } from '../output/printable.ts';

/**
 * An engine with this check.
 * @param keptFrom the first date with all tuples, `YYYY-MM-DD`; '' if none were removed
 */
export function tellingGoneTuples(engine: Engine, keptFrom: string): Engine {
  if (keptFrom === '') return engine;
  const startMillis = Date.parse(`${keptFrom}T00:00:00Z`);
  let isTold = false;
  const note = (isIncomplete: boolean, hint: string): void => {
    if (isIncomplete) process.exitCode = errorTable.incomplete.exit;
    if (!isTold) tell(`note: tuples before ${keptFrom} were removed; ${hint}`);
    isTold = true;
  };
  const noteQuery = (query: Query): void => {
    if (readsTuples(query) && (rangeOf(query).start ?? -Infinity) < startMillis)
      note(true, `the answer has those from then on (--from ${keptFrom})`);
  };
  return {
    ...(engine.timesOf === undefined ? {} : { timesOf: (range: QueryRange) => engine.timesOf!(range) }),
    ask: (query) => {
      noteQuery(query);
      return engine.ask(query);
    },
    sql: async (text, settings) => {
      const answer = await engine.sql(text, settings);
      const { tables = [], columns = [] } = answer.names ?? {};
      // The times of an SQL text are unknown, but without a time it reads all.
      if (tables.includes('tuples'))
        note(!columns.includes('time') && !columns.includes('date'), 'the view tuples has those from then on');
      return answer;
    },
    relate: async (question, settings) => {
      const { start } = scanTimes(question.relation, 'tuples');
      if (readsTable(question.relation, 'tuples') && (start ?? -Infinity) < startMillis)
        note(start === undefined, 'tables of tuples have those from then on');
      return await engine.relate(question, settings);
    },
    ...(engine.writeParquet === undefined
      ? {}
      : {
          writeParquet: (query: Query, path: string) => {
            noteQuery(query);
            return engine.writeParquet!(query, path);
          },
        }),
    close: () => engine.close(),
  };
}

/** Whether the question reads tuples, not only conversations. */
function readsTuples(query: Query): boolean {
  return query.ask === 'tuples' || query.ask === 'count' || ('observations' in query && query.observations);
}

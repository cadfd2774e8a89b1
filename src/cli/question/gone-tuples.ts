/** Questions that read tuples of dates that retention removed: they answer with what there is, say so, and end with exit code 7. */
import { errorTable } from '../../base/errors.ts';
import type { Engine } from '../../query/engine.ts';
import type { Query, QueryRange } from '../../query/tree.ts';
import { rangeOf } from '../../query/tree.ts';
import { tell } from '../output/printable.ts';

/** An engine that says so. `keptFrom`: the first date of which all tuples are kept, `YYYY-MM-DD`; '' where none were removed. */
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
    sql: (text) => {
      // Which times SQL asks for is not known, but that it asks for all where it names none.
      if (/\btuples\b/i.test(text)) note(!/\b(?:time|date)\b/i.test(text), 'the view tuples has those from then on');
      return engine.sql(text);
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

/** Whether tuples are asked for, and not conversations alone. */
function readsTuples(query: Query): boolean {
  return query.ask === 'tuples' || query.ask === 'count' || ('observations' in query && query.observations);
}

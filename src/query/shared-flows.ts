/**
 * Several questions over one selection: which of them read the table `flows` together, and the rows that they all need. That pays where a filter
 * leaves few of the rows: DuckDB groups texts of files, which have dictionaries, in less time than texts of its own tables.
 */
import { isStreamed } from './answer.ts';
import { conditionExpression, fieldNamed, fieldsOfCondition } from './lower/condition.ts';
import { asksObservers, rangeTests } from './lower/flows.ts';
import type { LowerContext, LoweredQuery } from './lower/lower.ts';
import { lowerQuery } from './lower/lower.ts';
import { filter, limit, project, scan } from './relation/build.ts';
import type { Relation } from './relation/relation.ts';
import { counterColumns } from './relation/tables.ts';
import { duckdb as dialect } from './sql/duckdb.ts';
import { lowerRelation } from './sql/lower.ts';
import type { SqlStatement } from './sql/node.ts';
import type { Condition, Query, QueryRange } from './tree.ts';
import { rangeOf } from './tree.ts';

export interface SharedQuery extends LoweredQuery {
  readonly query: Query;
  /** Its place among the questions. */
  readonly index: number;
  readonly statement: SqlStatement;
}

/** Those of these questions that have small answers from `flows` alone, by one filter that each row of `flows` passes or not. @throws usage */
export function sharedQueries(queries: readonly Query[], context: LowerContext): SharedQuery[] {
  const small = queries
    .flatMap((query, index): SharedQuery[] => {
      if (isStreamed(query)) return [];
      const lowered = lowerQuery(query, context);
      return [{ ...lowered, query, index, statement: lowerRelation(lowered.relation, dialect) }];
    })
    .filter(({ query, statement: { tables } }) => isOfRows(query.where) && tables.has('flows') && tables.size === 1);
  const filterOf = ({ query }: SharedQuery): string => JSON.stringify(query.where);
  return small.filter((one) => filterOf(one) === filterOf(small[0]));
}

/** All times that some questions read. */
export function sharedRange(queries: readonly Query[]): QueryRange {
  const ranges = queries.map(rangeOf);
  const start = Math.min(...ranges.map((range) => range.start ?? -Infinity));
  const end = Math.max(...ranges.map((range) => range.end ?? Infinity));
  return { ...(start === -Infinity ? {} : { start }), ...(end === Infinity ? {} : { end }) };
}

/** The rows and columns of `flows` that shared questions read, up to a number of rows. */
export function sharedFlows(shared: readonly SharedQuery[], rowsMax: number): Relation {
  const columns = new Set(shared.flatMap(({ statement }) => [...(statement.tables.get('flows') ?? [])]));
  const { where } = shared[0].query;
  const rows = filter(
    scan('flows'),
    ...rangeTests(sharedRange(shared.map(({ query }) => query))),
    where === undefined ? undefined : conditionExpression(where),
  );
  return limit(project(rows, [...columns.add('observer')]), rowsMax);
}

/** Whether a filter can be asked of rows: not of counters, which are those inside a range, nor of what each observer has of its own. */
function isOfRows(where: Condition | undefined): boolean {
  if (where === undefined || asksObservers(where)) return false;
  const columns = [...fieldsOfCondition(where)].flatMap((name) => fieldNamed(name).columns);
  return !columns.some((column) => counterColumns.some((counter) => counter === column));
}

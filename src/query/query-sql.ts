import { addressesOf } from './address-condition.ts';
import type { ConversationScope } from './conversation.ts';
import { conversationsSql, countConversationsSql, countObservedSql } from './conversation.ts';
import { conditionSql } from './condition-sql.ts';
import type { Dialect, Parameters } from './dialect.ts';
import { firstConversations } from './first-conversations.ts';
import { groupColumns, groupSql } from './group-sql.ts';
import type { Answer, AnswerColumn, Cell } from './result.ts';
import { smallAnswer } from './result.ts';
import { flowsColumnList, flowsColumnNames } from './row-source.ts';
import type { GroupQuery, Query, QueryRange } from './tree.ts';

/** Tuples of no more addresses are few: they fit in memory. */
const fewAddresses = 8;

/** The SQL of a question over the relation `rows`. @throws usage when a field cannot be grouped by */
export function querySql(query: Query, rows: string, dialect: Dialect, parameters: Parameters): string {
  const scopeOf = (range: QueryRange): ConversationScope => ({
    dialect,
    parameters,
    rows,
    tests: rangeTests(range, parameters),
    condition: query.where,
    few: (addressesOf(query.where)?.length ?? Infinity) <= fewAddresses,
  });
  const scope = scopeOf(query.range ?? {});
  switch (query.ask) {
    case 'tuples':
      return tuplesListSql(query, scope);
    case 'conversations':
      return `SELECT ${flowsColumnList}, last_time, tuples, observations FROM (${conversationsSql(firstConversations(scope, query.limit) ?? scope, [...flowsColumnNames, 'last_time', 'tuples'])}) c
        ORDER BY time, src_ip, src_port, dst_ip, dst_port, protocol, island, nth${limitSql(query.limit, parameters)}`;
    case 'groups':
      return groupSql(
        query,
        scope,
        query.compareMillis === undefined ? undefined : scopeOf(shifted(query.range ?? {}, query.compareMillis)),
      );
    default:
      return countSql(query.observations === true, scope);
  }
}

/** Names of the columns that people see, where the SQL has more. @throws usage */
export function queryColumns(query: Query): readonly string[] | undefined {
  return query.ask === 'groups' ? groupColumns(query).shown : undefined;
}

function shifted({ start, end }: QueryRange, byMillis: number): QueryRange {
  return {
    ...(start === undefined ? {} : { start: start - byMillis }),
    ...(end === undefined ? {} : { end: end - byMillis }),
  };
}

function rangeTests({ start, end }: QueryRange, parameters: Parameters): string[] {
  const tests: string[] = [];
  if (start !== undefined) tests.push(`time >= ${parameters.time(start)}`);
  if (end !== undefined) tests.push(`time < ${parameters.time(end)}`);
  return tests;
}

function tuplesSql({ dialect, parameters, rows, tests, condition }: ConversationScope): string {
  const all = condition === undefined ? tests : [...tests, conditionSql(condition, dialect, parameters)];
  return `SELECT * FROM ${rows}${all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`}`;
}

const tupleOrder = ['time', 'second', 'record_offset', 'tuple_index', 'blob'];

function tuplesListSql(query: Extract<Query, { ask: 'tuples' }>, scope: ConversationScope): string {
  const { dialect, parameters } = scope;
  const columns = `${flowsColumnList}, ${dialect.second('record_time')} AS second, record_offset, tuple_index, blob`;
  const all = `SELECT ${columns} FROM (${tuplesSql(scope)}) t`;
  const shown = query.origin === true ? `${flowsColumnList}, blob, record_offset` : flowsColumnList;
  if (query.newest !== true || query.limit === undefined)
    return `SELECT ${shown} FROM (${all}) a ORDER BY ${tupleOrder.join(', ')}${limitSql(query.limit, parameters)}`;
  const last = `SELECT * FROM (${all}) a ORDER BY ${tupleOrder.map((name) => `${name} DESC`).join(', ')}${limitSql(query.limit, parameters)}`;
  return `SELECT ${shown} FROM (${last}) l ORDER BY ${tupleOrder.join(', ')}`;
}

function limitSql(limit: number | undefined, parameters: Parameters): string {
  return limit === undefined ? '' : ` LIMIT ${parameters.number(limit)}`;
}

function countSql(observations: boolean, scope: ConversationScope): string {
  const tuples = `(SELECT count(*) FROM (${tuplesSql(scope)}) t)`;
  const conversations = observations ? countObservedSql(scope) : countConversationsSql(scope);
  return `SELECT ${tuples} AS tuples, (${conversations}) AS conversations`;
}

/** Takes the totals, which each row carries, out of the answer of an aggregate. */
export function groupAnswer(columns: readonly AnswerColumn[], rows: readonly Cell[][], query: GroupQuery): Answer {
  const width = columns.length - groupColumns(query).totals.length;
  const [first] = rows;
  return smallAnswer(
    columns.slice(0, width),
    rows.map((row) => row.slice(0, width)),
    {
      basis: query.observations === true ? 'tuples' : 'conversations',
      flows: first === undefined ? 0 : Number(first[width]),
      counted: first === undefined ? 0 : Number(first[width + 1]),
    },
  );
}

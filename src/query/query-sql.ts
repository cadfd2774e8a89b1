import { FlowError } from '../base/errors.ts';
import { conditionSql } from './condition-sql.ts';
import type { ConversationScope } from './conversation.ts';
import { conversationsSql, countConversationsSql, countObservedSql } from './conversation.ts';
import type { Field } from './fields.ts';
import { fields, findField } from './fields.ts';
import { nearest } from './nearest.ts';
import type { Answer, AnswerColumn, Cell } from './result.ts';
import { smallAnswer } from './result.ts';
import { flowsColumnList, flowsColumnNames } from './row-source.ts';
import type { SqlParameters } from './sql-parameters.ts';
import type { Query, QueryRange } from './tree.ts';

type TopQuery = Extract<Query, { ask: 'top' }>;

/** The SQL of a question over the relation `rows`. @throws usage when a field cannot be grouped by */
export function querySql(query: Query, rows: string, parameters: SqlParameters): string {
  const tests = rangeTests(query.range ?? {}, parameters);
  const scope: ConversationScope = { rows, tests, condition: query.where };
  switch (query.ask) {
    case 'tuples':
      return `SELECT ${flowsColumnList} FROM (${tuplesSql(scope, parameters)}) ORDER BY time, date_trunc('second', record_time), record_offset, tuple_index, blob${limitSql(query.limit, parameters)}`;
    case 'conversations':
      return `SELECT ${flowsColumnList}, last_time, tuples, observations FROM (${conversationsSql(scope, flowsColumnNames, parameters)}) ORDER BY time, ${conversationOrder}${limitSql(query.limit, parameters)}`;
    case 'top':
      return topSql(query, scope, parameters);
    default:
      return countSql(query.observations === true, scope, parameters);
  }
}

const conversationOrder = 'src_ip, src_port, dst_ip, dst_port, protocol, island, nth';

/** Names of the columns that people see, where the SQL has more. */
export function queryColumns(query: Query): string[] | undefined {
  return query.ask === 'top' ? [...groupFields(query.by).map(({ columns }) => columns[0]), ...measures] : undefined;
}

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];
const measures = ['flows', 'packets', 'bytes'];
const totals = ['all_flows', 'counted_flows'];

function rangeTests({ start, end }: QueryRange, parameters: SqlParameters): string[] {
  const tests: string[] = [];
  if (start !== undefined) tests.push(`time >= ${parameters.time(start)}`);
  if (end !== undefined) tests.push(`time < ${parameters.time(end)}`);
  return tests;
}

function tuplesSql({ rows, tests, condition }: ConversationScope, parameters: SqlParameters): string {
  const all = condition === undefined ? tests : [...tests, conditionSql(condition, parameters)];
  return `SELECT * FROM ${rows}${all.length === 0 ? '' : ` WHERE ${all.join(' AND ')}`}`;
}

function limitSql(limit: number | undefined, parameters: SqlParameters): string {
  return limit === undefined ? '' : ` LIMIT ${parameters.number(limit)}`;
}

function countSql(observations: boolean, scope: ConversationScope, parameters: SqlParameters): string {
  const tuples = `(SELECT count(*) FROM (${tuplesSql(scope, parameters)}))`;
  const conversations = observations
    ? `(${countObservedSql(scope, parameters)})`
    : `(${countConversationsSql(scope, parameters)})`;
  return `SELECT ${tuples} AS tuples, ${conversations} AS conversations`;
}

function topSql(query: TopQuery, scope: ConversationScope, parameters: SqlParameters): string {
  const columns = groupFields(query.by).map((field) => field.columns[0]);
  const list = columns.join(', ');
  const from =
    query.observations === true
      ? tuplesSql(scope, parameters)
      : conversationsSql(scope, [...columns, ...counters], parameters);
  const sum = (name: string): string =>
    `sum(CASE WHEN ${name}_forward IS NULL THEN ${name}_reverse ELSE ${name}_forward + coalesce(${name}_reverse, 0) END)`;
  const counted = 'count(coalesce(packets_forward, bytes_forward, packets_reverse, bytes_reverse))';
  const grouped = `SELECT ${list}, count(*) AS flows, ${sum('packets')} AS packets, ${sum('bytes')} AS bytes, ${counted} AS counted
    FROM (${from}) GROUP BY ${list}`;
  return `SELECT ${list}, ${measures.join(', ')}, sum(flows) OVER () AS ${totals[0]}, sum(counted) OVER () AS ${totals[1]}
    FROM (${grouped}) ORDER BY ${query.metric} DESC NULLS LAST, ${list}${limitSql(query.limit, parameters)}`;
}

/** Takes the totals, which each row carries, out of a top answer. */
export function topSummary(columns: readonly AnswerColumn[], rows: readonly Cell[][], query: TopQuery): Answer {
  const width = columns.length - totals.length;
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

function groupFields(by: readonly string[]): Field[] {
  const found = by.map(groupField);
  if (found.length === 0) throw new FlowError('usage', 'no field to group by');
  return found.filter((field, i) => found.indexOf(field) === i);
}

function groupField(name: string): Field {
  const field = findField(name.trim());
  const groupable = fields.filter((one) => one.groupable);
  if (field === undefined) {
    const meant = nearest(
      name.trim().toLowerCase(),
      groupable.flatMap((one) => one.names),
    );
    throw new FlowError(
      'usage',
      `unknown field ${JSON.stringify(name)} to group by${meant === undefined ? '' : `; did you mean "${meant}"?`}`,
      {
        hint: `Fields to group by: ${groupable.map((one) => one.name).join(', ')}.`,
      },
    );
  }
  if (field.join === 'either')
    throw new FlowError('usage', `"${field.name}" means both sides: group by src.${field.name} or dst.${field.name}`);
  if (!field.groupable)
    throw new FlowError('usage', `"${field.name}" cannot be grouped by`, {
      hint: `Fields to group by: ${groupable.map((one) => one.name).join(', ')}.`,
    });
  return field;
}

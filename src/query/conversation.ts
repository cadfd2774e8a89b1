/**
 * Tuples become conversations in three steps (docs/counting.md), each a common table expression:
 *
 *   picked    tuples of the range that the part of the filter selects which holds for whole flows
 *   stitched  each tuple with the number of its flow: per observer and five-tuple, in order of time, a begin, a denied tuple and
 *             a tuple without state open a flow; every other one goes on with the flow before it
 *   observed  one row a flow that one observer saw: first and last time, sums of counters, last state
 *   islands   flows of all observers on one five-tuple whose times touch, give or take two seconds
 *   matched   the k-th flow that each observer has in an island is the same conversation
 *
 * An observer is one log's view of one NIC in one direction: resource, MAC and direction.
 */
import { storedColumns } from '../lake/schema.ts';
import { conditionSql, fieldsOf } from './condition-sql.ts';
import type { SqlParameters } from './sql-parameters.ts';
import type { Condition } from './tree.ts';

/** Flows of two observers whose times lie apart by no more than this may be one conversation: clocks differ, and NSG logs cut to seconds. */
const slackSeconds = 2;

const fiveTuple = ['src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol'];
const observer = ['resource_id', 'mac', 'direction'];
const stitchKey = [...fiveTuple, ...observer, 'access'];

/** Fields that are the same in all tuples of a flow, by the stitch key: tests of them select whole flows. */
const flowFields = new Set('src.ip dst.ip ip src.port dst.port port protocol direction access mac resource'.split(' '));

/** Splits a condition into what may be asked of tuples before they are stitched, and the rest. */
export function splitCondition(condition: Condition | undefined): { before: Condition[]; after: Condition[] } {
  if (condition === undefined) return { before: [], after: [] };
  const items = condition.kind === 'and' ? condition.items : [condition];
  const isBefore = (item: Condition): boolean => [...fieldsOf(item)].every((field) => flowFields.has(field));
  return { before: items.filter(isBefore), after: items.filter((item) => !isBefore(item)) };
}

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];
const timeOrder = 'time, record_time, record_offset, tuple_index';
const opensFlow = "state IS NULL OR state IN ('begin', 'denied')";

/** How each column of a flow follows from those of its tuples; columns of the stitch key stand for themselves. */
function flowColumn(name: string): string {
  if (stitchKey.includes(name)) return name;
  if (name === 'time') return 'min(time) AS time';
  if (counters.includes(name)) return `sum(${name}) AS ${name}`;
  if (name === 'state') return 'arg_max_null(state, tuple_number) AS state';
  if (name === 'record_time') return 'min(record_time) AS record_time';
  if (name === 'record_offset' || name === 'tuple_index') return '';
  return `arg_min_null(${name}, tuple_number) AS ${name}`;
}

/**
 * SQL of a relation with one row a flow that one observer saw: the lake's columns but the positions in the record, then
 * `last_time` and `tuples`. `rows` is the relation of tuples.
 */
function observedSql(rows: string, tests: readonly string[], where: readonly string[]): string {
  const key = stitchKey.join(', ');
  const columns = storedColumns.map(({ name }) => flowColumn(name)).filter((sql) => sql !== '');
  const picked = `SELECT * FROM ${rows}${tests.length === 0 ? '' : ` WHERE ${tests.join(' AND ')}`}`;
  const stitched = `SELECT *,
      sum(CASE WHEN ${opensFlow} THEN 1 ELSE 0 END) OVER stitch AS flow_number,
      row_number() OVER stitch AS tuple_number
    FROM (${picked})
    WINDOW stitch AS (PARTITION BY ${key} ORDER BY ${timeOrder} ROWS UNBOUNDED PRECEDING)`;
  const observed = `SELECT ${columns.join(', ')}, flow_number, max(time) AS last_time, count(*) AS tuples
    FROM (${stitched}) GROUP BY ${key}, flow_number`;
  return where.length === 0 ? observed : `SELECT * FROM (${observed}) WHERE ${where.join(' AND ')}`;
}

/** SQL of conversations' keys: every observed flow with its `island` and its number `nth` in it. */
function matchedSql(observed: string): string {
  const five = fiveTuple.join(', ');
  const islands = `SELECT *,
      sum(CASE WHEN before IS NULL OR time > before + INTERVAL ${slackSeconds} SECONDS THEN 1 ELSE 0 END)
        OVER (PARTITION BY ${five} ORDER BY time, last_time, ${observer.join(', ')}, access, flow_number ROWS UNBOUNDED PRECEDING) AS island
    FROM (SELECT *, max(last_time) OVER (PARTITION BY ${five} ORDER BY time, last_time, ${observer.join(', ')}, access, flow_number
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM (${observed}))`;
  return `SELECT *, row_number() OVER (PARTITION BY ${five}, island, ${observer.join(', ')} ORDER BY time, last_time, access, flow_number) AS nth
    FROM (${islands})`;
}

/** What is asked of conversations: the range and the condition, as SQL over one relation of tuples. */
export interface ConversationScope {
  readonly rows: string;
  /** Tests of tuples besides the condition: the time range. */
  readonly tests: readonly string[];
  readonly condition: Condition | undefined;
}

function observedScope(scope: ConversationScope, parameters: SqlParameters): string {
  const { before, after } = splitCondition(scope.condition);
  const tests = [...scope.tests, ...before.map((condition) => conditionSql(condition, parameters))];
  const where = after.map((condition) => conditionSql(condition, parameters));
  return observedSql(scope.rows, tests, where);
}

/** SQL of one row a flow that one observer saw. */
export function observedFlowsSql(scope: ConversationScope, parameters: SqlParameters): string {
  return observedScope(scope, parameters);
}

/** SQL that counts conversations. */
export function countConversationsSql(scope: ConversationScope, parameters: SqlParameters): string {
  const matched = matchedSql(observedScope(scope, parameters));
  return `SELECT count(*) FROM (SELECT DISTINCT ${fiveTuple.join(', ')}, island, nth FROM (${matched}))`;
}

/**
 * SQL of one row a conversation: the columns of the view `flows`, `last_time`, `tuples` (of all its observers), `observations`, and
 * `island` and `nth`, which order those of one five-tuple.
 *
 * Of several observations the row shows the first in this order: denied before allowed, counted before uncounted, outbound before
 * inbound, the earlier, then by resource and MAC. Its counters are those of the first that is counted in the same order without the first rule.
 */
export function conversationsSql(scope: ConversationScope, parameters: SqlParameters): string {
  const matched = matchedSql(observedScope(scope, parameters));
  const group = [...fiveTuple, 'island', 'nth'];
  const counted = counters.map((name) => `${name} IS NULL`).join(' AND ');
  const uncounted = `CASE WHEN ${counted} THEN 1 ELSE 0 END`;
  const inbound = "CASE WHEN direction = 'outbound' THEN 0 ELSE 1 END";
  const tail = `${uncounted}, ${inbound}, time, resource_id, mac`;
  const ranked = `SELECT *,
      row_number() OVER (PARTITION BY ${group.join(', ')} ORDER BY access DESC, ${tail}) AS shown_rank,
      row_number() OVER (PARTITION BY ${group.join(', ')} ORDER BY ${tail}) AS counted_rank
    FROM (${matched})`;
  const attributes = ['direction', 'access', 'state', 'rule', 'nsg', 'mac', 'encryption'];
  return `SELECT min(time) AS time, ${fiveTuple.join(', ')},
      ${attributes.map((name) => `arg_min_null(${name}, shown_rank) AS ${name}`).join(', ')},
      ${counters.map((name) => `arg_min_null(${name}, counted_rank) AS ${name}`).join(', ')},
      max(last_time) AS last_time, sum(tuples) AS tuples, count(*) AS observations, island, nth
    FROM (${ranked}) GROUP BY ${group.join(', ')}`;
}

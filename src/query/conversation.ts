/**
 * Tuples become conversations by common table expressions, each a step (docs/lake.md says it in words):
 *
 *   picked    tuples of the range that the part of the filter selects which holds for whole flows
 *   alone     one row a five-tuple; `several` unless all its tuples are one flow that one observer saw, and so one conversation
 *   rest      tuples of the five-tuples that are several
 *   keys      one row a five-tuple, observer and access of the rest, as if its tuples were one flow; `several` where they are more
 *   stitched  tuples of the keys that are several, with the number of their flow: in order of time, a begin, a denied tuple and a
 *             tuple without state open a flow; every other one goes on with the flow before it
 *   observed  one row a flow that one observer saw: first and last time, sums of counters, last state
 *   islands   groups of these, of one five-tuple, whose times touch, give or take two seconds
 *   matched   the nth flow that each observer has in an island is the same conversation
 *
 * An observer is one log's view of one NIC in one direction: resource, MAC, direction and format (an NSG may be logged in both versions).
 *
 * Most five-tuples are one flow of one observer, so windows (sorts) run over few tuples. Groups are keyed by pairs of 64-bit hashes, of
 * the columns forwards and backwards: that takes half the time of the columns themselves, and differs from it once in 2^128 pairs.
 */
import { storedColumns } from '../lake/schema.ts';
import { columnsOfCondition, conditionSql, fieldsOf } from './condition-sql.ts';
import type { SqlParameters } from './sql-parameters.ts';
import type { Condition } from './tree.ts';

/** Flows of two observers whose times lie apart by no more than this may be one conversation: clocks differ, and NSG logs cut to seconds. */
const slackSeconds = 2;

export const fiveTuple = ['src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol'];
const observer = ['resource_id', 'mac', 'direction', 'format'];

/** Fields that are the same in all tuples of a flow, by its key: tests of them select whole flows. */
const flowFields = new Set('src.ip dst.ip ip src.port dst.port port protocol direction access mac resource'.split(' '));

/** What is asked of conversations: the range and the condition, over one relation of tuples. */
export interface ConversationScope {
  /** SQL of the relation of tuples. */
  readonly rows: string;
  /** Tests of tuples besides the condition: the time range. */
  readonly tests: readonly string[];
  readonly condition: Condition | undefined;
}

/** Splits a condition into what may be asked of tuples before they are stitched, and the rest. */
function splitCondition(condition: Condition | undefined): { before: Condition[]; after: Condition[] } {
  if (condition === undefined) return { before: [], after: [] };
  const items = condition.kind === 'and' ? condition.items : [condition];
  const isBefore = (item: Condition): boolean => [...fieldsOf(item)].every((field) => flowFields.has(field));
  return { before: items.filter(isBefore), after: items.filter((item) => !isBefore(item)) };
}

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];
const opens = "(state IS NULL OR state IN ('begin', 'denied'))";
const uncounted = `(${counters.map((name) => `${name} IS NULL`).join(' AND ')})`;

/** Place of a tuple among those of its flow: time, then the record's second, the record's place in its blob, its own in the record. */
const place =
  '((epoch_ms(time)::HUGEINT * 4294967296 + least(coalesce(floor(epoch(record_time))::BIGINT, 0), 4294967295)) * 2147483648' +
  ' + least(record_offset, 2147483647)) * 65536 + least(tuple_index, 65535)';

function hashPair(names: readonly string[], prefix: string): string {
  return `hash(${names.join(', ')}) AS ${prefix}_a, hash(${names.toReversed().join(', ')}) AS ${prefix}_b`;
}

const five = 'five_a, five_b';
const flow = 'flow_a, flow_b';

/** How a column of a flow follows from those of its tuples. */
function flowColumn(name: string): string {
  if (name === 'time' || name === 'record_time') return `min(${name}) AS ${name}`;
  if (counters.includes(name)) return `sum(${name}) AS ${name}`;
  if (name === 'state') return 'arg_max_null(state, place) AS state';
  const constant = [...fiveTuple, ...observer, 'access'].includes(name) || /^(src|dst)_ipv/.test(name);
  return constant ? `any_value(${name}) AS ${name}` : `arg_min_null(${name}, place) AS ${name}`;
}

/** Columns of flows and what they are made of, in the order of the lake. */
function flowColumns(names: Iterable<string>): { list: string; aggregates: string } {
  const wanted = new Set([...names, 'time']);
  const columns = storedColumns.map(({ name }) => name).filter((name) => wanted.has(name));
  return {
    list: [...columns, 'last_time', 'tuples'].join(', '),
    aggregates: `${columns.map(flowColumn).join(', ')}, max(time) AS last_time, count(*) AS tuples`,
  };
}

/** Whether the tuples of a group are more than one flow, being of one observer and access. */
const severalFlows = `(count(*) FILTER (${opens}) > 1 OR coalesce(min(place) FILTER (${opens}) > min(place), false))`;

/**
 * Steps up to `alone` and `observed`, which together are all flows that one observer saw: `alone` with the columns `needed`,
 * `observed` with the columns `needed` and those by which observations are matched and ranked.
 */
function flowSteps(scope: ConversationScope, needed: readonly string[], parameters: SqlParameters): string[] {
  const { before, after } = splitCondition(scope.condition);
  const tests = [...scope.tests, ...before.map((condition) => conditionSql(condition, parameters))];
  const where = after.map((condition) => conditionSql(condition, parameters)).join(' AND ');
  const asked = [...needed, ...after.flatMap(columnsOfCondition)];
  const alone = flowColumns(asked);
  const flows = flowColumns([...asked, ...counters, ...observer, 'access']);
  const keyed = `any_value(five_a) AS five_a, any_value(five_b) AS five_b, ${flows.aggregates}`;
  return [
    `picked AS NOT MATERIALIZED (SELECT *, ${hashPair(fiveTuple, 'five')}, ${hashPair([...fiveTuple, ...observer, 'access'], 'flow')}, ${place} AS place
      FROM ${scope.rows}${tests.length === 0 ? '' : ` WHERE ${tests.join(' AND ')}`})`,
    `every AS MATERIALIZED (SELECT ${five}, ${alone.aggregates},
        min(flow_a) <> max(flow_a) OR ${severalFlows} AS several
      FROM picked GROUP BY ${five})`,
    `alone AS (SELECT ${alone.list} FROM every WHERE NOT several${where === '' ? '' : ` AND ${where}`})`,
    `rest AS MATERIALIZED (SELECT * FROM picked SEMI JOIN (SELECT ${five} FROM every WHERE several) USING (${five}))`,
    `keys AS MATERIALIZED (SELECT ${flow}, ${keyed}, ${severalFlows} AS several FROM rest GROUP BY ${flow})`,
    `stitched AS (SELECT *, sum(${opens}::INTEGER) OVER (PARTITION BY ${flow} ORDER BY place ROWS UNBOUNDED PRECEDING) AS flow_number
      FROM rest SEMI JOIN (SELECT ${flow} FROM keys WHERE several) USING (${flow}))`,
    `observed AS MATERIALIZED (SELECT * FROM (SELECT ${five}, ${flows.list}, 0 AS flow_number FROM keys WHERE NOT several
      UNION ALL SELECT ${five}, ${flows.list}, flow_number FROM
        (SELECT ${keyed}, flow_number FROM stitched GROUP BY ${flow}, flow_number))
      ${where === '' ? '' : `WHERE ${where}`})`,
  ];
}

/** Steps from `observed` to `matched`: the flows with `island` and `nth`. */
const matchSteps = [
  `islands AS (SELECT *,
      sum((before IS NULL OR time > before + INTERVAL ${slackSeconds} SECONDS)::INTEGER)
        OVER (PARTITION BY ${five} ORDER BY time, last_time ROWS UNBOUNDED PRECEDING) AS island
    FROM (SELECT *, max(last_time) OVER (PARTITION BY ${five} ORDER BY time, last_time
        ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM observed))`,
  `matched AS (SELECT *, row_number() OVER (PARTITION BY ${five}, island, ${observer.join(', ')} ORDER BY time, last_time, access, flow_number) AS nth
    FROM islands)`,
];

/** SQL that counts flows that one observer saw. */
export function countObservedSql(scope: ConversationScope, parameters: SqlParameters): string {
  return `WITH ${flowSteps(scope, [], parameters).join(',\n')}
    SELECT (SELECT count(*) FROM alone) + (SELECT count(*) FROM observed)`;
}

/** SQL that counts conversations. */
export function countConversationsSql(scope: ConversationScope, parameters: SqlParameters): string {
  return `WITH ${[...flowSteps(scope, [], parameters), ...matchSteps].join(',\n')}
    SELECT (SELECT count(*) FROM alone) + (SELECT count(*) FROM (SELECT DISTINCT ${five}, island, nth FROM matched))`;
}

/**
 * SQL of one row a conversation: the columns `needed` of the view `flows`, `last_time`, `tuples` (of all its observers),
 * `observations`, and `island` and `nth`, which order those of one five-tuple.
 *
 * Of several observations the row shows the first in this order: denied before allowed, counted before uncounted, outbound before
 * inbound, the earlier, then by resource and MAC. Its counters are those of the first in the same order without the first rule.
 */
export function conversationsSql(
  scope: ConversationScope,
  needed: readonly string[],
  parameters: SqlParameters,
): string {
  const group = `${five}, island, nth`;
  const tail = `${uncounted}, CASE WHEN direction = 'outbound' THEN 0 ELSE 1 END, time, resource_id, mac`;
  const columns = needed.filter((name) => name !== 'time');
  const shown = columns.map((name) => {
    const rank = counters.includes(name) ? 'counted_rank' : 'shown_rank';
    return fiveTuple.includes(name) ? `any_value(${name}) AS ${name}` : `arg_min_null(${name}, ${rank}) AS ${name}`;
  });
  const steps = [
    ...flowSteps(scope, columns, parameters),
    ...matchSteps,
    `ranked AS (SELECT *,
        row_number() OVER (PARTITION BY ${group} ORDER BY access DESC, ${tail}) AS shown_rank,
        row_number() OVER (PARTITION BY ${group} ORDER BY ${tail}) AS counted_rank
      FROM matched)`,
  ];
  return `WITH ${steps.join(',\n')}
    SELECT ${['time', ...columns].join(', ')}, last_time, tuples, 1 AS observations, 1 AS island, 1 AS nth FROM alone
    UNION ALL
    SELECT ${['min(time) AS time', ...shown].join(', ')}, max(last_time) AS last_time, sum(tuples) AS tuples, count(*) AS observations,
      island, nth FROM ranked GROUP BY ${group}`;
}

/**
 * Tuples become conversations by common table expressions, each a step (docs/lake.md says it in words):
 *
 *   picked    tuples of the range whose five-tuple the filter may select
 *   every     one row a five-tuple; `several` unless all its tuples are one flow that one observer saw, and so one conversation
 *   alone     those that are not several and that the filter selects
 *   rest      tuples of the five-tuples that are several
 *   keys      one row a five-tuple, observer and access of the rest, as if its tuples were one flow; `several` where they are more
 *   stitched  tuples of the keys that are several, with the number of their flow: in order of time, a begin, a denied tuple and a
 *             tuple without state open a flow; every other one goes on with the flow before it
 *   observed  one row a flow that one observer saw: first and last time, sums of counters, last state
 *   islands   groups of these, of one five-tuple, whose times touch, give or take two seconds
 *   matched   the nth flow that each observer has in an island is the same conversation
 *   whole     the same flows with the time, access and counters of their conversation
 *   judged    and whether the filter holds of them
 *
 * An observer is one log's view of one NIC in one direction: resource, MAC, direction and format (an NSG may be logged in both versions).
 *
 * Most five-tuples are one flow of one observer, so windows (sorts) run over few tuples: steps `every` to `keys` are the quick way of engines
 * for which they pay. Without them, all tuples are stitched: the plain way.
 */
import { storedColumns } from '../lake/schema.ts';
import { columnsOfCondition, conditionSql, fieldsOf } from './condition-sql.ts';
import type { Dialect, Parameters } from './dialect.ts';
import { opens } from './dialect.ts';
import type { Condition } from './tree.ts';

/** Flows of two observers whose times lie apart by no more than this may be one conversation: clocks differ, and NSG logs cut to seconds. */
const slackMillis = 2000;

export const fiveTuple = ['src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol'];
const observer = ['resource_id', 'mac', 'direction', 'format'];
const flowKey = [...fiveTuple, ...observer, 'access'];
export const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];

/** Fields that are the same in all tuples of a five-tuple: tests of them select whole conversations. */
const fiveTupleFields = new Set('src.ip dst.ip ip src.port dst.port port protocol'.split(' '));
/** Fields that are the same in all tuples of a flow that one observer saw. */
const observerFields = new Set('mac direction resource format'.split(' '));
/** Fields of a flow whose value is that of one of its tuples. */
const tupleFields = new Set('access rule nsg state encryption target acl blob'.split(' '));

/** What is asked of conversations: the range and the condition, over one relation of tuples. */
export interface ConversationScope {
  readonly dialect: Dialect;
  readonly parameters: Parameters;
  /** SQL of the relation of tuples. */
  readonly rows: string;
  /** Tests of tuples besides the condition: the time range. */
  readonly tests: readonly string[];
  readonly condition: Condition | undefined;
}

/** A condition apart, by what it may be asked of before tuples are put together. */
interface Split {
  /** Asked of each tuple. */
  readonly before: readonly Condition[];
  /** Of each of these, some tuple of every five-tuple that is selected holds. */
  readonly searched: readonly Condition[];
  /** What remains to be asked of flows. */
  readonly after: readonly Condition[];
}

function splitCondition(condition: Condition | undefined, unit: 'conversation' | 'observed'): Split {
  const items = condition === undefined ? [] : condition.kind === 'and' ? condition.items : [condition];
  const isBefore = (item: Condition): boolean =>
    [...fieldsOf(item)].every(
      (field) =>
        fiveTupleFields.has(field) || (unit === 'observed' && (observerFields.has(field) || field === 'access')),
    );
  const isSearched = (item: Condition): boolean => {
    const names = [...fieldsOf(item)].filter((field) => !fiveTupleFields.has(field));
    return names.every((field) => observerFields.has(field)) || (names.length === 1 && tupleFields.has(names[0]));
  };
  const after = items.filter((item) => !isBefore(item));
  return {
    before: items.filter(isBefore),
    searched: unit === 'conversation' ? after.filter(isSearched) : [],
    after,
  };
}

const opening = `CASE WHEN ${opens} THEN 1 ELSE 0 END`;
const uncounted = `CASE WHEN ${counters.map((name) => `${name} IS NULL`).join(' AND ')} THEN 1 ELSE 0 END`;

const five = 'five_a, five_b';
const flow = 'flow_a, flow_b';
const conversation = `${five}, island, nth`;

function isConstant(name: string): boolean {
  return flowKey.includes(name) || /^(src|dst)_ipv/.test(name);
}

/** Columns of flows and what they are made of, in the order of the lake. */
function flowColumns(
  names: Iterable<string>,
  dialect: Dialect,
  reports: boolean,
): { list: string[]; aggregates: string } {
  const wanted = new Set([...names, 'time']);
  const columns = storedColumns.map(({ name }) => name).filter((name) => wanted.has(name));
  const aggregate = (name: string): string => {
    if (name === 'time' || name === 'record_time') return `min(${name})`;
    if (counters.includes(name)) return dialect.sum(name);
    if (name === 'state') return dialect.last('state', 'place');
    return isConstant(name) ? `any_value(${name})` : dialect.first(name, 'place');
  };
  return {
    list: [...columns, 'last_time', 'tuples', ...(reports ? ['reports'] : [])],
    aggregates: [
      ...columns.map((name) => `${aggregate(name)} AS ${name}`),
      'max(time) AS last_time',
      'count(*) AS tuples',
      ...(reports ? [`${dialect.reports('place', dialect.millis('time'), opening)} AS reports`] : []),
    ].join(', '),
  };
}

function aliased(expressions: readonly string[], prefix: string): string {
  return ['a', 'b'].map((letter, i) => `${expressions[i]} AS ${prefix}_${letter}`).join(', ');
}

/** Whether the tuples of a group are more than one flow, being of one observer and access: two open one, or one opens it that is not the first. */
const severalFlows = `(count(*) FILTER (WHERE ${opens}) > 1 OR (count(*) FILTER (WHERE ${opens}) = 1 AND (min(place) & 1) = 1))`;

function where(tests: readonly string[]): string {
  return tests.length === 0 ? '' : ` WHERE ${tests.join(' AND ')}`;
}

/**
 * Steps up to `observed`; with the quick way also `alone`, and both together are all flows that one observer saw. `alone` has the
 * columns `needed`, `observed` also those by which observations are matched and ranked. In `alone`, the filter holds; of `observed` it is
 * not asked yet.
 */
function flowSteps(
  { dialect, parameters, rows, tests, condition }: ConversationScope,
  needed: readonly string[],
  unit: 'conversation' | 'observed',
  reports: boolean,
): { steps: string[]; holds: string | undefined } {
  const { before, searched, after } = splitCondition(condition, unit);
  const holds =
    after.length === 0 ? undefined : after.map((one) => conditionSql(one, dialect, parameters)).join(' AND ');
  const asked = [...needed, ...after.flatMap(columnsOfCondition)];
  const alone = flowColumns(asked, dialect, reports);
  const flows = flowColumns([...asked, ...counters, ...observer, 'access'], dialect, reports);
  const keyed = `any_value(five_a) AS five_a, any_value(five_b) AS five_b, ${flows.aggregates}`;
  const fiveKey = dialect.key(fiveTuple);
  const ofTuples = [...tests, ...before.map((one) => conditionSql(one, dialect, parameters))];
  const among = searched.map(
    (one) =>
      `(${fiveKey.join(', ')}) IN (SELECT ${fiveKey.join(', ')} FROM ${rows}${where([...ofTuples, conditionSql(one, dialect, parameters)])})`,
  );
  const picked = `picked AS (SELECT *, ${aliased(fiveKey, 'five')}, ${dialect.place} AS place
      FROM ${rows}${where([...ofTuples, ...among])})`;
  const numbered = (relation: string): string =>
    `SELECT *, sum(${opening}) OVER (PARTITION BY ${flow} ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS flow_number
      FROM ${relation}`;
  const rest = (relation: string, columns = '*'): string =>
    `SELECT ${columns}, ${aliased(dialect.key(flowKey), 'flow')} FROM ${relation}`;
  if (!dialect.quick)
    return {
      holds,
      steps: [
        picked,
        `stitched AS (${numbered(`(${rest('picked')})`)})`,
        `observed AS (SELECT ${keyed}, flow_number FROM stitched GROUP BY ${flow}, flow_number)`,
      ],
    };
  const stored = storedColumns.map(({ name }) => name).filter((name) => flows.list.includes(name) || name === 'state');
  const restColumns = [five, 'place', ...stored].join(', ');
  const who = `hash(${[...observer, 'access'].join(', ')})`;
  return {
    holds,
    steps: [
      picked.replace(' AS (', ' AS NOT MATERIALIZED ('),
      `every AS MATERIALIZED (SELECT ${five}, ${alone.aggregates}, min(${who}) <> max(${who}) OR ${severalFlows} AS several
        FROM picked GROUP BY ${five})`,
      `alone AS (SELECT ${alone.list.join(', ')} FROM every WHERE NOT several${holds === undefined ? '' : ` AND ${holds}`})`,
      `rest AS MATERIALIZED (${rest('picked', restColumns)} SEMI JOIN (SELECT ${five} FROM every WHERE several) USING (${five}))`,
      `keys AS MATERIALIZED (SELECT ${flow}, ${keyed}, ${severalFlows} AS several FROM rest GROUP BY ${flow})`,
      `stitched AS (${numbered(`rest SEMI JOIN (SELECT ${flow} FROM keys WHERE several) USING (${flow})`)})`,
      `observed AS MATERIALIZED (SELECT ${five}, ${flows.list.join(', ')}, 0 AS flow_number FROM keys WHERE NOT several
        UNION ALL SELECT ${five}, ${flows.list.join(', ')}, flow_number FROM
          (SELECT ${keyed}, flow_number FROM stitched GROUP BY ${flow}, flow_number))`,
    ],
  };
}

/** Steps from `observed` to `matched`: the flows with `island` and `nth`. */
function matchSteps(dialect: Dialect): string[] {
  const order = `PARTITION BY ${five} ORDER BY time, last_time`;
  const start = dialect.millis('time');
  return [
    `islands AS (SELECT *,
      sum(CASE WHEN before IS NULL OR ${start} > ${dialect.millis('before')} + ${slackMillis} THEN 1 ELSE 0 END)
        OVER (${order} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS island
    FROM (SELECT *, max(last_time) OVER (${order} ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before FROM observed) o)`,
    `matched AS (SELECT *, row_number() OVER (PARTITION BY ${five}, island, ${observer.join(', ')} ORDER BY time, last_time, access, flow_number) AS nth
    FROM islands)`,
  ];
}

/** SQL that counts flows that one observer saw. */
export function countObservedSql(scope: ConversationScope): string {
  const { steps, holds } = flowSteps(scope, [], 'observed', false);
  const observed = `(SELECT count(*) FROM observed${holds === undefined ? '' : ` WHERE ${holds}`})`;
  return `WITH ${steps.join(',\n')} SELECT ${scope.dialect.quick ? '(SELECT count(*) FROM alone) + ' : ''}${observed}`;
}

/** SQL that counts conversations. */
export function countConversationsSql(scope: ConversationScope): string {
  return `SELECT count(*) FROM (${conversationsSql(scope, [])})`;
}

/**
 * SQL of one row a conversation: the columns `needed`, `time`, `last_time`, `tuples` (of all its observers), `observations`, `island`
 * and `nth`, which order those of one five-tuple; with `reports`, the tuples of the observation whose counters it has.
 *
 * Time, access and counters are the conversation's: the first time, denied where an observer denied, and the counters of the first
 * observation in this order: counted before uncounted, outbound before inbound, the earlier, then by resource and MAC. The filter is asked
 * of each observation with these. All other columns are those of the first observation of which it holds, denied before allowed, then
 * in the same order.
 */
export function conversationsSql(scope: ConversationScope, needed: readonly string[], reports = false): string {
  const { dialect } = scope;
  const columns = [...new Set(needed)].filter((name) => name !== 'time');
  const { steps, holds } = flowSteps(scope, columns, 'conversation', reports);
  const tail = `${uncounted}, CASE WHEN direction = 'outbound' THEN 0 ELSE 1 END, time, resource_id, mac`;
  const shared = ['time', 'access', ...counters];
  const asked = splitCondition(scope.condition, 'conversation').after.flatMap(columnsOfCondition);
  const kept = [...new Set([...columns, ...asked])].filter((name) => !shared.includes(name));
  const counted = counters.map(
    (name) => `max(CASE WHEN counted_rank = 1 THEN ${name} END) OVER (PARTITION BY ${conversation}) AS ${name}`,
  );
  const rank = '1000000 * misses + shown_rank';
  const shown = columns.map((name) =>
    shared.includes(name) || fiveTuple.includes(name) || (isConstant(name) && !observer.includes(name))
      ? `any_value(${name}) AS ${name}`
      : `${dialect.first(name, rank)} AS ${name}`,
  );
  const all = [
    ...steps,
    ...matchSteps(dialect),
    `ranked AS (SELECT *,
        row_number() OVER (PARTITION BY ${conversation} ORDER BY access DESC, ${tail}) AS shown_rank,
        row_number() OVER (PARTITION BY ${conversation} ORDER BY ${tail}) AS counted_rank,
        min(time) OVER (PARTITION BY ${conversation}) AS whole_time,
        max(access) OVER (PARTITION BY ${conversation}) AS whole_access
      FROM matched)`,
    `whole AS (SELECT ${[conversation, ...kept, 'whole_time AS time', 'whole_access AS access', ...counted].join(', ')},
        shown_rank, counted_rank, last_time, tuples${reports ? ', reports' : ''} FROM ranked)`,
    `judged AS (SELECT *, ${holds === undefined ? '0' : `CASE WHEN ${holds} THEN 0 ELSE 1 END`} AS misses FROM whole)`,
  ];
  const list = [
    'time',
    ...columns,
    'last_time',
    'tuples',
    'observations',
    'island',
    'nth',
    ...(reports ? ['reports'] : []),
  ];
  const ending = [
    'min(time) AS time',
    ...shown,
    'max(last_time) AS last_time',
    'sum(tuples) AS tuples',
    'count(*) AS observations',
    'island',
    'nth',
    ...(reports ? [`${dialect.first('reports', 'counted_rank')} AS reports`] : []),
  ];
  const matched = `SELECT ${ending.join(', ')} FROM judged GROUP BY ${conversation} HAVING min(misses) = 0`;
  const alone = list.map((name) => (['observations', 'island', 'nth'].includes(name) ? `1 AS ${name}` : name));
  return `WITH ${all.join(',\n')}
    ${dialect.quick ? `SELECT ${alone.join(', ')} FROM alone UNION ALL ` : ''}${matched}`;
}

/**
 * SQL of the tuples that the filter selects, each with the columns `needed`, and `at_millis`, `opens` and `previous`: epoch milliseconds of the
 * tuple before it in the flow that its observer saw, where the range has one.
 */
export function reportedTuplesSql(scope: ConversationScope, needed: readonly string[]): string {
  const { dialect, parameters, rows, tests, condition } = scope;
  const at = dialect.millis('time');
  const columns = [...new Set([...needed, 'time', ...counters])];
  const holds = condition === undefined ? '' : ` WHERE ${conditionSql(condition, dialect, parameters)}`;
  const window = `PARTITION BY ${flow}, flow_number ORDER BY place ROWS BETWEEN 1 PRECEDING AND 1 PRECEDING`;
  return `WITH stitched AS (SELECT *, sum(${opening}) OVER (PARTITION BY ${flow} ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS flow_number
      FROM (SELECT *, ${aliased(dialect.key(flowKey), 'flow')}, ${dialect.place} AS place FROM ${rows}${where(tests)}) t),
    reported AS (SELECT *, max(${at}) OVER (${window}) AS previous FROM stitched)
    SELECT ${columns.join(', ')}, ${at} AS at_millis, ${opening} AS opens, previous FROM reported${holds}`;
}

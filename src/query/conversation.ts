/**
 * Tuples become conversations by common table expressions, each a step (docs/lake.md says it in words):
 *
 *   picked    tuples of the range whose five-tuple the filter may select
 *   every     one row a five-tuple; `several` unless all its tuples are one flow that one observer saw, and so one conversation; `tie` where
 *             times alone do not tell whether they are one flow
 *   alone     those that are neither and that the filter selects
 *   rest      tuples of the five-tuples that are several or a tie
 *   keys      one row a five-tuple, observer and access of the rest, as if its tuples were one flow; `several` where they are more
 *   untied    those of the ties that are one flow after all, and that the filter selects
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
/** What a flow adds up, and the columns of tuples of which it does: counters, the sums of both directions, and whether anything was counted. */
const sums: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(counters.map((name) => [name, [name]])),
  bytes: ['bytes_forward', 'bytes_reverse'],
  packets: ['packets_forward', 'packets_reverse'],
  counted: counters,
};

/** Fields that are the same in all tuples of a five-tuple: tests of them select whole conversations. */
export const fiveTupleFields = new Set('src.ip dst.ip ip src.port dst.port port protocol'.split(' '));
/** Fields that are the same in all tuples of a flow that one observer saw. */
const observerFields = new Set('mac direction resource format'.split(' '));
/** Fields of a flow whose value is that of one of its tuples. */
const tupleFields = new Set('access rule nsg state encryption target acl blob'.split(' '));
/** Columns of a flow whose value is that of one of its tuples, by their places. */
const placedColumns = new Set('rule nsg state encryption target_id acl_id blob record_offset tuple_index'.split(' '));

/** What is asked of conversations: the range and the condition, over one relation of tuples. */
export interface ConversationScope {
  readonly dialect: Dialect;
  readonly parameters: Parameters;
  /** SQL of the relation of tuples. */
  readonly rows: string;
  /** Tests of tuples besides the condition: the time range. */
  readonly tests: readonly string[];
  readonly condition: Condition | undefined;
  /** Whether so few tuples are selected that they are kept, in place of being read twice. */
  readonly few?: boolean;
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
/** Of a tuple: 1 where it carries a counter. */
export const isCounted = `CASE WHEN ${counters.map((name) => `${name} IS NULL`).join(' AND ')} THEN 0 ELSE 1 END`;

/** The sum of both directions, of two numbers or of sums of many: null where neither was counted. */
export function bothDirections(forward: string, reverse: string, dialect: Dialect): string {
  return `CASE WHEN ${forward} IS NULL THEN ${reverse} ELSE ${dialect.wide(forward)} + coalesce(${reverse}, 0) END`;
}

const five = 'five_a, five_b';
const flow = 'flow_a, flow_b';
const conversation = `${five}, island, nth`;

function isConstant(name: string): boolean {
  return flowKey.includes(name) || /^(src|dst)_ipv/.test(name);
}

/** Columns of flows and what they are made of, in the order of the lake; `ordered` says whether that needs the places of tuples. */
function flowColumns(
  names: Iterable<string>,
  dialect: Dialect,
  reports: boolean,
): { list: string[]; aggregates: string[]; ordered: boolean } {
  const wanted = new Set([...names, 'time']);
  const list = [...storedColumns.map(({ name }) => name), 'bytes', 'packets', 'counted', 'last_time', 'tuples'].filter(
    (name) => wanted.has(name),
  );
  const aggregate = (name: string): string => {
    if (name === 'time' || name === 'record_time') return `min(${name})`;
    if (name === 'last_time') return 'max(time)';
    if (name === 'tuples') return 'count(*)';
    if (name === 'counted') return `max(${isCounted})`;
    if (name === 'bytes' || name === 'packets')
      return bothDirections(dialect.sum(`${name}_forward`), dialect.sum(`${name}_reverse`), dialect);
    if (counters.includes(name)) return dialect.sum(name);
    if (name === 'state') return dialect.last('state', 'place');
    return isConstant(name) ? `any_value(${name})` : dialect.first(name, 'place');
  };
  return {
    list: [...list, ...(reports ? ['reports'] : [])],
    aggregates: [
      ...list.map((name) => `${aggregate(name)} AS ${name}`),
      ...(reports ? [`${dialect.reports('place', dialect.millis('time'), opening)} AS reports`] : []),
    ],
    ordered: reports || list.some((name) => placedColumns.has(name)),
  };
}

function aliased(expressions: readonly string[], prefix: string): string {
  return ['a', 'b'].map((letter, i) => `${expressions[i]} AS ${prefix}_${letter}`).join(', ');
}

const opened = `count(*) FILTER (WHERE ${opens})`;
/** Whether the tuples of a group are more than one flow, being of one observer and access: two open one, or one opens it that is not the first. */
const severalFlows = `(${opened} > 1 OR (${opened} = 1 AND (min(place) & 1) = 1))`;

function where(tests: readonly string[]): string {
  return tests.length === 0 ? '' : ` WHERE ${tests.join(' AND ')}`;
}

/**
 * Steps up to `observed`; with the quick way also `alone` and `untied`, and all together are all flows that one observer saw. The two have the
 * columns `needed`, `observed` also those by which observations are matched and ranked. In the two, the filter holds; of `observed` it is
 * not asked yet.
 */
function flowSteps(
  { dialect, parameters, rows, tests, condition, few = false }: ConversationScope,
  needed: readonly string[],
  unit: 'conversation' | 'observed',
  reports: boolean,
): { steps: string[]; holds: string | undefined } {
  const { before, searched, after } = splitCondition(condition, unit);
  const holds =
    after.length === 0 ? undefined : after.map((one) => conditionSql(one, dialect, parameters)).join(' AND ');
  const asked = [...needed, ...after.flatMap(columnsOfCondition)];
  const alone = flowColumns(asked, dialect, reports);
  const flows = flowColumns([...asked, 'counted', 'last_time', ...observer, 'access'], dialect, reports);
  const keyed = ['any_value(five_a) AS five_a', 'any_value(five_b) AS five_b', ...flows.aggregates].join(', ');
  const fiveKey = dialect.key(fiveTuple);
  const ofTuples = [...tests, ...before.map((one) => conditionSql(one, dialect, parameters))];
  const among = searched.map(
    (one) =>
      `(${fiveKey.join(', ')}) IN (SELECT ${fiveKey.join(', ')} FROM ${rows}${where([...ofTuples, conditionSql(one, dialect, parameters)])})`,
  );
  const picked = `SELECT *, ${aliased(fiveKey, 'five')} FROM ${rows}${where([...ofTuples, ...among])}`;
  const placed = `SELECT *, ${dialect.place} AS place FROM picked`;
  const numbered = (relation: string): string =>
    `SELECT *, sum(${opening}) OVER (PARTITION BY ${flow} ORDER BY place ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS flow_number
      FROM ${relation}`;
  const flowHashes = aliased(dialect.key(flowKey), 'flow');
  if (!dialect.quick)
    return {
      holds,
      steps: [
        `picked AS (${picked})`,
        `stitched AS (${numbered(`(SELECT *, ${flowHashes} FROM (${placed}) p)`)})`,
        `observed AS (SELECT ${keyed}, flow_number FROM stitched GROUP BY ${flow}, flow_number)`,
      ],
    };
  const raw = new Set([...flows.list.flatMap((name) => sums[name] ?? [name]), ...(reports ? counters : []), 'state']);
  const restColumns = storedColumns.map(({ name }) => name).filter((name) => raw.has(name));
  const who = `hash(${[...observer, 'access'].join(', ')})`;
  const differs = `min(${who}) <> max(${who})`;
  const untimed = alone.aggregates.filter((aggregate) => !aggregate.endsWith(' AS time'));
  const [openMillis, otherMillis] = ['open_time', 'other_time'].map((name) => dialect.millis(name));
  const chosen = (test: string): string => `${test}${holds === undefined ? '' : ` AND ${holds}`}`;
  const observed = flows.list.join(', ');
  return {
    holds,
    steps: [
      `picked AS ${few ? '' : 'NOT '}MATERIALIZED (${picked})`,
      alone.ordered
        ? `every AS MATERIALIZED (SELECT ${five}, ${alone.aggregates.join(', ')}, ${differs} OR ${severalFlows} AS several, false AS tie
          FROM (${placed}) p GROUP BY ${five})`
        : `every AS MATERIALIZED (SELECT *, least(open_time, other_time) AS time,
            differs OR openings > 1 OR coalesce(openings = 1 AND ${otherMillis} < ${openMillis}, false) AS several,
            coalesce(openings = 1 AND ${otherMillis} = ${openMillis}, false) AS tie
          FROM (SELECT ${five}, ${[...untimed, `${differs} AS differs`, `${opened} AS openings`].join(', ')},
            min(time) FILTER (WHERE ${opens}) AS open_time, min(time) FILTER (WHERE NOT ${opens}) AS other_time FROM picked GROUP BY ${five}) t)`,
      `alone AS (SELECT ${alone.list.join(', ')} FROM every WHERE ${chosen('NOT several AND NOT tie')})`,
      `rest AS MATERIALIZED (SELECT ${[five, 'tie', ...restColumns, `${dialect.place} AS place`, flowHashes].join(', ')}
        FROM picked JOIN (SELECT ${five}, NOT several AS tie FROM every WHERE several OR tie) USING (${five}))`,
      `keys AS MATERIALIZED (SELECT ${flow}, ${keyed}, any_value(tie) AS tie, ${severalFlows} AS several FROM rest GROUP BY ${flow})`,
      `untied AS (SELECT ${alone.list.join(', ')} FROM keys WHERE ${chosen('tie AND NOT several')})`,
      `stitched AS (${numbered(`rest SEMI JOIN (SELECT ${flow} FROM keys WHERE several) USING (${flow})`)})`,
      `observed AS MATERIALIZED (SELECT ${five}, ${observed}, 0 AS flow_number FROM keys WHERE NOT several AND NOT tie
        UNION ALL SELECT ${five}, ${observed}, flow_number FROM
          (SELECT ${keyed}, flow_number FROM stitched GROUP BY ${flow}, flow_number))`,
    ],
  };
}

/** Steps from `observed` to `matched`: the flows with `island` and `nth`. */
function matchSteps(dialect: Dialect): string[] {
  // To the end, so that both windows have one order: flows of two observers often have the same times.
  const order = `PARTITION BY ${five} ORDER BY ${['time', 'last_time', ...observer, 'access', 'flow_number'].join(', ')}`;
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
  const others = scope.dialect.quick ? '(SELECT count(*) FROM alone) + (SELECT count(*) FROM untied) + ' : '';
  return `WITH ${steps.join(',\n')} SELECT ${others}${observed}`;
}

/** SQL that counts conversations. */
export function countConversationsSql(scope: ConversationScope): string {
  return `SELECT count(*) FROM (${conversationsSql(scope, [])})`;
}

/**
 * SQL of one row a conversation: the columns `needed`, which may be `bytes`, `packets` (of both directions), `counted` (1 where anything was),
 * `last_time` and `tuples` (of all its observers) besides those of the lake, `time`, `observations`, and `island` and `nth`, which order those
 * of one five-tuple; with `reports`, the tuples of the observation whose counters it has.
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
  const tail = `counted DESC, CASE WHEN direction = 'outbound' THEN 0 ELSE 1 END, time, resource_id, mac`;
  const asked = splitCondition(scope.condition, 'conversation').after.flatMap(columnsOfCondition);
  const all = [...new Set([...columns, ...asked])];
  const kept = all.filter((name) => !['time', 'access', 'last_time'].includes(name) && sums[name] === undefined);
  const counted = all
    .filter((name) => sums[name] !== undefined)
    .map((name) => `max(CASE WHEN counted_rank = 1 THEN ${name} END) OVER (PARTITION BY ${conversation}) AS ${name}`);
  const rank = '1000000 * misses + shown_rank';
  const isShared = (name: string): boolean => name === 'access' || sums[name] !== undefined;
  const shown = (name: string): string => {
    if (name === 'last_time') return 'max(last_time) AS last_time';
    if (name === 'tuples') return 'sum(tuples) AS tuples';
    return isShared(name) || fiveTuple.includes(name) || (isConstant(name) && !observer.includes(name))
      ? `any_value(${name}) AS ${name}`
      : `${dialect.first(name, rank)} AS ${name}`;
  };
  const ctes = [
    ...steps,
    ...matchSteps(dialect),
    `ranked AS (SELECT *,
        row_number() OVER (PARTITION BY ${conversation} ORDER BY access DESC, ${tail}) AS shown_rank,
        row_number() OVER (PARTITION BY ${conversation} ORDER BY ${tail}) AS counted_rank,
        min(time) OVER (PARTITION BY ${conversation}) AS whole_time,
        max(access) OVER (PARTITION BY ${conversation}) AS whole_access
      FROM matched)`,
    `whole AS (SELECT ${[conversation, ...kept, 'whole_time AS time', 'whole_access AS access', ...counted].join(', ')},
        shown_rank, counted_rank, last_time${reports ? ', reports' : ''} FROM ranked)`,
    `judged AS (SELECT *, ${holds === undefined ? '0' : `CASE WHEN ${holds} THEN 0 ELSE 1 END`} AS misses FROM whole)`,
  ];
  const ofReports = reports ? ['reports'] : [];
  const ending = [
    'min(time) AS time',
    ...columns.map(shown),
    'count(*) AS observations',
    'island',
    'nth',
    ...ofReports.map((name) => `${dialect.first(name, 'counted_rank')} AS ${name}`),
  ];
  const matched = `SELECT ${ending.join(', ')} FROM judged GROUP BY ${conversation} HAVING min(misses) = 0`;
  const single = ['time', ...columns, '1 AS observations', '1 AS island', '1 AS nth', ...ofReports].join(', ');
  const singles = ['alone', 'untied'].map((step) => `SELECT ${single} FROM ${step} UNION ALL `).join('');
  return `WITH ${ctes.join(',\n')}
    ${dialect.quick ? singles : ''}${matched}`;
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

/**
 * The plain twin of the engine: every question answered row by row over objects, as docs/lake.md says it in words. Slow and short.
 */
import type { Condition, Query, QueryRange } from '../../src/query/tree.ts';
import type { PlainRow } from '../lake/plain-rows.ts';
import type { PlainFlow } from './plain-condition.ts';
import { holds, sum } from './plain-condition.ts';
import { plainGroups } from './plain-groups.ts';

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'] as const;

const fiveTuple = ['src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol'];
const observer = ['resource_id', 'mac', 'direction', 'format'];
const slackMillis = 2000;

function grouped<T extends PlainRow>(rows: readonly T[], names: readonly string[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = JSON.stringify(names.map((name) => row[name]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

/** Orders rows by columns, each ascending (with `-` before it, descending), null last. */
function ordered<T extends PlainRow>(rows: readonly T[], names: readonly string[]): T[] {
  return [...rows].sort((a, b) => {
    for (const name of names) {
      const key = name.replace(/^-/, '');
      const [left, right] = [a[key], b[key]];
      if (left === right) continue;
      if (left === null || right === null) return left === null ? 1 : -1;
      return left < right === name.startsWith('-') ? 1 : -1;
    }
    return 0;
  });
}

const timeOrder = ['time', 'record_second', 'record_offset', 'tuple_index'];

function flowOf(row: object, reports: readonly PlainRow[]): PlainFlow {
  return Object.assign({ ...row } as PlainRow, { reports });
}

/** One row a flow that one observer saw. */
function observed(rows: readonly PlainRow[]): PlainFlow[] {
  return grouped(rows, [...fiveTuple, ...observer, 'access']).flatMap((same) => {
    const flows: PlainRow[][] = [];
    for (const row of ordered(same, timeOrder))
      if (flows.length === 0 || row['state'] === null || row['state'] === 'begin' || row['state'] === 'denied')
        flows.push([row]);
      else flows.at(-1)!.push(row);
    return flows.map((tuples, number) =>
      flowOf(
        {
          ...tuples[0],
          state: tuples.at(-1)!['state'],
          ...Object.fromEntries(counters.map((name) => [name, sum(tuples.map((row) => row[name]))])),
          last_time: tuples.at(-1)!['time'],
          record_time: Math.min(...tuples.map((row) => Number(row['record_time']))),
          tuples: tuples.length,
          flow_number: number,
        },
        tuples,
      ),
    );
  });
}

/** Groups of observed flows that are one conversation. */
function matched(flows: readonly PlainFlow[]): PlainFlow[][] {
  return grouped(flows, fiveTuple).flatMap((same) => {
    const islands: PlainFlow[][] = [];
    let end = -Infinity;
    for (const flow of ordered(same, ['time', 'last_time', ...observer, 'access', 'flow_number'])) {
      if (Number(flow['time']) > end + slackMillis) islands.push([]);
      islands.at(-1)!.push(flow);
      end = Math.max(end, Number(flow['last_time']));
    }
    return islands.flatMap((island) => {
      const perObserver = grouped(island, observer).map((some) =>
        ordered(some, ['time', 'last_time', 'access', 'flow_number']),
      );
      const most = Math.max(...perObserver.map((some) => some.length));
      return Array.from({ length: most }, (_, nth) => perObserver.flatMap((some) => some.slice(nth, nth + 1)));
    });
  });
}

/** The conversation, if the filter holds of one of its observations; its time, access and counters are the same for all of them. */
function conversationOf(observations: readonly PlainFlow[], where: Condition | undefined): PlainFlow[] {
  const ranked = observations.map((flow) =>
    flowOf(
      {
        ...flow,
        uncounted: counters.every((name) => flow[name] === null) ? 1 : 0,
        inbound: flow['direction'] === 'outbound' ? 0 : 1,
      },
      flow.reports,
    ),
  );
  const tail = ['uncounted', 'inbound', 'time', 'resource_id', 'mac'];
  const [counted] = ordered(ranked, tail);
  const shared = {
    ...Object.fromEntries(counters.map((name) => [name, counted[name]])),
    time: Math.min(...observations.map((flow) => Number(flow['time']))),
    access: observations.some((flow) => flow['access'] === 'deny') ? 'deny' : 'allow',
  };
  const shown = ordered(ranked, ['-access', ...tail])
    .map((flow) => flowOf({ ...flow, ...shared }, flow.reports))
    .find((flow) => where === undefined || holds(where, flow) === true);
  if (shown === undefined) return [];
  return [
    flowOf(
      {
        ...shown,
        last_time: Math.max(...observations.map((flow) => Number(flow['last_time']))),
        tuples: sum(observations.map((flow) => flow['tuples'])),
        observations: observations.length,
      },
      counted.reports,
    ),
  ];
}

export const flowsNames = [
  'time',
  ...fiveTuple,
  'direction',
  'access',
  'state',
  'rule',
  'nsg',
  'mac',
  'encryption',
  ...counters,
];

/** The answer's rows, in order; times as epoch milliseconds. Ties that the engine leaves open are for the caller. */
export function plainAnswer(query: Query, all: readonly PlainRow[]): (string | number | boolean | null)[][] {
  const selects = (row: PlainRow): boolean => query.where === undefined || holds(query.where, row) === true;
  const rowsOf = ({ start = -Infinity, end = Infinity }: QueryRange): PlainRow[] =>
    all
      .filter((row) => Number(row['time']) >= start && Number(row['time']) < end)
      .map((row): PlainRow => ({ ...row, record_second: Math.floor(Number(row['record_time']) / 1000) }));
  const range = query.range ?? {};
  const conversationsOf = (within: QueryRange): PlainFlow[] =>
    matched(observed(rowsOf(within))).flatMap((observations) => conversationOf(observations, query.where));
  const tuplesOf = (within: QueryRange): PlainFlow[] =>
    observed(rowsOf(within)).flatMap(({ reports }) =>
      reports.flatMap((row, i) =>
        selects(row)
          ? [flowOf({ ...row, tuples: 1, last_time: row['time'], previous: reports[i - 1]?.['time'] ?? null }, [row])]
          : [],
      ),
    );
  if (query.ask === 'groups') {
    const rowsWithin = query.observations === true ? tuplesOf : conversationsOf;
    const shift = query.compareMillis ?? 0;
    const { start, end } = range;
    const before = {
      ...(start === undefined ? {} : { start: start - shift }),
      ...(end === undefined ? {} : { end: end - shift }),
    };
    return plainGroups(query, [rowsWithin(range), ...(query.compareMillis === undefined ? [] : [rowsWithin(before)])]);
  }
  const cells = (row: PlainRow, names: readonly string[]): (string | number | null)[] => names.map((name) => row[name]);
  const tuples = ordered(rowsOf(range).filter(selects), timeOrder);
  if (query.ask === 'count')
    return [
      [
        tuples.length,
        query.observations === true ? observed(rowsOf(range)).filter(selects).length : conversationsOf(range).length,
      ],
    ];
  if (query.ask === 'tuples') {
    const some =
      query.newest === true && query.limit !== undefined ? tuples.slice(-query.limit) : tuples.slice(0, query.limit);
    return some.map((row) => cells(row, flowsNames));
  }
  return ordered(conversationsOf(range), ['time', ...fiveTuple])
    .slice(0, query.limit)
    .map((row) => cells(row, [...flowsNames, 'last_time', 'tuples', 'observations']));
}

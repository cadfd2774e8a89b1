/**
 * The reference implementation of settled flows: tuples in, rows of the table `flows` out, by plain loops over objects. What it computes is defined in
 * docs/how-it-works/lake.md, "Flows and conversations".
 */
import type { PlainRow } from '../plain-rows.ts';

const minuteMillis = 60_000;
const dayMillis = 86_400_000;
/** The longest idle time-out of Azure's flows, 30 minutes, and a tick of 5. */
const openMillis = 35 * minuteMillis;
/** How far clocks of observers differ, and what NSG logs cut from a time. */
const slackMillis = 2000;

const fiveTuple = ['src_ip', 'src_port', 'dst_ip', 'dst_port', 'protocol'];
const observerNames = ['resource_id', 'mac', 'direction', 'format'];
const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'] as const;

/** A counted tuple of a flow. `before`: the time of the flow's tuple before it; `null` where that tuple is not in the date. */
export interface PlainReport {
  readonly before: number | null;
  readonly time: number;
  readonly counters: readonly (number | null)[];
}

/** A row of `flows`. Values of the conversation, then those of the observer (`observer_…`, filled in for all rows), then its reports. */
export interface PlainFlowRow {
  readonly date: number;
  readonly conversation: readonly [number, boolean, number];
  readonly values: PlainRow;
  readonly continued: boolean;
  readonly observer: number;
  readonly observers: number;
  /** All reports of this observer. */
  readonly reports: readonly PlainReport[];
  /** Of the observer that counts. */
  readonly countingReports: readonly PlainReport[];
}

interface Flow {
  readonly observer: string;
  readonly tuples: PlainRow[];
  readonly isContinued: boolean;
  /** Until when the flow covers its group. */
  coveredUntil: number;
}

interface Group {
  readonly startMillis: number;
  readonly flows: Flow[];
}

/** Rows of `flows` of these tuples, in no order that means anything. */
export function plainFlows(tuples: readonly PlainRow[]): PlainFlowRow[] {
  return collect(tuples, (row) => [Math.floor(Number(row['time']) / dayMillis), ...fiveTuple.map((name) => row[name])])
    .flatMap((same) => groupsOf([...same].sort(inOrder)))
    .flatMap(rowsOf);
}

/** In order of time, the record's second, its place in the blob, the tuple's in the record, and the blob's name. */
function inOrder(a: PlainRow, b: PlainRow): number {
  const second = (row: PlainRow): number =>
    row['record_time'] === null ? -1 : Math.floor(Number(row['record_time']) / 1000);
  return (
    Number(a['time']) - Number(b['time']) ||
    second(a) - second(b) ||
    Number(a['record_offset']) - Number(b['record_offset']) ||
    Number(a['tuple_index']) - Number(b['tuple_index']) ||
    compare(a['blob'], b['blob'])
  );
}

function groupsOf(tuples: readonly PlainRow[]): Group[] {
  const groups: Group[] = [];
  for (const tuple of tuples) {
    const time = Number(tuple['time']);
    let group = groups.at(-1);
    if (group === undefined || time > Math.max(...group.flows.map(({ coveredUntil }) => coveredUntil)))
      groups.push((group = { startMillis: time, flows: [] }));
    const observer = observerOf(tuple);
    const isOpening = opens(tuple);
    let flow = isOpening
      ? undefined
      : group.flows.findLast((one) => one.observer === observer && one.tuples[0]['access'] === tuple['access']);
    if (flow === undefined) {
      const isContinued = !isOpening && time < dateStart(time) + openMillis;
      group.flows.push((flow = { observer, tuples: [], isContinued, coveredUntil: 0 }));
    }
    flow.tuples.push(tuple);
    const staysOpen = tuple['state'] === 'begin' || tuple['state'] === 'continuing';
    flow.coveredUntil = time + (staysOpen ? openMillis : slackMillis);
  }
  return groups;
}

function rowsOf({ startMillis, flows }: Group): PlainFlowRow[] {
  const numbered = collect(flows, ({ observer }) => [observer]).flatMap((own) => {
    const next = { continued: 0, begun: 0 };
    return own.map((flow) => {
      const first = Number(flow.tuples[0]['time']);
      const isEarly = first < dateStart(first) + slackMillis;
      const othersContinue = collect(flows, ({ observer }) => [observer]).some(
        ([one]) => one.observer !== flow.observer && one.isContinued,
      );
      const isContinued = flow.isContinued || (isEarly && othersContinue);
      return { flow, isContinued, nth: next[isContinued ? 'continued' : 'begun']++ };
    });
  });
  return collect(numbered, ({ isContinued, nth }) => [isContinued, nth]).flatMap((some) =>
    conversationOf(
      some.map(({ flow }) => flow),
      some[0].isContinued,
      [startMillis, some[0].isContinued, some[0].nth],
    ),
  );
}

function conversationOf(
  flows: readonly Flow[],
  continued: boolean,
  conversation: PlainFlowRow['conversation'],
): PlainFlowRow[] {
  const seen = flows.map(({ tuples }) => ({ own: ownValues(tuples), reports: reportsOf(tuples) }));
  const [counting] = [...seen].sort((a, b) => byCounting(a.own, b.own));
  const shown = [...seen].sort(
    (a, b) => compare(b.own['observer_access'], a.own['observer_access']) || byCounting(a.own, b.own),
  );
  const shared = {
    time: Math.min(...seen.map(({ own }) => Number(own['observer_time']))),
    last_time: Math.max(...seen.map(({ own }) => Number(own['observer_last_time']))),
    access: seen.some(({ own }) => own['observer_access'] === 'deny') ? 'deny' : 'allow',
    tuples: seen.reduce((sum, { own }) => sum + Number(own['observer_tuples']), 0),
    ...Object.fromEntries(counters.map((name) => [name, counting.own[`observer_${name}`]])),
  };
  return shown.map(({ own, reports }, observer) => ({
    date: dateStart(shared.time),
    conversation,
    values: { ...own, ...shared },
    continued,
    observer,
    observers: shown.length,
    reports,
    countingReports: counting.reports,
  }));
}

/** Counted before uncounted, outbound before inbound, the earlier, then by resource, MAC and format. */
function byCounting(a: PlainRow, b: PlainRow): number {
  const uncounted = (row: PlainRow): number => (counters.every((name) => row[`observer_${name}`] === null) ? 1 : 0);
  return (
    uncounted(a) - uncounted(b) ||
    compare(b['direction'], a['direction']) ||
    Number(a['observer_time']) - Number(b['observer_time']) ||
    compare(a['resource_id'], b['resource_id']) ||
    compare(a['mac'], b['mac']) ||
    compare(a['format'], b['format'])
  );
}

/** What one observer saw of a connection, from its tuples in order. */
function ownValues(tuples: readonly PlainRow[]): PlainRow {
  const [first] = tuples;
  const last = tuples.at(-1)!;
  const recordTimes = tuples.map((row) => row['record_time']).filter((time) => time !== null);
  return {
    ...first,
    state: last['state'],
    record_time: recordTimes.length === 0 ? null : Math.min(...recordTimes.map(Number)),
    observer_time: first['time'],
    observer_last_time: last['time'],
    observer_access: first['access'],
    observer_tuples: tuples.length,
    ...Object.fromEntries(counters.map((name) => [`observer_${name}`, sum(tuples.map((row) => row[name]))])),
  };
}

function reportsOf(tuples: readonly PlainRow[]): PlainReport[] {
  return tuples.flatMap((row, i) => {
    if (counters.every((name) => row[name] === null)) return [];
    const time = Number(row['time']);
    const before = opens(row) ? time : i === 0 ? null : Number(tuples[i - 1]['time']);
    return [{ before, time, counters: counters.map((name) => row[name] as number | null) }];
  });
}

function opens(tuple: PlainRow): boolean {
  return tuple['state'] === null || tuple['state'] === 'begin' || tuple['state'] === 'denied';
}

function observerOf(tuple: PlainRow): string {
  return JSON.stringify(observerNames.map((name) => tuple[name]));
}

function dateStart(millis: number): number {
  return Math.floor(millis / dayMillis) * dayMillis;
}

function sum(values: readonly (string | number | null)[]): number | null {
  const present = values.filter((value) => value !== null);
  return present.length === 0 ? null : present.reduce<number>((all, value) => all + Number(value), 0);
}

/** In order of bytes; null last. */
function compare(a: string | number | null, b: string | number | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}

function collect<T>(items: readonly T[], keyOf: (item: T) => readonly unknown[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = JSON.stringify(keyOf(item));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** Aggregates in plain words, without a tree: groups, buckets and measures row by row over conversations or tuples. */
import { findField } from '../../../src/query/filter/fields.ts';
import type { Axis, CounterName, GroupQuery, Measure } from '../../../src/query/tree.ts';
import { matches, sum } from '../plain-condition.ts';

export type Value = string | number | boolean | null;

/** A conversation or tuple: its columns, what it counts as, and the reports whose counters it has. */
export interface PlainFlow {
  /** Of a conversation: whether it began on an earlier date. */
  readonly continued?: boolean;
  readonly row: Readonly<Record<string, string | number | null>>;
  readonly weight: number;
  readonly reports: readonly PlainReport[];
}

export interface PlainReport {
  /** Time from which the counters count, null where it is not known. */
  readonly beforeMillis: number | null;
  readonly timeMillis: number;
  readonly counters: Readonly<Record<string, number | null>>;
}

/** A part of a flow in one group and bucket; one part of each flow is that in which it begins. */
interface Part {
  readonly period: number;
  readonly bucket: number | null;
  readonly keys: readonly (readonly Value[])[];
  readonly begins: boolean;
  readonly from: PlainFlow;
  readonly counters: Readonly<Record<string, number | null>>;
}

const names = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];
const minutes5 = 300_000;

export function plainGroups(query: GroupQuery, periods: readonly (readonly PlainFlow[])[]): Value[][] {
  const parts = periods.flatMap((rows, period) =>
    rows.flatMap((row) =>
      keysOf(query.axes, row).flatMap((keys) =>
        piecesOf(query, row, period).map((piece): Part => ({ ...piece, period, keys, from: row })),
      ),
    ),
  );
  const flows = periods.flat();
  const best = query.axes.map((axis, i) => {
    const groups = collect(parts, (part) => JSON.stringify(part.keys[i])).map((some) => ({
      key: some[0].keys[i],
      ...sizeOf(query, some, flows),
    }));
    return groups
      .filter(({ change }) => change !== '')
      .sort((a, b) => compareNullsLast(b.size, a.size, true) || compareKeys(a.key, b.key))
      .slice(0, axis.limit)
      .map(({ key }) => JSON.stringify(key));
  });
  const placed = parts.flatMap((part) => {
    const places = query.axes.map((axis, i) => {
      const place = best[i].indexOf(JSON.stringify(part.keys[i]));
      return place >= 0 ? place : axis.other === true ? Infinity : -1;
    });
    return places.includes(-1) ? [] : [{ part, places }];
  });
  const isTotal = query.axes.length === 0 && query.bucketMillis === undefined;
  const groups = isTotal
    ? [placed]
    : collect(placed, ({ part, places }) => JSON.stringify([part.bucket, ...places.map(String)]));
  return groups
    .sort((a, b) => {
      if (isTotal) return 0;
      const left = [a[0].part.bucket ?? 0, ...a[0].places];
      const right = [b[0].part.bucket ?? 0, ...b[0].places];
      const i = left.findIndex((value, at) => value !== right[at]);
      return i < 0 ? 0 : left[i] - right[i];
    })
    .map((some) => {
      const all = some.map(({ part }) => part);
      const [first] = some;
      const keys = query.axes.flatMap((axis, i) =>
        first.places[i] === Infinity ? axis.by.map(() => null) : [...first.part.keys[i]],
      );
      const others = query.axes.flatMap((axis, i) => (axis.other === true ? [first.places[i] === Infinity] : []));
      return [
        ...(query.bucketMillis === undefined ? [] : [first.part.bucket]),
        ...(query.changes === true ? [sizeOf(query, all, flows).change!] : []),
        ...keys,
        ...others,
        ...query.measures.flatMap((measure) => {
          const [now, before] = periodValues(query, measure, all, flows);
          if (query.compareMillis === undefined) return [now];
          if (measure.kind === 'first' || measure.kind === 'last') return [now, before];
          const difference = differenceOf(now, before);
          const perSecond = measure.kind === 'rate' ? seconds(query, flows) : 1;
          const times = measure.kind === 'rate' ? bitsOf(measure) : 1;
          const percent =
            difference === null || before === null || before === 0 ? null : (100 * difference) / Number(before);
          return [now, before, difference]
            .map((value) => (value === null ? null : (Number(value) * times) / perSecond))
            .concat(percent);
        }),
      ];
    });
}

/** A measure of some parts, in each period; of a rate what it is by the second. */
function periodValues(
  query: GroupQuery,
  measure: Measure,
  parts: readonly Part[],
  flows: readonly PlainFlow[],
): [Value, Value] {
  const of =
    measure.kind === 'rate' && query.compareMillis !== undefined ? { kind: 'sum' as const, of: measure.of } : measure;
  const [now, before] = [0, 1].map((period) =>
    measureValue(
      query,
      of,
      parts.filter((part) => part.period === period),
      flows,
    ),
  );
  return [now, before];
}

/** What a group is ordered by; of changes, what became of it: '' if nothing. */
function sizeOf(
  query: GroupQuery,
  parts: readonly Part[],
  flows: readonly PlainFlow[],
): { size: Value; change: string | undefined } {
  const [now, before] = periodValues(query, query.measures[0], parts, flows);
  if (query.compareMillis === undefined) return { size: now, change: undefined };
  if (query.changes !== true)
    return { size: now === null || (before !== null && before > now) ? before : now, change: undefined };
  const difference = differenceOf(now, before);
  const isIn = (period: number): boolean => parts.some((part) => part.period === period);
  const moved = difference === null || difference === 0 ? '' : difference > 0 ? 'up' : 'down';
  return {
    size: difference === null ? null : Math.abs(difference),
    change: !isIn(1) ? 'new' : !isIn(0) ? 'gone' : moved,
  };
}

function differenceOf(now: Value, before: Value): number | null {
  return now === null && before === null ? null : Number(now ?? 0) - Number(before ?? 0);
}

/** The groups that a row is in: several, where an axis means either side. */
function keysOf(axes: readonly Axis[], { row }: PlainFlow): Value[][][] {
  return axes.reduce<Value[][][]>(
    (all, axis) =>
      all.flatMap((before) => {
        const one = axis.by.reduce<Value[][]>(
          (keys, name) =>
            keys.flatMap((key) =>
              (findField(name)!.join === 'either' ? sides(axis, name, row) : [row[findField(name)!.columns[0]]]).map(
                (value) => [...key, value],
              ),
            ),
          [[]],
        );
        return one.map((key) => [...before, key]);
      }),
    [[]],
  );
}

function sides({ among }: Axis, name: string, row: PlainFlow['row']): Value[] {
  return [...new Set([row[`src_${name}`], row[`dst_${name}`]])].filter(
    (value) =>
      value !== null && (among === undefined || among.some((match) => matches(`src.${name}`, match, value) === true)),
  );
}

function piecesOf(
  query: GroupQuery,
  { row, reports }: PlainFlow,
  period: number,
): Pick<Part, 'bucket' | 'begins' | 'counters'>[] {
  const { bucketMillis: width, atReport, range, compareMillis = 0 } = query;
  const counted = Object.fromEntries(names.map((name) => [name, row[name] as number | null]));
  if (width === undefined) return [{ bucket: null, begins: true, counters: counted }];
  const bucketOf = (millis: number): number => Math.floor(millis / width) * width;
  const shift = period * compareMillis;
  const earliest = range?.start === undefined ? -Infinity : range.start - shift;
  const pieces: Pick<Part, 'bucket' | 'begins' | 'counters'>[] = [
    {
      bucket: bucketOf(Math.max(Number(row['time']), earliest) + shift),
      begins: true,
      counters: Object.fromEntries(names.map((name) => [name, null])),
    },
  ];
  for (const { beforeMillis, timeMillis: at, counters } of reports) {
    const start = atReport === true ? at : Math.max(earliest, beforeMillis ?? at - minutes5);
    const last = start < at ? at - 1 : at;
    for (let bucket = bucketOf(start + shift); bucket <= last + shift; bucket += width) {
      const share = (value: number | null): number | null => {
        if (value === null || start === at) return value;
        const upTo = (millis: number): number =>
          Number((BigInt(value) * BigInt(millis - start - shift)) / BigInt(at - start));
        return upTo(Math.min(at + shift, bucket + width)) - upTo(Math.max(start + shift, bucket));
      };
      const shares = Object.fromEntries(names.map((name) => [name, share(counters[name])]));
      const isAsked = query.measures.some(
        (measure) => (measure.kind === 'sum' || measure.kind === 'rate') && counterOf(measure.of, counters) !== null,
      );
      const isWholeAsked = query.measures.some(
        (measure) => measure.kind === 'percentile' && counterOf(measure.of, counters) !== null,
      );
      if (isAsked || isWholeAsked) pieces.push({ bucket, begins: false, counters: shares });
    }
  }
  return pieces;
}

function measureValue(query: GroupQuery, measure: Measure, parts: readonly Part[], flows: readonly PlainFlow[]): Value {
  const own = parts.filter(({ begins }) => begins);
  const weigh = (some: readonly Part[]): number => some.reduce((total, { from }) => total + from.weight, 0);
  switch (measure.kind) {
    case 'flows':
      return weigh(own);
    case 'denied':
      return weigh(own.filter(({ from }) => from.row['access'] === 'deny'));
    case 'tuples':
      return own.reduce((total, { from }) => total + Number(from.row['tuples']), 0);
    case 'sum':
      return sum(parts.map((part) => counterOf(measure.of, part.counters)));
    case 'rate': {
      const total = sum(parts.map((part) => counterOf(measure.of, part.counters)));
      return total === null ? null : (total * bitsOf(measure)) / seconds(query, flows);
    }
    case 'distinct': {
      const column = findField(measure.field)!.columns[0];
      return new Set(parts.map(({ from }) => from.row[column]).filter((value) => value !== null)).size;
    }
    case 'percentile': {
      const values = own
        .map(({ from }) => counterOf(measure.of, from.row as Readonly<Record<string, number | null>>))
        .filter((value) => value !== null)
        .sort((a, b) => a - b);
      return values.length === 0 ? null : values[Math.ceil((measure.permille * values.length) / 1000 - 1e-9) - 1];
    }
    case 'first':
      return own.length === 0 ? null : Math.min(...own.map(({ from }) => Number(from.row['time'])));
    default:
      return own.length === 0 ? null : Math.max(...own.map(({ from }) => Number(from.row['last_time'])));
  }
}

function bitsOf({ isBits }: Extract<Measure, { kind: 'rate' }>): number {
  return isBits === true ? 8 : 1;
}

function seconds({ bucketMillis, range }: GroupQuery, flows: readonly PlainFlow[]): number {
  if (bucketMillis !== undefined) return bucketMillis / 1000;
  if (range?.start !== undefined && range.end !== undefined) return Math.max(1000, range.end - range.start) / 1000;
  const first = Math.min(...flows.map((flow) => Number(flow.row['time'])));
  const last = Math.max(...flows.map((flow) => Number(flow.row['last_time'])));
  return Math.max(1000, last - first) / 1000;
}

function counterOf(of: CounterName, values: Readonly<Record<string, number | null>>): number | null {
  if (of !== 'bytes' && of !== 'packets') return values[of.replace('.', '_')];
  return sum([values[`${of}_forward`], values[`${of}_reverse`]]);
}

function collect<T>(items: readonly T[], key: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

function compareKeys(a: readonly Value[], b: readonly Value[]): number {
  const i = a.findIndex((value, at) => value !== b[at]);
  return i < 0 ? 0 : compareNullsLast(a[i], b[i], false);
}

/** With `descending`, `a` and `b` have been exchanged: null is last all the same. */
function compareNullsLast(a: Value, b: Value, descending: boolean): number {
  if (a === b) return 0;
  if (a === null) return descending ? -1 : 1;
  if (b === null) return descending ? 1 : -1;
  return a < b ? -1 : 1;
}

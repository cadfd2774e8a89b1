/** The rows of the table `flows` in plain words, as DuckDB reads its files. */
import type { DuckdbConnection } from '../../../src/lake/duckdb/connection.ts';
import { listParameter } from '../../../src/lake/duckdb/duckdb.ts';
import type { AddAction } from '../../../src/lake/delta/delta-log.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import type { TablePlace } from '../../../src/lake/delta/table-place.ts';
import type { FlowValues } from './stage-plain.ts';

const counters = ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];
const times = ['time', 'last_time', 'observer_time', 'observer_last_time', 'record_time'];

type Json = Record<string, unknown>;

export async function readFlows(
  connection: DuckdbConnection,
  table: TablePlace,
  adds: Iterable<AddAction>,
): Promise<FlowValues[]> {
  const paths = [...adds].map((add) => dataFileOf(table, add).path);
  if (paths.length === 0) return [];
  const list = (name: string): string =>
    `list_transform(${name}, lambda one: {before: epoch_ms(one.before), time: epoch_ms(one.time), counters: [${counters.map((counter) => `one.${counter}`).join(', ')}]}) AS ${name}`;
  const sql = `SELECT to_json(t)::VARCHAR FROM (SELECT * REPLACE (${times.map((name) => `epoch_ms(${name}) AS ${name}`).join(', ')}, ${list('reports')}, ${list('counting_reports')}) FROM read_parquet($1::VARCHAR[], hive_partitioning = false)) t`;
  const rows = (await connection.runAndReadAll(sql, [await listParameter(paths)])).getRowsJS() as [string][];
  return rows.map(([text]) => valuesOf(JSON.parse(text) as Json));
}

function valuesOf(row: Json): FlowValues {
  const {
    conversation: _number,
    group_before_millis: _before,
    group_after_millis: _after,
    src_ipv6_high: _a,
    src_ipv6_low: _b,
    dst_ipv6_high: _c,
    dst_ipv6_low: _d,
    reports: listed,
    counting_reports: counting,
    ...rest
  } = row;
  const own = (name: string, shared: string): unknown => rest[name] ?? rest[shared];
  const ownCounters = counters.map((name) => rest[rest['observer_access'] === null ? name : `observer_${name}`]);
  const observer = {
    observer_time: own('observer_time', 'time'),
    observer_last_time: own('observer_last_time', 'last_time'),
    observer_access: own('observer_access', 'access'),
    observer_tuples: own('observer_tuples', 'tuples'),
    ...Object.fromEntries(counters.map((name, i) => [`observer_${name}`, ownCounters[i]])),
  };
  const reports =
    listed ??
    (ownCounters.every((value) => value === null)
      ? []
      : [{ before: observer.observer_time, time: observer.observer_last_time, counters: ownCounters }]);
  return {
    ...rest,
    ...observer,
    reports,
    countingReports: Number(rest['observer']) > 0 ? [] : (counting ?? reports),
    date: Math.floor(Number(rest['time']) / 86_400_000) * 86_400_000,
  };
}

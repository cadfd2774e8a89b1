/** The five-tuples and groups of settled rows, without all else: by them settling finds which files late tuples touch. */
import { open } from 'node:fs/promises';
import { FlowError } from '../../base/errors.ts';
import { familyOf } from '../../flowlog/tuple.ts';
import { parseAddress } from '../../net/address.ts';
import { parseProtocol } from '../../net/protocol.ts';
import type { DuckdbConnection } from '../duckdb/connection.ts';
import { streamChunks } from '../duckdb/duckdb-stream.ts';
import { listParameter } from '../duckdb/duckdb.ts';
import { addressColumns, FiveTupleReader, portColumns } from '../tuples/five-tuple-reader.ts';
import type { RowGroupPlace } from '../../parquet/footer.ts';
import { readInto, readRowGroups } from '../files/read-footer.ts';
import type { ReadKernel } from '../tuples/read-kernel.ts';
import { allRows, isUnreadable, withReadKernel } from '../tuples/read-kernel.ts';
import { makeFiveTuples } from './five-tuple-columns.ts';
import type { FiveTupleSpans } from './five-tuple-spans.ts';
import type { FiveTupleColumns } from './five-tuples.ts';

/** Rows of a data file of `flows`: their five-tuples, and from when until when their groups are covered, both included. */
export interface FlowSpans {
  readonly count: number;
  readonly columns: FiveTupleColumns;
  readonly startMillis: Float64Array;
  readonly endMillis: Float64Array;
}

/** Reads a file in parts; with `near`, at least the rows that these spans may meet. @throws lake-invalid where it holds what no address is; errors of the file system */
export async function* flowSpans(
  path: string,
  connect: () => Promise<DuckdbConnection>,
  near?: FiveTupleSpans,
): AsyncGenerator<FlowSpans> {
  const groups = await readRowGroups(path);
  const handle = groups === undefined ? undefined : await open(path, 'r');
  let read = 0;
  try {
    for (const group of groups ?? []) {
      const spans = await withReadKernel(async (kernel) => {
        const buffer = kernel.packed(group.endByte - group.startByte);
        const bytes = buffer === undefined ? undefined : await readInto(handle!, group.startByte, buffer);
        return bytes === undefined ? undefined : ownSpans(kernel, group, bytes, near);
      });
      if (spans === undefined) break;
      yield spans;
      read += group.rows;
    }
    if (groups !== undefined && read === groups.reduce((sum, { rows }) => sum + rows, 0)) return;
  } catch (error) {
    if (!isUnreadable(error)) throw error;
  } finally {
    await handle?.close();
  }
  yield* foreignSpans(path, connect, read);
}

function ownSpans(
  kernel: ReadKernel,
  { rows: count, columns, startByte }: RowGroupPlace,
  bytes: Uint8Array,
  near: FiveTupleSpans | undefined,
): FlowSpans | undefined {
  const load = (name: string, slot: string): boolean => {
    const place = columns.get(name);
    return (
      place !== undefined &&
      kernel.load(slot, bytes.subarray(place.startByte - startByte, place.endByte - startByte), count)
    );
  };
  if (!load('last_time', 'record_time') || !load('group_after_millis', 'tuple_index')) return undefined;
  if (!portColumns.every((name) => load(name, name))) return undefined;
  const ends = kernel.longs('record_time', count);
  addMillis(ends, kernel.words('tuple_index', count));
  const reader = new FiveTupleReader(kernel);
  const kept =
    near === undefined
      ? allRows(count)
      : reader.rowsOfPorts(
          count,
          (source, destination, row) => ends[row] >= near.startMillis && near.mayHavePorts(source, destination),
        );
  const spans = emptySpans(kept.length);
  if (kept.length === 0) return spans;
  if (!addressColumns.every((name) => load(name, name)) || !load('time', 'time')) return undefined;
  if (!load('group_before_millis', 'tuple_index') || !reader.take(spans.columns, kept, count)) return undefined;
  kernel.takeLongs('time', kept, spans.startMillis);
  takeTimes(kernel.words('tuple_index', count), ends, kept, spans);
  return spans;
}

/** Microseconds become milliseconds, to which others are added. */
function addMillis(micros: Float64Array, millis: Uint32Array): void {
  for (let row = 0; row < micros.length; row++) micros[row] = micros[row] / 1000 + millis[row];
}

function takeTimes(before: Uint32Array, ends: Float64Array, kept: Uint32Array, spans: FlowSpans): void {
  const { startMillis, endMillis } = spans;
  for (let i = 0; i < kept.length; i++) {
    startMillis[i] = startMillis[i] / 1000 - before[kept[i]];
    endMillis[i] = ends[kept[i]];
  }
}

async function* foreignSpans(
  path: string,
  connect: () => Promise<DuckdbConnection>,
  startRow: number,
): AsyncGenerator<FlowSpans> {
  const connection = await connect();
  try {
    const times = 'epoch_ms(time)::DOUBLE - group_before_millis, epoch_ms(last_time)::DOUBLE + group_after_millis';
    const files = `read_parquet($1::VARCHAR[], hive_partitioning = false, file_row_number = true)`;
    const sql = `SELECT src_ip, dst_ip, protocol, src_port, dst_port, ${times} FROM ${files} WHERE file_row_number >= $2`;
    for await (const chunk of streamChunks({ connection, sql, values: [await listParameter([path]), startRow] })) {
      const rows = chunk.getRows() as [string, string, string, number, number, number, number][];
      const spans = emptySpans(rows.length);
      rows.forEach(([source, destination, protocol, sourcePort, destinationPort, start, end], row) => {
        if (!setFiveTuple(spans, row, parseAddress(source), parseAddress(destination), parseProtocol(protocol)))
          throw new FlowError(
            'lake-invalid',
            `the data file ${path} holds a row that is no flow: ${source} to ${destination}`,
          );
        spans.columns.sourcePort[row] = sourcePort;
        spans.columns.destinationPort[row] = destinationPort;
        spans.startMillis[row] = start;
        spans.endMillis[row] = end;
      });
      yield spans;
    }
  } finally {
    connection.closeSync();
  }
}

function emptySpans(count: number): FlowSpans {
  return {
    count,
    columns: makeFiveTuples(count),
    startMillis: new Float64Array(count),
    endMillis: new Float64Array(count),
  };
}

/** @returns whether it is one */
function setFiveTuple(
  { columns }: FlowSpans,
  row: number,
  source: ReturnType<typeof parseAddress>,
  destination: ReturnType<typeof parseAddress>,
  protocol: number | undefined,
): boolean {
  if (source === undefined || destination === undefined || protocol === undefined) return false;
  columns.source.set(source.words, 4 * row);
  columns.destination.set(destination.words, 4 * row);
  columns.family[row] = familyOf(source.family, destination.family);
  columns.protocol[row] = protocol;
  return true;
}

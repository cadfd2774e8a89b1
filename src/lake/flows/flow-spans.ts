/** The five-tuples and groups of settled rows, without all else: by them settling finds which files late tuples touch. */
import { open } from 'node:fs/promises';
import type { DuckDBConnection } from '@duckdb/node-api';
import { FlowError } from '../../base/errors.ts';
import { familyOf } from '../../flowlog/tuple.ts';
import { parseAddress } from '../../net/address.ts';
import { parseProtocol } from '../../net/protocol.ts';
import { streamChunks } from '../duckdb-stream.ts';
import { listParameter } from '../duckdb.ts';
import type { RowGroupPlace } from '../parquet/footer.ts';
import { readInto, readRowGroups } from '../parquet/footer.ts';
import type { SlotColumn, ReadKernel } from '../read-kernel.ts';
import { isUnreadable, withReadKernel } from '../read-kernel.ts';
import type { FiveTupleColumns } from './five-tuples.ts';

/** Rows of a data file of `flows`: their five-tuples, and from when until when their groups are covered, both included. */
export interface FlowSpans {
  readonly count: number;
  readonly columns: FiveTupleColumns;
  readonly startMillis: Float64Array;
  readonly endMillis: Float64Array;
}

/** Reads a file in parts. @throws lake-invalid where it holds what no address is; errors of the file system */
export async function* flowSpans(path: string, connect: () => Promise<DuckDBConnection>): AsyncGenerator<FlowSpans> {
  const groups = await readRowGroups(path);
  const handle = groups === undefined ? undefined : await open(path, 'r');
  let read = 0;
  try {
    for (const group of groups ?? []) {
      const spans = await withReadKernel(async (kernel) => {
        const buffer = kernel.packed(group.endByte - group.startByte);
        const bytes = buffer === undefined ? undefined : await readInto(handle!, group.startByte, buffer);
        return bytes === undefined ? undefined : ownSpans(kernel, group, bytes);
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
  { rows, columns, startByte }: RowGroupPlace,
  bytes: Uint8Array,
): FlowSpans | undefined {
  const load = (name: string, slot: SlotColumn): boolean => {
    const place = columns.get(name);
    return (
      place !== undefined &&
      kernel.load(slot, bytes.subarray(place.startByte - startByte, place.endByte - startByte), rows)
    );
  };
  const names = ['src_ip', 'dst_ip', 'src_port', 'dst_port', 'protocol', 'time'] as const;
  if (!names.every((name) => load(name, name)) || !load('last_time', 'record_time')) return undefined;
  const spans = emptySpans(rows);
  const known = new Map<number, ReturnType<typeof parseAddress>>();
  const addressOf = (text: number): ReturnType<typeof parseAddress> => {
    let address = known.get(text);
    if (address === undefined) known.set(text, (address = parseAddress(kernel.text(text) ?? '')));
    return address;
  };
  const [sources, destinations, protocols] = [
    kernel.words('src_ip', rows),
    kernel.words('dst_ip', rows),
    kernel.words('protocol', rows),
  ];
  const numbers = new Map<number, number | undefined>();
  for (let row = 0; row < rows; row++) {
    if (!numbers.has(protocols[row])) numbers.set(protocols[row], parseProtocol(kernel.text(protocols[row]) ?? ''));
    if (!setFiveTuple(spans, row, addressOf(sources[row]), addressOf(destinations[row]), numbers.get(protocols[row])))
      return undefined;
  }
  spans.columns.sourcePort.set(kernel.words('src_port', rows));
  spans.columns.destinationPort.set(kernel.words('dst_port', rows));
  const first = kernel.longs('time', rows);
  const last = kernel.longs('record_time', rows);
  if (!load('group_before_millis', 'tuple_index')) return undefined;
  const before = kernel.words('tuple_index', rows);
  for (let row = 0; row < rows; row++) spans.startMillis[row] = first[row] / 1000 - before[row];
  if (!load('group_after_millis', 'tuple_index')) return undefined;
  const after = kernel.words('tuple_index', rows);
  for (let row = 0; row < rows; row++) spans.endMillis[row] = last[row] / 1000 + after[row];
  return spans;
}

async function* foreignSpans(
  path: string,
  connect: () => Promise<DuckDBConnection>,
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
    columns: {
      family: new Uint8Array(count),
      source: new Uint32Array(4 * count),
      destination: new Uint32Array(4 * count),
      sourcePort: new Uint16Array(count),
      destinationPort: new Uint16Array(count),
      protocol: new Uint8Array(count),
    },
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

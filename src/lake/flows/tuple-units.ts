/** The tuples of data files in units that are read at once, with the times that each may hold: row groups of our files, whole files of other writers. */
import type { DuckDBValue } from '@duckdb/node-api';
import { FlowError } from '../../base/errors.ts';
import { packCounter } from '../../flowlog/counter.ts';
import { familyOf } from '../../flowlog/tuple.ts';
import { parseAddress } from '../../net/address.ts';
import { parseProtocol } from '../../net/protocol.ts';
import { unreadFileError } from '../files/data-file.ts';
import type { DuckdbConnection } from '../duckdb/connection.ts';
import { streamChunks } from '../duckdb/duckdb-stream.ts';
import { fileRows, fileRowsBetween } from '../files/file-rows.ts';
import type { RowChoice } from '../tuples/group-reader.ts';
import { nativeRowGroups, readNativeGroup } from '../tuples/native-rows.ts';
import type { ColumnSource } from '../tuples/schema.ts';
import { columnsOf, storedColumns } from '../tuples/stored-columns.ts';
import type { DataFile } from '../delta/snapshot.ts';
import type { StagedRows, StageTables } from '../tuples/staged-rows.ts';
import { giveBackRows, takeRows } from '../tuples/staged-rows.ts';
import { fiveTuplesOf } from './five-tuple-columns.ts';

export interface TupleUnit {
  readonly rows: number;
  /** Times of its tuples, both included. */
  readonly startMillis: number;
  readonly endMillis: number;
  /** Its tuples, as staged rows of `tables`, which stand until the next ones are asked for; with `choice`, those that it wants. */
  read(tables: StageTables, choice?: RowChoice): AsyncGenerator<StagedRows>;
}

/**
 * The units of files, in no order. `connect` gives a connection of its own, where a file is of another writer.
 * @throws permission, io, lake-invalid where a file cannot be read
 */
export async function tupleUnits(
  files: readonly DataFile[],
  connect: () => Promise<DuckdbConnection>,
): Promise<TupleUnit[]> {
  const units: TupleUnit[] = [];
  for (const file of files) {
    const groups = await nativeRowGroups(file).catch((error: unknown) => {
      throw unreadFileError(error, file.path);
    });
    if (groups === undefined) {
      const { startMillis, endMillis, rows = 0 } = file;
      units.push({
        rows,
        startMillis,
        endMillis,
        read: (tables, choice) => foreignRows(file, tables, connect, choice),
      });
      continue;
    }
    let startRow = 0;
    for (const group of groups) {
      const its = { startRow, endRow: startRow + group.rows };
      startRow = its.endRow;
      const times = group.columns.get('time');
      units.push({
        rows: group.rows,
        startMillis: times?.minimum === undefined ? -Infinity : times.minimum / 1000,
        endMillis: times?.maximum === undefined ? Infinity : times.maximum / 1000,
        read: async function* read(tables, choice) {
          const rows = await readNativeGroup(file.path, group, tables, choice).catch((error: unknown) => {
            if (error instanceof RangeError || (error instanceof Error && error.name === 'RuntimeError'))
              return undefined;
            throw unreadFileError(error, file.path);
          });
          if (rows === undefined) {
            yield* foreignRows(file, tables, connect, choice, its);
            return;
          }
          yield rows;
          giveBackRows(rows);
        },
      });
    }
  }
  return units;
}

/** Columns whose values staged rows have, and how DuckDB gives them: times as milliseconds. */
const columns = storedColumns.filter(({ source }) => source.kind !== 'half');
const selected = columns.map(({ name, delta, source }) => {
  if (delta === 'timestamp') return `epoch_ms(${name})::DOUBLE`;
  return source.kind === 'record' ? `${name}::DOUBLE` : name;
});
const places = new Map(columns.map(({ name }, i) => [name, i]));
const placesOf = <Kind extends ColumnSource['kind']>(kind: Kind) =>
  columnsOf(kind).map(({ name, source }) => ({ ...source, at: places.get(name)! }));
const ports = placesOf('port');
const counters = placesOf('counter');
const texts = placesOf('text');
const codes = placesOf('name').filter(({ array }) => array !== 'protocol');

/** Rows that DuckDB reads: of a file of another writer, or one of ours that the kernel cannot read. */
async function* foreignRows(
  file: DataFile,
  tables: StageTables,
  connect: () => Promise<DuckdbConnection>,
  choice: RowChoice | undefined,
  its?: { readonly startRow: number; readonly endRow: number },
): AsyncGenerator<StagedRows> {
  const connection = await connect();
  const rows = takeRows(tables);
  try {
    const relation =
      its === undefined
        ? await fileRows(connection, [file])
        : await fileRowsBetween(connection, 'tuple_files', [file], its.startRow, its.endRow);
    const sql = `SELECT ${selected.join(', ')} FROM ${relation}`;
    for await (const chunk of streamChunks({ connection, sql, values: [] })) {
      rows.clear();
      rows.reserve(chunk.rowCount);
      for (const values of chunk.getRows()) addRow(rows, values, file, choice);
      yield rows;
    }
  } catch (error) {
    throw unreadFileError(error, file.path);
  } finally {
    giveBackRows(rows);
    connection.closeSync();
  }
}

function addRow(rows: StagedRows, values: readonly DuckDBValue[], file: DataFile, choice: RowChoice | undefined): void {
  const text = (i: number): string => (typeof values[i] === 'string' ? values[i] : '');
  const textOf = (name: string): string => text(places.get(name)!);
  const numberOf = (name: string): number => {
    const value = values[places.get(name)!];
    return value === null ? Number.NaN : Number(value);
  };
  const time = Math.floor(numberOf('time'));
  // Without a time it is of no flow.
  if (Number.isNaN(time)) return;
  const source = parseAddress(textOf('src_ip'));
  const destination = parseAddress(textOf('dst_ip'));
  const protocol = parseProtocol(textOf('protocol'));
  const row = rows.count;
  for (const { array, at, names } of codes) rows[array][row] = names.indexOf(text(at));
  if (
    source === undefined ||
    destination === undefined ||
    protocol === undefined ||
    codes.some(({ at, names }) => !names.includes(text(at)))
  )
    throw new FlowError(
      'lake-invalid',
      `the data file ${file.path} holds a row that is no flow tuple: ${textOf('src_ip')} to ${textOf('dst_ip')}, ${textOf('protocol')}`,
      {
        hint: 'Another program wrote the file: remove the row with it.',
      },
    );
  rows.timeMillis[row] = time;
  rows.source.set(source.words, 4 * row);
  rows.destination.set(destination.words, 4 * row);
  rows.family[row] = familyOf(source.family, destination.family);
  for (const { array, at } of ports) rows[array][row] = Number(values[at]);
  rows.protocol[row] = protocol;
  if (choice?.meets(fiveTuplesOf(rows), row, time, time) === false) return;
  rows.count++;
  for (const { array, at } of counters) rows[array][row] = counterOf(values[at]);
  rows.tupleIndex[row] = numberOf('tuple_index');
  const group = rows.tables.groupId(texts.map(({ at }) => text(at)));
  rows.addRun(1, group, rows.tables.recordId(numberOf('record_time'), numberOf('record_offset')));
}

/** Negative numbers, which only other programs write, are none. */
function counterOf(value: DuckDBValue): number {
  return typeof value === 'bigint' && value >= 0n ? packCounter(value) : Number.NaN;
}

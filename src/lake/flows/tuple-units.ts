/** The tuples of data files in units that are read at once, with the times that each may hold: row groups of our files, whole files of other writers. */
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import { FlowError } from '../../base/errors.ts';
import { packCounter } from '../../flowlog/counter.ts';
import { encryptionNames, familyOf, stateNames } from '../../flowlog/tuple.ts';
import { parseAddress } from '../../net/address.ts';
import { parseProtocol } from '../../net/protocol.ts';
import { unreadFileError } from '../files/data-file.ts';
import { streamChunks } from '../duckdb/duckdb-stream.ts';
import { fileRows, fileRowsBetween } from '../files/file-rows.ts';
import type { RowChoice } from '../tuples/group-reader.ts';
import { nativeRowGroups, readNativeGroup } from '../tuples/native-rows.ts';
import { accessNames, directionNames } from '../tuples/schema.ts';
import type { DataFile } from '../delta/snapshot.ts';
import type { StagedRows, StageTables } from '../tuples/staged-rows.ts';
import { groupTexts, giveBackRows, takeRows } from '../tuples/staged-rows.ts';
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
  connect: () => Promise<DuckDBConnection>,
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

const columns = [
  'epoch_ms(time)::DOUBLE',
  'src_ip',
  'src_port',
  'dst_ip',
  'dst_port',
  'protocol',
  'direction',
  'access',
  'state',
  'encryption',
  'packets_forward',
  'bytes_forward',
  'packets_reverse',
  'bytes_reverse',
  'tuple_index',
  'epoch_ms(record_time)::DOUBLE',
  'record_offset::DOUBLE',
  ...groupTexts,
];

/** Rows that DuckDB reads: of a file of another writer, or one of ours that the kernel cannot read. */
async function* foreignRows(
  file: DataFile,
  tables: StageTables,
  connect: () => Promise<DuckDBConnection>,
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
    const sql = `SELECT ${columns.join(', ')} FROM ${relation}`;
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
  const number = (i: number): number => (values[i] === null ? Number.NaN : Number(values[i]));
  const code = (i: number, names: readonly string[]): number => names.indexOf(text(i));
  const time = Math.floor(number(0));
  // Without a time it is of no flow.
  if (Number.isNaN(time)) return;
  const source = parseAddress(text(1));
  const destination = parseAddress(text(3));
  const protocol = parseProtocol(text(5));
  const at = rows.count;
  const codes = [code(6, directionNames), code(7, accessNames), code(8, stateNames), code(9, encryptionNames)];
  if (source === undefined || destination === undefined || protocol === undefined || codes.some((one) => one < 0))
    throw new FlowError(
      'lake-invalid',
      `the data file ${file.path} holds a row that is no flow tuple: ${text(1)} to ${text(3)}, ${text(5)}`,
      {
        hint: 'Another program wrote the file: remove the row with it.',
      },
    );
  rows.timeMillis[at] = time;
  rows.source.set(source.words, 4 * at);
  rows.destination.set(destination.words, 4 * at);
  rows.family[at] = familyOf(source.family, destination.family);
  rows.sourcePort[at] = number(2);
  rows.destinationPort[at] = number(4);
  rows.protocol[at] = protocol;
  if (choice?.meets(fiveTuplesOf(rows), at, time, time) === false) return;
  rows.count++;
  [rows.direction[at], rows.access[at], rows.state[at], rows.encryption[at]] = codes;
  rows.packetsForward[at] = counterOf(values[10]);
  rows.bytesForward[at] = counterOf(values[11]);
  rows.packetsReverse[at] = counterOf(values[12]);
  rows.bytesReverse[at] = counterOf(values[13]);
  rows.tupleIndex[at] = number(14);
  const group = rows.tables.groupId(groupTexts.map((_, i) => text(17 + i)));
  rows.addRun(1, group, rows.tables.recordId(number(15), number(16)));
}

/** Negative numbers, which only other programs write, are none. */
function counterOf(value: DuckDBValue): number {
  return typeof value === 'bigint' && value >= 0n ? packCounter(value) : Number.NaN;
}

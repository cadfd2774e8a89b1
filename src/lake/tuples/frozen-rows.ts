/**
 * Rows of rewritten blobs that lie in frozen dates. What such a blob gave before is settled and stays, so its new rows are held against the old ones, by
 * their place in the blob:
 *
 *   the old rows are there, all alike, and nothing stood between them     the rows behind them are new: they come late, as those of a blob that grew
 *   otherwise                                                             rows that are not as they were are refused; the tuples may be gone already
 */
import type { DuckdbConnection } from '../duckdb/connection.ts';
import { writeDataFile } from '../files/data-file.ts';
import type { AddAction } from '../delta/delta-log.ts';
import { listParameter } from '../duckdb/duckdb.ts';
import { dateOf } from '../delta/file-date.ts';
import { fileRows } from '../files/file-rows.ts';
import { frozenBefore } from '../flows/frozen.ts';
import { duckdbTypes } from './schema.ts';
import { storedColumns } from './stored-columns.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import type { TablePlace } from '../delta/table-place.ts';
import type { TableState } from '../delta/table-state.ts';

/** Of one rewritten blob. */
export interface FrozenRows {
  readonly blob: string;
  /** Tuples that are refused, and where the records of the first and the last one begin. 0 of none. */
  readonly tuples: number;
  readonly startByte: number;
  readonly lastByte: number;
  /** Tuples that are there already. */
  readonly known: number;
  /** Dates before this one are frozen. */
  readonly frozenBefore: string;
}

/**
 * @param added new files of frozen dates @returns the files to add in their place, and what of the blobs is not in them
 * @throws disk-full, permission, io, lake-invalid
 */
export async function withoutFrozenRows(
  place: TablePlace,
  connect: () => Promise<DuckdbConnection>,
  state: TableState,
  added: readonly AddAction[],
  blobs: readonly string[],
): Promise<{ readonly files: readonly AddAction[]; readonly refused: readonly FrozenRows[] }> {
  const frozen = frozenBefore(state);
  const connection = await connect();
  const files: AddAction[] = [];
  try {
    const old = [...state.files.values()].filter((add) => dateOf(add) < frozen);
    await connection.run('SET VARIABLE replaced_blobs = $1', [await listParameter([...blobs])]);
    const oldRows = await fileRows(
      connection,
      old.map((add) => dataFileOf(place, add)),
    );
    await connection.run(`CREATE TEMP TABLE old_rows AS SELECT ${names} FROM ${oldRows} WHERE ${isReplaced}`);
    await connection.run(`CREATE TEMP TABLE new_rows (date VARCHAR, ${declared})`);
    for (const add of added) {
      const rows = await fileRows(connection, [dataFileOf(place, add)]);
      await connection.run(`INSERT INTO new_rows SELECT $1, ${names} FROM ${rows}`, [dateOf(add)]);
    }
    await connection.run(verdictsSql);
    const refused = (await connection.runAndReadAll(refusedSql)).getRowsJS() as [
      string,
      number,
      number,
      number,
      number,
    ][];
    for (const date of new Set(added.map(dateOf))) {
      await connection.run('SET VARIABLE frozen_date = $1', [date]);
      const taken = `FROM verdicts WHERE verdict = 'new' AND date = getvariable('frozen_date')`;
      const [[count]] = (await connection.runAndReadAll(`SELECT count(*)::DOUBLE ${taken}`)).getRowsJS() as [[number]];
      if (count > 0)
        files.push(await writeDataFile(place, connection, date, `SELECT ${names} ${taken} ORDER BY row_number`));
    }
    return {
      files,
      refused: refused.map(([blob, tuples, startByte, lastByte, known]) => ({
        blob,
        tuples,
        startByte,
        lastByte,
        known,
        frozenBefore: frozen,
      })),
    };
  } finally {
    connection.closeSync();
  }
}

const columns = storedColumns.map(({ name }) => name);
const names = columns.join(', ');
const declared = storedColumns.map(({ name, delta }) => `${name} ${duckdbTypes[delta]}`).join(', ');
const isReplaced = `list_contains(getvariable('replaced_blobs')::VARCHAR[], blob)`;
const rowPlace = (table: string): string => `${table}.record_offset::HUGEINT * 4294967296 + ${table}.tuple_index`;
const values = (table: string): string => `row(${columns.map((name) => `${table}.${name}`).join(', ')})`;

/** Each new row with what becomes of it: `new`, `known` or `refused`. */
const verdictsSql = `CREATE TEMP TABLE verdicts AS
WITH
  old AS (SELECT DISTINCT ON (blob, record_offset, tuple_index) * FROM old_rows),
  last AS (SELECT blob, count(*) AS count, max(${rowPlace('old')}) AS place FROM old GROUP BY blob),
  judged AS (
    SELECT
      n.*, coalesce(${values('n')} IS NOT DISTINCT FROM ${values('o')}, false) AS is_same,
      coalesce(${rowPlace('n')} > last.place, false) AS is_behind
    FROM (SELECT *, row_number() OVER () AS row_number FROM new_rows) n
    LEFT JOIN old o ON n.blob = o.blob AND n.record_offset = o.record_offset AND n.tuple_index = o.tuple_index
    LEFT JOIN last ON n.blob = last.blob
  ),
  -- Blobs whose old rows are there, all alike, with nothing between them.
  whole AS (
    SELECT blob FROM judged JOIN last USING (blob) WHERE NOT is_behind
    GROUP BY blob HAVING count(*) = any_value(last.count) AND bool_and(is_same)
  )
SELECT *, CASE
    WHEN NOT ${isReplaced} THEN 'new'
    WHEN is_same THEN 'known'
    WHEN is_behind AND blob IN (FROM whole) THEN 'new'
    ELSE 'refused'
  END AS verdict
FROM judged`;

const refusedSql = `SELECT blob,
  count_if(verdict = 'refused')::DOUBLE,
  coalesce(min(record_offset) FILTER (verdict = 'refused'), 0)::DOUBLE,
  coalesce(max(record_offset) FILTER (verdict = 'refused'), 0)::DOUBLE,
  count_if(verdict = 'known')::DOUBLE
FROM verdicts WHERE verdict <> 'new' GROUP BY blob ORDER BY blob`;

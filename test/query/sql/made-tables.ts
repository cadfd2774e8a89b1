/** Made-up tables as Parquet files, and what an engine answers over them. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DuckdbConnection } from '../../../src/lake/duckdb/connection.ts';
import { openDuckdb, quoteText } from '../../../src/lake/duckdb/duckdb.ts';
import { makeNameTables } from '../../../src/query/duckdb/name-tables.ts';
import { cellOf } from '../../../src/query/duckdb/duckdb-result.ts';
import { columnsOf } from '../../../src/query/relation/check.ts';
import type { Tables } from '../../../src/query/relation/interpret.ts';
import type { Relation } from '../../../src/query/relation/relation.ts';
import { tableColumns } from '../../../src/query/relation/tables.ts';
import { madeNames } from '../made-names.ts';
import type { Names } from '../../../src/enrich/names.ts';
import type { Type } from '../../../src/query/relation/type.ts';
import type { Row, Value } from '../../../src/query/relation/value.ts';
import type { Cell } from '../../../src/query/engine/result.ts';
import { timeText } from '../../../src/query/engine/result.ts';
import { duckdb, duckdbParameters } from '../../../src/query/sql/duckdb.ts';
import { lowerRelation } from '../../../src/query/sql/lower.ts';
import type { SqlText } from '../../../src/query/sql/print.ts';
import { printSql, typeText } from '../../../src/query/sql/print.ts';

export interface MadeLake {
  readonly connection: DuckdbConnection;
  /** Files of the tables, by name. */
  readonly files: Readonly<Record<keyof typeof tableColumns, string>>;
  close(): Promise<void>;
}

/** Writes the tables to Parquet files by DuckDB. */
export async function writeTables(tables: Tables): Promise<MadeLake> {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-made-'));
  const opened = await openDuckdb();
  const connection = await opened.connect();
  const files = { tuples: join(folder, 'tuples.parquet'), flows: join(folder, 'flows.parquet') };
  for (const name of ['tuples', 'flows'] as const) {
    const json = join(folder, `${name}.jsonl`);
    await writeFile(json, tables[name].map((row) => `${jsonOf(row, { struct: tableColumns[name] })}\n`).join(''));
    const columns = tableColumns[name].map((one) => `${one.name}: ${quoteText(typeText(one.type, duckdb))}`);
    const source = `read_json(${quoteText(json)}, format = 'newline_delimited', columns = {${columns.join(', ')}})`;
    await connection.run(`COPY (FROM ${source}) TO ${quoteText(files[name])} (FORMAT parquet)`);
  }
  return {
    connection,
    files,
    close: async () => {
      connection.closeSync();
      await opened.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function sourcesOf(files: MadeLake['files']): Record<keyof typeof tableColumns, string> {
  return {
    tuples: `read_parquet(${quoteText(files.tuples)})`,
    flows: `read_parquet(${quoteText(files.flows)})`,
  };
}

export function duckdbText(relation: Relation, files: MadeLake['files'], names: Names = madeNames): SqlText {
  return printSql(lowerRelation(relation, duckdb, names.changes), duckdb, sourcesOf(files));
}

/** Rows of DuckDB's answer. */
export async function askDuckdb(
  { connection, files }: MadeLake,
  relation: Relation,
  names: Names = madeNames,
): Promise<Cell[][]> {
  const sources = Object.values(sourcesOf(files));
  const statement = lowerRelation(relation, duckdb);
  await makeNameTables(connection, sources, statement, () => Promise.resolve(names), undefined);
  const { text, parameters } = duckdbText(relation, files, names);
  const { values, types } = duckdbParameters(parameters);
  const result = await connection.runAndReadAll(text, values, types);
  return result.getRows().map((row) => row.map(cellOf));
}

/** Rows of the interpreter as cells of an answer. */
export function cellsOf(relation: Relation, rows: readonly Row[]): Cell[][] {
  return rows.map((row) => columnsOf(relation).map(({ name, type }) => cell(row[name], type)));
}

function cell(value: Value, type: Type): Cell {
  if (value === null) return null;
  if (type === 'time') return timeText(value as bigint, 'Z')!;
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  return value as Cell;
}

function jsonOf(value: Value, type: Type): string {
  if (value === null) return 'null';
  if (type === 'time') return JSON.stringify(timeText(value as bigint, 'Z'));
  if (typeof value === 'bigint') return String(value);
  if (typeof type === 'object' && 'list' in type)
    return `[${(value as readonly Value[]).map((item) => jsonOf(item, type.list)).join(', ')}]`;
  if (typeof type === 'object') {
    const fields = type.struct.map(
      (field) => `${JSON.stringify(field.name)}: ${jsonOf((value as Row)[field.name], field.type)}`,
    );
    return `{${fields.join(', ')}}`;
  }
  return JSON.stringify(value);
}

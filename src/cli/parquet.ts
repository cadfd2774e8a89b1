import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { DuckDBAppender } from '@duckdb/node-api';
import { FlowError, fileError } from '../base/errors.ts';
import { openDuckdb, quoteText } from '../lake/duckdb.ts';
import type { Result, ResultColumn } from './output.ts';
import { plainText } from './output.ts';

/** Types of cells; whole numbers become BIGINT where a column has no others. */
const cellTypes = {
  text: 'VARCHAR',
  number: 'DOUBLE',
  time: 'TIMESTAMPTZ',
  boolean: 'BOOLEAN',
  object: 'VARCHAR',
} as const;

/**
 * Writes a result as a Parquet file to a stream, by way of a temporary file, since Parquet's index comes last.
 * @returns the number of rows @throws usage when the stream is a terminal; disk-full, io
 */
export async function writeParquet(result: Result, out: Writable & { readonly isTTY?: boolean }): Promise<number> {
  if (out.isTTY === true)
    throw new FlowError('usage', 'Parquet is not for a terminal', { hint: 'Send it into a file: … -o parquet > FILE' });
  const path = join(tmpdir(), `nsgflow-${randomUUID()}.parquet`);
  const duckdb = await openDuckdb();
  try {
    const connection = await duckdb.connect();
    const names = result.columns.map(({ name }) => `"${name.replaceAll('"', '""')}"`);
    const types = result.columns.map(({ kind }) => (kind === 'time' ? 'VARCHAR' : cellTypes[kind]));
    await connection.run(`CREATE TABLE rows (${names.map((name, i) => `${name} ${types[i]}`).join(', ')})`);
    const appender = await connection.createAppender('rows');
    let rows = 0;
    for await (const chunk of result.chunks) {
      for (const row of chunk) {
        row.forEach((value, i) => appendCell(appender, result.columns[i].kind, value));
        appender.endRow();
      }
      rows += chunk.length;
    }
    appender.closeSync();
    const selected: string[] = [];
    for (const [i, { kind }] of result.columns.entries()) {
      const name = names[i];
      if (kind === 'time') selected.push(`${name}::TIMESTAMPTZ AS ${name}`);
      else if (kind === 'number' && (await isWhole(name))) selected.push(`${name}::BIGINT AS ${name}`);
      else selected.push(name);
    }
    await connection.run(
      `COPY (SELECT ${selected.join(', ')} FROM rows) TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await pipeline(createReadStream(path), out, { end: false });
    return rows;

    async function isWhole(name: string): Promise<boolean> {
      const answer = await connection.runAndReadAll(
        `SELECT coalesce(bool_and(${name} = floor(${name})), true) FROM rows`,
      );
      return answer.getRows()[0][0] === true;
    }
  } catch (error) {
    throw fileError(error, 'write Parquet');
  } finally {
    await duckdb.close();
    await rm(path, { force: true });
  }
}

function appendCell(appender: DuckDBAppender, kind: ResultColumn['kind'], value: unknown): void {
  if (value === null || value === undefined) appender.appendNull();
  else if (kind === 'number') appender.appendDouble(Number(value));
  else if (kind === 'boolean') appender.appendBoolean(value === true);
  else appender.appendVarchar(plainText(value));
}

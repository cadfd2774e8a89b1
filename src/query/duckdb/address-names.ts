/**
 * What names say of the addresses of a question, as a temporary table of its connection (names/derive.ts). DuckDB finds the addresses of the selected
 * files; each is looked up once, and a bounded number of them is here at a time.
 */
import type { Names } from '../../enrich/names.ts';
import { limits } from '../../base/limits.ts';
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import { addressNamesTable } from '../names/derive.ts';

/**
 * Makes the table, with a column for each attribute.
 * @param sources SQL of the relations that the question reads
 * @throws DuckDB's errors, names-invalid, the reason of the signal
 */
export async function makeAddressNames(
  connection: DuckdbConnection,
  sources: readonly string[],
  attributes: readonly string[],
  names: Names,
  signal: AbortSignal | undefined,
): Promise<void> {
  const sides = sources.flatMap((source) =>
    ['src_ip', 'dst_ip'].map((side) => `SELECT DISTINCT ${side} AS address FROM ${source}`),
  );
  await connection.run(`CREATE OR REPLACE TEMP TABLE named_addresses AS ${sides.join(' UNION ')}`);
  const columns = attributes.map((attribute) => `, "${attribute}" VARCHAR`).join('');
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${addressNamesTable} (address VARCHAR, period BIGINT${columns})`);
  for (let from = 0; ; from += limits.addressesNamedAtOnce) {
    const rows = `rowid >= ${from} AND rowid < ${from + limits.addressesNamedAtOnce}`;
    const some = await connection.runAndReadAll(`SELECT address FROM named_addresses WHERE ${rows}`);
    if (some.currentRowCount === 0) break;
    signal?.throwIfAborted();
    await append(connection, some.getColumnsJS()[0] as readonly (string | null)[], attributes, names);
  }
  await connection.run('DROP TABLE named_addresses');
}

async function append(
  connection: DuckdbConnection,
  addresses: readonly (string | null)[],
  attributes: readonly string[],
  names: Names,
): Promise<void> {
  const appender = await connection.createAppender(addressNamesTable, 'main', 'temp');
  for (const address of addresses) {
    if (address === null) continue;
    for (let period = 0; period <= names.changes.length; period++) {
      const known = names.look(address, period);
      appender.appendVarchar(address);
      appender.appendBigInt(BigInt(period));
      for (const attribute of attributes) {
        const value = known[attribute];
        if (value === undefined) appender.appendNull();
        else appender.appendVarchar(value);
      }
      appender.endRow();
    }
  }
  appender.closeSync();
}

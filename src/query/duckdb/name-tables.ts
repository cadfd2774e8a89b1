/**
 * What names say of the addresses and ports of a question, as temporary tables of its connection (names/derive.ts). DuckDB finds the addresses of the
 * selected files, with the periods in which they occur; each is looked up once, and a bounded number of them is here at a time.
 */
import type { DuckDBValue } from '@duckdb/node-api';
import type { AddressNames } from '../../enrich/attribute.ts';
import type { NameSource, Names } from '../../enrich/names.ts';
import { limits } from '../../base/limits.ts';
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import { BIGINT, DuckDBDataChunk, INTEGER, VARCHAR } from '../../lake/duckdb/duckdb-library.ts';
import { addressNamesTable, applicationsTable } from '../names/derive.ts';
import type { SqlStatement } from '../sql/node.ts';

/**
 * Makes the tables that a statement reads.
 * @param sources SQL of the relations that it reads
 * @throws DuckDB's errors, those of opening names, the reason of the signal
 */
export async function makeNameTables(
  connection: DuckdbConnection,
  sources: readonly string[],
  { attributes, asksApplications }: SqlStatement,
  names: NameSource,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (attributes.size > 0) await makeAddressNames(connection, sources, [...attributes], await names(), signal);
  if (asksApplications) await makeApplications(connection, await names());
}

async function makeAddressNames(
  connection: DuckdbConnection,
  sources: readonly string[],
  attributes: readonly string[],
  names: Names,
  signal: AbortSignal | undefined,
): Promise<void> {
  const period = periodSql(names.changes);
  const sides = sources.flatMap((source) =>
    ['src_ip', 'dst_ip'].map((side) => `SELECT DISTINCT ${side} AS address, ${period} AS period FROM ${source}`),
  );
  await connection.run(`CREATE OR REPLACE TEMP TABLE named_addresses AS ${sides.join(' UNION ')}`);
  const columns = attributes.map((attribute) => `"${attribute}"`);
  await connection.run('CREATE OR REPLACE TEMP TABLE address_codes (address VARCHAR, period BIGINT, code INTEGER)');
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE name_records (code INTEGER${columns.map((one) => `, ${one} VARCHAR`).join('')})`,
  );
  let records = 0;
  for (let from = 0; ; from += limits.addressesNamedAtOnce) {
    const rows = `rowid >= ${from} AND rowid < ${from + limits.addressesNamedAtOnce}`;
    const some = await connection.runAndReadAll(`SELECT address, period FROM named_addresses WHERE ${rows}`);
    if (some.currentRowCount === 0) break;
    signal?.throwIfAborted();
    const [addresses, periods] = some.getColumns();
    const codes = await appendAddresses(connection, addresses, periods.map(Number), records, names);
    await appendRecords(connection, codes, attributes);
    records += codes.size;
  }
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${addressNamesTable} AS
      SELECT address, period, ${columns.join(', ')} FROM address_codes JOIN name_records USING (code)`,
  );
  for (const table of ['named_addresses', 'address_codes', 'name_records']) await connection.run(`DROP TABLE ${table}`);
}

/** As periodOf (names/derive.ts), of the column `time`. */
function periodSql(changes: readonly number[]): string {
  if (changes.length === 0) return '0::BIGINT';
  const branches = changes.map((change, i) => `WHEN time < make_timestamptz(${change * 1000}::BIGINT) THEN ${i}`);
  return `(CASE ${branches.join(' ')} ELSE ${changes.length} END)::BIGINT`;
}

/**
 * Looks up addresses, and appends them with the code of what is known of each: most share it with many others, and a text of an appender costs more than
 * its look-up. @returns codes, from `firstCode` on
 */
async function appendAddresses(
  connection: DuckdbConnection,
  addresses: readonly DuckDBValue[],
  periods: readonly number[],
  firstCode: number,
  names: Names,
): Promise<ReadonlyMap<AddressNames, number>> {
  const codes = new Map<AddressNames, number>();
  const codeOf = (address: string, period: number): number => {
    const known = names.look(address, period);
    const code = codes.get(known) ?? firstCode + codes.size;
    codes.set(known, code);
    return code;
  };
  const appender = await connection.createAppender('address_codes', 'main', 'temp');
  for (let from = 0; from < addresses.length; from += rowsAtOnce) {
    const rows: [string, bigint, number][] = [];
    for (let i = from; i < Math.min(from + rowsAtOnce, addresses.length); i++) {
      const address = addresses[i];
      if (typeof address === 'string') rows.push([address, BigInt(periods[i]), codeOf(address, periods[i])]);
    }
    if (rows.length === 0) continue;
    const chunk = DuckDBDataChunk.create([VARCHAR, BIGINT, INTEGER], rows.length);
    for (const column of [0, 1, 2] as const)
      chunk.setColumnValues(
        column,
        rows.map((row) => row[column]),
      );
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  return codes;
}

async function appendRecords(
  connection: DuckdbConnection,
  codes: ReadonlyMap<AddressNames, number>,
  attributes: readonly string[],
): Promise<void> {
  const appender = await connection.createAppender('name_records', 'main', 'temp');
  for (const [known, code] of codes) {
    appender.appendInteger(code);
    for (const attribute of attributes) {
      const value = known[attribute];
      if (value === undefined) appender.appendNull();
      else appender.appendVarchar(value);
    }
    appender.endRow();
  }
  appender.closeSync();
}

/** Rows of one of DuckDB's chunks. */
const rowsAtOnce = 2048;

async function makeApplications(connection: DuckdbConnection, names: Names): Promise<void> {
  await connection.run(
    `CREATE OR REPLACE TEMP TABLE ${applicationsTable} (port INTEGER, protocol VARCHAR, application VARCHAR)`,
  );
  const appender = await connection.createAppender(applicationsTable, 'main', 'temp');
  for (const [key, name] of await names.applications()) {
    const [protocol, port] = key.split('/');
    appender.appendInteger(Number(port));
    appender.appendVarchar(protocol);
    appender.appendVarchar(name);
    appender.endRow();
  }
  appender.closeSync();
}

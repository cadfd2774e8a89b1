/**
 * What names say of the addresses and ports of a question, as temporary tables of its connection (names/derive.ts). DuckDB finds the addresses of the
 * selected files, with the periods in which they occur; each is looked up once, and a bounded number of them is here at a time.
 */
import type { DuckDBValue } from '@duckdb/node-api';
import type { NameSource, Names } from '../../enrich/names.ts';
import { limits } from '../../base/limits.ts';
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
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
  const columns = attributes.map((attribute) => `, "${attribute}" VARCHAR`).join('');
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${addressNamesTable} (address VARCHAR, period BIGINT${columns})`);
  for (let from = 0; ; from += limits.addressesNamedAtOnce) {
    const rows = `rowid >= ${from} AND rowid < ${from + limits.addressesNamedAtOnce}`;
    const some = await connection.runAndReadAll(`SELECT address, period FROM named_addresses WHERE ${rows}`);
    if (some.currentRowCount === 0) break;
    signal?.throwIfAborted();
    const [addresses, periods] = some.getColumns();
    await append(connection, addresses, periods, attributes, names);
  }
  await connection.run('DROP TABLE named_addresses');
}

/** As periodOf (names/derive.ts), of the column `time`. */
function periodSql(changes: readonly number[]): string {
  if (changes.length === 0) return '0::BIGINT';
  const branches = changes.map((change, i) => `WHEN time < make_timestamptz(${change * 1000}::BIGINT) THEN ${i}`);
  return `(CASE ${branches.join(' ')} ELSE ${changes.length} END)::BIGINT`;
}

async function append(
  connection: DuckdbConnection,
  addresses: readonly DuckDBValue[],
  periods: readonly DuckDBValue[],
  attributes: readonly string[],
  names: Names,
): Promise<void> {
  const appender = await connection.createAppender(addressNamesTable, 'main', 'temp');
  for (const [i, address] of addresses.entries()) {
    if (typeof address !== 'string') continue;
    const known = names.look(address, Number(periods[i]));
    appender.appendVarchar(address);
    appender.appendBigInt(BigInt(Number(periods[i])));
    for (const attribute of attributes) {
      const value = known[attribute];
      if (value === undefined) appender.appendNull();
      else appender.appendVarchar(value);
    }
    appender.endRow();
  }
  appender.closeSync();
}

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

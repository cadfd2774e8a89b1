/**
 * DuckDB in process, with the same settings everywhere: times in UTC, no extension ever looked for (what we need is linked in:
 * core_functions, json, parquet, icu), bounded memory, and a spill folder that only this user can read.
 */
import type { DuckDBInstance, DuckDBValue } from '@duckdb/node-api';
import type { Gate } from '../../base/gate.ts';
import { limits } from '../../base/limits.ts';
import { DuckdbConnection } from './connection.ts';
import { lakeGate } from './gates.ts';
import type { TemporaryFolder } from './temporary-folder.ts';
import { makeTemporaryFolder } from './temporary-folder.ts';

export interface Duckdb {
  readonly instance: DuckDBInstance;
  /** A further connection, times in UTC. The signal ends calls that wait at the gate. */
  connect(signal?: AbortSignal): Promise<DuckdbConnection>;
  /** Ends the instance and removes what it spilled. */
  close(): Promise<void>;
}

/** Opens an in-memory instance, whose calls pass `gate`. Beyond `memoryBytes` it spills to a private folder, or to one of the caller. */
export async function openDuckdb(
  memoryBytes: number = limits.queryMemoryBytesMax,
  gate: Gate = lakeGate,
  signal?: AbortSignal,
  spillOfCaller?: string,
): Promise<Duckdb> {
  const spill = spillOfCaller === undefined ? await makeSpillFolder() : undefined;
  try {
    const spillFolder = spillOfCaller ?? spill?.path ?? '';
    const instance = await gate.pass(() => makeInstance(memoryBytes, spillFolder), signal);
    return {
      instance,
      connect: async (ends) => new DuckdbConnection(await gate.pass(() => instance.connect(), ends), gate, ends),
      close: async () => {
        instance.closeSync();
        await spill?.remove();
      },
    };
  } catch (error) {
    await spill?.remove();
    throw error;
  }
}

/** DuckDB would make the folder readable for everybody. `undefined` where there is no place for one: it then answers within its memory. */
export async function makeSpillFolder(): Promise<TemporaryFolder | undefined> {
  return await makeTemporaryFolder('spill').catch(() => undefined);
}

async function makeInstance(memoryBytes: number, spillFolder: string): Promise<DuckDBInstance> {
  const { DuckDBInstance: Instance } = await loadDuckdb();
  const instance = await Instance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    memory_limit: `${Math.floor(memoryBytes / 1_048_576)}MiB`,
    temp_directory: spillFolder,
    preserve_insertion_order: 'true',
  });
  const connection = await instance.connect();
  await connection.run("SET GLOBAL TimeZone = 'UTC'");
  // Data files never change, and one question may scan parts of the same ones several times.
  await connection.run('SET GLOBAL parquet_metadata_cache = true');
  connection.closeSync();
  return instance;
}

/** The library, loaded at its first use: that takes longer than all else that `ingest` and `--help` load together. */
const loadDuckdb = () => import('./duckdb-library.ts');

/** A list as a parameter of a statement. */
export async function listParameter(values: readonly DuckDBValue[]): Promise<DuckDBValue> {
  return (await loadDuckdb()).listValue(values);
}

/** A text as an SQL literal. Only for names of files and columns that we made or read from the log: values are parameters. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Vacuum: deletes what no version within the retention names. Readers of such a version find their files for as long.
 *
 *   data files     that the newest version does not hold and no commit removed lately, old enough to be nobody's work on the way
 *   positions      that the newest version does not name
 *   addresses      filters of files that are gone
 *   _nsgflow/tmp   files on their way whose writer is gone
 *   _delta_log     commits and checkpoints before a checkpoint that is older than the retention of the log
 */
import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dayMillis } from '../base/time.ts';
import { addressFilterPath } from './address-filter.ts';
import { formatVersion, listLog, logFolder, temporaryFolder } from './delta-log.ts';
import type { Lake } from './lake.ts';
import { liveTransactions, positionsPath } from './positions.ts';
import { partitionColumn } from './schema.ts';
import type { TableState } from './table-state.ts';

export interface VacuumSettings {
  readonly nowMillis: number;
  /** How long removed and unknown files are kept. */
  readonly keepMillis: number;
  /** Only say what would go. */
  readonly dryRun: boolean;
}

export interface VacuumResult {
  /** By kind: `data`, `positions`, `addresses`, `temporary`, `log`. */
  readonly files: Readonly<Record<VacuumKind, number>>;
  readonly bytes: number;
}

export type VacuumKind = 'data' | 'positions' | 'addresses' | 'temporary' | 'log';

/** Commits younger than this stay, for other engines' time travel. Source: Delta's default for the log. */
const logKeepMillis = 30 * dayMillis;

export async function vacuum(lake: Lake, settings: VacuumSettings): Promise<VacuumResult> {
  const files: Record<VacuumKind, number> = { data: 0, positions: 0, addresses: 0, temporary: 0, log: 0 };
  let bytes = 0;
  const listed = { data: await dataFiles(lake.folder), log: await listLog(lake.folder) };
  // Read after the files were listed: what a commit named meanwhile is in it.
  const { state, positions } = await lake.state();
  const drop = async (kind: VacuumKind, path: string, keepMillis: number): Promise<void> => {
    const found = await stat(path).catch(() => undefined);
    if (found === undefined || found.mtimeMs > settings.nowMillis - keepMillis) return;
    if (!settings.dryRun) await rm(path, { force: true });
    files[kind]++;
    bytes += found.size;
  };
  const kept = keptPaths(state, settings);
  for (const path of listed.data) if (!kept.has(path)) await drop('data', join(lake.folder, path), settings.keepMillis);
  const named = new Set(liveTransactions(state, positions).map(({ appId }) => positionsPath(lake.folder, appId)));
  for (const name of await namesIn(join(lake.folder, '_nsgflow', 'positions'))) {
    const path = join(lake.folder, '_nsgflow', 'positions', name);
    if (!named.has(path)) await drop('positions', path, settings.keepMillis);
  }
  const filters = new Set(
    [...kept, ...(await dataFiles(lake.folder))].map((path) => addressFilterPath(lake.folder, path)),
  );
  for (const name of await namesIn(join(lake.folder, '_nsgflow', 'addresses'))) {
    const path = join(lake.folder, '_nsgflow', 'addresses', name);
    if (!filters.has(path)) await drop('addresses', path, settings.keepMillis);
  }
  for (const name of await namesIn(temporaryFolder(lake.folder)))
    await drop('temporary', join(temporaryFolder(lake.folder), name), settings.keepMillis);
  for (const path of oldLog(lake.folder, listed.log))
    await drop('log', path, Math.max(logKeepMillis, settings.keepMillis));
  return { files, bytes };
}

/** Paths below the lake of data files that stay. */
function keptPaths(state: TableState, { nowMillis, keepMillis }: VacuumSettings): Set<string> {
  const kept = new Set([...state.files.keys()].map(decodeURIComponent));
  for (const { path, deletionTimestamp } of state.removed.values())
    if ((deletionTimestamp ?? nowMillis) > nowMillis - keepMillis) kept.add(decodeURIComponent(path));
  return kept;
}

/** Parquet files in folders of dates, where alone we write them; as the log spells them. */
async function dataFiles(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await namesIn(folder))
    if (name.startsWith(`${partitionColumn}=`))
      for (const file of await namesIn(join(folder, name)))
        if (file.endsWith('.parquet')) paths.push(`${name}/${file}`);
  return paths;
}

/** Files of the log that only versions before the last checkpoint but one need. */
function oldLog(folder: string, log: Awaited<ReturnType<typeof listLog>>): string[] {
  const before = log?.checkpoints.at(-2)?.version ?? 0;
  const commits = (log?.commits ?? []).filter((version) => version < before);
  const checkpoints = (log?.checkpoints ?? []).filter(({ version }) => version < before);
  return [
    ...commits.map((version) => join(logFolder(folder), `${formatVersion(version)}.json`)),
    ...checkpoints.flatMap((checkpoint) => checkpoint.files),
  ];
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

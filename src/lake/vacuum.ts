/**
 * Vacuum: deletes what no version within the retention names. Readers of such a version find their files for as long.
 *
 *   data files     that the newest version does not hold and no commit removed lately, old enough to be nobody's work on the way
 *   positions      that the newest version does not name
 *   addresses      filters of files that are gone
 *   _nsgflow/tmp   files on their way whose writer is gone
 *   _delta_log     commits and checkpoints before a checkpoint that is older than the retention of the log
 */
import { lstat, rm } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { FlowError } from '../base/errors.ts';
import { fileError } from '../base/errors.ts';
import { dayMillis } from '../base/time.ts';
import { entriesWithin, linkOnPath } from '../blob/links.ts';
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
  /** What was left, though its name says that it could go: links to folders are not followed, and only files are deleted. */
  readonly left: readonly LeftPath[];
}

export interface LeftPath {
  /** Below the lake. */
  readonly path: string;
  /** `other` is a pipe or the like; an error says why the file could not be deleted, or the folder not read. */
  readonly why: 'link' | 'folder' | 'other' | FlowError;
}

export type VacuumKind = 'data' | 'positions' | 'addresses' | 'temporary' | 'log';

/** Commits younger than this stay, for other engines' time travel. Source: Delta's default for the log. */
const logKeepMillis = 30 * dayMillis;

export async function vacuum(lake: Lake, settings: VacuumSettings): Promise<VacuumResult> {
  const sweep = new Sweep(lake.folder, settings);
  const listed = { data: await dataFiles(sweep), log: await listLog(lake.folder) };
  // Read after the files were listed: what a commit named meanwhile is in it.
  const { state, positions } = await lake.state();
  const kept = keptPaths(state, settings);
  for (const path of listed.data) if (!kept.has(path)) await sweep.drop('data', path, settings.keepMillis);
  const named = new Set(liveTransactions(state, positions).map(({ appId }) => positionsPath(lake.folder, appId)));
  for (const path of await sweep.filesIn('_nsgflow/positions'))
    if (!named.has(join(lake.folder, path))) await sweep.drop('positions', path, settings.keepMillis);
  const filters = new Set([...kept, ...(await dataFiles(sweep))].map((path) => addressFilterPath(lake.folder, path)));
  for (const path of await sweep.filesIn('_nsgflow/addresses'))
    if (!filters.has(join(lake.folder, path))) await sweep.drop('addresses', path, settings.keepMillis);
  for (const path of await sweep.filesIn(relative(lake.folder, temporaryFolder(lake.folder))))
    await sweep.drop('temporary', path, settings.keepMillis);
  for (const path of oldLog(lake.folder, listed.log))
    await sweep.drop('log', relative(lake.folder, path), Math.max(logKeepMillis, settings.keepMillis));
  return sweep.result();
}

/** Lists and deletes files of one lake, by paths below it. */
class Sweep {
  readonly #lake: string;
  readonly #settings: VacuumSettings;
  readonly #files: Record<VacuumKind, number> = { data: 0, positions: 0, addresses: 0, temporary: 0, log: 0 };
  #bytes = 0;
  readonly #left = new Map<string, LeftPath['why']>();

  constructor(lake: string, settings: VacuumSettings) {
    this.#lake = lake;
    this.#settings = settings;
  }

  result(): VacuumResult {
    return {
      files: this.#files,
      bytes: this.#bytes,
      left: [...this.#left].map(([path, why]) => ({ path, why })),
    };
  }

  /** The files directly in a folder. */
  async filesIn(folder: string): Promise<string[]> {
    const path = join(this.#lake, folder);
    if (await this.#isBehindLink(join(folder, 'x'))) return [];
    const entries = await entriesWithin(this.#lake, path).catch((error: unknown) => {
      this.#left.set(folder, fileError(error, `read ${path}`));
      return [];
    });
    return entries.map(({ name }) => (folder === '' ? name : `${folder}/${name}`));
  }

  /** Deletes a file that was not changed for so long. Whatever else has its name, and what cannot be deleted, is left and told. */
  async drop(kind: VacuumKind, path: string, keepMillis: number): Promise<void> {
    const { nowMillis, dryRun } = this.#settings;
    if (await this.#isBehindLink(path)) return;
    const whole = join(this.#lake, path);
    const found = await lstat(whole).catch(() => undefined);
    if (found === undefined || found.mtimeMs > nowMillis - keepMillis) return;
    if (!found.isFile() && !found.isSymbolicLink()) {
      this.#left.set(path, found.isDirectory() ? 'folder' : 'other');
      return;
    }
    try {
      if (!dryRun) await rm(whole, { force: true });
      this.#files[kind]++;
      this.#bytes += found.size;
    } catch (error) {
      this.#left.set(path, fileError(error, `delete ${whole}`));
    }
  }

  async #isBehindLink(path: string): Promise<boolean> {
    const link = await linkOnPath(this.#lake, join(this.#lake, path));
    if (link !== undefined) this.#left.set(relative(this.#lake, link), 'link');
    return link !== undefined;
  }
}

/** Paths below the lake of data files that stay. */
function keptPaths(state: TableState, { nowMillis, keepMillis }: VacuumSettings): Set<string> {
  const kept = new Set([...state.files.keys()].map(decodeURIComponent));
  for (const { path, deletionTimestamp } of state.removed.values())
    if ((deletionTimestamp ?? nowMillis) > nowMillis - keepMillis) kept.add(decodeURIComponent(path));
  return kept;
}

/** Parquet files in folders of dates, where alone we write them; as the log spells them. */
async function dataFiles(sweep: Sweep): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await sweep.filesIn(''))
    if (name.startsWith(`${partitionColumn}=`))
      for (const path of await sweep.filesIn(name)) if (path.endsWith('.parquet')) paths.push(path);
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

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
import { basename, join, relative } from 'node:path';
import type { FlowError } from '../base/errors.ts';
import { fileError } from '../base/errors.ts';
import { dayMillis } from '../base/time.ts';
import { entriesWithin, linkOnPath } from '../blob/links.ts';
import { addressFilterPath } from './files/address-filter.ts';
import { formatVersion, listLog, logFolder } from './delta/delta-log.ts';
import type { DeltaTable } from './delta/delta-table.ts';
import { changesSince, settledVersion } from './flows/coverage.ts';
import type { Lake } from './lake.ts';
import type { TablePlace } from './delta/table-place.ts';
import { liveTransactions, positionsPath } from './positions/positions.ts';
import { partitionColumn } from './tuples/schema.ts';
import type { TableState } from './delta/table-state.ts';

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
  const flows = await lake.flows();
  const needed = flows === undefined ? undefined : await neededForSettling(lake, flows.state);
  await vacuumTable(sweep, lake.tuples, needed);
  if (flows !== undefined) await vacuumTable(sweep, flows);
  const { place } = lake.tuples;
  const { state, positions } = await lake.state();
  const named = new Set(liveTransactions(state, positions).map(({ appId }) => positionsPath(place, appId)));
  for (const path of await sweep.filesIn(relative(lake.folder, join(place.helpers, 'positions'))))
    if (!named.has(join(lake.folder, path))) await sweep.drop('positions', path, settings.keepMillis);
  for (const path of await sweep.filesIn(relative(lake.folder, place.temporary)))
    await sweep.drop('temporary', path, settings.keepMillis);
  return sweep.result();
}

/** What of the table of tuples settling still needs, and questions about tuples that are not settled yet. */
interface Needed {
  /** The version that is settled: later commits stay. */
  readonly version: number;
  /** Data files that went after it. */
  readonly paths: ReadonlySet<string>;
}

async function neededForSettling(lake: Lake, flows: TableState): Promise<Needed | undefined> {
  const settled = settledVersion(flows, lake.tuples.state.metadata.id);
  if (settled === undefined) return undefined;
  const changes = await changesSince(lake.tuples.place, settled, (await lake.tuples.refresh()).version);
  const paths = (changes ?? [])
    .flat()
    .flatMap(({ remove }) => (remove == null ? [] : [decodeURIComponent(remove.path)]));
  return { version: settled, paths: new Set(paths) };
}

/** Deletes data files, address filters and log entries of one table. */
async function vacuumTable(sweep: Sweep, table: DeltaTable, needed?: Needed): Promise<void> {
  const { settings } = sweep;
  const { place } = table;
  const below = (path: string): string => relative(place.lake, path);
  const listed = { data: await dataFiles(sweep, place), log: await listLog(place) };
  // Read after the files were listed: what a commit named meanwhile is in it.
  const kept = keptPaths(await table.refresh(), settings);
  for (const path of needed?.paths ?? []) kept.add(path);
  for (const path of listed.data)
    if (!kept.has(path)) await sweep.drop('data', below(join(place.folder, path)), settings.keepMillis);
  const filters = new Set([...kept, ...(await dataFiles(sweep, place))].map((path) => addressFilterPath(place, path)));
  for (const path of await sweep.filesIn(below(join(place.helpers, 'addresses'))))
    if (!filters.has(join(place.lake, path))) await sweep.drop('addresses', path, settings.keepMillis);
  for (const path of oldLog(place, listed.log, needed?.version ?? Infinity))
    await sweep.drop('log', below(path), Math.max(logKeepMillis, settings.keepMillis));
}

/** Lists and deletes files of one lake, by paths below it. */
class Sweep {
  readonly #lake: string;
  readonly settings: VacuumSettings;
  readonly #files: Record<VacuumKind, number> = { data: 0, positions: 0, addresses: 0, temporary: 0, log: 0 };
  #bytes = 0;
  readonly #left = new Map<string, LeftPath['why']>();

  constructor(lake: string, settings: VacuumSettings) {
    this.#lake = lake;
    this.settings = settings;
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
    const { nowMillis, dryRun } = this.settings;
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
async function dataFiles(sweep: Sweep, place: TablePlace): Promise<string[]> {
  const paths: string[] = [];
  for (const folder of await sweep.filesIn(relative(place.lake, place.folder)))
    if (basename(folder).startsWith(`${partitionColumn}=`))
      for (const path of await sweep.filesIn(folder))
        if (path.endsWith('.parquet')) paths.push(relative(place.folder, join(place.lake, path)).replaceAll('\\', '/'));
  return paths;
}

/** Files of the log that only versions before the last checkpoint but one need, and not those behind `settled`. */
function oldLog(place: TablePlace, log: Awaited<ReturnType<typeof listLog>>, settled: number): string[] {
  const before = Math.min(log?.checkpoints.at(-2)?.version ?? 0, settled + 1);
  const commits = (log?.commits ?? []).filter((version) => version < before);
  const checkpoints = (log?.checkpoints ?? []).filter(({ version }) => version < before);
  return [
    ...commits.map((version) => join(logFolder(place), `${formatVersion(version)}.json`)),
    ...checkpoints.flatMap((checkpoint) => checkpoint.files),
  ];
}

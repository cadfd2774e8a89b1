/**
 * Moves the table of tuples of an old lake from the lake's own folder to `tuples/`. Each step is a rename, and an interrupted move is continued from what is
 * there:
 *
 *   _nsgflow/moving                             begins
 *   _nsgflow/moved/00….json                     a log that asks for a reader that does not exist
 *   _delta_log       → tuples/_delta_log        the commit point
 *   _nsgflow/moved   → _delta_log               old versions of nsgflow and other engines now refuse the old place
 *   _nsgflow/positions, checkpoints, addresses → _nsgflow/tuples/
 *   date=…           → tuples/date=…            and whatever else the log names
 *   _nsgflow/moving                             goes
 *
 * Paths in the log are relative to the table's folder, so that the log stays as it is. Readers look in both places meanwhile (table-place.ts).
 */
import { randomUUID } from 'node:crypto';
import { lstat, readdir, readlink, rename, rm, rmdir, symlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FlowError, fileError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { exists, makeFolderOf, syncFolder } from '../../blob/folder-file.ts';
import { holderOf, takeLock } from '../../blob/process-lock.ts';
import type { Action } from '../delta/delta-log.ts';
import { formatVersion, logFolder, writeCommit } from '../delta/delta-log.ts';
import type { FoundTable } from '../delta/find-tuples.ts';
import { findTuples, isMovedAway, movedReaderVersion, movingMark } from '../delta/find-tuples.ts';
import { partitionColumn } from './schema.ts';
import { filePathOf, pathBelow } from '../delta/snapshot.ts';
import { writeSynced } from '../storage/synced-file.ts';
import type { HelperKind } from '../delta/table-place.ts';
import { flowsName, helpersName, tuplesName, tuplesPlace } from '../delta/table-place.ts';
import { checkWritable } from '../delta/table-state.ts';

/** Moves the table of tuples, or goes on with a move; where all is done, nothing. @returns whether it moved anything */
export async function moveTuples(lake: string): Promise<boolean> {
  try {
    const unlock = await takeMoveLock(lake);
    try {
      const found = await findTuples(lake);
      if (found === undefined || found.place.layout === 'new') return false;
      await checkNoService(lake);
      const names = namesToMove(found);
      if (found.place.layout === 'old') await moveLog(found);
      await refuseOldPlace(lake);
      await moveHelpers(lake);
      await moveData(lake, names);
      await rm(movingMark(lake), { force: true });
      await syncFolder(dirname(movingMark(lake)));
      return true;
    } finally {
      await unlock();
    }
  } catch (error) {
    throw fileError(error, `move the table of tuples of the lake ${lake} to ${tuplesPlace(lake).folder}`);
  }
}

/**
 * Sees to it that older versions of nsgflow cannot begin a table of their own in the lake's folder, beside the one in `tuples/`.
 * @throws lake-invalid where one is there
 */
export async function guardOldPlace(lake: string): Promise<void> {
  const old = tuplesPlace(lake, 'old');
  const names = await readdir(logFolder(old)).catch(() => []);
  if (names.length === 0 && (await writeCommit(old, 0, refusal()))) return;
  const others = names.filter((name) => name !== `${formatVersion(0)}.json`);
  if (others.length > 0 || !(await isMovedAway(lake))) throw secondLog(lake);
}

function secondLog(lake: string): FlowError {
  const old = logFolder(tuplesPlace(lake, 'old'));
  return new FlowError(
    'lake-invalid',
    `another program wrote a log to ${old}, though the table of tuples lies in ${tuplesPlace(lake).folder}`,
    {
      hint: `Stop the program (an older nsgflow, or an engine that writes to ${lake}), move ${old} away, and run again: blobs that only it has read are read again.`,
    },
  );
}

/** Another process that moves the lake is waited for. @throws unavailable */
async function takeMoveLock(lake: string): Promise<() => Promise<void>> {
  const path = join(lake, helpersName, 'lock');
  await makeFolderOf(path, false);
  for (let waited = 0; ; waited += waitMillis) {
    try {
      return await takeLock(path, `the lake ${lake}`, '');
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      if (waited >= limits.lakeMoveWaitMillisMax)
        throw new FlowError('unavailable', `${error.message}, which moves its table of tuples`, {
          cause: error,
          hint: 'Run again when it is done.',
        });
    }
    await sleep(waitMillis);
  }
}

const waitMillis = 50;

/** A service whose data folder holds the lake writes to it; after an upgrade it is the new version that moves the lake. @throws unavailable */
async function checkNoService(lake: string): Promise<void> {
  const holder = await holderOf(join(dirname(lake), 'lock'));
  if (holder === undefined || holder.isThisProcess) return;
  throw new FlowError(
    'unavailable',
    `the lake ${lake} is still laid out as an older nsgflow had it, and is not moved while the service of process ${holder.pid} of ${holder.host} uses it`,
    { hint: 'Stop the service, upgrade it, and start it again: it moves the lake. Questions are answered meanwhile.' },
  );
}

/** Entries of the lake's folder that belong to the table. Nothing was moved yet where it refuses. @throws lake-invalid */
function namesToMove({ place, state }: FoundTable): Set<string> {
  checkWritable(place, state);
  const names = new Set<string>();
  for (const { path } of state.files.values()) names.add(firstName(filePathOf(place, path)));
  for (const { path } of state.removed.values()) {
    // What another engine removed may lie anywhere, and only time travel reads it.
    const below = pathBelow(path);
    if (below !== undefined) names.add(firstName(below));
  }
  const reserved = [tuplesName, flowsName, helpersName, '_delta_log', '..'].find((name) => names.has(name));
  if (reserved !== undefined)
    throw new FlowError(
      'lake-invalid',
      `the lake ${place.lake} cannot be moved to ${tuplesPlace(place.lake).folder}: its log names data files in ${reserved}`,
      { hint: 'Rewrite these files in the engine that wrote them, and run again.' },
    );
  return names;
}

function firstName(path: string): string {
  return path.split(/[/\\]/).find((name) => name !== '' && name !== '.') ?? '..';
}

async function moveLog({ place }: FoundTable): Promise<void> {
  const { lake } = place;
  const from = logFolder(place);
  if ((await lstat(from)).isSymbolicLink())
    throw new FlowError('lake-invalid', `${from} is a link, which is not moved`, {
      hint: 'Put the folder itself in its place, and run again.',
    });
  await makeFolderOf(movingMark(lake), true);
  if (!(await exists(movingMark(lake)))) await writeSynced(movingMark(lake), '');
  await syncFolder(dirname(movingMark(lake)));
  await prepareRefusal(lake);
  const to = logFolder(tuplesPlace(lake));
  await makeFolderOf(to, true);
  await rename(from, to);
  await rename(prepared(lake), from).catch(notEmpty);
  await syncFolder(dirname(to));
  await syncFolder(lake);
}

/** The folder that takes the place of the log. */
function prepared(lake: string): string {
  return join(lake, helpersName, 'moved');
}

async function prepareRefusal(lake: string): Promise<void> {
  const path = join(prepared(lake), `${formatVersion(0)}.json`);
  await rm(path, { force: true });
  await writeSynced(
    path,
    refusal()
      .map((action) => `${JSON.stringify(action)}\n`)
      .join(''),
  );
  await syncFolder(dirname(path));
}

/** After the commit point: the prepared folder becomes the log in the old place. @throws lake-invalid where another log is there */
async function refuseOldPlace(lake: string): Promise<void> {
  if (await isMovedAway(lake)) return;
  const old = logFolder(tuplesPlace(lake, 'old'));
  await prepareRefusal(lake);
  await rename(prepared(lake), old).catch(notEmpty);
  await syncFolder(lake);
  if (!(await isMovedAway(lake))) throw secondLog(lake);
}

/** A folder with something in it is not replaced; what it is will be found out. */
function notEmpty(error: unknown): void {
  if (!targetTaken.has((error as NodeJS.ErrnoException).code ?? '')) throw error;
}

const targetTaken = new Set(['ENOTEMPTY', 'EEXIST', 'EPERM']);

/** What older versions of nsgflow and other engines find in the old place. */
function refusal(): Action[] {
  return [
    { commitInfo: { timestamp: Date.now(), operation: 'MOVE', operationParameters: {}, engineInfo: 'nsgflow' } },
    { protocol: { minReaderVersion: movedReaderVersion, minWriterVersion: movedReaderVersion } },
    {
      metaData: {
        id: randomUUID(),
        name: 'moved',
        description: `This table has moved: nsgflow keeps tuples in ${tuplesName}/ and settled flows in ${flowsName}/.`,
        format: { provider: 'parquet', options: {} },
        schemaString: JSON.stringify({ type: 'struct', fields: [] }),
        partitionColumns: [],
        configuration: {},
        createdTime: Date.now(),
      },
    },
  ];
}

const helperKinds: readonly HelperKind[] = ['positions', 'checkpoints', 'addresses'];

async function moveHelpers(lake: string): Promise<void> {
  const from = tuplesPlace(lake, 'old').helpers;
  const to = tuplesPlace(lake).helpers;
  for (const kind of helperKinds) await moveEntry(join(from, kind), join(to, kind));
  await syncFolder(to);
  await syncFolder(from);
}

async function moveData(lake: string, names: Set<string>): Promise<void> {
  for (const name of await readdir(lake)) if (name.startsWith(`${partitionColumn}=`)) names.add(name);
  const to = tuplesPlace(lake).folder;
  for (const name of [...names].sort()) await moveEntry(join(lake, name), join(to, name));
  await syncFolder(to);
  await syncFolder(lake);
}

/** Renames a file or folder; what is in a folder of that name already stays, and gets company. A file never replaces another. */
async function moveEntry(from: string, to: string): Promise<void> {
  const found = await lstat(from).catch(() => undefined);
  if (found === undefined) return;
  await makeFolderOf(to, false);
  const taken = await lstat(to).catch(() => undefined);
  // A link that was written anew already.
  if (taken?.isSymbolicLink() === true && found.isSymbolicLink()) return rm(from);
  if (taken === undefined) return found.isSymbolicLink() ? moveLink(from, to) : rename(from, to);
  if (!found.isDirectory()) return;
  for (const name of await readdir(from)) await moveEntry(join(from, name), join(to, name));
  await rmdir(from).catch(() => undefined);
}

/** A link that leads on from its own folder is written anew. */
async function moveLink(from: string, to: string): Promise<void> {
  const target = await readlink(from);
  if (resolve(target) === target) return rename(from, to);
  await symlink(relative(dirname(to), resolve(dirname(from), target)), to);
  await rm(from);
}

/**
 * Resources of the service that filled a lake, each time they changed: `LAKE/_nsgflow/resources/20261120T100000000Z.json`. They lie beside the flows of
 * which they tell, so that questions have their names without a file.
 */
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';
import { helpersName } from '../../lake/delta/table-place.ts';

/** A file with the resources as they were from a time on. */
export interface ResourceSnapshot {
  readonly path: string;
  readonly fromMillis: number;
}

function folderOf(lake: string): string {
  return join(lake, helpersName, 'resources');
}

/** All of a lake, the oldest first. @throws io, permission */
export async function resourceSnapshots(lake: string): Promise<ResourceSnapshot[]> {
  const folder = folderOf(lake);
  try {
    return (await readdir(folder))
      .flatMap((name) => {
        const fromMillis = millisOf(name);
        return fromMillis === undefined ? [] : [{ path: join(folder, name), fromMillis }];
      })
      .sort((a, b) => a.fromMillis - b.fromMillis);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileError(error, `read ${folder}`);
  }
}

/**
 * Keeps resources (JSON) from a time on, unless the newest snapshot has the same. Of too many, the oldest are removed.
 * @returns whether there is a new one
 * @throws disk-full, io, permission
 */
export async function keepResources(lake: string, fromMillis: number, text: string): Promise<boolean> {
  const known = await resourceSnapshots(lake);
  const newest = known.at(-1);
  const folder = folderOf(lake);
  // A clock that was set back does not hide what is newer.
  const path = join(folder, nameOf(Math.max(fromMillis, (newest?.fromMillis ?? -1) + 1)));
  try {
    if (newest !== undefined && (await readFile(newest.path, 'utf8')) === text) return false;
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
    for (const old of known.slice(0, Math.max(0, known.length + 1 - limits.resourceSnapshotsMax))) await rm(old.path);
    return true;
  } catch (error) {
    throw fileError(error, `write ${path}`);
  }
}

function nameOf(millis: number): string {
  return `${new Date(millis).toISOString().replaceAll(/[-:.]/g, '')}.json`;
}

function millisOf(name: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{3})Z\.json$/.exec(name);
  if (match === null) return undefined;
  const [, year, month, day, hour, minute, second, milli] = match;
  const millis = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}.${milli}Z`);
  return Number.isNaN(millis) ? undefined : millis;
}

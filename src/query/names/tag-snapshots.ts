/**
 * Snapshots of service tags that a lake keeps: `LAKE/_nsgflow/tags/ServiceTags_Public_20260601.json`, each the file as it was given. They lie beside the flows
 * of which they tell, so that a copy of a lake has its names.
 */
import { mkdir, readdir, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../base/errors.ts';
import { helpersName } from '../../lake/delta/table-place.ts';

function folderOf(lake: string): string {
  return join(lake, helpersName, 'tags');
}

/** Files of all snapshots, the oldest first. */
export async function tagSnapshots(lake: string): Promise<string[]> {
  const folder = folderOf(lake);
  try {
    const names = await readdir(folder);
    return names
      .filter((name) => /_\d{8}\.json$/.test(name))
      .sort(byDate)
      .map((name) => join(folder, name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw fileError(error, `read ${folder}`);
  }
}

function byDate(a: string, b: string): number {
  const [x, y] = [a.slice(-13), b.slice(-13)];
  return x < y ? -1 : x > y ? 1 : 0;
}

/** Keeps a list from a date (`2026-06-01`) on, in place of one of the same cloud and date. @returns its path */
export async function keepTags(lake: string, cloud: string, date: string, text: string): Promise<string> {
  const folder = folderOf(lake);
  const plain = cloud.replaceAll(/[^A-Za-z]/g, '') || 'Public';
  const path = join(folder, `ServiceTags_${plain}_${date.replaceAll('-', '')}.json`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(`${path}.new`, text);
    await rename(`${path}.new`, path);
  } catch (error) {
    throw fileError(error, `write ${path}`);
  }
  return path;
}

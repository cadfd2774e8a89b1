import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../base/errors.ts';
import { makeFolderOf, privateFolderMode, syncFolder } from '../blob/folder-file.ts';

/** For files with a secret: only the owner can read and write them. */
export const privateMode = 0o600;
export const publicMode = 0o644;

/**
 * Writes a file atomically: it exists completely or not at all, even after a kill.
 * @throws permission, disk-full, io
 */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    await makeFolderOf(path, false, privateFolderMode);
    const file = await open(temporary, 'wx', mode);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true });
    throw fileError(error, `write ${path}`);
  }
}

import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileError } from '../base/errors.ts';
import { makeFolderOf, privateFolderMode, syncFolder } from '../blob/folder-file.ts';

/** For files that hold a secret: the owner alone reads and writes them. */
export const privateMode = 0o600;
export const publicMode = 0o644;

/** Writes a file so that it is there whole or not at all, also after a kill. @throws permission, disk-full, io */
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

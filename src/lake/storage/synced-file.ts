import { open, rm } from 'node:fs/promises';
import { fileError } from '../../base/errors.ts';
import { makeFolderOf } from '../../blob/folder-file.ts';

/** Writes a new file and waits until the disk has it. Folders above it are made. @throws disk-full, permission, io */
export async function writeSynced(path: string, content: string | Uint8Array | Iterable<string>): Promise<void> {
  try {
    await makeFolderOf(path, true);
    const handle = await open(path, 'wx');
    try {
      const parts = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
      for (const part of parts) await handle.appendFile(part);
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    await rm(path, { force: true }).catch(() => undefined);
    throw fileError(error, `write ${path}`);
  }
}

/** A folder as storage of a table. Files are written aside, synced, and given their name: by a link where no other may be replaced, which takes hard links. */
import { randomUUID } from 'node:crypto';
import { link, open, readFile, readdir, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { assert } from '../../base/assert.ts';
import { FlowError, fileError } from '../../base/errors.ts';
import { makeFolderOf, syncFolder } from '../../blob/folder-file.ts';
import { writeSynced } from './synced-file.ts';
import type { PutOptions, Storage } from './storage.ts';

/** `temporary`: a folder of the same file system for files on their way. Both are made when they are needed. */
export function folderStorage(folder: string, temporary: string): Storage {
  return new FolderStorage(folder, temporary);
}

class FolderStorage implements Storage {
  readonly #folder: string;
  readonly #temporary: string;

  constructor(folder: string, temporary: string) {
    this.#folder = folder;
    this.#temporary = temporary;
  }

  async list(prefix: string): Promise<string[]> {
    const slash = prefix.lastIndexOf('/') + 1;
    const names = await this.#namesIn(prefix.slice(0, slash), prefix.slice(slash));
    return names.sort();
  }

  async read(name: string, start = 0, end?: number): Promise<Uint8Array | undefined> {
    const path = this.#path(name);
    try {
      if (start === 0 && end === undefined) return await readFile(path);
      const handle = await open(path, 'r');
      try {
        const { size } = await handle.stat();
        const bytes = new Uint8Array(Math.max(0, Math.min(end ?? size, size) - start));
        for (let done = 0; done < bytes.length;) {
          const { bytesRead } = await handle.read(bytes, done, bytes.length - done, start + done);
          if (bytesRead === 0) return bytes.subarray(0, done);
          done += bytesRead;
        }
        return bytes;
      } finally {
        await handle.close();
      }
    } catch (error) {
      const failure = fileError(error, `read ${path}`);
      if (failure.code === 'not-found' || (error as NodeJS.ErrnoException).code === 'EISDIR') return undefined;
      throw failure;
    }
  }

  async put(name: string, bytes: Uint8Array, { ifAbsent = false }: PutOptions = {}): Promise<boolean> {
    const path = this.#path(name);
    const temporary = join(this.#temporary, `${randomUUID()}.new`);
    await writeSynced(temporary, bytes);
    try {
      await makeFolderOf(path, true);
      if (ifAbsent) await link(temporary, path);
      else await rename(temporary, path);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? '';
      // A network file system may make the link and fail nevertheless, or find its own link when it asks again.
      const isMade = ifAbsent && (await isSameFile(temporary, path));
      if (ifAbsent && !isMade && code === 'EEXIST') return false;
      if (ifAbsent && !isMade && linkRefusals.has(code))
        throw new FlowError('io', `cannot write ${path}: its file system refuses hard links`, {
          cause: error,
          hint: 'Keep the lake on a file system with hard links (ext4, xfs, btrfs, APFS, NTFS), so that no commit can replace another.',
        });
      if (!isMade) throw fileError(error, `write ${path}`);
    } finally {
      await rm(temporary, { force: true }).catch(() => undefined);
    }
    // Readers see the file already: a writer that took it for lost would delete what it names.
    await syncFolder(dirname(path)).catch(() => undefined);
    return true;
  }

  async delete(name: string): Promise<void> {
    const path = this.#path(name);
    try {
      await rm(path, { force: true });
    } catch (error) {
      throw fileError(error, `delete ${path}`);
    }
  }

  #path(name: string): string {
    const isSound = name.split('/').every((part) => part !== '' && part !== '.' && part !== '..');
    assert(isSound && !name.includes('\0'), `${JSON.stringify(name)} names a file below its storage`);
    return join(this.#folder, name);
  }

  /** Names in `folder` ('' or ending with `/`) that begin with `start`, and those in folders below of such names. Links to folders are not followed. */
  async #namesIn(folder: string, start: string): Promise<string[]> {
    const path = folder === '' ? this.#folder : this.#path(folder.slice(0, -1));
    const names: string[] = [];
    try {
      for (const entry of await readdir(path, { withFileTypes: true })) {
        if (!entry.name.startsWith(start)) continue;
        const name = folder + entry.name;
        if (entry.isDirectory()) names.push(...(await this.#namesIn(`${name}/`, '')));
        else names.push(name);
      }
    } catch (error) {
      const failure = fileError(error, `list ${path}`);
      if (failure.code !== 'not-found') throw failure;
    }
    return names;
  }
}

async function isSameFile(path: string, other: string): Promise<boolean> {
  const [one, two] = await Promise.all([path, other].map((of) => stat(of, { bigint: true }).catch(() => undefined)));
  return one !== undefined && two !== undefined && one.ino === two.ino && one.dev === two.dev;
}

const linkRefusals = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK', 'EXDEV']);

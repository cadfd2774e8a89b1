import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError, fileError } from '../base/errors.ts';
import { makeFolderOf, privateFolderMode } from '../blob/folder-file.ts';

/** Folders of the data folder that the service makes: what lies in them is for its owner alone. */
const ownFolders = ['tls', 'resources', 'accounts', 'spool', 'az'] as const;
/** The ingester makes it with its first table. */
const lakeFolder = 'lake';
const others = 0o077;

/**
 * Makes the data folder for its owner alone. One that is there keeps its mode, since somebody chose it; the folders in it are made private, also
 * those that are there.
 * @throws permission where one cannot be made private; disk-full, io
 */
export async function makeDataFolder(dataFolder: string, log: (line: string) => void): Promise<void> {
  try {
    for (const name of ownFolders) await makeFolderOf(join(dataFolder, name, 'x'), false, privateFolderMode);
    for (const name of [...ownFolders, lakeFolder]) await makePrivate(join(dataFolder, name));
    if (await isOpen(dataFolder))
      log(`other users may list ${dataFolder}: its mode stays as it is, but what lies in it is private`);
  } catch (error) {
    throw fileError(error, `make ${dataFolder}`);
  }
}

async function makePrivate(folder: string): Promise<void> {
  if (!(await isOpen(folder))) return;
  try {
    await chmod(folder, privateFolderMode);
  } catch (cause) {
    throw new FlowError('permission', `other users may read ${folder}, and it cannot be made private`, {
      cause,
      hint: 'Make the user of the service its owner, or name another folder with --data.',
    });
  }
}

/** Whether others than the owner have any right to a folder. Windows tells no such rights. */
async function isOpen(folder: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  const found = await stat(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return found !== undefined && (found.mode & others) !== 0;
}

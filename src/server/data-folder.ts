import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError, fileError } from '../base/errors.ts';
import { makeFolderOf, privateFolderMode } from '../blob/folder-file.ts';

/** Folders of the data folder that the service creates; only the owner can read them. */
const ownFolders = ['tls', 'resources', 'accounts', 'spool', 'az'] as const;
/** The ingester creates it with its first table. */
const lakeFolder = 'lake';
const others = 0o077;

/**
 * Creates the data folder, which only its owner can read. An existing folder keeps its mode, because a user chose it.
 * Its sub-folders always become private.
 * @throws permission if one cannot be made private; disk-full, io
 */
export async function makeDataFolder(dataFolder: string, log: (line: string) => void): Promise<void> {
  try {
    for (const name of ownFolders) await makeFolderOf(join(dataFolder, name, 'x'), false, privateFolderMode);
    for (const name of [...ownFolders, lakeFolder]) await makePrivate(join(dataFolder, name));
    if (await isOpen(dataFolder))
      log(`other users may list ${dataFolder}: its mode stays as it is, but what lies in it is private`);
  } catch (error) {
    throw fileError(error, `create ${dataFolder}`);
  }
}

async function makePrivate(folder: string): Promise<void> {
  if (!(await isOpen(folder))) return;
  try {
    await chmod(folder, privateFolderMode);
  } catch (cause) {
    throw new FlowError('permission', `other users can read ${folder}, and its permissions cannot be changed`, {
      cause,
      hint: 'Change its owner to the user of the service, or use another folder with --data.',
    });
  }
}

/** Whether other users have any permission on a folder. Windows does not report it. */
async function isOpen(folder: string): Promise<boolean> {
  if (process.platform === 'win32') return false;
  const found = await stat(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  });
  return found !== undefined && (found.mode & others) !== 0;
}

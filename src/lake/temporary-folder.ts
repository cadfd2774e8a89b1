import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../base/errors.ts';

/** A folder in the system's folder for temporary files that only this user can read, whatever the umask says. */
export interface TemporaryFolder {
  readonly path: string;
  /** Removes it with all that lies in it; so does the end of the process. What a killed process leaves stays private. */
  remove(): Promise<void>;
}

/** @param purpose a word for its name: `nsgflow-PURPOSE-XXXXXX` @throws permission, disk-full, io */
export async function makeTemporaryFolder(purpose: string): Promise<TemporaryFolder> {
  let path: string;
  try {
    path = await mkdtemp(join(tmpdir(), `nsgflow-${purpose}-`));
  } catch (error) {
    throw fileError(error, `make a folder in ${tmpdir()}, the folder for temporary files (TMPDIR)`);
  }
  const removeNow = (): void => rmSync(path, { recursive: true, force: true });
  process.on('exit', removeNow);
  return {
    path,
    remove: async () => {
      await rm(path, { recursive: true, force: true });
      process.off('exit', removeNow);
    },
  };
}

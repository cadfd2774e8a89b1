import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { privateMode, writeWhole } from './private-file.ts';

export const secretName = 'secret';

/** Characters of a secret that a user gives, at least. */
const charsMin = 16;
const bytes = 32;

/**
 * The secret of the service: the one given, which is never written to the disk; else the one in the data folder, made where there is none.
 * The file is there only while it is the secret that the service takes.
 * @throws usage where the given one is short; permission, disk-full, io
 */
export async function serviceSecret(dataFolder: string, given: string | undefined): Promise<string> {
  const path = join(dataFolder, secretName);
  const kept = await readSecret(dataFolder);
  if (given === undefined || given === kept) {
    if (kept !== undefined) return kept;
    const made = randomBytes(bytes).toString('base64url');
    await writeWhole(path, `${made}\n`, privateMode);
    return made;
  }
  if (given.length < charsMin)
    throw new FlowError('usage', `the secret has ${given.length} characters; it needs ${charsMin} or more`, {
      hint: `Set NSGFLOW_SECRET, or --secret-file, to a longer one; without them the service makes one in ${path}.`,
    });
  await rm(path, { force: true });
  return given;
}

/** The secret in the data folder; `undefined` where there is none, or it is not for this user to read. */
export async function readSecret(dataFolder: string): Promise<string | undefined> {
  const text = (await readFile(join(dataFolder, secretName), 'utf8').catch(() => '')).trim();
  return text.length < charsMin ? undefined : text;
}

import { randomBytes } from 'node:crypto';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { privateMode, writeWhole } from './private-file.ts';

export const secretName = 'secret';

/** Minimum length of a secret that a user provides. */
const charsMin = 16;
const bytes = 32;

/**
 * The secret of the service: the given one, which is never written to disk; otherwise the one in the data folder,
 * created if missing. The file exists only while the service uses its secret.
 * @throws usage if the given secret is too short; permission, disk-full, io
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

/** The secret in the data folder; `undefined` if there is none, or the user cannot read it. */
export async function readSecret(dataFolder: string): Promise<string | undefined> {
  const text = (await readFile(join(dataFolder, secretName), 'utf8').catch(() => '')).trim();
  return text.length < charsMin ? undefined : text;
}

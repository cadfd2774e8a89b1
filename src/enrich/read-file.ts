import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { FlowError, fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { decodeText } from '../base/text.ts';

/** The text of a file of names. @throws not-found, permission, io, names-invalid */
export async function readNamesFile(path: string): Promise<string> {
  return textOf(
    path,
    await readFile(path).catch((error: unknown) => {
      throw fileError(error, `read ${path}`);
    }),
  );
}

/** The same, for look-ups, which do not wait. */
export function readNamesFileSync(path: string): string {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw fileError(error, `read ${path}`);
  }
  return textOf(path, bytes);
}

function textOf(path: string, bytes: Buffer): string {
  if (bytes.length > limits.namesFileBytesMax)
    throw new FlowError('names-invalid', `${path} is larger than ${limits.namesFileBytesMax} bytes`);
  return decodeText(bytes);
}

/** JSON of a file. @throws names-invalid */
export function parseNamesJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new FlowError('names-invalid', `${path} is no JSON: ${why.slice(0, 200)}`, { cause });
  }
}

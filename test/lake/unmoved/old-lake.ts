/** A lake as nsgflow made it before the table of tuples had a folder of its own (make.mjs). */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';

/** Its tuples, and its rows of `flows`. */
export const oldTuples = 66;
export const oldFlows = 44;

export async function unpackOldLake(folder: string): Promise<void> {
  const packed = gunzipSync(await readFile(join(import.meta.dirname, 'lake.json.gz'))).toString();
  for (const [path, bytes] of Object.entries(JSON.parse(packed) as Record<string, string>)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), Buffer.from(bytes, 'base64'));
  }
}

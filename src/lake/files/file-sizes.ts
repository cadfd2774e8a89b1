/**
 * A data file is written once and never changed, so one of another length than the log says is another file, or a torn one. DuckDB does not
 * compare them.
 */
import { stat } from 'node:fs/promises';
import { FlowError } from '../../base/errors.ts';
import type { AddAction } from '../delta/delta-log.ts';
import type { DataFile } from '../delta/snapshot.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import type { TablePlace } from '../delta/table-place.ts';

const filesAtOnce = 64;

/** @throws lake-invalid where a file has another length than the log says; one that is missing is left to who reads it */
export async function checkSizes(files: readonly DataFile[]): Promise<void> {
  for (let at = 0; at < files.length; at += filesAtOnce)
    await Promise.all(
      files.slice(at, at + filesAtOnce).map(async (file) => {
        const bytes = await sizeOf(file);
        if (bytes === undefined || bytes === file.sizeBytes) return;
        throw new FlowError(
          'lake-invalid',
          `the data file ${file.path} has ${bytes} bytes, and the log of the lake says ${file.sizeBytes}`,
          { hint: 'Bring the file back as it was written.' },
        );
      }),
    );
}

/** Whether a file is there and has the length that the log says. */
export async function hasSize(file: DataFile): Promise<boolean> {
  return (await sizeOf(file)) === file.sizeBytes;
}

/** Files that are missing or have another length than the log says. */
export async function damagedFiles(table: TablePlace, adds: readonly AddAction[]): Promise<AddAction[]> {
  const damaged: AddAction[] = [];
  for (let at = 0; at < adds.length; at += filesAtOnce) {
    const some = adds.slice(at, at + filesAtOnce);
    const areWhole = await Promise.all(some.map((add) => hasSize(dataFileOf(table, add))));
    damaged.push(...some.filter((_, i) => !areWhole[i]));
  }
  return damaged;
}

async function sizeOf({ path }: DataFile): Promise<number | undefined> {
  return await stat(path).then(
    ({ size }) => size,
    () => undefined,
  );
}

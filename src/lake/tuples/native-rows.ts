/**
 * Rows of data files that we wrote, as they were staged when they were read: for compaction, and for files of which some rows go. A kernel
 * reads the pages (read-kernel.ts), a row group at a time.
 */
import { open } from 'node:fs/promises';
import type { AddAction } from '../delta/delta-log.ts';
import { hasSize } from '../files/file-sizes.ts';
import { addressColumns, portColumns } from './five-tuple-reader.ts';
import type { RowChoice } from './group-reader.ts';
import { GroupReader } from './group-reader.ts';
import { readInto, readRowGroups } from '../files/read-footer.ts';
import type { RowGroupPlace } from '../../parquet/footer.ts';
import { RowStage } from './row-stage.ts';
import { storedColumns } from './stored-columns.ts';
import type { DataFile } from '../delta/snapshot.ts';
import type { StagedRows, StageTables } from './staged-rows.ts';
import { giveBackRows, takeRows } from './staged-rows.ts';
import type { ReadKernel } from './read-kernel.ts';
import { isUnreadable, slotColumns, withReadKernel } from './read-kernel.ts';
import * as layout from './read-kernel-layout.ts';
import type { TablePlace } from '../delta/table-place.ts';

/** The row groups of a file that we wrote; `undefined` where it is none. */
export async function nativeRowGroups(file: DataFile): Promise<readonly RowGroupPlace[] | undefined> {
  if (!file.hasAllColumns || !(await hasSize(file))) return undefined;
  const groups = await readRowGroups(file.path);
  return groups?.every(isReadable) === true ? groups : undefined;
}

/**
 * The rows of a row group of a file that we wrote, as they were staged when they were read, which the caller gives back; with `choice`, those that it wants.
 * @returns `undefined` where a value is none that we write, or there is no WebAssembly @throws errors of the file system; RangeError where bytes are torn
 */
export async function readNativeGroup(
  path: string,
  group: RowGroupPlace,
  tables: StageTables,
  choice?: RowChoice,
): Promise<StagedRows | undefined> {
  const handle = await open(path, 'r');
  try {
    return await withReadKernel(
      async (kernel) =>
        await readGroup(
          kernel,
          group,
          tables,
          () => true,
          (buffer) => readInto(handle, group.startByte, buffer),
          choice,
        ),
    );
  } finally {
    await handle.close();
  }
}

/**
 * Writes the rows of files, taken in their order, to new ones by hour and access: those of the blobs that `keeps` holds of, or all.
 * @returns the actions that add them, none where no row is left; `undefined` where a file is none that we wrote, and nothing was written
 * @throws disk-full, permission, io
 */
export async function rewriteNativeRows(
  table: TablePlace,
  files: readonly DataFile[],
  keeps: (blob: string) => boolean = () => true,
): Promise<AddAction[] | undefined> {
  const stage = new RowStage(table);
  let isWhole = false;
  try {
    for (const file of files) {
      const groups = await nativeRowGroups(file);
      if (groups === undefined) return undefined;
      const handle = await open(file.path, 'r');
      try {
        for (const group of groups) {
          const rows = await withReadKernel(
            async (kernel) =>
              await readGroup(kernel, group, stage.tables, keeps, (buffer) =>
                readInto(handle, group.startByte, buffer),
              ),
          );
          if (rows === undefined) return undefined;
          await stage.addRows(rows);
          giveBackRows(rows);
        }
      } finally {
        await handle.close();
      }
    }
    const added = await stage.finish();
    isWhole = true;
    return added;
  } catch (error) {
    if (isUnreadable(error)) return undefined;
    throw error;
  } finally {
    if (!isWhole) await stage.abandon();
  }
}

function isReadable({ rows, columns }: RowGroupPlace): boolean {
  return (
    rows <= layout.rowsMax &&
    columns.size === storedColumns.length &&
    storedColumns.every(({ name }) => columns.has(name))
  );
}

async function readGroup(
  kernel: ReadKernel,
  { rows: count, startByte, endByte, columns }: RowGroupPlace,
  tables: StageTables,
  keeps: (blob: string) => boolean,
  read: (buffer: Buffer) => Promise<Buffer>,
  choice?: RowChoice,
): Promise<StagedRows | undefined> {
  const buffer = kernel.packed(endByte - startByte);
  if (buffer === undefined) return undefined;
  const bytes = await read(buffer);
  const load = (name: string): boolean => {
    const place = columns.get(name);
    return (
      place !== undefined &&
      kernel.load(name, bytes.subarray(place.startByte - startByte, place.endByte - startByte), count)
    );
  };
  const reader = new GroupReader(kernel, tables);
  let chosen: Uint32Array | undefined;
  if (choice !== undefined) {
    if (!portColumns.every(load)) return undefined;
    chosen = reader.choosePorts(choice, count);
    if (chosen.length > 0) {
      if (!chosenColumns.every(load)) return undefined;
      chosen = reader.choose(choice, chosen, count);
    }
    if (chosen.length === 0) return takeRows(tables);
  }
  const isLoaded = (name: string): boolean => chosen !== undefined && loadedToChoose.has(name);
  if (!slotColumns.every((name) => isLoaded(name) || load(name))) return undefined;
  kernel.order(count);
  return reader.read(count, keeps, chosen);
}

const chosenColumns = [...addressColumns, 'time'] as const;
const loadedToChoose = new Set<string>([...portColumns, ...chosenColumns]);

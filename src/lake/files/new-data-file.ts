import { randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../base/errors.ts';
import { dayMillis, formatTime } from '../../base/time.ts';
import { makeFolderOf, syncFolder } from '../../blob/folder-file.ts';
import { encodeColumns } from './encode-thread.ts';
import { addressSides, NewAddressFilter } from './address-filter.ts';
import type { AddAction } from '../delta/delta-log.ts';
import type { StatisticsColumn } from './file-statistics.ts';
import { formatStatistics, statisticsColumns } from './file-statistics.ts';
import type { ColumnValues } from '../../parquet/column-values.ts';
import type { ParquetColumn } from '../../parquet/file.ts';
import { ParquetFile } from '../../parquet/file.ts';
import { partitionColumn } from '../tuples/schema.ts';
import { columnsTag, storedColumns } from '../tuples/stored-columns.ts';
import type { TablePlace } from '../delta/table-place.ts';

/** What files of a table have in common. */
export interface FileForm {
  readonly columns: readonly ParquetColumn[];
  /** Columns whose least and greatest values the log has. */
  readonly statistics: readonly StatisticsColumn[];
  readonly tags: Readonly<Record<string, string>>;
}

export const tuplesForm: FileForm = {
  columns: storedColumns.map(({ name, delta }) => ({ name, type: delta })),
  statistics: statisticsColumns,
  tags: { [columnsTag.name]: columnsTag.value },
};

/**
 * A data file on its way: `date=YYYY-MM-DD/part-<uuid>.parquet`. It is written aside, synced and renamed, so that it is whole wherever it is
 * seen. Which rows share a row group: docs/how-it-works/decisions/0021-stitching.md; their order: row-order.ts.
 */
export class NewDataFile {
  readonly #table: TablePlace;
  readonly #form: FileForm;
  readonly #date: string;
  readonly #name: string;
  readonly #temporary: string;
  readonly #parquet: ParquetFile;
  readonly #addresses = new NewAddressFilter();

  /** `day` since the epoch, UTC. Nothing is written before the first rows. */
  constructor(table: TablePlace, day: number, form: FileForm) {
    const id = randomUUID();
    this.#table = table;
    this.#form = form;
    this.#date = formatTime(day * dayMillis).slice(0, 10);
    this.#name = `${partitionColumn}=${this.#date}/part-${id}.parquet`;
    this.#temporary = join(table.temporary, `${id}.parquet`);
    this.#parquet = new ParquetFile((parts) => this.#append(parts), form.columns, encodeColumns);
  }

  /** Rows written so far. */
  get rows(): number {
    return this.#parquet.rows;
  }

  /** Writes a row group: values of each column, fields of lists one after the other, and the row `order[i]` in place i. @throws disk-full, permission, io */
  async writeRows(values: readonly ColumnValues[], count: number, order?: Uint32Array): Promise<void> {
    await this.#doing(async () => {
      const startRow = this.#parquet.rows;
      const hashes = await this.#parquet.writeRows(values, count, order);
      addressSides.forEach((side, i) => this.#addresses.add({ side, startRow, endRow: this.#parquet.rows }, hashes[i]));
    });
  }

  /** Ends the file and gives it its name. @returns the action that adds it; nothing is committed yet @throws disk-full, permission, io */
  async finish(): Promise<AddAction> {
    return this.#doing(async () => {
      const ranges = await this.#parquet.end();
      const size = this.#parquet.bytes;
      const { isKept } = this.#table;
      if (isKept) await syncFile(this.#temporary);
      await this.#addresses.write(this.#table, this.#name);
      const target = join(this.#table.folder, this.#name);
      await makeFolderOf(target, isKept);
      await rename(this.#temporary, target);
      if (isKept) await syncFolder(join(target, '..'));
      const leaves = this.#form.columns.flatMap((column) =>
        'fields' in column ? column.fields.map(() => '') : [column.name],
      );
      const statistics = formatStatistics(
        this.#parquet.rows,
        this.#form.statistics,
        ({ name }) => ranges[leaves.indexOf(name)],
      );
      return addAction(this.#name, this.#date, size, statistics, this.#form.tags);
    });
  }

  async abandon(): Promise<void> {
    await rm(this.#temporary, { force: true }).catch(() => undefined);
  }

  async #append(parts: readonly Uint8Array[]): Promise<void> {
    if (this.#parquet.bytes === 0) await makeFolderOf(this.#temporary, false);
    const handle = await open(this.#temporary, 'a');
    try {
      await handle.appendFile(Buffer.concat(parts));
    } finally {
      await handle.close();
    }
  }

  async #doing<T>(step: () => Promise<T>): Promise<T> {
    try {
      return await step();
    } catch (error) {
      await this.abandon();
      throw fileError(error, `write ${join(this.#table.folder, this.#name)}`);
    }
  }
}

/** The action that adds a file of ours, with all columns. */
export function addAction(path: string, date: string, size: number, stats: string, tags: FileForm['tags']): AddAction {
  return {
    path,
    partitionValues: { [partitionColumn]: date },
    size,
    modificationTime: Date.now(),
    dataChange: true,
    stats,
    tags,
  };
}

/** Waits until the disk has a file. @returns its length */
export async function syncFile(path: string): Promise<number> {
  const handle = await open(path, 'r+');
  try {
    await handle.sync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

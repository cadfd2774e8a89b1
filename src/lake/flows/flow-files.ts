/**
 * Settled rows of one date on their way into data files. A group of flows is in one file as a whole, so that a later settling can build a file anew by
 * itself:
 *
 *   open     groups that may still grow: the next settling replaces the file
 *   hour h   groups that begin in this hour and end in it or in the next one
 *   long     other groups
 *
 * Row groups have the rows in the order in which groups end.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../../base/limits.ts';
import { dayMillis, hourMillis } from '../../base/time.ts';
import type { AddAction } from '../delta-log.ts';
import type { FileForm } from '../new-data-file.ts';
import { NewDataFile } from '../new-data-file.ts';
import type { StageTables } from '../staged-rows.ts';
import type { TablePlace } from '../table-place.ts';
import { flowColumns, reportFields } from './schema.ts';
import { StagedFlows } from './staged-flows.ts';

/** Tag of data files of `flows`: `open`, an hour, or `long`. */
export const partTag = 'nsgflow.part';
/** Tag: until when, epoch milliseconds, tuples may still belong to the file's groups. */
export const coveredTag = 'nsgflow.covered';

/** Columns by which nobody skips files. */
const unlisted = new Set(
  'conversation resource_id target_id acl_id blob record_time record_offset tuple_index format'.split(' '),
);
const storedColumns = flowColumns.filter(({ type }) => type !== 'date');

export const flowsForm: FileForm = {
  columns: storedColumns.map(({ name, type }) =>
    type === 'reports' ? { name, fields: reportFields } : { name, type: type === 'date' ? 'timestamp' : type },
  ),
  statistics: storedColumns.flatMap(({ name, type, of }) =>
    type === 'reports' || type === 'boolean' || type === 'date' || of === 'internal' || unlisted.has(name)
      ? []
      : [{ name, delta: type }],
  ),
  tags: {},
};

/** Rows of one file that are not written yet. */
interface Part {
  readonly name: string;
  readonly allowed: StagedFlows;
  readonly file: NewDataFile;
  coveredUntil: number;
}

/** What of limits.ts bounds rows that are held, and files. */
export type FileBounds = Readonly<Record<'rowGroupRows' | 'flowsFileRowsMax' | 'stagedRowsMax', number>>;

export class FlowFiles {
  /** Rows placed so far. */
  rows = 0;
  readonly #table: TablePlace;
  readonly #tables: StageTables;
  readonly #day: number;
  readonly #openFrom: number;
  readonly #bounds: FileBounds;
  readonly #parts = new Map<string, Part>();
  readonly #added: AddAction[] = [];

  /** Of a day since the epoch. Groups that are covered until `openFrom` or later are open. */
  constructor(table: TablePlace, tables: StageTables, day: number, openFrom: number, bounds: FileBounds = limits) {
    this.#table = table;
    this.#tables = tables;
    this.#day = day;
    this.#openFrom = openFrom;
    this.#bounds = bounds;
  }

  /** Where the rows of a group go. */
  place(startMillis: number, endMillis: number): StagedFlows {
    const hour = Math.floor(startMillis / hourMillis);
    const name =
      endMillis >= this.#openFrom
        ? 'open'
        : endMillis >= (hour + 2) * hourMillis
          ? 'long'
          : String(hour - (this.#day * dayMillis) / hourMillis);
    let part = this.#parts.get(name);
    if (part === undefined) {
      const file = new NewDataFile(this.#table, this.#day, flowsForm);
      part = { name, allowed: new StagedFlows(this.#tables), file, coveredUntil: endMillis };
      this.#parts.set(name, part);
    }
    part.coveredUntil = Math.max(part.coveredUntil, endMillis);
    return part.allowed;
  }

  /** Writes what is enough for a row group, and all of the largest parts where too much is held. */
  async drain(): Promise<void> {
    for (const part of this.#parts.values())
      if (part.allowed.count >= this.#bounds.rowGroupRows)
        await this.#write(part, part.file.rows >= this.#bounds.flowsFileRowsMax);
    let held = this.held;
    while (held > this.#bounds.stagedRowsMax) {
      const [largest] = [...this.#parts.values()].sort((a, b) => b.allowed.count - a.allowed.count);
      held -= largest.allowed.count;
      await this.#write(largest, false);
    }
  }

  /** Writes all rows that are held. */
  async writeHeld(): Promise<void> {
    for (const part of this.#parts.values()) await this.#write(part, false);
  }

  /** Rows that are not written yet. */
  get held(): number {
    return [...this.#parts.values()].reduce((sum, { allowed }) => sum + allowed.count, 0);
  }

  /** Writes what is left and ends the files. @returns the actions that add them; nothing is committed yet */
  async finish(): Promise<AddAction[]> {
    for (const part of Array.from(this.#parts.values())) await this.#write(part, true);
    return this.#added.splice(0);
  }

  /** Drops what was written. */
  async abandon(): Promise<void> {
    for (const { file } of this.#parts.values()) await file.abandon();
    this.#parts.clear();
    for (const { path } of this.#added.splice(0))
      await rm(join(this.#table.folder, path), { force: true }).catch(() => undefined);
  }

  async #write(part: Part, ends: boolean): Promise<void> {
    const { name, allowed: rows, file } = part;
    for (let start = 0; start < rows.count;) {
      const end = rows.groupEnd(start, this.#bounds.rowGroupRows);
      const slice = rows.slice(start, end);
      await file.writeRows(
        storedColumns.flatMap(({ values }) => values?.(slice) ?? []),
        slice.count,
      );
      start = end;
    }
    this.rows += rows.count;
    rows.clear();
    if (!ends) return;
    this.#parts.delete(name);
    const add = await file.finish();
    this.#added.push({ ...add, tags: { [partTag]: name, [coveredTag]: String(part.coveredUntil) } });
  }
}

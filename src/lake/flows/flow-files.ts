/**
 * Settled rows of one date on their way into data files. A group of flows is in one file as a whole, so that a later settling can build a file anew by
 * itself:
 *
 *   open     groups that may still grow and have tuples of the newest ten minutes, and those that ended in the last minute: the next settling most likely
 *            replaces the file
 *   hour h   groups that begin in this hour and end in it or in the next one
 *   long     other groups
 *
 * Two kinds are in files of their own, too, of these hours or `long`: groups that may still grow, but have not lately, which mostly never grow again, and
 * groups that ended in the newest ten minutes: where logs of one NIC come late, they are written once more, and no older ones with them.
 *
 * Conversations that were denied have row groups of their own, which all engines find by these groups' statistics. Row groups have the rows in the
 * order in which groups of flows end.
 */
import { limits } from '../../base/limits.ts';
import { dayMillis, hourMillis } from '../../base/time.ts';
import { accessDeny } from '../../flowlog/tuple.ts';
import type { AddAction } from '../delta/delta-log.ts';
import type { FileForm } from '../files/new-data-file.ts';
import { NewDataFile } from '../files/new-data-file.ts';
import type { StageTables } from '../tuples/staged-rows.ts';
import { flowsColumnsTag, traceColumns } from '../tuples/stored-columns.ts';
import type { TablePlace } from '../delta/table-place.ts';
import { closedCoverMillis, openCoverMillis } from './definition.ts';
import type { FileConversations } from './file-conversations.ts';
import { conversationTags, countConversations } from './file-conversations.ts';
import { flowColumns, reportFields } from './schema.ts';
import { StagedFlows } from './staged-flows.ts';

/** Tag of data files of `flows`: `open`, an hour, or `long`. */
export const partTag = 'nsgflow.part';
/** Tag: until when, epoch milliseconds, tuples may still belong to the file's groups. */
export const coveredTag = 'nsgflow.covered';

const storedColumns = flowColumns.filter(({ type }) => type !== 'date');

export const flowsForm: FileForm = {
  columns: storedColumns.map(({ name, type }) =>
    type === 'reports' ? { name, fields: reportFields } : { name, type: type === 'date' ? 'timestamp' : type },
  ),
  statistics: storedColumns.flatMap(({ name, type, of }) =>
    type === 'reports' ||
    type === 'boolean' ||
    type === 'date' ||
    of === 'internal' ||
    name === 'conversation' ||
    traceColumns.has(name)
      ? []
      : [{ name, delta: type }],
  ),
  tags: flowsColumnsTag,
};

/** Rows of one file that are not written yet. */
interface Part {
  readonly key: string;
  readonly name: string;
  /** `undefined` where none is held. */
  allowed: StagedFlows | undefined;
  denied: StagedFlows | undefined;
  readonly file: NewDataFile;
  /** Of what was written. */
  readonly conversations: FileConversations[];
  coveredUntil: number;
}

const countOf = ({ allowed, denied }: Part): number => (allowed?.count ?? 0) + (denied?.count ?? 0);

/** What of limits.ts bounds rows that are held, and files. */
export type FileBounds = Readonly<Record<'rowGroupRows' | 'flowsFileRowsMax' | 'settledRowsMax', number>>;

export class FlowFiles {
  /** Rows placed so far. */
  rows = 0;
  readonly #table: TablePlace;
  readonly #tables: StageTables;
  readonly #day: number;
  readonly #newest: number;
  readonly #bounds: FileBounds;
  readonly #parts = new Map<string, Part>();
  readonly #added: AddAction[] = [];
  readonly #free: StagedFlows[] = [];

  /** Of a day since the epoch, whose newest tuple is of `newestMillis`; Infinity, no group grows any more. */
  constructor(table: TablePlace, tables: StageTables, day: number, newestMillis: number, bounds: FileBounds = limits) {
    this.#table = table;
    this.#tables = tables;
    this.#day = day;
    this.#newest = newestMillis;
    this.#bounds = bounds;
  }

  /** Where the rows of a conversation go, of a group that covers these times. */
  place(startMillis: number, endMillis: number, access: number): StagedFlows {
    const hour = Math.floor(startMillis / hourMillis);
    const newest = this.#newest;
    const mayGrow = endMillis > newest + closedCoverMillis;
    const lateMillis = newest - limits.settledLateMillis;
    const isOpen = mayGrow
      ? endMillis >= lateMillis + openCoverMillis
      : endMillis >= newest - limits.settledRecentMillis;
    const name = isOpen
      ? 'open'
      : endMillis >= (hour + 2) * hourMillis
        ? 'long'
        : String(hour - (this.#day * dayMillis) / hourMillis);
    const kept = mayGrow ? ', may grow' : endMillis >= lateMillis ? ', recent' : '';
    const key = isOpen ? name : name + kept;
    let part = this.#parts.get(key);
    if (part === undefined) {
      const file = new NewDataFile(this.#table, this.#day, flowsForm);
      part = { key, name, allowed: undefined, denied: undefined, file, conversations: [], coveredUntil: endMillis };
      this.#parts.set(key, part);
    }
    part.coveredUntil = Math.max(part.coveredUntil, endMillis);
    const kind = access === accessDeny ? 'denied' : 'allowed';
    return (part[kind] ??= this.#free.pop() ?? new StagedFlows(this.#tables));
  }

  /** Writes what is enough for a row group, and all of the largest parts where too much is held. */
  async drain(): Promise<void> {
    const { rowGroupRows, flowsFileRowsMax, settledRowsMax } = this.#bounds;
    for (const part of this.#parts.values())
      for (const kind of ['allowed', 'denied'] as const) {
        if ((part[kind]?.count ?? 0) < rowGroupRows) continue;
        if (part.file.rows >= flowsFileRowsMax) await this.#writePart(part, true);
        else await this.#write(part, kind);
      }
    let held = this.held;
    while (held > settledRowsMax) {
      const [largest] = [...this.#parts.values()].sort((a, b) => countOf(b) - countOf(a));
      held -= countOf(largest);
      await this.#writePart(largest, false);
    }
  }

  /** Writes what is held of hours whose groups have all ended before a time; `ends`: no more of their rows come, so their files end. */
  async endHours(boundMillis: number, ends: boolean): Promise<void> {
    for (const part of Array.from(this.#parts.values())) {
      const end = this.#day * dayMillis + (Number(part.name) + 2) * hourMillis;
      if (end <= boundMillis) await this.#writePart(part, ends);
    }
  }

  /** Writes all rows that are held. */
  async writeHeld(): Promise<void> {
    for (const part of this.#parts.values()) await this.#writePart(part, false);
  }

  /** Rows that are not written yet. */
  get held(): number {
    return [...this.#parts.values()].reduce((sum, part) => sum + countOf(part), 0);
  }

  /** Writes what is left and ends the files. @returns the actions that add them; nothing is committed yet */
  async finish(): Promise<AddAction[]> {
    for (const part of Array.from(this.#parts.values())) await this.#writePart(part, true);
    return this.#added.splice(0);
  }

  /** Drops what was written. */
  async abandon(): Promise<void> {
    for (const { file } of this.#parts.values()) await file.abandon();
    this.#parts.clear();
    for (const { path } of this.#added.splice(0)) await this.#table.storage.delete(path).catch(() => undefined);
  }

  /** Writes what a part holds; few denied rows share a row group with those that were allowed. */
  async #writePart(part: Part, ends: boolean): Promise<void> {
    const { key, name, allowed, denied, file, conversations } = part;
    const { rowGroupRows } = this.#bounds;
    const areFew = denied !== undefined && denied.count < rowGroupRows / 8;
    if (areFew && allowed !== undefined && allowed.count + denied.count <= rowGroupRows) {
      allowed.append(denied);
      this.#giveBack(part, 'denied');
    }
    await this.#write(part, 'allowed');
    await this.#write(part, 'denied');
    if (!ends) return;
    this.#parts.delete(key);
    const add = await file.finish();
    const own = { [partTag]: name, [coveredTag]: String(part.coveredUntil), ...conversationTags(conversations) };
    this.#added.push({ ...add, tags: { ...add.tags, ...own } });
  }

  async #write(part: Part, kind: 'allowed' | 'denied'): Promise<void> {
    const rows = part[kind];
    if (rows === undefined) return;
    for (let start = 0; start < rows.count;) {
      const end = rows.groupEnd(start, this.#bounds.rowGroupRows);
      const slice = rows.slice(start, end);
      part.conversations.push(countConversations(slice));
      await part.file.writeRows(
        storedColumns.flatMap(({ values }) => values?.(slice) ?? []),
        slice.count,
      );
      start = end;
    }
    this.rows += rows.count;
    this.#giveBack(part, kind);
  }

  /** The next part that needs room takes it: shared memory that nobody uses is not given back soon. */
  #giveBack(part: Part, kind: 'allowed' | 'denied'): void {
    const rows = part[kind];
    part[kind] = undefined;
    rows?.clear();
    if (rows !== undefined) this.#free.push(rows);
  }
}

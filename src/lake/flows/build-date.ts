/**
 * Builds settled rows of one date: all of them, or those of the files that uncovered tuples touch. What is built depends on the tuples of the date only, so
 * it does not matter what was settled before, nor when.
 *
 *   uncovered tuples ─▶ files of `flows` that hold a group which they may belong to ─▶ these files' groups, and the uncovered tuples, are built anew from
 *   all their tuples
 */
import { limits } from '../../base/limits.ts';
import { dayMillis } from '../../base/time.ts';
import type { DuckdbConnection } from '../duckdb/connection.ts';
import type { AddAction } from '../delta/delta-log.ts';
import type { DataFile } from '../delta/snapshot.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import type { StagedRows } from '../tuples/staged-rows.ts';
import { dropSpareRows, StageTables } from '../tuples/staged-rows.ts';
import type { TablePlace } from '../delta/table-place.ts';
import { damagedFiles } from '../files/file-sizes.ts';
import { reachMillis } from './definition.ts';
import { fiveTuplesOf } from './five-tuple-columns.ts';
import { FiveTupleSpans } from './five-tuple-spans.ts';
import type { Place } from './flow-builder.ts';
import { FlowBuilder } from './flow-builder.ts';
import type { FileBounds } from './flow-files.ts';
import { coveredTag, FlowFiles, partTag } from './flow-files.ts';
import { flowSpans } from './flow-spans.ts';
import type { TupleUnit } from './tuple-units.ts';
import { tupleUnits } from './tuple-units.ts';

/** What is to be built of a date. */
export interface DateTask {
  /** `YYYY-MM-DD`. */
  readonly date: string;
  /** All data files of tuples of the date. */
  readonly tuples: readonly DataFile[];
  /** Files whose tuples are uncovered; `undefined`: all of the date is built. */
  readonly uncovered: readonly DataFile[] | undefined;
  /** Files of `flows` of the date, and where they lie. */
  readonly flows: readonly AddAction[];
  readonly flowsTable: TablePlace;
  /** Where new files go. */
  readonly target: TablePlace;
  /** Above 0: the date is frozen, and only the uncovered tuples are built, into conversations apart from all others; the number distinguishes them. */
  readonly apart: number;
  readonly connect: () => Promise<DuckdbConnection>;
  readonly signal?: AbortSignal | undefined;
  /** Other limits than those of limits.ts. */
  readonly bounds?: Partial<BuildBounds>;
}

/** What of limits.ts bounds memory and files. */
export type BuildBounds = FileBounds &
  Readonly<
    Record<
      'settledTogetherMax' | 'settledStepTuples' | 'settledPartsMax' | 'settledSpansMax' | 'stagedTableEntriesMax',
      number
    >
  >;

export interface BuiltDate {
  /** Files of `flows` that the new ones replace. */
  readonly replaced: readonly AddAction[];
  readonly added: readonly AddAction[];
  readonly rows: number;
}

/** Writes new files; nothing is committed. @throws disk-full, permission, io, lake-invalid, interrupted */
export async function buildDate(task: DateTask): Promise<BuiltDate> {
  dropSpareRows();
  if (task.uncovered === undefined) return await buildWhole(task);
  const uncovered = await tupleUnits(task.uncovered, task.connect);
  if (task.apart > 0) return { replaced: [], ...(await buildRows(task, uncovered, undefined)) };
  const touched = await findTouched(task, uncovered);
  if (touched === undefined) return await buildWhole(task);
  const { replaced, spans } = touched;
  const meetsTimes = ({ startMillis, endMillis }: DataFile | TupleUnit): boolean =>
    startMillis <= spans.endMillis && endMillis >= spans.startMillis;
  const units = (await tupleUnits(task.tuples.filter(meetsTimes), task.connect)).filter(meetsTimes);
  return { replaced, ...(await buildRows(task, units, spans)) };
}

async function buildWhole(task: DateTask): Promise<BuiltDate> {
  const units = await tupleUnits(task.tuples, task.connect);
  return { replaced: task.flows, ...(await buildRows(task, units, undefined)) };
}

/**
 * The files of `flows` that uncovered tuples touch, with the spans of all their groups and of the tuples. @returns `undefined` where the files of the date
 * do not tell: one is damaged, or another engine wrote one, which may have split a group; or where there is too much of it
 */
async function findTouched(
  task: DateTask,
  uncovered: readonly TupleUnit[],
): Promise<{ readonly replaced: readonly AddAction[]; readonly spans: FiveTupleSpans } | undefined> {
  if (task.flows.some(({ tags }) => tags?.[partTag] === undefined)) return undefined;
  if ((await damagedFiles(task.flowsTable, task.flows)).length > 0) return undefined;
  const { settledSpansMax } = { ...limits, ...task.bounds };
  const spans = new FiveTupleSpans();
  const tables = new StageTables();
  for (const unit of uncovered)
    for await (const rows of unit.read(tables)) {
      spans.addAll(fiveTuplesOf(rows), rows.count, rows.timeMillis, reachEnds(rows));
      if (spans.isAbove(settledSpansMax)) return undefined;
    }
  const replaced: AddAction[] = [];
  try {
    for (const add of task.flows) if (await isTouched(task, add, spans)) replaced.push(add);
    for (const add of replaced)
      for await (const { columns, startMillis, endMillis, count } of flowSpans(pathOf(task, add), task.connect)) {
        if (spans.isAbove(settledSpansMax)) return undefined;
        spans.addAll(columns, count, startMillis, endMillis);
      }
  } catch {
    // Whatever is wrong with these files, tuples have all that was in them.
    return undefined;
  }
  return { replaced, spans };
}

function pathOf({ flowsTable }: DateTask, add: AddAction): string {
  return dataFileOf(flowsTable, add).path;
}

/** Whether a file of `flows` has a group that uncovered tuples may belong to. */
async function isTouched(task: DateTask, add: AddAction, spans: FiveTupleSpans): Promise<boolean> {
  const covered = Number(add.tags?.[coveredTag] ?? Number.NaN);
  if (covered < spans.startMillis || dataFileOf(task.flowsTable, add).startMillis > spans.endMillis) return false;
  for await (const { columns, startMillis, endMillis, count } of flowSpans(pathOf(task, add), task.connect, spans))
    if (spans.meetAny(columns, count, startMillis, endMillis)) return true;
  return false;
}

/** Until when groups may change because of each of these tuples. */
function reachEnds({ count, timeMillis, state }: StagedRows): Float64Array {
  const ends = new Float64Array(count);
  for (let row = 0; row < count; row++) ends[row] = timeMillis[row] + reachMillis(state[row]);
  return ends;
}

async function buildRows(
  task: DateTask,
  units: readonly TupleUnit[],
  spans: FiveTupleSpans | undefined,
): Promise<{ added: AddAction[]; rows: number }> {
  for (let parts = 1; ; parts *= 2) {
    const built = await buildParts(task, units, spans, parts);
    if (built !== undefined) return built;
  }
}

/** Builds the five-tuples of one part after the other. @returns `undefined` where more tuples had to be held than may be */
async function buildParts(
  task: DateTask,
  units: readonly TupleUnit[],
  spans: FiveTupleSpans | undefined,
  parts: number,
): Promise<{ added: AddAction[]; rows: number } | undefined> {
  const day = Date.parse(`${task.date}T00:00:00Z`) / dayMillis;
  const newest = task.tuples.reduce((latest, { endMillis }) => Math.max(latest, endMillis - 1), -Infinity);
  const tuples = units.reduce((sum, { rows }) => sum + rows, 0);
  const tables = new StageTables();
  const bounds = { ...limits, ...task.bounds };
  const files = new FlowFiles(task.target, tables, day, task.apart > 0 ? Infinity : newest, bounds);
  const sorted = [...units].sort((a, b) => a.startMillis - b.startMillis);
  let isWhole = false;
  try {
    const place: Place = (start, end, access) => files.place(start, end, access);
    const builder = new FlowBuilder(tables, tuples, day * dayMillis, place, task.apart);
    for (let part = 0; part < parts; part++) {
      let buildFrom = bounds.settledStepTuples;
      let builtUntil = -Infinity;
      for (let i = 0; i < sorted.length; i++) {
        task.signal?.throwIfAborted();
        for await (const rows of sorted[i].read(tables, spans)) builder.append(rows, { parts, part });
        // The builder has what it needs of them.
        tables.forgetRecords();
        const bound = sorted[i + 1]?.startMillis ?? Infinity;
        if (bound < Infinity && builder.count < buildFrom) continue;
        // Row groups of one time come one after the other: without later times, nothing more has ended.
        if (bound > builtUntil) for (const _ of builder.build(bound)) await files.drain();
        await files.drain();
        if (bound < Infinity) await files.endHours(bound, parts === 1);
        builtUntil = bound;
        buildFrom = Math.max(bounds.settledStepTuples, Math.min(2 * builder.count, bounds.settledTogetherMax));
        const isTooMuch = builder.count > bounds.settledTogetherMax && bound < Infinity;
        if (isTooMuch && parts < bounds.settledPartsMax) return undefined;
        if (tables.entries <= bounds.stagedTableEntriesMax) continue;
        await files.writeHeld();
        builder.renumber();
      }
    }
    const added = await files.finish();
    builder.release();
    isWhole = true;
    return { added, rows: files.rows };
  } finally {
    if (!isWhole) await files.abandon();
  }
}

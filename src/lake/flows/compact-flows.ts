/**
 * Joins small data files of `flows` of one date and part (flow-files.ts), as each settling leaves some. Rows do not change, and groups of flows stay in one file.
 * Files whose groups may still grow are left: the next settling may replace them. So are those that are much larger than the smaller ones together: each row
 * is written anew a few times only, however often files come.
 */
import { FlowError } from '../../base/errors.ts';
import { groupBy } from '../../base/group-by.ts';
import { limits } from '../../base/limits.ts';
import type { CompactionStep } from '../compaction.ts';
import { writeDataFile } from '../files/data-file.ts';
import type { Action, AddAction } from '../delta/delta-log.ts';
import type { DeltaTable } from '../delta/delta-table.ts';
import { dateOf } from '../delta/file-date.ts';
import type { Lake } from '../lake.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import { openCoverMillis } from './definition.ts';
import { conversationsOf, conversationTags } from './file-conversations.ts';
import { fileRows } from '../files/file-rows.ts';
import { hasAllFlowsColumns } from '../tuples/stored-columns.ts';
import { coveredTag, flowsForm, partTag } from './flow-files.ts';
import { flowRows } from './flow-rows.ts';
import { newFlowColumns } from './flows-table.ts';
import { apartTag, apartTuples } from './frozen.ts';

interface Joined {
  readonly date: string;
  readonly part: string;
  readonly files: readonly AddAction[];
}

/** Joins what is due, step by step; each is a commit of its own. @throws disk-full, permission, io, lake-invalid */
export async function* compactFlows(lake: Lake, nowMillis: number): AsyncGenerator<CompactionStep> {
  const table = await lake.flows();
  if (table === undefined) return;
  for (const joined of planJoins(table, nowMillis)) yield await joinFiles(lake, table, joined);
}

function planJoins({ state, place }: DeltaTable, nowMillis: number): Joined[] {
  const files = [...state.files.values()].filter(({ tags }) => tags?.[partTag] !== undefined);
  return [...groupBy(files, dateOf)].flatMap(([date, ofDate]) => {
    const newest = ofDate.reduce((latest, add) => Math.max(latest, coveredOf(add) - openCoverMillis), nowMillis);
    const closed = ofDate.filter((add) => coveredOf(add) < newest - limits.settledLateMillis);
    // Rows that were settled apart stay countable.
    const byPart = groupBy(closed, ({ tags }) => `${tags?.[partTag]} ${tags?.[apartTag] !== undefined}`);
    return [...byPart.values()].flatMap((some) =>
      chunksOf(some, ({ path }) => dataFileOf(place, state.files.get(path)!).rows).map((chunk) => ({
        date,
        part: chunk[0].tags?.[partTag] ?? '',
        files: chunk,
      })),
    );
  });
}

/** The smallest files first, each of at most twice the rows of those before together. */
function chunksOf(files: readonly AddAction[], rowsOf: (add: AddAction) => number | undefined): AddAction[][] {
  const chunks: AddAction[][] = [];
  let rows = Infinity;
  const sized = files.map((add) => ({ add, its: rowsOf(add) ?? Infinity })).sort((a, b) => a.its - b.its);
  for (const { add, its } of sized) {
    if (its > limits.flowsFileRowsMax / 2) break;
    const chunk = chunks.at(-1);
    if (chunk === undefined || rows + its > limits.flowsFileRowsMax || chunk.length >= limits.compactFilesMax) {
      chunks.push([add]);
      rows = its;
    } else if (its > 2 * rows) break;
    else {
      chunk.push(add);
      rows += its;
    }
  }
  return chunks.filter((chunk) => chunk.length >= limits.compactFilesMin);
}

function coveredOf({ tags }: AddAction): number {
  return Number(tags?.[coveredTag] ?? Infinity);
}

async function joinFiles(lake: Lake, table: DeltaTable, { date, part, files }: Joined): Promise<CompactionStep> {
  const { place } = table;
  const read = files.map((add) => ({ ...dataFileOf(place, add), hasAllColumns: hasAllFlowsColumns(add.tags) }));
  const rows = read.reduce((sum, file) => sum + (file.rows ?? 0), 0);
  const bytes = files.reduce((sum, { size }) => sum + size, 0);
  const paths = files.map(({ path }) => path);
  const covered = files.reduce((latest, add) => Math.max(latest, coveredOf(add)), 0);
  const connection = await lake.connect();
  let written: AddAction | undefined;
  try {
    const source = await fileRows(connection, read, 'all', flowRows);
    const select = `SELECT * FROM ${source} ORDER BY access, time`;
    const apart = files[0].tags?.[apartTag] === undefined ? {} : { [apartTag]: String(apartTuples(files)) };
    const own = { [partTag]: part, [coveredTag]: String(covered), ...conversationTags(files.map(conversationsOf)) };
    const form = { ...flowsForm, tags: { ...flowsForm.tags, ...own, ...apart } };
    written = { ...(await writeDataFile(place, connection, date, select, form)), dataChange: false };
    const actual = dataFileOf(place, written).rows;
    if (actual !== rows)
      throw new FlowError(
        'lake-invalid',
        `${files.length} files of flows of ${date} hold ${actual} rows, and the log says ${rows}: ${paths[0]}, …`,
      );
    const added = written;
    const version = await table.commit('OPTIMIZE', (state) => {
      if (!paths.every((path) => state.files.has(path))) return Promise.resolve(undefined);
      const removed = paths.map((path): Action => ({
        remove: { path, deletionTimestamp: Date.now(), dataChange: false },
      }));
      return Promise.resolve({ files: [...removed, { add: added }], others: newFlowColumns(state) });
    });
    if (version !== undefined) written = undefined;
    return { date, paths, rows, bytes, version, newBytes: version === undefined ? 0 : added.size };
  } finally {
    if (written !== undefined) await place.storage.delete(written.path);
    connection.closeSync();
  }
}

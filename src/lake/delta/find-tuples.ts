/** Finds the table of tuples of a lake, also while another process moves it (move-tuples.ts). */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { FlowError } from '../../base/errors.ts';
import { exists } from '../../blob/folder-file.ts';
import { readCommit } from './delta-log.ts';
import type { Layout, TablePlace } from './table-place.ts';
import { helpersName, tuplesPlace } from './table-place.ts';
import type { TableState } from './table-state.ts';
import { readTableState } from './read-state.ts';

/** A table, and where it was found. */
export interface FoundTable {
  readonly place: TablePlace;
  readonly state: TableState;
}

/** Asks for a reader that does not exist: so old versions of nsgflow and other engines refuse the place that the table of tuples has left. */
export const movedReaderVersion = 9999;

/** Is there while a move is under way, or was interrupted. */
export function movingMark(lake: string): string {
  return join(lake, helpersName, 'moving');
}

export async function layoutOf(lake: string): Promise<Layout> {
  const log = await readdir(join(tuplesPlace(lake).folder, '_delta_log')).catch(() => []);
  if (log.length === 0) return 'old';
  return (await exists(movingMark(lake))) ? 'moving' : 'new';
}

/**
 * The table of tuples at its newest version; from `known` on where that is given. A move meanwhile leads to its new place.
 * @returns `undefined` where there is none @throws what reading its log throws
 */
export async function findTuples(lake: string, known?: FoundTable): Promise<FoundTable | undefined> {
  let layout = known?.place.layout === 'new' ? 'new' : await layoutOf(lake);
  for (;;) {
    const place = tuplesPlace(lake, layout);
    let failure: unknown;
    try {
      const state = await readTableState(place, known?.state);
      if (state !== undefined) return { place, state };
    } catch (error) {
      failure = error;
    }
    const now = await layoutOf(lake);
    if (now === layout || layout === 'new') {
      if (layout === 'old' && (await isMovedAway(lake))) throw lostTuples(place);
      if (failure !== undefined) throw failure;
      return undefined;
    }
    layout = now;
  }
}

/** Whether the lake's own folder has the log that refuses readers. */
export async function isMovedAway(lake: string): Promise<boolean> {
  const first = await readCommit(tuplesPlace(lake, 'old'), 0).catch(() => undefined);
  return first?.some(({ protocol }) => protocol?.minReaderVersion === movedReaderVersion) === true;
}

function lostTuples({ lake }: TablePlace): FlowError {
  const { folder } = tuplesPlace(lake);
  return new FlowError('lake-invalid', `the table of tuples of the lake ${lake} is gone: ${folder} has no _delta_log`, {
    hint: `Bring ${folder} back, or name another folder for a new lake.`,
  });
}

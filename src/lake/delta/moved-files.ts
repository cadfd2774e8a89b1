/** Reading while another process moves the table of tuples (move-tuples.ts): what fails because a file has moved is done again. */
import { relative, sep } from 'node:path';
import { limits } from '../../base/limits.ts';
import type { DeltaTable } from './delta-table.ts';
import { layoutOf } from './find-tuples.ts';
import type { Snapshot } from './snapshot.ts';
import { dataPath, tuplesPlace } from './table-place.ts';

/** Does what reads files of a table; again where it fails while the table moves. */
export async function whileMoving<T>(table: DeltaTable, read: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await read();
    } catch (error) {
      // A table that was found in its new place stays there.
      if (table.place.layout === 'new' || attempt >= limits.movedAttemptsMax) throw error;
      await table.refresh();
    }
  }
}

/** The same files of the same version where they lie now; `undefined` where the table of tuples had its place already. */
export async function movedSnapshot(snapshot: Snapshot): Promise<Snapshot | undefined> {
  const { table } = snapshot;
  if (table.layout === 'new') return undefined;
  const now = tuplesPlace(table.lake, await layoutOf(table.lake));
  const files = snapshot.files.map((file) => ({ ...file, path: dataPath(now, pathInTable(snapshot, file.path)) }));
  return { ...snapshot, table: now, files };
}

/** Of a data file in the old or the new place. */
function pathInTable({ table: { lake } }: Snapshot, path: string): string {
  const below = relative(tuplesPlace(lake).folder, path);
  return below.split(sep)[0] === '..' ? relative(lake, path) : below;
}

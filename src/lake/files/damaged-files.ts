/** Data files that are missing, or do not have the length that the log says. */
import { stat } from 'node:fs/promises';
import type { AddAction } from '../delta/delta-log.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import type { TablePlace } from '../delta/table-place.ts';

/** Files looked at, at once. */
const together = 64;

/** Those of the files that are not there with all their bytes; a look at each. */
export async function damagedFiles(table: TablePlace, adds: readonly AddAction[]): Promise<AddAction[]> {
  const damaged: AddAction[] = [];
  for (let start = 0; start < adds.length; start += together) {
    const some = adds.slice(start, start + together);
    const sizes = await Promise.all(
      some.map((add) =>
        stat(dataFileOf(table, add).path).then(
          ({ size }) => size,
          () => undefined,
        ),
      ),
    );
    damaged.push(...some.filter(({ size }, i) => sizes[i] !== size));
  }
  return damaged;
}

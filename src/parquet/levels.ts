/**
 * Levels of data pages: which values are there (definition), and which element of a list begins a row (repetition).
 *
 *   list is null       definition 0   repetition 0
 *   element 0, null               3              0
 *   element 0, 7                  4              0
 *   element 1, 9                  4              1
 *
 * 4 is a value: the list (1), its repeated group (2), its element (3) and the field (4) may each be absent. Lists of no elements are not written.
 * Source: Parquet format, "Nested Encoding" and "Lists".
 */
import type { Lists } from './column-values.ts';
import { RunWriter } from './runs.ts';

/** Of a value in a list. */
const valueLevel = 4;
const nullLevel = 3;

/** Levels of one field of lists. `entries`: null lists and elements. */
export function listLevels(
  { ends }: Lists,
  values: Float64Array,
  rows: number,
): { readonly repetitions: Uint8Array; readonly definitions: Uint8Array; readonly entries: number } {
  const repetitions = new RunWriter(1);
  const definitions = new RunWriter(3);
  let entries = 0;
  let element = 0;
  for (let row = 0; row < rows;) {
    const first = row;
    while (row < rows && ends[row] === element) row++;
    if (row > first) {
      repetitions.add(0, row - first);
      definitions.add(0, row - first);
      entries += row - first;
      continue;
    }
    const end = ends[row++];
    repetitions.add(0, 1);
    if (end > element + 1) repetitions.add(1, end - element - 1);
    entries += end - element;
    for (; element < end; element++) definitions.add(Number.isNaN(values[element]) ? nullLevel : valueLevel, 1);
  }
  return { repetitions: repetitions.bytes(), definitions: definitions.bytes(), entries };
}

/** Writes levels with their length in front. @returns the place behind them */
export function putLevels(body: Uint8Array, at: number, levels: Uint8Array): number {
  new DataView(body.buffer, body.byteOffset).setUint32(at, levels.length, true);
  body.set(levels, at + 4);
  return at + 4 + levels.length;
}

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

export interface ListLevels {
  readonly repetitions: Uint8Array;
  readonly definitions: Uint8Array;
  /** Null lists and elements. */
  readonly entries: number;
}

/** Levels of one field of lists; without values, those of each field of which no element is null. */
export function listLevels({ ends }: Lists, rows: number, values?: Float64Array): ListLevels {
  const repetitions = new RunWriter(1);
  const definitions = new RunWriter(3);
  const entries = addLists(ends, rows, values, repetitions, definitions);
  return { repetitions: repetitions.bytes(), definitions: definitions.bytes(), entries };
}

/** Functions of their own: as parts of others these loops are compiled again and again. @returns entries */
function addLists(
  ends: Uint32Array,
  rows: number,
  values: Float64Array | undefined,
  repetitions: RunWriter,
  definitions: RunWriter,
): number {
  let entries = 0;
  let element = 0;
  for (let row = 0; row < rows; row++) {
    const end = ends[row];
    repetitions.add(0, 1);
    if (end === element) {
      definitions.add(0, 1);
      entries++;
      continue;
    }
    if (end > element + 1) repetitions.add(1, end - element - 1);
    if (values === undefined) definitions.add(valueLevel, end - element);
    else addElements(values, element, end, definitions);
    entries += end - element;
    element = end;
  }
  return entries;
}

function addElements(values: Float64Array, start: number, end: number, definitions: RunWriter): void {
  for (let i = start; i < end; i++) definitions.add(Number.isNaN(values[i]) ? nullLevel : valueLevel, 1);
}

/** Writes levels with their length in front. @returns the place behind them */
export function putLevels(body: Uint8Array, at: number, levels: Uint8Array): number {
  new DataView(body.buffer, body.byteOffset).setUint32(at, levels.length, true);
  body.set(levels, at + 4);
  return at + 4 + levels.length;
}

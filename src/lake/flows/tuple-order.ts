/** The order of the tuples of a five-tuple: by time, the record's second, its place in the blob, the tuple's in the record, and the blob's name. */
import type { StageTables } from '../staged-rows.ts';
import { groupTexts } from '../staged-rows.ts';
import type { FiveTuples } from './five-tuples.ts';
import { compareTexts } from './observers.ts';
import type { TuplePool } from './tuple-pool.ts';

const blobText = groupTexts.indexOf('blob');
/** So many are sorted by moving each to its place. */
const fewMax = 12;

/** The rows of a five-tuple, in order. */
export function sortedRows(pool: TuplePool, { starts, rows }: FiveTuples, five: number): Uint32Array {
  const its = rows.subarray(starts[five], starts[five + 1]);
  if (its.length > fewMax) {
    for (let i = 1; i < its.length; i++)
      if (compareTuples(pool, its[i - 1], its[i]) > 0) return its.sort((a, b) => compareTuples(pool, a, b));
    return its;
  }
  for (let i = 1; i < its.length; i++) {
    const row = its[i];
    let to = i;
    for (; to > 0 && compareTuples(pool, its[to - 1], row) > 0; to--) its[to] = its[to - 1];
    its[to] = row;
  }
  return its;
}

function compareTuples({ columns, tables }: TuplePool, a: number, b: number): number {
  const times = columns.timeMillis[a] - columns.timeMillis[b];
  if (times !== 0) return times;
  const { record, group, tupleIndex } = columns;
  return (
    secondOf(tables, record[a]) - secondOf(tables, record[b]) ||
    tables.recordOffset[record[a]] - tables.recordOffset[record[b]] ||
    tupleIndex[a] - tupleIndex[b] ||
    compareTexts(tables.groups[group[a]][blobText], tables.groups[group[b]][blobText])
  );
}

/** Of a record that says no time, before all others. */
function secondOf({ recordTimeMillis }: StageTables, record: number): number {
  const millis = recordTimeMillis[record];
  return Number.isNaN(millis) ? -1 : Math.floor(millis / 1000);
}

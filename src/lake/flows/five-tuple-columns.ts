/** Five-tuples as columns. All objects that hold them are made here, so that they have one form: code that reads them is compiled once. */
import type { FiveTupleColumns } from './five-tuples.ts';

/** Columns for so many rows. */
export function makeFiveTuples(rows: number): FiveTupleColumns {
  return {
    family: new Uint8Array(rows),
    source: new Uint32Array(4 * rows),
    destination: new Uint32Array(4 * rows),
    sourcePort: new Uint16Array(rows),
    destinationPort: new Uint16Array(rows),
    protocol: new Uint8Array(rows),
  };
}

/** Those of columns that are more. */
export function fiveTuplesOf(columns: FiveTupleColumns): FiveTupleColumns {
  const { family, source, destination, sourcePort, destinationPort, protocol } = columns;
  return { family, source, destination, sourcePort, destinationPort, protocol };
}

export function copyFiveTuple(from: FiveTupleColumns, row: number, to: FiveTupleColumns, at: number): void {
  to.family[at] = from.family[row];
  to.sourcePort[at] = from.sourcePort[row];
  to.destinationPort[at] = from.destinationPort[row];
  to.protocol[at] = from.protocol[row];
  for (let word = 0; word < 4; word++) {
    to.source[4 * at + word] = from.source[4 * row + word];
    to.destination[4 * at + word] = from.destination[4 * row + word];
  }
}

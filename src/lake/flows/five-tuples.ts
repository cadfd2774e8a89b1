/** Five-tuples of rows in columns: whether they are equal, and hashes of them. */
import { randomBytes } from 'node:crypto';

/** Hashes differ from process to process, so that nobody can make up five-tuples that collide. */
const seed = randomBytes(4).readInt32LE(0);

/** A number of 32 bits of the five-tuple of a row of these columns: equal ones have the same, in one process. */
export function hashFiveTuple(
  { family, source, destination, sourcePort, destinationPort, protocol }: FiveTupleColumns,
  row: number,
): number {
  let hash = mix(seed ^ protocol[row]);
  hash = mix(hash ^ ((sourcePort[row] << 16) | destinationPort[row]));
  // Of IPv4 addresses, the last word says it all.
  for (let word = family[row] === 4 ? 3 : 0; word < 4; word++) {
    hash = mix(hash ^ source[4 * row + word]);
    hash = mix(hash ^ destination[4 * row + word]);
  }
  return hash >>> 0;
}

export interface FiveTupleColumns {
  readonly family: Uint8Array;
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  readonly protocol: Uint8Array;
}

/** Whether rows of two tables of columns have one five-tuple. */
export function isSameFiveTuple(a: FiveTupleColumns, i: number, b: FiveTupleColumns, k: number): boolean {
  if (
    a.sourcePort[i] !== b.sourcePort[k] ||
    a.destinationPort[i] !== b.destinationPort[k] ||
    a.protocol[i] !== b.protocol[k] ||
    a.family[i] !== b.family[k]
  )
    return false;
  for (let word = 0; word < 4; word++)
    if (
      a.source[4 * i + word] !== b.source[4 * k + word] ||
      a.destination[4 * i + word] !== b.destination[4 * k + word]
    )
      return false;
  return true;
}

/** The finalizer of MurmurHash3. */
export function mix(value: number): number {
  let hash = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

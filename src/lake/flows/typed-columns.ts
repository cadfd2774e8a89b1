/** Columns as typed arrays that grow together. They are objects of literals, not filled by name: only so are they fast to write. */

export type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** Columns for so many rows; a column may have several words a row. */
export type MakeColumns<C> = (rows: number) => C;

/** Copies `count` rows from row `start` on, of columns with room for `room` rows, to others, from row `at` on. */
export function copyColumns<C extends object>(from: C, room: number, count: number, to: C, at = 0, start = 0): void {
  const target = to as Record<string, TypedArray>;
  for (const [name, column] of Object.entries(from as Record<string, TypedArray>)) {
    const width = column.length / room;
    target[name].set(column.subarray(start * width, (start + count) * width), at * width);
  }
}

/** Memory that another thread reads where it is. */
export function sharedBytes(count: number): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(count));
}

export function sharedShorts(count: number): Uint16Array {
  return new Uint16Array(new SharedArrayBuffer(2 * count));
}

export function sharedWords(count: number): Uint32Array {
  return new Uint32Array(new SharedArrayBuffer(4 * count));
}

export function sharedIntegers(count: number): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * count));
}

export function sharedDoubles(count: number): Float64Array {
  return new Float64Array(new SharedArrayBuffer(8 * count));
}

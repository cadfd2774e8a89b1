/** Columns as typed arrays that grow together. They are objects of literals, not filled by name: only so are they fast to write. */

export type TypedArray = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array;

/** Columns for so many rows, in memory; a column may have several words a row. */
export type MakeColumns<C> = (rows: number, memory: ColumnMemory) => C;

/** Copies `count` rows from row `start` on, of columns with room for `room` rows, to others, from row `at` on. */
export function copyColumns<C extends object>(from: C, room: number, count: number, to: C, at = 0, start = 0): void {
  const target = to as Record<string, TypedArray>;
  for (const [name, column] of Object.entries(from as Record<string, TypedArray>)) {
    const width = column.length / room;
    target[name].set(column.subarray(start * width, (start + count) * width), at * width);
  }
}

/** Memory of columns, which another thread reads where it is. Pages that are not touched cost nothing where it is large. */
export class ColumnMemory {
  #taken = 0;
  readonly #buffer: SharedArrayBuffer | undefined;

  /** Of so many bytes; without, columns that are made have no values: they are counted. */
  constructor(bytes?: number) {
    this.#buffer = bytes === undefined ? undefined : new SharedArrayBuffer(bytes);
  }

  /** Bytes that columns have taken. */
  get taken(): number {
    return this.#taken;
  }

  bytes(count: number): Uint8Array {
    return new Uint8Array(...this.#take(count, 1));
  }

  shorts(count: number): Uint16Array {
    return new Uint16Array(...this.#take(count, 2));
  }

  words(count: number): Uint32Array {
    return new Uint32Array(...this.#take(count, 4));
  }

  integers(count: number): Int32Array {
    return new Int32Array(...this.#take(count, 4));
  }

  doubles(count: number): Float64Array {
    return new Float64Array(...this.#take(count, 8));
  }

  #take(count: number, width: number): [SharedArrayBuffer | ArrayBuffer, number, number] {
    const start = this.#taken;
    this.#taken += 8 * Math.ceil((count * width) / 8);
    return this.#buffer === undefined ? [nothing, 0, 0] : [this.#buffer, start, count];
  }
}

const nothing = new ArrayBuffer(0);

/** Makes columns of one memory. */
export function inOneMemory<C>(make: (memory: ColumnMemory) => C): C {
  const counted = new ColumnMemory();
  make(counted);
  return make(new ColumnMemory(counted.taken));
}

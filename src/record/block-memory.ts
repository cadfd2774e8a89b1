/**
 * Reusable memory for blocks until they are in storage. Memory outside V8's heap is expensive: releasing it makes V8
 * mark the whole heap, and new memory is allocated page by page. Together this took a twentieth of a recording's time.
 */
import { limits } from '../base/limits.ts';

/** Bytes in reusable memory. If neither function is called, the garbage collector frees them as usual. */
export interface LentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Returns the memory: the bytes will be overwritten. Call it once. */
  readonly release: () => void;
  /** The bytes may still be read: their memory is never reused. */
  readonly keep: () => void;
}

interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  used: number;
  /** Lent bytes that were not returned. */
  lent: number;
  isKept: boolean;
}

const slabBytes = 1 << 20;

export class BlockMemory {
  readonly #free: Slab[] = [];
  #slab: Slab | undefined;

  /** A copy of `bytes`; if it is larger than a slab, in memory of its own. */
  copy(bytes: Uint8Array): LentBytes {
    const slab = bytes.length > slabBytes ? newSlab(bytes.length) : this.#slabFor(bytes.length);
    const start = slab.used;
    slab.used += bytes.length;
    slab.bytes.set(bytes, start);
    slab.lent++;
    return {
      bytes: slab.bytes.subarray(start, slab.used),
      release: () => this.#release(slab),
      keep: () => (slab.isKept = true),
    };
  }

  #slabFor(length: number): Slab {
    const current = this.#slab;
    if (current !== undefined && current.used + length <= slabBytes) return current;
    this.#slab = undefined;
    if (current !== undefined) this.#offer(current);
    return (this.#slab = this.#free.pop() ?? newSlab(slabBytes));
  }

  #release(slab: Slab): void {
    slab.lent--;
    if (slab !== this.#slab) this.#offer(slab);
  }

  #offer(slab: Slab): void {
    if (slab.lent > 0 || slab.isKept || slab.bytes.length > slabBytes) return;
    slab.used = 0;
    if (this.#free.length * slabBytes < limits.deliveryBytesMax) this.#free.push(slab);
  }
}

function newSlab(length: number): Slab {
  return { bytes: new Uint8Array(length), used: 0, lent: 0, isKept: false };
}

/**
 * Memory of blocks on their way to storage, used again once they are there. What is thrown away outside of V8's heap makes it mark the whole heap, and new
 * memory comes page by page: together they took a twentieth of recording.
 */
import { limits } from '../base/limits.ts';

/** Bytes that lie in memory which is used again. Where neither function is ever called, the collector takes them as it does others. */
export interface LentBytes {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Gives the memory back: the bytes will be overwritten. Once. */
  readonly release: () => void;
  /** Somebody may go on reading them: their memory is never used again. */
  readonly keep: () => void;
}

interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  used: number;
  /** Of the bytes lent from it, those not given back. */
  lent: number;
  isKept: boolean;
}

const slabBytes = 1 << 20;

export class BlockMemory {
  readonly #free: Slab[] = [];
  #slab: Slab | undefined;

  /** A copy; of more than a slab has room for, one in memory of its own. */
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

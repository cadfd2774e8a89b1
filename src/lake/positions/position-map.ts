import { PackedPositions } from './packed-positions.ts';
import type { BlobPosition } from './position.ts';

/** Positions by key, to read. A `Map` is one, too. */
export interface PositionTable extends Iterable<readonly [string, BlobPosition]> {
  readonly size: number;
  get(key: string): BlobPosition | undefined;
  values(): Iterable<BlobPosition>;
}

/** Changes that lie over packed positions before they are packed anew: at most so many, or this share of those packed, where that is more. */
const changesMax = 10_000;
const changesShareMax = 1 / 8;

/** Positions by key, not changed once made: packed ones, and the changes since. */
export class PositionMap implements PositionTable {
  static readonly empty = new PositionMap(new PackedPositions(), new Map(), 0);
  readonly size: number;
  readonly #packed: PackedPositions;
  /** `undefined` for those that were forgotten. */
  readonly #changes: ReadonlyMap<string, BlobPosition | undefined>;

  private constructor(packed: PackedPositions, changes: ReadonlyMap<string, BlobPosition | undefined>, size: number) {
    this.#packed = packed;
    this.#changes = changes;
    this.size = size;
  }

  static of(packed: PackedPositions): PositionMap {
    return new PositionMap(packed, new Map(), packed.size);
  }

  get(key: string): BlobPosition | undefined {
    return this.#changes.has(key) ? this.#changes.get(key) : this.#packed.get(key);
  }

  *[Symbol.iterator](): Generator<[string, BlobPosition]> {
    const changes = this.#changes;
    for (const entry of this.#packed.entries()) {
      if (!changes.has(entry[0])) yield entry;
      else {
        const position = changes.get(entry[0]);
        if (position !== undefined) yield [entry[0], position];
      }
    }
    for (const [key, position] of changes) if (position !== undefined && !this.#packed.has(key)) yield [key, position];
  }

  *values(): Generator<BlobPosition> {
    for (const [, position] of this) yield position;
  }

  /** These positions with some changed; one that is `undefined` is forgotten. */
  with(changed: Iterable<{ readonly key: string; readonly position: BlobPosition | undefined }>): PositionMap {
    const changes = new Map(this.#changes);
    let { size } = this;
    for (const { key, position } of changed) {
      const known = changes.has(key) ? changes.get(key) !== undefined : this.#packed.has(key);
      size += Number(position !== undefined) - Number(known);
      changes.set(key, position);
    }
    const all = new PositionMap(this.#packed, changes, size);
    if (changes.size <= Math.max(changesMax, this.#packed.size * changesShareMax)) return all;
    return PositionMap.of(this.#packed.with(changes));
  }
}

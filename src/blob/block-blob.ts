import { setTimeout as sleep } from 'node:timers/promises';
import { assert } from '../base/assert.ts';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Block, BlockList, Container } from './container.ts';

/**
 * The hourly blob, in any container. Each flush adds one block:
 *
 *     A000…0  `{"records":[`      12 bytes, the opening block
 *     D<hex>  `{…}` or `{…},{…}`   the first data block
 *     D<hex>  `,{…}`              every later one, with a leading comma
 *     Z000…0  `]}`                2 bytes, the closing block
 *
 * Ids are base64 of a letter and 32 hex digits. The closing block is last in each commit, so the blob is always valid JSON.
 * Source: facts 2.2.
 */

/** One flush to one blob. */
export interface DataBlock {
  /** 32 lower-case hex digits, derived from the source of the flush, so that a repeated flush has the same id. */
  readonly id: string;
  /** Flow records as JSON text, separated by commas, without a leading or trailing comma. Not empty. */
  readonly bytes: Uint8Array;
  /** The same bytes after a comma, if the caller already has them in this form; this saves a copy. */
  readonly withComma?: Uint8Array;
  /** Called if storage may still hold the bytes when the append has ended, so that they must not change. */
  readonly keep?: () => void;
}

const opening = Buffer.from('{"records":[');
const closing = Buffer.from(']}');
const openingId = blockId('A', '0'.repeat(32));
const closingId = blockId('Z', '0'.repeat(32));
const comma = Buffer.from(',');
const newBlob: readonly Block[] = [
  { id: openingId, lengthBytes: opening.length },
  { id: closingId, lengthBytes: closing.length },
];

/** Attempts to read a blob's block list and commit, before a conflict or an unknown outcome is reported. */
const roundsMax = 8;
/**
 * From the third attempt on, a random part of this pause, doubled each time, so that writers that compete for one blob
 * spread out.
 */
const roundPauseMillis = 5;

interface OpenBlob {
  readonly blocks: readonly Block[];
  /** `undefined` if the blob does not exist yet. */
  readonly etag: string | undefined;
}

/**
 * Appends data blocks to the blobs of one container. The block lists of open blobs are cached, so an append reads
 * nothing. Blocks with ids that are already committed are skipped, so repeating an append changes nothing. After a
 * conflict or an unknown outcome (a timeout after the commit), the block list is read again and the missing blocks are
 * determined again.
 */
export class BlockAppender {
  readonly container: Container;
  readonly #open = new Map<string, OpenBlob>();
  readonly #turns = new Map<string, Promise<unknown>>();

  constructor(container: Container) {
    this.container = container;
  }

  /**
   * Appends `blocks`, in order, in one commit. Appends to one blob run one after another, in the order of the calls.
   * @returns the blocks that were not in the blob before
   * @throws blob-conflict if the blob was not written by nsgflow (it is not changed), or another writer keeps writing;
   * authentication, permission, unavailable, disk-full
   */
  async append<B extends DataBlock>(name: string, blocks: readonly B[]): Promise<B[]> {
    const act = (): Promise<B[]> => this.#append(name, blocks);
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(act, act);
    this.#turns.set(name, turn);
    try {
      return await turn;
    } catch (error) {
      for (const block of blocks) block.keep?.();
      throw error;
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    }
  }

  async #append<B extends DataBlock>(name: string, blocks: readonly B[]): Promise<B[]> {
    let added: B[] | undefined;
    for (let round = 1; ; round++) {
      const blob = this.#open.get(name) ?? (await this.#read(name));
      const missing = this.#missing(name, blob, blocks);
      added ??= missing;
      if (missing.length === 0) {
        this.#keep(name, blob);
        return added;
      }
      const all = await this.#stage(name, blob, missing);
      try {
        const ids = all.map((block) => block.id);
        const { etag } = await this.container.commitBlocks(name, ids, blob.etag);
        this.#keep(name, { blocks: all, etag });
        return added;
      } catch (error) {
        for (const block of missing) block.keep?.();
        this.#open.delete(name);
        const again = error instanceof FlowError && (error.code === 'blob-conflict' || error.code === 'unavailable');
        if (!again || round === roundsMax) throw error;
        if (round > 1) await sleep(Math.random() * roundPauseMillis * 2 ** round);
      }
    }
  }

  /**
   * The blocks that the blob does not have yet. A block with an existing id must have the same length. If it differs,
   * the same input was recorded before with other rules or settings, or only in part, so the blob does not match this
   * recording.
   */
  #missing<B extends DataBlock>(name: string, blob: OpenBlob, blocks: readonly B[]): B[] {
    const committed = new Map(blob.blocks.map((block, index) => [block.id, { block, index }]));
    const seen = new Set<string>();
    return blocks.filter((block) => {
      const id = blockId('D', block.id);
      const known = committed.get(id);
      if (known === undefined) return !seen.has(id) && seen.add(id);
      if (known.block.lengthBytes === block.bytes.length + (known.index === 1 ? 0 : comma.length)) return false;
      throw new FlowError(
        'blob-conflict',
        `the blob ${this.container.location}/${name} contains another recording of this input, with other rules or settings, or of a part of it`,
        { hint: 'Record into another folder or account, or move that recording away.' },
      );
    });
  }

  /** @returns all blocks that the blob will have */
  async #stage(name: string, blob: OpenBlob, missing: readonly DataBlock[]): Promise<Block[]> {
    const { container } = this;
    const before = blob.etag === undefined ? newBlob : blob.blocks;
    if (blob.etag === undefined) {
      await container.stageBlock(name, openingId, opening);
      await container.stageBlock(name, closingId, closing);
    }
    const inserted: Block[] = [];
    for (const { id, bytes, withComma } of missing) {
      const isFirst = before.length + inserted.length === 2;
      const blockName = blockId('D', id);
      const content = isFirst ? bytes : (withComma ?? Buffer.concat([comma, bytes]));
      await container.stageBlock(name, blockName, content);
      inserted.push({ id: blockName, lengthBytes: content.length });
    }
    return [...before.slice(0, -1), ...inserted, ...before.slice(-1)];
  }

  async #read(name: string): Promise<OpenBlob> {
    const list = await this.container.blocks(name);
    if (list === undefined) return { blocks: [], etag: undefined };
    if (!isGrowing(list))
      throw new FlowError(
        'blob-conflict',
        `the blob ${this.container.location}/${name} was not written by nsgflow, or was changed since`,
        {
          hint: 'Move the blob away, or record into another container: nsgflow does not overwrite it.',
        },
      );
    return list;
  }

  #keep(name: string, blob: OpenBlob): void {
    this.#open.delete(name);
    this.#open.set(name, blob);
    if (this.#open.size > limits.openBlobsMax)
      for (const oldest of this.#open.keys()) {
        this.#open.delete(oldest);
        break;
      }
  }
}

/**
 * Whether the list is that of an hourly blob: it has the opening and closing block by id and length. Azure's own blobs
 * use the same ids.
 */
function isGrowing({ blocks }: BlockList): boolean {
  const first = blocks[0];
  const last = blocks.at(-1);
  return (
    first?.id === openingId &&
    first.lengthBytes === opening.length &&
    last?.id === closingId &&
    last.lengthBytes === closing.length
  );
}

function blockId(letter: 'A' | 'D' | 'Z', hex: string): string {
  assert(/^[0-9a-f]{32}$/.test(hex), 'a block is named by 32 lower-case hex digits');
  return Buffer.from(letter + hex).toString('base64');
}

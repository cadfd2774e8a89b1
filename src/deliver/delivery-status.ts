import { limits } from '../base/limits.ts';
import { formatTime, minuteMillis } from '../base/time.ts';
import type { FlushedBlock } from './flushed-block.ts';

/** How the way to storage stands: `--stats json`, and `status.json` in the spool. Times are ISO 8601. */
export interface DeliveryStatus {
  /** Since when an account does not take blocks; null while all do. */
  readonly spoolingSince: string | null;
  /** Why, as a sentence; null while all do. */
  readonly reason: string | null;
  /** Bytes in the spool. What is on its way lies there too. */
  readonly spoolBytes: number;
  /** The earliest minute of which anything lies in the spool. */
  readonly oldestMinute: string | null;
  /** Blocks brought to storage by this run; those of them that an earlier run had left. */
  readonly delivered: number;
  readonly deliveredOfEarlier: number;
  /** What did not fit into the spool, of this run and the ones before on this spool. */
  readonly dropped: LostBlocks;
  /** What storage will never take: kept in the spool's folder `refused`. */
  readonly refused: LostBlocks;
  /** Files of the spool that were damaged or could not be read, of this run and the ones before: kept in `refused`. */
  readonly damaged: number;
  /** By blob, the first that were met; which minutes of them lack blocks, first and last. */
  readonly droppedBlobs: readonly DroppedBlob[];
}

export interface LostBlocks {
  readonly blocks: number;
  readonly tuples: number;
  readonly bytes: number;
}

export interface DroppedBlob {
  readonly storage: string;
  readonly container: string;
  readonly blob: string;
  readonly firstMinute: string;
  readonly lastMinute: string;
  readonly blocks: number;
}

export const noBlocks: LostBlocks = { blocks: 0, tuples: 0, bytes: 0 };

export function addLost(lost: LostBlocks, blocks: readonly FlushedBlock[]): LostBlocks {
  return {
    blocks: lost.blocks + blocks.length,
    tuples: lost.tuples + blocks.reduce((sum, { tuples }) => sum + tuples, 0),
    bytes: lost.bytes + blocks.reduce((sum, { bytes }) => sum + bytes.length, 0),
  };
}

/** Blobs that lack blocks, by account, container and name. */
export class DroppedBlobs {
  readonly #blobs = new Map<string, DroppedBlob>();

  add(timeMillis: number, blocks: readonly FlushedBlock[]): void {
    const minute = formatTime(Math.floor(timeMillis / minuteMillis) * minuteMillis);
    for (const { storage, container, blob } of blocks) {
      const key = `${storage}\n${container}/${blob}`;
      const before = this.#blobs.get(key);
      if (before === undefined && this.#blobs.size >= limits.droppedBlobsMax) continue;
      this.#blobs.set(key, {
        storage,
        container,
        blob,
        firstMinute: before?.firstMinute ?? minute,
        lastMinute: minute,
        blocks: (before?.blocks ?? 0) + 1,
      });
    }
  }

  list(): DroppedBlob[] {
    return [...this.#blobs.values()];
  }

  /** Takes over what an earlier status says. */
  restore(blobs: readonly DroppedBlob[]): void {
    for (const blob of blobs.slice(0, limits.droppedBlobsMax))
      this.#blobs.set(`${blob.storage}\n${blob.container}/${blob.blob}`, blob);
  }
}

/** What a status of an earlier run says was lost; nothing where it is no status. */
export function readLost(status: unknown): Pick<DeliveryStatus, 'dropped' | 'refused' | 'damaged' | 'droppedBlobs'> {
  const { dropped, refused, damaged, droppedBlobs } = (
    typeof status === 'object' && status !== null ? status : {}
  ) as Record<string, unknown>;
  return {
    dropped: isLost(dropped) ? dropped : noBlocks,
    refused: isLost(refused) ? refused : noBlocks,
    damaged: typeof damaged === 'number' && Number.isSafeInteger(damaged) ? damaged : 0,
    droppedBlobs: Array.isArray(droppedBlobs) ? droppedBlobs.filter(isDroppedBlob) : [],
  };
}

function isLost(value: unknown): value is LostBlocks {
  if (typeof value !== 'object' || value === null) return false;
  const { blocks, tuples, bytes } = value as Record<string, unknown>;
  return [blocks, tuples, bytes].every(Number.isSafeInteger);
}

function isDroppedBlob(value: unknown): value is DroppedBlob {
  if (typeof value !== 'object' || value === null) return false;
  const { storage, container, blob, firstMinute, lastMinute, blocks } = value as Record<string, unknown>;
  return (
    [storage, container, blob, firstMinute, lastMinute].every((text) => typeof text === 'string') &&
    Number.isSafeInteger(blocks)
  );
}

import { limits } from '../base/limits.ts';
import { formatTime, minuteMillis } from '../base/time.ts';
import type { FlushedBlock } from './flushed-block.ts';

/** Status of the delivery: `--stats json`, and `status.json` in the spool. Times are ISO 8601. */
export interface DeliveryStatus {
  /** Since when an account is unavailable; null if none is. */
  readonly spoolingSince: string | null;
  /** The reason as a sentence; null if all accounts are available. */
  readonly reason: string | null;
  /** Bytes in the spool, including blocks that are being sent. */
  readonly spoolBytes: number;
  /** The earliest minute with blocks in the spool. */
  readonly oldestMinute: string | null;
  /** Blocks delivered in this run; among them blocks left by an earlier run. */
  readonly delivered: number;
  readonly deliveredOfEarlier: number;
  /** Blocks that did not fit into the spool, in this run and earlier runs with this spool. */
  readonly dropped: LostBlocks;
  /** Blocks that storage rejects permanently: kept in the spool's folder `refused`. */
  readonly refused: LostBlocks;
  /** Files of the spool that were damaged or unreadable, in this run and earlier ones: kept in `refused`. */
  readonly damaged: number;
  /** The first blobs that lack blocks, with the first and last minute that is missing. */
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

  /** Adds the blobs of an earlier status. */
  restore(blobs: readonly DroppedBlob[]): void {
    for (const blob of blobs.slice(0, limits.droppedBlobsMax))
      this.#blobs.set(`${blob.storage}\n${blob.container}/${blob.blob}`, blob);
  }
}

/** The losses in the status of an earlier run; none if it is not a status. */
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

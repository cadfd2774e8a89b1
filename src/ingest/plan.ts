import { appendFile, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { dayMillis, hourMillis } from '../base/time.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import { parseBlobPath } from '../flowlog/blob-path.ts';
import type { PositionTable } from '../lake/positions/position-map.ts';
import type { TemporaryFolder } from '../lake/duckdb/temporary-folder.ts';
import { makeTemporaryFolder } from '../lake/duckdb/temporary-folder.ts';
import { isSame } from '../source/blob-reading.ts';
import type { SourceBlob } from '../source/source-blob.ts';
import { sourceBlob } from '../source/source-blob.ts';
import { unreadOf } from '../source/unread.ts';

/** Newest first: an interrupted backfill then has the days that are needed most. */
export type IngestOrder = 'newest-first' | 'oldest-first';

/** The blobs to read on one day. */
export interface PlannedDay {
  /** Epoch milliseconds of the UTC day of the blobs' hour; if the path has no date, of their last change. */
  readonly dayMillis: number;
  readonly blobs: number;
  readonly bytes: number;
}

/**
 * The blobs with new data, by day. They are listed once, so that the amount of work is known at the start. Large plans
 * are stored in temporary files, one per hour, so that memory does not grow with their number.
 */
export class IngestPlan {
  /** Listed blobs, those of them with new data, and the bytes of that. */
  listed = 0;
  blobs = 0;
  bytes = 0;
  /** Listed blobs that are known to be unreadable, and are not planned. */
  unread = 0;
  /** The first blob that a source names directly. */
  named: SourceBlob | undefined;
  /** By the hour of the blobs' path, counted since 1970. */
  readonly #hours = new Map<number, { blobs: number; bytes: number; held: SourceBlob[]; stored: boolean }>();
  readonly #containers: Container[] = [];
  #held = 0;
  #folder: TemporaryFolder | undefined;

  /**
   * Adds all changed blobs of a listing, except blobs that are still archived and blobs that wait for their next
   * attempt.
   */
  async add(
    blobs: AsyncIterable<SourceBlob>,
    positions: Pick<PositionTable, 'get'>,
    waits: (blob: SourceBlob) => boolean = () => false,
  ): Promise<void> {
    for await (const blob of blobs) {
      this.listed++;
      const before = positions.get(blob.key);
      if (before !== undefined && isSame(blob, before)) continue;
      const isArchivedStill = blob.archived === true && unreadOf(before) !== undefined;
      if (!blob.named && (isArchivedStill || waits(blob))) {
        this.unread++;
        continue;
      }
      const bytes = blob.archived === true ? 0 : Math.max(0, blob.lengthBytes - (before?.readBytes ?? 0));
      this.blobs++;
      if (blob.named) this.named ??= blob;
      this.bytes += bytes;
      const hour = Math.floor((parseBlobPath(blob.key)?.hourMillis ?? blob.modifiedMillis) / hourMillis);
      let of = this.#hours.get(hour);
      if (of === undefined) this.#hours.set(hour, (of = { blobs: 0, bytes: 0, held: [], stored: false }));
      of.blobs++;
      of.bytes += bytes;
      of.held.push(blob);
      if (++this.#held >= limits.plannedBlobsMax) await this.#store();
    }
  }

  /** Days in order, oldest first. */
  days(): PlannedDay[] {
    const days = new Map<number, PlannedDay>();
    for (const hour of this.#sorted('oldest-first')) {
      const { blobs, bytes } = this.#hours.get(hour)!;
      const start = dayOf(hour) * dayMillis;
      const before = days.get(start) ?? { blobs: 0, bytes: 0 };
      days.set(start, { dayMillis: start, blobs: before.blobs + blobs, bytes: before.bytes + bytes });
    }
    return [...days.values()];
  }

  /**
   * The blobs by day and hour, so that rows of a time are close together, and a question about one hour reads few of
   * them.
   */
  async *inOrder(order: IngestOrder): AsyncGenerator<SourceBlob> {
    for (const hour of this.#sorted(order)) {
      const { held, stored } = this.#hours.get(hour)!;
      if (stored) yield* this.#load(hour);
      yield* held;
      held.length = 0;
    }
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    await this.#folder?.remove();
  }

  /** Hours by day; within a day oldest first. */
  #sorted(order: IngestOrder): number[] {
    const way = order === 'newest-first' ? -1 : 1;
    return [...this.#hours.keys()].sort((a, b) => way * (dayOf(a) - dayOf(b)) || a - b);
  }

  async #store(): Promise<void> {
    try {
      this.#folder ??= await makeTemporaryFolder('plan');
      for (const [hour, of] of this.#hours) {
        const kept: SourceBlob[] = [];
        let text = '';
        for (const blob of of.held) {
          if (blob.container === undefined || blob.named) {
            kept.push(blob);
            continue;
          }
          let index = this.#containers.indexOf(blob.container);
          if (index < 0) index = this.#containers.push(blob.container) - 1;
          text += `${JSON.stringify([index, blob.name, blob.lengthBytes, blob.etag, blob.modifiedMillis, blob.createdMillis, blob.archived === true])}\n`;
          this.#held--;
        }
        of.held = kept;
        if (text === '') continue;
        await appendFile(this.#file(hour), text);
        of.stored = true;
      }
    } catch (error) {
      throw fileError(error, 'write the plan to the folder for temporary files');
    }
  }

  async *#load(hour: number): AsyncGenerator<SourceBlob> {
    const file = await open(this.#file(hour));
    try {
      for await (const line of file.readLines()) {
        // The plan wrote the line.
        const [index, name, lengthBytes, etag, lastModifiedMillis, createdMillis, archived] = JSON.parse(line) as [
          number,
          string,
          number,
          string,
          number,
          number | null,
          boolean,
        ];
        const created = createdMillis === null ? {} : { createdMillis };
        const tier = archived ? ({ archived: true } as const) : {};
        const item: BlobItem = { name, lengthBytes, etag, lastModifiedMillis, ...created, ...tier };
        yield sourceBlob(this.#containers[index], item, false);
      }
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  #file(hour: number): string {
    return join(this.#folder!.path, `${hour}.jsonl`);
  }
}

/** The day of an hour, both counted since 1970. */
function dayOf(hour: number): number {
  return Math.floor(hour / 24);
}

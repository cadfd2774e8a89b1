import { appendFile, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { dayMillis } from '../base/time.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import { parseBlobPath } from '../flowlog/blob-path.ts';
import type { BlobPosition } from '../lake/positions.ts';
import { isSame } from './blob-reading.ts';
import type { SourceBlob } from './source.ts';
import { sourceBlob } from './source.ts';

/** Newest first: a backfill that is interrupted has the days that people ask for most. */
export type IngestOrder = 'newest-first' | 'oldest-first';

/** What is to be read on one day. */
export interface PlannedDay {
  /** Epoch milliseconds of the UTC day of the blobs' hour; of their last change where the path says none. */
  readonly dayMillis: number;
  readonly blobs: number;
  readonly bytes: number;
}

/**
 * The blobs that have something new, by day. Listed once, so that how much there is to do is known before it begins. Many are kept in temporary
 * files, one a day, so that memory does not grow with their number.
 */
export class IngestPlan {
  /** Listed, and of these the ones that have something new, and the bytes of that. */
  listed = 0;
  blobs = 0;
  bytes = 0;
  /** The first blob that a source names by itself. */
  named: SourceBlob | undefined;
  readonly #days = new Map<number, { blobs: number; bytes: number; held: SourceBlob[]; stored: boolean }>();
  readonly #containers: Container[] = [];
  #held = 0;
  #folder: string | undefined;

  /** Takes all blobs of a listing that do not stand as they were read. */
  async add(blobs: AsyncIterable<SourceBlob>, positions: ReadonlyMap<string, BlobPosition>): Promise<void> {
    for await (const blob of blobs) {
      this.listed++;
      const before = positions.get(blob.key);
      if (before !== undefined && isSame(blob, before)) continue;
      const bytes = Math.max(0, blob.lengthBytes - (before?.readBytes ?? 0));
      this.blobs++;
      if (blob.named) this.named ??= blob;
      this.bytes += bytes;
      const day = Math.floor((parseBlobPath(blob.key)?.hourMillis ?? blob.modifiedMillis) / dayMillis);
      let of = this.#days.get(day);
      if (of === undefined) this.#days.set(day, (of = { blobs: 0, bytes: 0, held: [], stored: false }));
      of.blobs++;
      of.bytes += bytes;
      of.held.push(blob);
      if (++this.#held >= limits.plannedBlobsMax) await this.#store();
    }
  }

  /** In order of days, oldest first. */
  days(): PlannedDay[] {
    return this.#sorted('oldest-first').map((day) => {
      const { blobs, bytes } = this.#days.get(day)!;
      return { dayMillis: day * dayMillis, blobs, bytes };
    });
  }

  /** The blobs, day by day; within a day as they were listed. */
  async *inOrder(order: IngestOrder): AsyncGenerator<SourceBlob> {
    for (const day of this.#sorted(order)) {
      const { held, stored } = this.#days.get(day)!;
      if (stored) yield* this.#load(day);
      yield* held;
      held.length = 0;
    }
  }

  /** Removes the temporary files. */
  async close(): Promise<void> {
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  #sorted(order: IngestOrder): number[] {
    const days = [...this.#days.keys()].sort((a, b) => a - b);
    return order === 'newest-first' ? days.reverse() : days;
  }

  async #store(): Promise<void> {
    try {
      this.#folder ??= await mkdtemp(join(tmpdir(), 'nsgflow-plan-'));
      for (const [day, of] of this.#days) {
        const kept: SourceBlob[] = [];
        let text = '';
        for (const blob of of.held) {
          if (blob.container === undefined || blob.named) {
            kept.push(blob);
            continue;
          }
          let index = this.#containers.indexOf(blob.container);
          if (index < 0) index = this.#containers.push(blob.container) - 1;
          text += `${JSON.stringify([index, blob.name, blob.lengthBytes, blob.etag, blob.modifiedMillis, blob.createdMillis])}\n`;
          this.#held--;
        }
        of.held = kept;
        if (text === '') continue;
        await appendFile(this.#file(day), text);
        of.stored = true;
      }
    } catch (error) {
      throw fileError(error, 'write the plan to the folder for temporary files');
    }
  }

  async *#load(day: number): AsyncGenerator<SourceBlob> {
    const file = await open(this.#file(day));
    try {
      for await (const line of file.readLines()) {
        // We wrote the line.
        const [index, name, lengthBytes, etag, lastModifiedMillis, createdMillis] = JSON.parse(line) as [
          number,
          string,
          number,
          string,
          number,
          number | null,
        ];
        const created = createdMillis === null ? {} : { createdMillis };
        const item: BlobItem = { name, lengthBytes, etag, lastModifiedMillis, ...created };
        yield sourceBlob(this.#containers[index], item, false);
      }
    } finally {
      await file.close().catch(() => undefined);
    }
  }

  #file(day: number): string {
    return join(this.#folder!, `${day}.jsonl`);
  }
}

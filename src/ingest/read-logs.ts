import { join } from 'node:path';
import { FlowError } from '../base/errors.ts';
import { makeTemporaryFolder } from '../lake/duckdb/temporary-folder.ts';
import type { Lake } from '../lake/lake.ts';
import { openLake } from '../lake/lake.ts';
import { describeRejection } from '../source/rejection.ts';
import type { Copies } from './copies.ts';
import { CopyFinder } from './copies.ts';
import { ingest } from './ingest.ts';

/** Flow logs, ingested to a temporary lake. */
export interface ReadLogs {
  readonly lake: Lake;
  readonly blobs: number;
  /** Unusable byte ranges. */
  readonly rejected: number;
  /** Tuples that were repaired when they were read. */
  readonly mended: number;
  /** The first unusable range, for users; '' if there is none. */
  readonly firstRejection: string;
  /** Why blobs and folders could not be read; the others were. */
  readonly unread: readonly FlowError[];
  /** Files with the same bytes: each counts. */
  readonly copies: Copies;
  /** Removes the lake. */
  readonly close: () => Promise<void>;
}

/**
 * Ingests to a lake in a private temporary folder, as `ingest` does, and settles it.
 * @throws not-found if the sources have no blobs, flowlog-invalid if they have no flow logs, and errors of storage
 */
export async function readLogs(
  sources: readonly string[],
  onProgress: (doneBytes: number, totalBytes: number) => void,
): Promise<ReadLogs> {
  const folder = await makeTemporaryFolder('logs');
  const path = join(folder.path, 'lake');
  const unread: FlowError[] = [];
  const copies = new CopyFinder();
  /** Sources can overlap. */
  const keys = new Set<string>();
  let lake: Lake | undefined;
  const close = async (): Promise<void> => {
    await lake?.close();
    await folder.remove();
  };
  try {
    const { records, rejected, mended, rejections, ...result } = await ingest({
      sources,
      lake: path,
      rejectedMax: undefined,
      onProgress,
      onListed: (blob) => {
        keys.add(blob.key);
        copies.add(blob);
      },
      onUnread: (error) => unread.push(error),
    });
    const names = sources.map((source) => source.replace(/\?.*$/, '')).join(', ');
    const read = keys.size - result.unread;
    if (read <= 0 && unread.length > 0) throw unread[0];
    if (read <= 0) throw new FlowError('not-found', `no flow log blobs in ${names}`);
    if (records === 0) throw new FlowError('flowlog-invalid', `there is no flow log in ${names}`);
    const firstRejection = rejections.length === 0 ? '' : describeRejection(rejections[0]);
    lake = await openLake(path);
    return { lake, blobs: read, rejected, mended, firstRejection, unread, copies: await copies.find(), close };
  } catch (error) {
    await close();
    throw error;
  }
}

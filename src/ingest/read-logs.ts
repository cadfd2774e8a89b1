import { join } from 'node:path';
import { FlowError } from '../base/errors.ts';
import type { Lake } from '../lake/lake.ts';
import { openLake } from '../lake/lake.ts';
import { makeTemporaryFolder } from '../lake/duckdb/temporary-folder.ts';
import { describeRejection } from '../source/rejection.ts';
import { selectsAll } from '../source/selection.ts';
import { listSources } from '../source/list-sources.ts';
import { readUnless } from '../source/whole-log.ts';

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
  /** Removes the lake. */
  readonly close: () => Promise<void>;
}

/** @throws not-found if the sources have no blobs, flowlog-invalid if they have no flow logs, and errors of storage */
export async function readLogs(sources: readonly string[], onProgress: (doneBytes: number) => void): Promise<ReadLogs> {
  const folder = await makeTemporaryFolder('logs');
  const lake = await openLake(join(folder.path, 'lake'), { create: true });
  const close = async (): Promise<void> => {
    await lake.close();
    await folder.remove();
  };
  /** Sources can overlap; each blob is read once. */
  const seen = new Set<string>();
  let blobs = 0;
  let records = 0;
  let bytes = 0;
  let rejected = 0;
  let mended = 0;
  let firstRejection = '';
  const unread: FlowError[] = [];
  const failures: FlowError[] = [];
  const unlisted = {
    onSource: (error: FlowError) => void failures.push(error),
    onPath: (error: FlowError) => void unread.push(error),
  };
  try {
    const append = await lake.beginAppend();
    for await (const blob of listSources(sources, selectsAll, unlisted)) {
      if (seen.has(blob.key)) continue;
      seen.add(blob.key);
      const read = await readUnless(blob, unread);
      if (read === undefined) continue;
      const { bytes: content, log } = read;
      await append.addFlowLog(log, { blob: blob.key });
      blobs++;
      records += log.records.length;
      bytes += content.length;
      if (rejected === 0 && log.rejections.length > 0)
        firstRejection = describeRejection({ ...log.rejections[0], blob: blob.key });
      rejected += log.rejections.length;
      mended += log.mended;
      onProgress(bytes);
    }
    if (failures.length > 0) throw failures[0];
    const names = sources.map((source) => source.replace(/\?.*$/, '')).join(', ');
    if (blobs === 0 && unread.length > 0) throw unread[0];
    if (blobs === 0) throw new FlowError('not-found', `no flow log blobs in ${names}`);
    if (records === 0) throw new FlowError('flowlog-invalid', `there is no flow log in ${names}`);
    await append.commit([]);
    return { lake, blobs, rejected, mended, firstRejection, unread, close };
  } catch (error) {
    await close();
    throw error;
  }
}

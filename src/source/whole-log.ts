import type { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { decodeFlowLog } from '../flowlog/decode.ts';
import type { FlowLog } from '../flowlog/record.ts';
import { wholeChunks } from './byte-stream.ts';
import type { SourceBlob } from './source-blob.ts';
import { streamOf } from './source-blob.ts';
import { archivedError, isOfBlob } from './unread.ts';

/** The tuples of a blob, and its unusable bytes. */
export interface WholeLog {
  /** Decompressed bytes, as far as they could be read. */
  readonly bytes: Uint8Array;
  readonly log: FlowLog;
}

/**
 * Reads a blob as it is now: it can have grown since it was listed. If its bytes end early, the readable part is
 * returned, and the rest is the last rejection.
 */
export async function readWhole(blob: SourceBlob): Promise<WholeLog> {
  const stream =
    blob.container === undefined
      ? blob.open()
      : streamOf(wholeChunks((start, end) => blob.range(start, end), blob.lengthBytes));
  try {
    // One more byte than allowed: reading to the end shows whether it ends there.
    const bytes = await stream.take(limits.blobBytesMax + 1);
    const log = decodeFlowLog(bytes);
    const { fault } = stream;
    if (fault === undefined) return { bytes, log };
    const rest = { ...fault, startByte: bytes.length, endByte: Math.max(bytes.length, blob.lengthBytes) };
    return { bytes, log: { ...log, rejections: [...log.rejections, rest] } };
  } finally {
    await stream.close();
  }
}

/**
 * Reads and decodes a blob. For an unreadable blob it returns `undefined` and adds the reason to `unread`.
 * @throws errors of its source
 */
export async function readUnless(blob: SourceBlob, unread: FlowError[]): Promise<WholeLog | undefined> {
  try {
    if (blob.archived === true) throw archivedError(blob);
    return await readWhole(blob);
  } catch (error) {
    if (blob.named || !isOfBlob(error)) throw error;
    unread.push(error);
    return undefined;
  }
}

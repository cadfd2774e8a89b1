import { FlowError } from '../base/errors.ts';
import type { BlockList } from '../blob/container.ts';
import { decodeFlowLog } from '../flowlog/decode.ts';
import type { FlowLog, Rejection } from '../flowlog/record.ts';
import { openLake } from '../lake/lake.ts';
import type { BlobPosition, PositionChange } from '../lake/positions.ts';
import type { SourceBlob } from './source.ts';
import { fingerprintOf, listSources } from './source.ts';

export interface IngestSettings {
  readonly sources: readonly string[];
  /** Folder of the lake; made where there is none, once the source has answered. */
  readonly lake: string;
  /** More rejected byte ranges than this end the run before they are committed; `undefined` is no limit. */
  readonly rejectedMax: number | undefined;
  /** Where given, the sources are listed once more before, so that bytes in all are known: those of blobs passed, of all, and blobs passed. */
  readonly onProgress?: (doneBytes: number, totalBytes: number, blobs: number) => void;
}

export interface IngestResult {
  /** Blobs found. */
  readonly blobs: number;
  /** New since they were last read. */
  readonly records: number;
  readonly tuples: number;
  /** Byte ranges that could not be used. */
  readonly rejected: number;
  /** The first of them, at most `examplesMax`. */
  readonly rejections: readonly BlobRejection[];
  /** Bytes read. */
  readonly bytes: number;
  readonly seconds: number;
}

export interface BlobRejection extends Rejection {
  /** Path or URL. */
  readonly blob: string;
}

/** What is new of a blob, decoded. */
interface Reading {
  readonly flowLog: FlowLog;
  readonly startByte: number;
  readonly bytes: number;
  readonly after: BlobPosition | undefined;
}

const examplesMax = 20;
/** Rows after which a run commits what it has. */
const rowsPerCommit = 1_000_000;
const blobsPerCommit = 10_000;

/**
 * Reads what is new of every blob into the lake. Positions and rows commit together, so whatever interrupts it, every tuple comes once; when
 * somebody else read the same blobs meanwhile, the batch is planned anew.
 * @throws rejected-too-many, flowlog-invalid when a file named as the source holds no flow log, and what storage and lake throw
 */
export async function ingest(settings: IngestSettings): Promise<IngestResult> {
  const startMillis = performance.now();
  const { rejectedMax } = settings;
  const total = { blobs: 0, records: 0, tuples: 0, rejected: 0, bytes: 0 };
  const rejections: BlobRejection[] = [];
  let passedBytes = 0;
  const blobs = listSources(settings.sources);
  const first = await blobs.next();
  const totalBytes = settings.onProgress === undefined ? 0 : await sizeOf(settings.sources);
  if (first.done === true) return { ...total, rejections, seconds: secondsSince(startMillis) };
  if (first.value.named) await readNew(first.value, undefined);
  let next = first as IteratorResult<SourceBlob, void>;
  const lake = await openLake(settings.lake, { create: true });
  try {
    while (next.done !== true) {
      const batch: SourceBlob[] = [];
      let added;
      do added = await ingestBatch(batch);
      while (added === undefined);
      for (const key of ['records', 'tuples', 'bytes', 'rejected'] as const) total[key] += added[key];
      rejections.push(...added.rejections.slice(0, Math.max(0, examplesMax - rejections.length)));
    }
  } finally {
    await lake.close();
  }
  return { ...total, rejections, seconds: secondsSince(startMillis) };

  /** Reads and commits one batch: those already in `batch` again, then more until it is full. `undefined` when it lost a race. */
  async function ingestBatch(batch: SourceBlob[]) {
    const { byKey } = await lake.positions();
    const append = await lake.beginAppend();
    const changes: PositionChange[] = [];
    const added = { records: 0, tuples: 0, bytes: 0, rejected: 0, rejections: [] as BlobRejection[] };
    const read = async (blob: SourceBlob): Promise<void> => {
      const before = byKey.get(blob.key);
      const reading = await readNew(blob, before);
      if (reading === undefined) return;
      const { flowLog, startByte, bytes, after } = reading;
      await append.addFlowLog(flowLog, { blob: blob.key, startByte });
      if (after !== undefined) changes.push({ key: blob.key, before, after });
      added.records += flowLog.records.length;
      added.tuples += flowLog.tuples.count;
      added.bytes += bytes;
      added.rejected += flowLog.rejections.length;
      for (const rejection of flowLog.rejections.slice(0, examplesMax)) {
        added.rejections.push({
          ...rejection,
          blob: blob.key,
          startByte: rejection.startByte + startByte,
          endByte: rejection.endByte + startByte,
        });
      }
      if (rejectedMax !== undefined && total.rejected + added.rejected > rejectedMax)
        throw tooMany(added.rejections[0]);
    };
    try {
      for (const blob of batch) await read(blob);
      while (next.done !== true && append.rows < rowsPerCommit && batch.length < blobsPerCommit) {
        total.blobs++;
        batch.push(next.value);
        await read(next.value);
        passedBytes += next.value.lengthBytes;
        settings.onProgress?.(passedBytes, totalBytes, total.blobs);
        next = await blobs.next();
      }
    } catch (error) {
      await append.abandon();
      throw error;
    }
    const { outcome } = await append.commit(changes);
    return outcome === 'committed' ? added : undefined;
  }

  function tooMany(first: BlobRejection): FlowError {
    return new FlowError(
      'rejected-too-many',
      `more than ${rejectedMax} byte ranges were rejected; the first: ${describeRejection(first)}`,
    );
  }
}

/** Bytes of all blobs of the sources; standard input, which can be read only once, counts as none. */
async function sizeOf(sources: readonly string[]): Promise<number> {
  let bytes = 0;
  for await (const blob of listSources(sources.filter((source) => source !== '-'))) bytes += blob.lengthBytes;
  return bytes;
}

/** Whole milliseconds as seconds. */
export function secondsSince(startMillis: number): number {
  return Math.round(performance.now() - startMillis) / 1000;
}

/** `PATH, bytes 10 to 42: reason: detail` */
export function describeRejection({ blob, startByte, endByte, reason, detail }: BlobRejection): string {
  return `${blob}, bytes ${startByte} to ${endByte}: ${reason}: ${detail}`;
}

/** Reads and decodes what a blob has beyond its position; `undefined` when that is nothing. @throws flowlog-invalid */
async function readNew(blob: SourceBlob, before: BlobPosition | undefined): Promise<Reading | undefined> {
  if (before !== undefined && before.etag === blob.etag && before.lengthBytes === blob.lengthBytes) return undefined;
  const list = await blob.blocks();
  const reading =
    list === undefined || list.blocks.length === 0
      ? await readBytes(blob, before)
      : await readBlocks(blob, before, list);
  if (reading !== undefined && blob.named && reading.flowLog.records.length === 0 && before === undefined)
    throw new FlowError('flowlog-invalid', `${blob.key} holds no flow log`);
  return reading;
}

/** A blob with a block list: the blocks behind those read, without the closing one. */
async function readBlocks(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  list: BlockList,
): Promise<Reading | undefined> {
  const { blocks } = list;
  const count = (blocks.at(-1)?.lengthBytes ?? 0) <= closingBytesMax ? blocks.length - 1 : blocks.length;
  const position = {
    etag: list.etag,
    lengthBytes: blocks.reduce((sum, block) => sum + block.lengthBytes, 0),
    readBytes: blocks.slice(0, count).reduce((sum, block) => sum + block.lengthBytes, 0),
    blocks: count,
    fingerprint: fingerprintOf(
      blocks
        .slice(0, count)
        .map(({ id }) => id)
        .join('\n'),
    ),
  };
  if (before !== undefined) {
    const known = blocks.slice(0, before.blocks ?? 0).map(({ id }) => id);
    if (before.blocks === undefined || count < before.blocks || fingerprintOf(known.join('\n')) !== before.fingerprint)
      return rewritten(blob, before);
  }
  const start = before?.readBytes ?? 0;
  if (position.readBytes <= start) return undefined;
  const bytes = await blob.read(start, position.readBytes);
  return { flowLog: decodeFlowLog(bytes), startByte: start, bytes: bytes.length, after: position };
}

const closingBytesMax = 2;

/** A file or copy: the bytes behind the last whole record. */
async function readBytes(blob: SourceBlob, before: BlobPosition | undefined): Promise<Reading | undefined> {
  const bytes = await blob.read();
  const start = before?.readBytes ?? 0;
  if (before !== undefined) {
    if (
      bytes.length < start ||
      before.blocks !== undefined ||
      fingerprintOf(bytes.subarray(0, start)) !== before.fingerprint
    )
      return rewritten(blob, before);
  }
  const flowLog = decodeFlowLog(bytes.subarray(start));
  const end = flowLog.records.reduce((last, record) => Math.max(last, record.endByte), 0);
  const rejectedEnd = flowLog.rejections.reduce((last, rejection) => Math.max(last, rejection.endByte), 0);
  const readBytes = start + Math.max(end, rejectedEnd);
  const fingerprint = fingerprintOf(bytes.subarray(0, readBytes));
  return {
    flowLog,
    startByte: start,
    bytes: bytes.length - start,
    after: { etag: blob.etag, lengthBytes: blob.lengthBytes, readBytes, fingerprint },
  };
}

/** A blob whose bytes read before are no longer there: nothing of it is read, so nothing comes twice, and it is reported. */
function rewritten(blob: SourceBlob, before: BlobPosition): Reading {
  const rejection: Rejection = {
    startByte: 0,
    endByte: blob.lengthBytes,
    reason: 'blob-rewritten',
    detail: `it was read to byte ${before.readBytes} before, and those bytes have changed since`,
  };
  const tuples = decodeFlowLog(new Uint8Array(0)).tuples;
  return {
    flowLog: { records: [], groups: [], tuples, rejections: [rejection] },
    startByte: 0,
    bytes: 0,
    after: undefined,
  };
}

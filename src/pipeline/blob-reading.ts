/**
 * What is new of one blob since its position, in pieces that are decoded on their own.
 *
 *   with a block list     the blocks behind those read, without the closing one; pieces end where blocks end
 *   without               the bytes behind the last whole record; pieces end where records end
 *
 * Whether what was read before still stands is seen by a fingerprint: of the ids and lengths of the blocks read, or of the bytes read. Where the ETag changed
 * though no block came, or the blob was made anew, the bytes of the blocks read are compared, too. Where they do not stand, the reading says `replaces`, and
 * is then opened `fromStart`.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { limits } from '../base/limits.ts';
import type { Block, BlockList } from '../blob/container.ts';
import { decodeFlowLog } from '../flowlog/decode.ts';
import type { Rejection } from '../flowlog/record.ts';
import type { BlobPosition, KeptRejection } from '../lake/positions.ts';
import type { ByteStream } from './source-bytes.ts';
import type { SourceBlob } from './source.ts';

/** Bytes to decode, and the byte of the blob at which they begin. */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly startByte: number;
}

/** What decoding the pieces gave: positions are those of the blob. */
export interface PieceOutcome {
  /** Behind the last whole record or rejection; 0 where there was none. */
  readonly readEndByte: number;
  readonly rejections: readonly Rejection[];
}

export interface BlobReading {
  readonly blob: SourceBlob;
  readonly before: BlobPosition | undefined;
  /** Why the rows that the blob gave before must go; `undefined` where they stand. Then there are no pieces. */
  readonly replaces: Replacement | undefined;
  /** The next piece; `undefined` behind the last. */
  next(): Promise<Piece | undefined>;
  /** Known behind the last piece: why the bytes ended before their time, as a rejection of the rest. */
  readonly fault: Rejection | undefined;
  /** The position behind the last piece. `rejections` have the fault, too. */
  position(outcome: PieceOutcome): BlobPosition;
  close(): Promise<void>;
}

/** `blob-rewritten`: bytes that were read are no longer there. `blob-mended`: it ended inside a record, and goes on now. */
export interface Replacement {
  readonly notice: 'blob-rewritten' | 'blob-mended';
  /** One sentence without a stop. */
  readonly detail: string;
}

/** The last block holds the closing brackets alone. */
const closingBytesMax = 2;

/** Opens what is new of a blob; all of it `fromStart`, whatever was read before. @returns `undefined` when there is nothing new */
export async function openReading(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  fromStart = false,
): Promise<BlobReading | undefined> {
  if (!fromStart && before !== undefined && isSame(blob, before)) return undefined;
  const asBytes = before !== undefined && before.blocks === undefined;
  const list = asBytes && !fromStart ? undefined : await blob.blocks();
  if (list === undefined || list.blocks.length === 0) return await openBytes(blob, before, fromStart);
  return await openBlocks(blob, before, list, fromStart);
}

/** Whether a blob stands as it was read. */
export function isSame(blob: SourceBlob, position: BlobPosition): boolean {
  return position.etag === blob.etag && position.lengthBytes === blob.lengthBytes;
}

/** Whether a blob was deleted and made again since it was read, where storage tells that. */
function isMadeAnew({ createdMillis }: SourceBlob, position: BlobPosition): boolean {
  return (
    createdMillis !== undefined && position.createdMillis !== undefined && createdMillis !== position.createdMillis
  );
}

async function openBlocks(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  list: BlockList,
  fromStart: boolean,
): Promise<BlobReading | undefined> {
  const { blocks } = list;
  const count = (blocks.at(-1)?.lengthBytes ?? 0) <= closingBytesMax ? blocks.length - 1 : blocks.length;
  const known = fromStart ? undefined : before;
  const from = known?.blocks ?? 0;
  if (known !== undefined) {
    if (count < from)
      return replacing(blob, before, 'blob-rewritten', `it has ${count} blocks where ${from} were read`);
    if (fingerprintOfBlocks(blocks.slice(0, from)) !== known.fingerprint)
      return replacing(blob, before, 'blob-rewritten', `its first ${from} blocks are not those that were read`);
    if (count === from && known.etag === list.etag) return undefined;
    const mayDiffer = count === from || isMadeAnew(blob, known);
    if (mayDiffer && (await contentOf(blob, blocks.slice(0, from))) !== known.content)
      return replacing(
        blob,
        before,
        'blob-rewritten',
        `its first ${from} blocks hold other bytes than those that were read`,
      );
  }
  const startByte = lengthOf(blocks.slice(0, from));
  const readBytes = startByte + lengthOf(blocks.slice(from, count));
  const content = new BlockContent(blocks.slice(from, count), known?.content);
  let block = from;
  let at = startByte;
  return {
    blob,
    before,
    replaces: undefined,
    async next() {
      if (block >= count) return undefined;
      let end = at + blocks[block++].lengthBytes;
      while (block < count && end - at + blocks[block].lengthBytes <= limits.pieceBytesMax)
        end += blocks[block++].lengthBytes;
      const piece = { bytes: await blob.range(at, end), startByte: at };
      content.add(piece.bytes);
      at = end;
      return piece;
    },
    fault: undefined,
    position: ({ rejections }) => ({
      etag: list.etag,
      lengthBytes: lengthOf(blocks),
      readBytes,
      blocks: count,
      fingerprint: fingerprintOfBlocks(blocks.slice(0, count)),
      content: content.digest,
      modifiedMillis: blob.modifiedMillis,
      ...(blob.createdMillis === undefined ? {} : { createdMillis: blob.createdMillis }),
      ...keptOf([...(known?.rejections ?? []), ...rejections]),
    }),
    close: () => Promise.resolve(),
  };
}

async function openBytes(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  fromStart: boolean,
): Promise<BlobReading | undefined> {
  const known = fromStart ? undefined : before;
  if (known?.blocks !== undefined)
    return replacing(blob, before, 'blob-rewritten', 'it was read by blocks, and has no block list now');
  if (known?.torn === true) return replacing(blob, before, 'blob-mended', 'it ended inside a record when it was read');
  const stream = blob.open();
  const hash = createHash('sha256');
  try {
    if (known !== undefined && !(await passKnown(stream, known, hash))) {
      await stream.close();
      return replacing(
        blob,
        before,
        'blob-rewritten',
        stream.position < known.readBytes
          ? `it ends at byte ${stream.position}, and was read to byte ${known.readBytes}`
          : `its first ${known.readBytes} bytes are not those that were read`,
      );
    }
  } catch (error) {
    await stream.close();
    throw error;
  }
  const hashed = new TailHash(hash, stream.position);
  return {
    blob,
    before,
    replaces: undefined,
    async next() {
      const startByte = stream.position;
      const bytes = await stream.take(await wholeRecords(stream));
      if (bytes.length === 0) return undefined;
      hashed.add(bytes);
      return { bytes, startByte };
    },
    get fault() {
      const { fault } = stream;
      return fault && { ...fault, startByte: hashed.end, endByte: Math.max(hashed.end, blob.lengthBytes) };
    },
    position({ readEndByte, rejections }) {
      const readBytes = Math.max(readEndByte, known?.readBytes ?? 0);
      const last = rejections.at(-1);
      const fingerprint = hashed.digestAt(readBytes);
      const torn =
        stream.fault !== undefined ||
        fingerprint === undefined ||
        (last?.reason === 'truncated' && last.endByte >= hashed.end);
      return {
        etag: blob.etag,
        lengthBytes: blob.lengthBytes,
        readBytes,
        ...(fingerprint === undefined ? {} : { fingerprint }),
        ...(torn ? { torn } : {}),
        modifiedMillis: blob.modifiedMillis,
        ...keptOf([...(known?.rejections ?? []), ...rejections]),
      };
    },
    close: () => stream.close(),
  };
}

function replacing(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  notice: Replacement['notice'],
  detail: string,
): BlobReading {
  return {
    blob,
    before,
    replaces: { notice, detail },
    next: () => Promise.resolve(undefined),
    fault: undefined,
    position: () => before!,
    close: () => Promise.resolve(),
  };
}

/** Passes the bytes that were read before. @returns whether they are the same */
async function passKnown(stream: ByteStream, { readBytes, fingerprint }: BlobPosition, hash: Hash): Promise<boolean> {
  while (stream.position < readBytes) {
    const bytes = await stream.take(Math.min(limits.pieceBytesMax, readBytes - stream.position));
    if (bytes.length === 0) return false;
    hash.update(bytes);
  }
  return fingerprint === digest(hash.copy());
}

/** How many of the next bytes make a piece: up to where a record ends, where more than one piece is left. */
async function wholeRecords(stream: ByteStream): Promise<number> {
  for (let size: number = limits.pieceBytesMax; ; size *= 2) {
    const bytes = await stream.look(size + 1);
    if (bytes.length <= size) return bytes.length;
    const whole = endOfWhole(bytes.subarray(0, size));
    if (whole > 0) return whole;
    if (size >= limits.recordBytesMax) return size;
  }
}

/** Where a record begins that ends behind these bytes; their length where none does. */
function endOfWhole(bytes: Uint8Array): number {
  const { records, rejections } = decodeFlowLog(bytes);
  const cut = rejections.at(-1);
  if (cut === undefined || cut.reason !== 'truncated' || cut.endByte < bytes.length) return bytes.length;
  const record = records.at(-1);
  return record !== undefined && record.endByte > cut.startByte ? record.startByte : cut.startByte;
}

function lengthOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
}

function fingerprintOfBlocks(blocks: readonly Block[]): string {
  const hash = createHash('sha256');
  for (const { id, lengthBytes } of blocks) hash.update(`${id}:${lengthBytes}\n`);
  return digest(hash);
}

/** 128 bits in 22 characters: positions hold one or two of a blob. */
function digest(hash: Hash): string {
  return hash.digest().subarray(0, 16).toString('base64url');
}

/** The bytes of these blocks as they stand now. */
async function contentOf(blob: SourceBlob, blocks: readonly Block[]): Promise<string | undefined> {
  const content = new BlockContent(blocks, undefined);
  const end = lengthOf(blocks);
  for (let at = 0; at < end;) {
    const bytes = await blob.range(at, Math.min(end, at + limits.pieceBytesMax));
    if (bytes.length === 0) return undefined;
    content.add(bytes);
    at += bytes.length;
  }
  return content.digest;
}

/** A digest over blocks, of which each is digested by itself: it goes on block by block, whatever was read at once. */
class BlockContent {
  digest: string;
  readonly #lengths: number[];
  #hash = createHash('sha256');
  #at = 0;
  #block = 0;

  constructor(blocks: readonly Block[], before: string | undefined) {
    this.digest = before ?? '';
    this.#lengths = blocks.map(({ lengthBytes }) => lengthBytes);
  }

  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length && this.#block < this.#lengths.length;) {
      const end = Math.min(bytes.length, from + this.#lengths[this.#block] - this.#at);
      this.#hash.update(bytes.subarray(from, end));
      this.#at += end - from;
      from = end;
      if (this.#at < this.#lengths[this.#block]) return;
      this.digest = digest(createHash('sha256').update(this.digest).update(this.#hash.digest()));
      this.#hash = createHash('sha256');
      this.#at = 0;
      this.#block++;
    }
  }
}

/** Bytes behind the last record that are no more than brackets, so that the fingerprint can end in them. */
const tailBytes = 256;

/** A digest over all bytes passed, which can be asked for where the last record ends: somewhere in the last bytes. */
class TailHash {
  #hash: Hash;
  #tail: Uint8Array = new Uint8Array(0);
  end: number;

  constructor(hash: Hash, end: number) {
    this.#hash = hash;
    this.end = end;
  }

  add(bytes: Uint8Array): void {
    this.#hash.update(this.#tail);
    const tail = Math.min(tailBytes, bytes.length);
    this.#hash.update(bytes.subarray(0, bytes.length - tail));
    this.#tail = bytes.slice(bytes.length - tail);
    this.end += bytes.length;
  }

  /** Of the bytes up to `end`; `undefined` where that lies too far back. */
  digestAt(end: number): string | undefined {
    const inTail = end - (this.end - this.#tail.length);
    if (inTail < 0 || inTail > this.#tail.length) return undefined;
    return digest(this.#hash.copy().update(this.#tail.subarray(0, inTail)));
  }
}

function keptOf(rejections: readonly (Rejection | KeptRejection)[]): { rejections?: readonly KeptRejection[] } {
  if (rejections.length === 0) return {};
  const kept: KeptRejection[] = rejections.slice(0, limits.rejectionsPerBlobMax).map(({ ...one }) => one);
  const rest = rejections.slice(limits.rejectionsPerBlobMax);
  if (rest.length > 0) {
    const last = kept[kept.length - 1];
    const endByte = rest.reduce((end, one) => Math.max(end, one.endByte), last.endByte);
    kept[kept.length - 1] = {
      startByte: last.startByte,
      endByte,
      reason: 'too-many',
      detail: `${rest.length + 1} ranges or more.`,
    };
  }
  return { rejections: kept };
}

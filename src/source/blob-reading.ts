/**
 * Reads the new part of a blob since its position, in pieces that are decoded separately.
 *
 *   with a block list     the blocks after those read, without the closing block; pieces end at block ends
 *   without               the bytes after the last complete record; pieces end at record ends
 *
 * A fingerprint detects whether the part read before has changed: of the ids and lengths of the blocks read, or of the
 * bytes read. If the ETag changed without new blocks, or the blob was recreated, the bytes of these blocks are compared,
 * too. If they differ, the reading has `replaces`, and is then opened again `fromStart`.
 */
import { createHash } from 'node:crypto';
import type { Hash } from 'node:crypto';
import { limits } from '../base/limits.ts';
import type { Block, BlockList } from '../blob/container.ts';
import type { FlowLogCut } from '../flowlog/record.ts';
import type { Rejection } from '../flowlog/record.ts';
import type { BlobPosition, KeptRejection } from '../lake/positions/position.ts';
import type { Piece, PieceSizes } from './log-pieces.ts';
import { LogPieces } from './log-pieces.ts';
import { ByteStream } from './byte-stream.ts';
import type { SourceBlob } from './source-blob.ts';
import { isNeverRead, withoutUnread } from './unread.ts';

/** Result of decoding the pieces; positions are in the blob. */
export interface PieceOutcome {
  /** After the last complete record or rejection; 0 if there was none. */
  readonly readEndByte: number;
  readonly rejections: readonly Rejection[];
}

export interface BlobReading {
  readonly blob: SourceBlob;
  readonly before: BlobPosition | undefined;
  /**
   * Why the rows read from the blob before must be removed; `undefined` if they are still valid. With it, there are no
   * pieces.
   */
  readonly replaces: Replacement | undefined;
  /** The next piece; `undefined` after the last. The previous piece must be passed. */
  next(): Promise<Piece | undefined>;
  /**
   * Accepts the final part of a decoded piece.
   * @returns its number of bytes
   */
  pass(piece: Piece, cut: FlowLogCut | undefined): number;
  /** Available after the last piece: why the bytes ended early, as a rejection of the rest. */
  readonly fault: Rejection | undefined;
  /** The position after the last piece. `rejections` include the fault. */
  position(outcome: PieceOutcome): BlobPosition;
  close(): Promise<void>;
}

/** `blob-rewritten`: bytes that were read have changed. `blob-mended`: it ended inside a record, and now continues. */
export interface Replacement {
  readonly notice: 'blob-rewritten' | 'blob-mended';
  /** One sentence without a period. */
  readonly detail: string;
}

/** The last block has only the closing brackets. */
const closingBytesMax = 2;

/**
 * Opens the new part of a blob; with `fromStart` all of it.
 * @returns `undefined` if there is nothing new
 */
export async function openReading(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  fromStart = false,
  sizes?: PieceSizes,
): Promise<BlobReading | undefined> {
  if (!fromStart && before !== undefined && isNeverRead(before)) return await openReading(blob, before, true, sizes);
  if (!fromStart && before !== undefined && isSame(blob, before)) return undefined;
  const asBytes = before !== undefined && before.blocks === undefined;
  const list = asBytes && !fromStart ? undefined : await blob.blocks();
  if (list === undefined || list.blocks.length === 0) return await openBytes(blob, before, fromStart, sizes);
  return await openBlocks(blob, before, list, fromStart, sizes);
}

/** Whether a blob is unchanged since it was read. */
export function isSame(blob: SourceBlob, position: BlobPosition): boolean {
  return position.etag === blob.etag && position.lengthBytes === blob.lengthBytes;
}

/** Whether a blob was deleted and recreated since it was read, if storage reports it. */
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
  sizes: PieceSizes | undefined,
): Promise<BlobReading | undefined> {
  const { blocks } = list;
  const known = fromStart ? undefined : before;
  const from = known?.blocks ?? 0;
  if (known !== undefined) {
    const closed = (blocks.at(-1)?.lengthBytes ?? 0) <= closingBytesMax ? 1 : 0;
    const count = blocks.length - closed;
    if (blocks.length < from)
      return replacing(blob, before, 'blob-rewritten', `it has ${count} blocks where ${from} were read`);
    if (fingerprintOfBlocks(blocks.slice(0, from)) !== known.fingerprint)
      return replacing(blob, before, 'blob-rewritten', `its first ${from} blocks are not those that were read`);
    if (count <= from && known.etag === list.etag) return undefined;
    if (known.torn === true) return replacing(blob, before, 'blob-mended', tornDetail);
    const mayDiffer = count <= from || isMadeAnew(blob, known);
    if (mayDiffer && (await contentOf(blob, blocks.slice(0, from))) !== known.content)
      return replacing(blob, before, 'blob-rewritten', `its first ${from} blocks have changed since they were read`);
  }
  const startByte = lengthOf(blocks.slice(0, from));
  const content = new BlockContent(blocks.slice(from), known?.content);
  let count = from;
  const stream = new ByteStream(chunks(), Number.POSITIVE_INFINITY);
  return readingOf(blob, before, stream, new LogPieces(stream, startByte, sizes), {
    position: ({ rejections }, isTorn) => ({
      etag: list.etag,
      lengthBytes: lengthOf(blocks),
      readBytes: lengthOf(blocks.slice(0, count)),
      blocks: count,
      fingerprint: fingerprintOfBlocks(blocks.slice(0, count)),
      content: content.digest,
      ...(isTorn ? { torn: true } : {}),
      modifiedMillis: blob.modifiedMillis,
      ...(blob.createdMillis === undefined ? {} : { createdMillis: blob.createdMillis }),
      ...keptOf([...withoutUnread(known?.rejections ?? []), ...rejections]),
    }),
  });

  /**
   * The bytes of unread blocks, with as many whole blocks together as fit into a piece. A last block that only closes
   * the blob does not count as read.
   */
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for (let at = startByte, block = from; block < blocks.length;) {
      let end = at + blocks[block++].lengthBytes;
      while (block < blocks.length && end - at + blocks[block].lengthBytes <= limits.pieceBytesMax)
        end += blocks[block++].lengthBytes;
      while (at < end) {
        const bytes = await blob.range(at, Math.min(end, at + limits.pieceBytesMax));
        if (bytes.length === 0) return;
        at += bytes.length;
        const lastBytes = blocks[block - 1].lengthBytes;
        const isTail =
          at === end && block === blocks.length && lastBytes <= closingBytesMax && bytes.length >= lastBytes;
        const closes = isTail && isClosing(bytes.subarray(bytes.length - lastBytes));
        // If the blob has grown since, other bytes are in the place of the closing block.
        const isGone = isTail && !closes && (await blob.blocks())?.etag !== list.etag;
        const whole = closes || isGone ? bytes.subarray(0, bytes.length - lastBytes) : bytes;
        content.add(whole);
        if (at === end) count = closes || isGone ? block - 1 : block;
        yield isGone ? whole : bytes;
      }
    }
  }
}

/** Whether the bytes of a last block close the blob, and are replaced when it grows. */
function isClosing(bytes: Uint8Array): boolean {
  return bytes.every((byte) => byte === 0x5d || byte === 0x7d || byte <= 0x20);
}

const tornDetail = 'it ended inside a record when it was read';

/** The head between records: the next reading begins there and needs no head. */
const plainHeads: ReadonlySet<string> = new Set(['', '{"records":[']);

/**
 * Whether a last piece ends inside a record, or at a nesting depth where the rest can be read only together with the
 * part before.
 */
function endsTorn({ bytes, goesOn }: Piece, cut: FlowLogCut | undefined): boolean {
  return !goesOn && cut !== undefined && (cut.startByte < bytes.length || !plainHeads.has(cut.head));
}

async function openBytes(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  fromStart: boolean,
  sizes: PieceSizes | undefined,
): Promise<BlobReading | undefined> {
  const known = fromStart ? undefined : before;
  if (known?.blocks !== undefined)
    return replacing(blob, before, 'blob-rewritten', 'it was read by blocks but has no block list now');
  if (known?.torn === true) return replacing(blob, before, 'blob-mended', tornDetail);
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
  return readingOf(blob, before, stream, new LogPieces(stream, stream.position, sizes), {
    settled: (bytes) => hashed.add(bytes),
    fault: () => {
      const { fault } = stream;
      return fault && { ...fault, startByte: hashed.end, endByte: Math.max(hashed.end, blob.lengthBytes) };
    },
    position: ({ readEndByte, rejections }, isTorn) => {
      const readBytes = Math.max(readEndByte, known?.readBytes ?? 0);
      const fingerprint = hashed.digestAt(readBytes);
      const torn = stream.fault !== undefined || fingerprint === undefined || isTorn;
      return {
        etag: blob.etag,
        lengthBytes: blob.lengthBytes,
        readBytes,
        ...(fingerprint === undefined ? {} : { fingerprint }),
        ...(torn ? { torn } : {}),
        modifiedMillis: blob.modifiedMillis,
        ...keptOf([...withoutUnread(known?.rejections ?? []), ...rejections]),
      };
    },
  });
}

/** What the two ways to read a blob do on their own. */
interface ReadingWay {
  readonly settled?: (bytes: Uint8Array) => void;
  readonly fault?: () => Rejection | undefined;
  readonly position: (outcome: PieceOutcome, isTorn: boolean) => BlobPosition;
}

function readingOf(
  blob: SourceBlob,
  before: BlobPosition | undefined,
  stream: ByteStream,
  pieces: LogPieces,
  way: ReadingWay,
): BlobReading {
  let isTorn = false;
  return {
    blob,
    before,
    replaces: undefined,
    next: () => pieces.next(),
    pass: (piece, cut) => {
      isTorn = endsTorn(piece, cut);
      const settled = pieces.pass(piece, cut);
      way.settled?.(settled);
      return settled.length;
    },
    get fault() {
      return way.fault?.();
    },
    position: (outcome) => way.position(outcome, isTorn),
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
    pass: () => 0,
    fault: undefined,
    position: () => before!,
    close: () => Promise.resolve(),
  };
}

/**
 * Skips the bytes read before.
 * @returns whether they are unchanged
 */
async function passKnown(stream: ByteStream, { readBytes, fingerprint }: BlobPosition, hash: Hash): Promise<boolean> {
  while (stream.position < readBytes) {
    const bytes = await stream.take(Math.min(limits.pieceBytesMax, readBytes - stream.position));
    if (bytes.length === 0) return false;
    hash.update(bytes);
  }
  return fingerprint === digest(hash.copy());
}

function lengthOf(blocks: readonly Block[]): number {
  return blocks.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
}

function fingerprintOfBlocks(blocks: readonly Block[]): string {
  const hash = createHash('sha256');
  for (const { id, lengthBytes } of blocks) hash.update(`${id}:${lengthBytes}\n`);
  return digest(hash);
}

/** 128 bits in 22 characters: each blob's position has one or two. */
function digest(hash: Hash): string {
  return hash.digest().subarray(0, 16).toString('base64url');
}

/** Digest of the current bytes of these blocks. */
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

/** A digest over blocks, each with its own digest, so that it can be continued block by block. */
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

/** Bytes after the last record that can be only brackets, so that the fingerprint can end in them. */
const tailBytes = 256;

/** A digest over all bytes read, also available for the end of the last record, within the last bytes. */
class TailHash {
  #hash: Hash;
  #tail: Uint8Array = new Uint8Array(0);
  end: number;

  constructor(hash: Hash, end: number) {
    this.#hash = hash;
    this.end = end;
  }

  add(bytes: Uint8Array): void {
    const fromTail = Math.max(0, Math.min(this.#tail.length, this.#tail.length + bytes.length - tailBytes));
    const fromBytes = Math.max(0, bytes.length - tailBytes);
    this.#hash.update(this.#tail.subarray(0, fromTail));
    this.#hash.update(bytes.subarray(0, fromBytes));
    this.#tail = Buffer.concat([this.#tail.subarray(fromTail), bytes.subarray(fromBytes)]);
    this.end += bytes.length;
  }

  /** Digest of the bytes up to `end`; `undefined` if that is too far back. */
  digestAt(end: number): string | undefined {
    const inTail = end - (this.end - this.#tail.length);
    if (inTail < 0 || inTail > this.#tail.length) return undefined;
    return digest(this.#hash.copy().update(this.#tail.subarray(0, inTail)));
  }
}

/** A position with additional rejections. */
export function withRejections(position: BlobPosition, rejections: readonly Rejection[]): BlobPosition {
  return { ...position, ...keptOf([...(position.rejections ?? []), ...rejections]) };
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

import { constants } from 'node:fs';
import type { BigIntStats } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { parseJournal, versionAt } from './block-journal.ts';
import type { JournalLine, Version } from './block-journal.ts';

/**
 * One blob of a folder as found on disk: its file, and the version of its journal that matches the file. This module
 * changes nothing.
 *
 * The file is read before the journal. A journal line is written before the blob grows, so the line for any length of
 * the file already exists. A file that is longer than all lines say was written by another program.
 */
export interface FoundBlob {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
  readonly mtimeNanos: bigint;
  /** 0 if the file system does not report it. */
  readonly birthNanos: bigint;
  readonly etag: string;
  /** `undefined` for a blob without a block list: no journal, or no line that matches the file. */
  readonly version: Version | undefined;
  /** Offset in the journal after the line of `version`. Later lines belong to a commit in progress or interrupted. */
  readonly journalEnd: number;
  readonly journalBytes: number;
}

/** The ETag of a file with this length and modification time. Each commit changes both. */
export function fileEtag(sizeBytes: number | bigint, mtimeNanos: bigint): string {
  return `"${sizeBytes.toString(16)}-${mtimeNanos.toString(16)}"`;
}

/** True during a commit, or after an interrupted one: the journal has lines that do not match the blob yet. */
export function isPending(blob: FoundBlob): boolean {
  return (
    blob.version !== undefined && (blob.journalBytes > blob.journalEnd || blob.sizeBytes !== blob.version.lengthBytes)
  );
}

/** Attempts to read a blob that is repeatedly deleted and recreated. */
const looksMax = 20;

/**
 * Opens a blob; the caller closes its handle. `undefined` if there is no such file.
 * @throws errors of the file system
 */
export async function findBlob(blobPath: string, journalPath: string): Promise<FoundBlob | undefined> {
  for (let look = 1; ; look++) {
    const blob = await lookAt(blobPath, journalPath);
    // If it was deleted after opening, it has no journal, or the journal of the next blob with its name.
    if (blob === undefined || blob.version !== undefined || look === looksMax || (await isStillAt(blobPath, blob)))
      return blob;
    await blob.handle.close();
  }
}

async function isStillAt(blobPath: string, { handle }: FoundBlob): Promise<boolean> {
  const now = await stat(blobPath, { bigint: true }).catch(() => undefined);
  const opened = await handle.stat({ bigint: true });
  return now !== undefined && now.ino === opened.ino && now.dev === opened.dev;
}

async function lookAt(blobPath: string, journalPath: string): Promise<FoundBlob | undefined> {
  const handle = await openToRead(blobPath);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) {
      await handle.close();
      return undefined;
    }
    const sizeBytes = Number(stats.size);
    const mtimeNanos = stats.mtimeNs;
    const birthNanos = stats.birthtimeNs;
    const found = { handle, sizeBytes, mtimeNanos, birthNanos, etag: fileEtag(sizeBytes, mtimeNanos) };
    const journal = await readJournal(journalPath);
    if (journal === undefined) return { ...found, version: undefined, journalEnd: 0, journalBytes: 0 };
    const lines = parseJournal(journal.text);
    const index = await lineBorneOut(lines, handle, sizeBytes, isStamped(mtimeNanos, journal.stats.mtimeNs));
    return {
      ...found,
      version: index < 0 ? undefined : versionAt(lines, index),
      journalEnd: lines[index]?.end ?? 0,
      journalBytes: journal.lengthBytes,
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/**
 * Bytes `start` to `end` of the version (or of the file without a version). The last block comes from the journal: an
 * append overwrites it first, so a concurrent reader would see its first bytes change.
 */
export async function readVersion(blob: FoundBlob, start: number, end: number): Promise<Uint8Array> {
  const { handle, version } = blob;
  const lengthBytes = version?.lengthBytes ?? blob.sizeBytes;
  const from = Math.min(start, lengthBytes);
  const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(end, lengthBytes) - from));
  const last = Buffer.from(version?.last ?? '', 'latin1');
  const lastStart = lengthBytes - last.length;
  const inFile = Math.max(0, Math.min(bytes.length, lastStart - from));
  const got = await readInto(handle, bytes.subarray(0, inFile), from);
  if (got < inFile) return bytes.subarray(0, got);
  if (inFile < bytes.length) last.copy(bytes, inFile, from + inFile - lastStart, from + bytes.length - lastStart);
  return bytes;
}

/**
 * Fills `bytes` from `position` on.
 * @returns bytes read; fewer only at the end of the file
 */
export async function readInto(handle: FileHandle, bytes: Uint8Array, position: number): Promise<number> {
  let got = 0;
  while (got < bytes.length) {
    const { bytesRead } = await handle.read(bytes, got, Math.min(bytes.length - got, 1 << 30), position + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return got;
}

/**
 * Attempts of `lineBorneOut`, each of which can read the whole blob. Two are needed after a crash; more only for
 * journals that nsgflow did not write.
 */
const triesMax = 8;

/** Index of the last line that matches the file; -1 if none does. */
async function lineBorneOut(
  lines: readonly JournalLine[],
  handle: FileHandle,
  sizeBytes: number,
  stamped: boolean,
): Promise<number> {
  const newest = lines.length - 1;
  const last = lines.at(-1);
  // An invalid line of a competing writer extends an earlier version than the line before it, and can have the same
  // length.
  const isPlain = last?.kind === 'put' || last?.base === newest - 1;
  if (stamped && isPlain && last?.lengthBytes === sizeBytes) return newest;
  const bases = new Set(lines.map((line) => line.base));
  const goesOnTo = new Map<number, number>();
  for (const [index, { base, lengthBytes }] of lines.entries())
    // A version that was extended was complete, so a crash does not explain a blob that is only a part of it.
    if (base >= 0 && !bases.has(index)) goesOnTo.set(base, Math.max(lengthBytes, goesOnTo.get(base) ?? 0));
  let tries = 0;
  for (let index = newest; index >= 0 && tries < triesMax; index--) {
    const { lengthBytes } = lines[index];
    const tornHere = lengthBytes < sizeBytes && sizeBytes <= (goesOnTo.get(index) ?? 0);
    if (lengthBytes !== sizeBytes && !tornHere) continue;
    tries++;
    if (await holdsBlocks(handle, versionAt(lines, index))) return index;
  }
  return -1;
}

/**
 * Whether the file's bytes have the CRC-32 of the version's blocks. A last block that is stored in the journal is not
 * checked.
 */
async function holdsBlocks(handle: FileHandle, version: Version): Promise<boolean> {
  const blocks = version.last === undefined ? version.blocks : version.blocks.slice(0, -1);
  const buffer = Buffer.allocUnsafe(Math.min(1 << 20, version.lengthBytes));
  let position = 0;
  for (const block of blocks) {
    let crc = 0;
    for (let done = 0; done < block.lengthBytes;) {
      const chunk = buffer.subarray(0, Math.min(buffer.length, block.lengthBytes - done));
      if ((await readInto(handle, chunk, position + done)) < chunk.length) return false;
      crc = crc32(chunk, crc);
      done += chunk.length;
    }
    if (crc !== block.crc32) return false;
    position += block.lengthBytes;
  }
  return true;
}

/**
 * A commit ends by setting the journal's time to the blob's modification time. If both are equal, the blob was not
 * changed since, and its CRCs need not be read. The precision is a microsecond.
 */
function isStamped(blobNanos: bigint, journalNanos: bigint): boolean {
  const difference = blobNanos - journalNanos;
  return difference > -2000n && difference < 2000n;
}

async function readJournal(
  path: string,
): Promise<{ text: string; lengthBytes: number; stats: BigIntStats } | undefined> {
  const handle = await openToRead(path);
  if (handle === undefined) return undefined;
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile() || stats.size > limits.blockJournalBytesMax) return undefined;
    const bytes = await handle.readFile();
    return { text: bytes.toString('latin1'), lengthBytes: bytes.length, stats };
  } finally {
    await handle.close();
  }
}

/** `undefined` if there is no such file. Does not wait on a named pipe. */
async function openToRead(path: string): Promise<FileHandle | undefined> {
  try {
    // O_NONBLOCK does not exist on Windows.
    return await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR' || code === 'ENAMETOOLONG') return undefined;
    throw fileError(error, `read ${path}`);
  }
}

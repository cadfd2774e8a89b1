import { randomUUID } from 'node:crypto';
import { constants } from 'node:fs';
import { open, rename, rm, stat, truncate, utimes } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { FlowError } from '../base/errors.ts';
import { formatInsert, formatPut, insertVersion, lastText, putVersion } from './block-journal.ts';
import type { JournalBlock, Version } from './block-journal.ts';
import { fileEtag, findBlob, isPending, readInto, readVersion } from './folder-blob.ts';
import type { FoundBlob } from './folder-blob.ts';
import { exists, makeFolderOf, publish, syncFolder, temporaryPath, writeAll, writePieces } from './folder-file.ts';

/** The commits of one blob in a folder. Of two for the same blob, the caller begins the second after the first has ended. */

/** Where a blob and what belongs to it lie. */
export interface BlobPlace {
  /** For messages. */
  readonly label: string;
  readonly blobPath: string;
  readonly journalPath: string;
  readonly temporaryFolder: string;
  /** Whether a commit waits until the disk has it. */
  readonly sync: boolean;
  /** How long a half-done commit of another process must stand still before it is undone. */
  readonly graceMillis: number;
}

/** A blob between commits. */
export interface BlobState {
  readonly etag: string;
  /** `undefined` for a blob without a block list. */
  readonly version: Version | undefined;
  readonly journalBytes: number;
}

type Staged = ReadonlyMap<string, Uint8Array>;

/** Looks at a half-done commit that does not stand still, before it is left to the other writer. */
const looksMax = 20;
/** Times that the folders of a new blob are made, where another process removes them as empty. */
const folderTurnsMax = 8;

/** The blob, after the half-done commit of a dead process was undone. `undefined` where there is none. @throws blob-conflict */
export async function settleBlob(place: BlobPlace): Promise<BlobState | undefined> {
  let before: FoundBlob | undefined;
  for (let look = 0; look < looksMax; look++) {
    const blob = await findBlob(place.blobPath, place.journalPath);
    if (blob === undefined) return undefined;
    await blob.handle.close();
    if (blob.version === undefined || !isPending(blob)) return blob;
    const stoodStill = before !== undefined && before.etag === blob.etag && before.journalBytes === blob.journalBytes;
    before = stoodStill ? undefined : blob;
    if (stoodStill) await undoDead(place, blob, blob.version);
    // Two processes that wait for each other do not wake together.
    else await sleep(place.graceMillis * (1 + Math.random()));
  }
  throw conflict(place, 'is being written by another process');
}

/** Undoes what stood still, unless another process is just doing that: whose line stands first behind what was seen, does it. */
async function undoDead(place: BlobPlace, blob: FoundBlob, version: Version): Promise<void> {
  const claim = { line: claimLine('undo'), start: blob.journalBytes };
  try {
    await appendJournal(place, claim);
  } catch (error) {
    if (error instanceof FlowError && error.code === 'blob-conflict') return;
    throw error;
  }
  await cutBack(place, version, blob.journalEnd, claim);
}

/**
 * A new blob: the journal gets its name first, then the blob. A journal without a blob was left by a process that was killed between the
 * two, or is another process's right now.
 */
export async function createBlob(place: BlobPlace, ids: readonly string[], staged: Staged): Promise<BlobState> {
  const { blobPath, sync } = place;
  if (await exists(blobPath)) throw conflict(place, 'exists already');
  const { path: temporary, version } = await writeTemporaryBlob(place, ids, staged, undefined);
  try {
    const line = formatPut(version);
    for (let turn = 1; ; turn++) {
      try {
        await claimJournal(place, line);
        await makeFolderOf(blobPath, sync);
        if (!(await publish(temporary, blobPath))) throw conflict(place, 'was made by another writer');
        break;
      } catch (error) {
        // Who deletes blobs also removes folders that are empty, as one is that was just made.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || turn === folderTurnsMax) throw error;
      }
    }
    if (sync) await syncFolder(dirname(blobPath));
    return await unlessDeleted(place, () => stamp(place, version, line.length));
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Any change of a blob. @throws blob-conflict when it is no longer as `current` says */
export async function changeBlob(
  place: BlobPlace,
  ids: readonly string[],
  staged: Staged,
  current: BlobState,
): Promise<BlobState> {
  const inserted = insertedBeforeLast(current.version, ids, staged);
  return await unlessDeleted(place, () =>
    inserted === undefined || current.version === undefined
      ? replaceBlob(place, ids, staged, current)
      : insertBlocks(place, inserted, staged, current.version, current.journalBytes),
  );
}

/** Where another process deletes the blob meanwhile, the writer looks again. @throws blob-conflict */
async function unlessDeleted<T>(place: BlobPlace, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw conflict(place, 'was deleted meanwhile');
    throw error;
  }
}

/** One journal line, then one write over the last block. */
async function insertBlocks(
  place: BlobPlace,
  ids: readonly string[],
  staged: Staged,
  version: Version,
  journalBytes: number,
): Promise<BlobState> {
  const blocks = ids.map((id) => ({ id, bytes: staged.get(id) ?? new Uint8Array(0) }));
  const inserted = blocks.map(({ id, bytes }) => ({ id, lengthBytes: bytes.length, crc32: crc32(bytes) }));
  const next = insertVersion(version, inserted);
  const line = Buffer.from(formatInsert(version.fingerprint, inserted, next), 'latin1');
  const last = Buffer.from(version.last ?? '', 'latin1');
  const claim = { line, start: journalBytes };
  await appendJournal(place, claim);
  try {
    const blob = await open(place.blobPath, 'r+');
    try {
      const pieces = [...blocks.map((block) => block.bytes), last];
      await writePieces(blob, pieces, version.lengthBytes - last.length);
      if (place.sync) await blob.datasync();
    } finally {
      await blob.close();
    }
  } catch (error) {
    await cutBack(place, version, journalBytes, claim).catch(() => undefined);
    throw error;
  }
  return await stamp(place, next, journalBytes + line.length);
}

/** A line at the end of the journal, where it begins right behind what its writer has read: the right to write the blob. */
interface Claim {
  readonly line: Uint8Array;
  readonly start: number;
}

/** A line that makes no version, unlike any other. */
function claimLine(purpose: 'undo' | 'replace'): Uint8Array {
  return Buffer.from(`{"${purpose}":"${randomUUID()}"}\n`, 'latin1');
}

/**
 * Appends the line of a claim. Of two processes that append at once, each finds the other's line in its place or behind its own, or one comes
 * first. A line without the right is void, and cut off by the next who has it.
 * @throws blob-conflict without the right
 */
async function appendJournal(place: BlobPlace, claim: Claim): Promise<void> {
  // The flag 'a' would make a journal that somebody has removed.
  const journal = await open(place.journalPath, constants.O_RDWR | constants.O_APPEND);
  try {
    try {
      await writeAll(journal, claim.line, null);
      if (place.sync) await journal.datasync();
    } catch (error) {
      const { size } = await journal.stat();
      if (size > claim.start && size <= claim.start + claim.line.length) await truncate(place.journalPath, claim.start);
      throw error;
    }
    if (!(await holdsClaim(journal, claim))) throw conflict(place, 'is being written by another process');
  } finally {
    await journal.close();
  }
}

/** Whether the journal ends with the claim's line, at the claim's place. The length alone would not tell: lines are often equally long. */
async function holdsClaim(journal: FileHandle, { line, start }: Claim): Promise<boolean> {
  const end = Buffer.alloc(line.length + 1);
  return (await readInto(journal, end, start)) === line.length && end.subarray(0, line.length).equals(line);
}

/** The blob is written anew. Its journal holds the version before and the new one, until the new file has the blob's name. */
async function replaceBlob(
  place: BlobPlace,
  ids: readonly string[],
  staged: Staged,
  current: BlobState,
): Promise<BlobState> {
  const { blobPath, journalPath, sync } = place;
  const { path: temporary, version } = await writeTemporaryBlob(place, ids, staged, current);
  try {
    const text = (current.version === undefined ? '' : formatPut(current.version)) + formatPut(version);
    const journal = await writeTemporaryText(place, text);
    try {
      await makeFolderOf(journalPath, sync);
      if (current.version !== undefined)
        await appendJournal(place, { line: claimLine('replace'), start: current.journalBytes });
      const before = await stat(blobPath, { bigint: true });
      if (fileEtag(before.size, before.mtimeNs) !== current.etag) throw conflict(place, 'was changed meanwhile');
      await advanceTime(temporary, before.mtimeNs);
      await rename(journal, journalPath);
      if (sync) await syncFolder(dirname(journalPath));
    } finally {
      await rm(journal, { force: true });
    }
    await rename(temporary, blobPath);
    if (sync) await syncFolder(dirname(blobPath));
    return await stamp(place, version, text.length);
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Gives a new blob's journal its name. A journal that is already there, without a blob, must stand still for the grace time. */
async function claimJournal(place: BlobPlace, text: string): Promise<void> {
  const { blobPath, journalPath, sync } = place;
  const journal = await writeTemporaryText(place, text);
  try {
    await makeFolderOf(journalPath, sync);
    if (!(await publish(journal, journalPath))) {
      const before = await stat(journalPath).catch(() => undefined);
      await sleep(place.graceMillis);
      const after = await stat(journalPath).catch(() => undefined);
      const isDead = before?.mtimeMs === after?.mtimeMs && before?.ino === after?.ino && !(await exists(blobPath));
      if (isDead) await rm(journalPath, { force: true });
      if (!isDead || !(await publish(journal, journalPath))) throw conflict(place, 'was made by another writer');
    }
    if (sync) await syncFolder(dirname(journalPath));
  } finally {
    await rm(journal, { force: true });
  }
}

/**
 * Cuts a blob and its journal back to `version`, by the right that `claim` gives; nothing is done when that is lost. The journal goes last: until
 * then it explains the blob.
 */
async function cutBack(place: BlobPlace, version: Version, journalEnd: number, claim: Claim): Promise<void> {
  const journal = await open(place.journalPath, 'r+');
  try {
    const blob = await open(place.blobPath, 'r+');
    try {
      if (!(await holdsClaim(journal, claim))) return;
      const last = Buffer.from(version.last ?? '', 'latin1');
      await writeAll(blob, last, version.lengthBytes - last.length);
      await blob.truncate(version.lengthBytes);
      if (place.sync) await blob.datasync();
    } finally {
      await blob.close();
    }
    await journal.truncate(journalEnd);
  } finally {
    await journal.close();
  }
}

/** Ends a commit: the journal gets the blob's time, so that its CRCs need not be read again while nobody else touches the blob. */
async function stamp(place: BlobPlace, version: Version, journalBytes: number): Promise<BlobState> {
  const stats = await stat(place.blobPath, { bigint: true });
  const seconds = Number(stats.mtimeNs) / 1e9;
  // Who may write a file may not always set its time; the CRCs are then read.
  await utimes(place.journalPath, seconds, seconds).catch(() => undefined);
  return { etag: fileEtag(stats.size, stats.mtimeNs), version, journalBytes };
}

/** Writes the blocks into a temporary file, taking those that are not staged from the blob itself. */
async function writeTemporaryBlob(
  place: BlobPlace,
  ids: readonly string[],
  staged: Staged,
  current: BlobState | undefined,
): Promise<{ path: string; version: Version }> {
  const path = temporaryPath(place.temporaryFolder);
  const source = current?.version === undefined ? undefined : await findBlob(place.blobPath, place.journalPath);
  try {
    await makeFolderOf(path, false);
    const file = await open(path, 'wx');
    try {
      const blocks: JournalBlock[] = [];
      let last: string | undefined;
      for (const id of ids) {
        const bytes = staged.get(id) ?? (await committedBlock(source, id));
        if (bytes === undefined) throw conflict(place, 'lacks a block that the commit names');
        await writeAll(file, bytes, null);
        blocks.push({ id, lengthBytes: bytes.length, crc32: crc32(bytes) });
        last = lastText(bytes);
      }
      if (place.sync) await file.datasync();
      return { path, version: putVersion(blocks, last) };
    } finally {
      await file.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    await source?.handle.close();
  }
}

async function writeTemporaryText(place: BlobPlace, text: string): Promise<string> {
  const path = temporaryPath(place.temporaryFolder);
  try {
    const file = await open(path, 'wx');
    try {
      await writeAll(file, Buffer.from(text, 'latin1'), null);
      if (place.sync) await file.datasync();
    } finally {
      await file.close();
    }
    return path;
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** The ids that a commit adds right before a short last block, all else staying as it is; otherwise `undefined`. */
function insertedBeforeLast(
  version: Version | undefined,
  ids: readonly string[],
  staged: Staged,
): readonly string[] | undefined {
  if (version?.last === undefined || ids.length <= version.blocks.length) return undefined;
  const kept = version.blocks.length - 1;
  const unchanged = (block: JournalBlock, at: number): boolean =>
    ids[at] === block.id && isSame(block, staged.get(block.id));
  if (!version.blocks.slice(0, kept).every(unchanged) || !unchanged(version.blocks[kept], ids.length - 1))
    return undefined;
  const inserted = ids.slice(kept, -1);
  return inserted.every((id) => staged.has(id)) ? inserted : undefined;
}

/** True where a block is not staged again, or as it was. */
function isSame(block: JournalBlock, again: Uint8Array | undefined): boolean {
  return again === undefined || (again.length === block.lengthBytes && crc32(again) === block.crc32);
}

/** Bytes of a block of the blob; `undefined` where it has no such block, or no longer the bytes that the journal knows. */
async function committedBlock(blob: FoundBlob | undefined, id: string): Promise<Uint8Array | undefined> {
  if (blob?.version === undefined) return undefined;
  let start = 0;
  for (const block of blob.version.blocks) {
    if (block.id === id) {
      const bytes = await readVersion(blob, start, start + block.lengthBytes);
      return crc32(bytes) === block.crc32 ? bytes : undefined;
    }
    start += block.lengthBytes;
  }
  return undefined;
}

/** Makes a file's time later than `nanos`: file systems count time in steps of milliseconds, and an ETag must change. */
async function advanceTime(path: string, nanos: bigint): Promise<void> {
  const stats = await stat(path, { bigint: true });
  if (stats.mtimeNs > nanos) return;
  const seconds = Number(nanos + 2000n) / 1e9;
  await utimes(path, seconds, seconds);
}

export function conflict(place: BlobPlace, what: string): FlowError {
  return new FlowError('blob-conflict', `the blob ${place.label} ${what}`);
}

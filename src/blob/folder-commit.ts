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

/** Commits of one blob in a folder. The caller runs commits of the same blob one after another. */

/** The paths of a blob and its journal. */
export interface BlobPlace {
  /** For messages. */
  readonly label: string;
  readonly blobPath: string;
  readonly journalPath: string;
  readonly temporaryFolder: string;
  /** Whether a commit waits until the data is on disk. */
  readonly sync: boolean;
  /** How long an incomplete commit of another process must not change before it is undone. */
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

/** How often an incomplete commit that keeps changing is checked, before a conflict is reported. */
const looksMax = 20;
/** How often the folders of a new blob are created if another process removes them as empty. */
const folderTurnsMax = 8;

/**
 * The blob, after the incomplete commit of a dead process was undone. `undefined` if it does not exist.
 * @throws blob-conflict
 */
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
    // A random pause, so that two waiting processes do not wake at the same time.
    else await sleep(place.graceMillis * (1 + Math.random()));
  }
  throw conflict(place, 'is being written by another process');
}

/** Undoes an incomplete commit, unless another process is doing so: the process whose line comes first does it. */
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
 * Creates a blob: first its journal, then the blob. A journal without a blob was left by a process that was killed
 * between the two, or another process is creating the blob now.
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
        if (!(await publish(temporary, blobPath))) throw conflict(place, 'was created by another writer');
        break;
      } catch (error) {
        // A process that deletes blobs also removes empty folders, such as one that was just created.
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT' || turn === folderTurnsMax) throw error;
      }
    }
    if (sync) await syncFolder(dirname(blobPath));
    return await unlessDeleted(place, () => stamp(place, version, line.length));
  } finally {
    await rm(temporary, { force: true });
  }
}

/**
 * Any change of a blob.
 * @throws blob-conflict if the blob no longer matches `current`
 */
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

/**
 * Runs `act`; if another process deletes the blob during it, reports a conflict, so that the writer reads it again.
 * @throws blob-conflict
 */
async function unlessDeleted<T>(place: BlobPlace, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw conflict(place, 'was deleted by another writer');
    throw error;
  }
}

/** Writes one journal line, then overwrites the last block. */
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

/**
 * A line at the end of the journal, directly after the part that its writer has read. It gives the right to write the
 * blob.
 */
interface Claim {
  readonly line: Uint8Array;
  readonly start: number;
}

/** A unique line that creates no version. */
function claimLine(purpose: 'undo' | 'replace'): Uint8Array {
  return Buffer.from(`{"${purpose}":"${randomUUID()}"}\n`, 'latin1');
}

/**
 * Appends the line of a claim. If two processes append at the same time, each finds the other's line in its place or
 * after its own, or one comes first. A line without the right is invalid; the next process with the right removes it.
 * @throws blob-conflict without the right
 */
async function appendJournal(place: BlobPlace, claim: Claim): Promise<void> {
  // The flag 'a' would recreate a journal that was removed.
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

/**
 * Whether the journal ends with the claim's line, at the claim's offset. The length is not enough: lines often have
 * equal lengths.
 */
async function holdsClaim(journal: FileHandle, { line, start }: Claim): Promise<boolean> {
  const end = Buffer.alloc(line.length + 1);
  return (await readInto(journal, end, start)) === line.length && end.subarray(0, line.length).equals(line);
}

/**
 * Writes the blob again as a whole. Its journal has the old and the new version until the new file has the blob's name.
 */
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
      if (fileEtag(before.size, before.mtimeNs) !== current.etag)
        throw conflict(place, 'was changed by another writer');
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

/** Gives a new blob's journal its name. An existing journal without a blob must not change during the grace time. */
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
      if (!isDead || !(await publish(journal, journalPath))) throw conflict(place, 'was created by another writer');
    }
    if (sync) await syncFolder(dirname(journalPath));
  } finally {
    await rm(journal, { force: true });
  }
}

/**
 * Truncates a blob and its journal to `version` with the right of `claim`; does nothing if the right is lost. The
 * journal is truncated last: until then it describes the blob.
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

/** Ends a commit: sets the journal's time to the blob's, so that its CRCs are not read again until the blob changes. */
async function stamp(place: BlobPlace, version: Version, journalBytes: number): Promise<BlobState> {
  const stats = await stat(place.blobPath, { bigint: true });
  const seconds = Number(stats.mtimeNs) / 1e9;
  // Write permission does not always include setting the time; without it the CRCs are read.
  await utimes(place.journalPath, seconds, seconds).catch(() => undefined);
  return { etag: fileEtag(stats.size, stats.mtimeNs), version, journalBytes };
}

/** Writes the blocks to a temporary file. Blocks that are not staged are copied from the blob. */
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
        if (bytes === undefined) throw conflict(place, 'does not have a block of the commit');
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

/**
 * The ids that a commit inserts directly before a short last block, if it changes nothing else; otherwise `undefined`.
 */
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

/** True if a block is not staged again, or staged with the same bytes. */
function isSame(block: JournalBlock, again: Uint8Array | undefined): boolean {
  return again === undefined || (again.length === block.lengthBytes && crc32(again) === block.crc32);
}

/** Bytes of a block of the blob; `undefined` if the blob does not have it, or its bytes do not match the journal. */
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

/** Sets a file's time after `nanos`: file systems count time in milliseconds, and an ETag must change. */
async function advanceTime(path: string, nanos: bigint): Promise<void> {
  const stats = await stat(path, { bigint: true });
  if (stats.mtimeNs > nanos) return;
  const seconds = Number(nanos + 2000n) / 1e9;
  await utimes(path, seconds, seconds);
}

export function conflict(place: BlobPlace, what: string): FlowError {
  return new FlowError('blob-conflict', `the blob ${place.label} ${what}`);
}

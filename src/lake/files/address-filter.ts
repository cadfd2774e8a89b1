/**
 * Where an address may stand: for each data file Bloom filters over the texts of its source and of its destination addresses, one of each for every
 * row group or so, so that a question opens few files and reads few row groups of them.
 *
 *   _nsgflow/<table>/addresses/part-<uuid>.bloom   of date=…/part-<uuid>.parquet, all numbers 32 bits, little endian:
 *
 *   "NFAS"; by side (source, destination): number of parts, blocks of each part; by side and part: its first row, and the row behind its last (of
 *   the last part, perhaps behind the end of the file); CRC-32 of the file's name and of all before;
 *   by side: block 0 of each part, a checksum; block 1 of each part, a checksum; …; a block has 64 bytes
 *
 * A checksum is the CRC-32 of the blocks before it, begun with the first CRC-32 plus their number: so blocks of another file or place are not taken.
 * An address sets six bits of the block of the same number in the parts that hold it, so that one read a side says which these are. Twelve bits an
 * address in the largest part: of a hundred parts without it one or two are read in vain. A file without a filter (of another writer, or an older
 * nsgflow), or with a damaged one, is read whole.
 */
import { randomUUID } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { limits } from '../../base/limits.ts';
import { makeFolderOf, writeAll } from '../../blob/folder-file.ts';
import { temporaryFolder } from '../delta/delta-log.ts';
import type { TablePlace } from '../delta/table-place.ts';
import { helperPath } from '../delta/table-place.ts';

const magic = 0x5341464e;
const checksumBytes = 4;
const headerBytes = 20;
const rangeBytes = 8;
const partsMax = 65_536;
const blockBytes = 64;
const bitsPerAddress = 12;
const probes = 6;
/** Of a hash, the lowest bits say which bits of a block; the rest which block. */
const bitsHashed = 2 ** 18;

export type Side = 'src' | 'dst';

/** In the order of the columns. */
export const addressSides: readonly Side[] = ['src', 'dst'];

/** Rows of a data file, by their numbers in it, of which one side may be some address. */
export interface AddressRows {
  readonly side: Side;
  readonly startRow: number;
  /** Behind the last one. */
  readonly endRow: number;
}

/** Where the filter of a data file lies; `path` as in the log or on disk. */
export function addressFilterPath(table: TablePlace, path: string): string {
  return helperPath(table, 'addresses', basename(path).replace(/\.parquet$/, '.bloom'));
}

/** Parts of one side on their way. */
interface NewPart extends AddressRows {
  readonly hashes: Float64Array;
}

/** The filter of a data file on its way. */
export class NewAddressFilter {
  readonly #parts: NewPart[] = [];

  /** Adds the addresses of some rows by the hashes of their texts (`addressHash`). */
  add(rows: AddressRows, hashes: Float64Array): void {
    this.#parts.push({ ...rows, hashes });
  }

  /** Writes it so that it is whole wherever it is seen. */
  async write(table: TablePlace, path: string): Promise<void> {
    const target = addressFilterPath(table, path);
    const temporary = join(temporaryFolder(table), `${randomUUID()}.bloom`);
    try {
      await makeFolderOf(temporary, false);
      const handle = await open(temporary, 'wx');
      try {
        await writeAll(handle, this.#encode(basename(target)), 0);
        if (table.isKept) await handle.sync();
      } finally {
        await handle.close();
      }
      await makeFolderOf(target, false);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #encode(name: string): Uint8Array {
    const bySide = addressSides.map((side) => {
      const parts = this.#parts.filter((part) => part.side === side);
      // Nothing lies behind the last part: it ends as those of longer files do, so that one scan reads both.
      return parts.map((part, i) =>
        i < parts.length - 1 ? part : { ...part, endRow: Math.max(part.endRow, part.startRow + limits.rowGroupRows) },
      );
    });
    const blocks = bySide.map((parts) => {
      const most = parts.reduce((count, { hashes }) => Math.max(count, hashes.length), 1);
      return Math.ceil((most * bitsPerAddress) / (8 * blockBytes));
    });
    const numbers = [
      magic,
      ...bySide.flatMap((parts, side) => [parts.length, blocks[side]]),
      ...bySide.flat().flatMap(({ startRow, endRow }) => [startRow, endRow]),
    ];
    const header = new DataView(new ArrayBuffer(4 * numbers.length));
    numbers.forEach((number, i) => header.setUint32(4 * i, number, true));
    const head = new Uint8Array(header.buffer);
    const headSum = checksumOfHead(name, head);
    let stripe = 0;
    const tables = bySide.map((parts, side) => {
      const bytes = parts.length * blockBytes;
      const table = new Uint8Array(blocks[side] * (bytes + checksumBytes));
      for (const [i, { hashes }] of parts.entries())
        for (const hash of hashes)
          setBits(table, blockOf(hash, blocks[side]) * (bytes + checksumBytes) + i * blockBytes, hash);
      const view = new DataView(table.buffer);
      for (let at = 0; at < table.length; at += bytes + checksumBytes)
        view.setUint32(at + bytes, checksumOf(table.subarray(at, at + bytes), headSum, stripe++), true);
      return table;
    });
    const sum = new Uint8Array(checksumBytes);
    new DataView(sum.buffer).setUint32(0, headSum, true);
    return Buffer.concat([head, sum, ...tables]);
  }
}

/** The parts of one side of a filter, and where their blocks begin. */
interface SideParts {
  readonly side: Side;
  readonly parts: readonly AddressRows[];
  readonly blocks: number;
  readonly at: number;
  /** What the checksum of its first blocks begins with. */
  readonly sum: number;
}

/** Rows of a data file that may hold one of these addresses, by their texts; `undefined` where that is not known. */
export async function rowsWithAddress(
  table: TablePlace,
  path: string,
  texts: readonly string[],
): Promise<AddressRows[] | undefined> {
  const filter = addressFilterPath(table, path);
  const handle = await open(filter, 'r').catch(() => undefined);
  if (handle === undefined) return undefined;
  try {
    const sides = await readSides(handle, basename(filter));
    if (sides === undefined) return undefined;
    const found = new Set<AddressRows>();
    const hashes = texts.map(addressHash);
    for (const { parts, blocks, at, sum } of sides)
      for (const hash of hashes) {
        const bytes = parts.length * blockBytes;
        const stripe = blockOf(hash, blocks);
        const some = await readBytes(handle, at + stripe * (bytes + checksumBytes), bytes + checksumBytes);
        if (some === undefined || numberAt(some, bytes) !== checksumOf(some.subarray(0, bytes), sum, stripe))
          return undefined;
        parts.forEach((rows, i) => {
          if (holds(some, i * blockBytes, hash)) found.add(rows);
        });
      }
    return [...found];
  } catch {
    return undefined;
  } finally {
    await handle.close();
  }
}

/** The sides that have parts; `undefined` where it is no filter, or a damaged one. */
async function readSides(handle: FileHandle, name: string): Promise<SideParts[] | undefined> {
  const [{ size }, header] = await Promise.all([handle.stat(), readBytes(handle, 0, headerBytes)]);
  if (header === undefined || numberAt(header, 0) !== magic) return undefined;
  const counts = addressSides.map((_, i) => numberAt(header, 4 + 8 * i));
  const all = counts.reduce((sum, count) => sum + count, 0);
  const table = all > partsMax ? undefined : await readBytes(handle, headerBytes, rangeBytes * all + checksumBytes);
  if (table === undefined) return undefined;
  const headSum = checksumOfHead(name, header, table.subarray(0, rangeBytes * all));
  if (numberAt(table, rangeBytes * all) !== headSum) return undefined;
  let at = headerBytes + rangeBytes * all + checksumBytes;
  let row = 0;
  let sum = headSum;
  const sides = addressSides.map((side, i): SideParts => {
    const blocks = numberAt(header, 8 + 8 * i);
    const parts = Array.from({ length: counts[i] }, (): AddressRows => {
      const [startRow, endRow] = [numberAt(table, rangeBytes * row), numberAt(table, rangeBytes * row + 4)];
      row++;
      return { side, startRow, endRow };
    });
    const first = { at, sum };
    at += blocks * (parts.length * blockBytes + checksumBytes);
    sum = (sum + blocks) >>> 0;
    return { side, parts, blocks, ...first };
  });
  return at === size && sides.every(({ blocks }) => blocks > 0) ? sides : undefined;
}

function checksumOfHead(name: string, ...parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => crc32(part, sum), crc32(name));
}

/** Of the blocks with one number. */
function checksumOf(bytes: Uint8Array, sum: number, number: number): number {
  return crc32(bytes, (sum + number) >>> 0);
}

async function readBytes(handle: FileHandle, at: number, bytes: number): Promise<Uint8Array | undefined> {
  const buffer = new Uint8Array(bytes);
  const { bytesRead } = await handle.read(buffer, 0, bytes, at);
  return bytesRead === bytes ? buffer : undefined;
}

function numberAt(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true);
}

/** Sets the bits of an address in the block at `start`. */
function setBits(blocks: Uint8Array, start: number, hash: number): void {
  const low = lowOf(hash);
  let bit = low >>> 9;
  for (let i = 0; i < probes; i++, bit = (bit + stepOf(low)) & 511) blocks[start + (bit >>> 3)] |= 1 << (bit & 7);
}

/** Whether the block at `start` has all bits of an address. */
function holds(blocks: Uint8Array, start: number, hash: number): boolean {
  const low = lowOf(hash);
  let bit = low >>> 9;
  for (let i = 0; i < probes; i++, bit = (bit + stepOf(low)) & 511)
    if ((blocks[start + (bit >>> 3)] & (1 << (bit & 7))) === 0) return false;
  return true;
}

/** The upper 32 bits of a hash. */
function upperOf(hash: number): number {
  return (hash / bitsHashed) >>> 0;
}

function blockOf(hash: number, blocks: number): number {
  return upperOf(hash) % blocks;
}

/** The other bits of a hash: nine say which bit is the first, nine how far the next ones are. */
function lowOf(hash: number): number {
  return (hash - upperOf(hash) * bitsHashed) | 0;
}

function stepOf(low: number): number {
  return (low & 511) | 1;
}

/** 50 bits of a text, as a whole number: two rounds of FNV-1a with murmur's finish. Part of the format: files keep it. The page kernel has the same. */
export function addressHash(text: string): number {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x85ebca6b);
    b ^= b >>> 15;
  }
  a = Math.imul(a ^ (a >>> 16), 0x85ebca6b);
  a = Math.imul(a ^ (a >>> 13), 0xc2b2ae35);
  return ((a ^ (a >>> 16)) >>> 0) * bitsHashed + ((b ^ (b >>> 13)) & (bitsHashed - 1));
}

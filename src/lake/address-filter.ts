/**
 * Which files an address may stand in: a Bloom filter a data file, over the texts of all its source and destination addresses.
 *
 *   _nsgflow/addresses/part-<uuid>.bloom   of date=…/part-<uuid>.parquet:  "NFAF", then blocks of 64 bytes
 *
 * An address sets six bits of one block, so that looking one up reads 64 bytes. Twelve bits an address: of a hundred files without it one or
 * two are opened in vain. A file without a filter (of another writer, or an older nsgflow) is always opened.
 */
import { randomInt, randomUUID } from 'node:crypto';
import { open, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { makeFolderOf, writeAll } from '../blob/folder-file.ts';
import { temporaryFolder } from './delta-log.ts';

const magic = 0x4641464e;
const headerBytes = 4;
const blockBytes = 64;
const bitsPerAddress = 12;
const probes = 6;
/** Of a hash, the lowest bits say which bits of a block; the rest which block. */
const bitsHashed = 2 ** 18;

/** Odd and random: whoever chooses addresses must not choose their buckets. */
const seeds = [randomInt(2 ** 31) * 2 + 1, randomInt(2 ** 31) * 2 + 1] as const;

/** Where the filter of a data file lies; `path` as in the log or on disk. */
export function addressFilterPath(lake: string, path: string): string {
  return join(lake, '_nsgflow', 'addresses', basename(path).replace(/\.parquet$/, '.bloom'));
}

/** The addresses of one file on its way, as hashes. */
export class AddressHashes {
  /** Open addressing; 0 is empty, and no text has that hash but one in 2^50. */
  #buckets = new Float64Array(2048);
  #count = 0;

  add(text: string): void {
    this.#add(addressHash(text));
  }

  /** Adds texts by their hashes (`addressHash`). */
  addHashes(hashes: Float64Array): void {
    for (const hash of hashes) this.#add(hash);
  }

  /** Writes the filter of a data file, so that it is whole wherever it is seen. */
  async write(lake: string, path: string): Promise<void> {
    const target = addressFilterPath(lake, path);
    const temporary = join(temporaryFolder(lake), `${randomUUID()}.bloom`);
    try {
      await makeFolderOf(temporary, false);
      const handle = await open(temporary, 'wx');
      try {
        await writeAll(handle, this.#encode(), 0);
        await handle.sync();
      } finally {
        await handle.close();
      }
      await makeFolderOf(target, false);
      await rename(temporary, target);
    } finally {
      await rm(temporary, { force: true });
    }
  }

  #encode(): Uint8Array {
    const blocks = Math.max(1, Math.ceil((this.#count * bitsPerAddress) / (8 * blockBytes)));
    const out = new Uint8Array(headerBytes + blocks * blockBytes);
    new DataView(out.buffer).setUint32(0, magic, true);
    for (const hash of this.#buckets) {
      if (hash === 0) continue;
      const start = headerBytes + blockOf(hash, blocks) * blockBytes;
      for (let i = 0; i < probes; i++) {
        const bit = bitOf(hash, i);
        out[start + (bit >>> 3)] |= 1 << (bit & 7);
      }
    }
    return out;
  }

  #add(hash: number): void {
    if (!this.#put(hash)) return;
    this.#count++;
    if (2 * this.#count > this.#buckets.length) this.#grow();
  }

  #grow(): void {
    const before = this.#buckets;
    this.#buckets = new Float64Array(2 * before.length);
    for (const hash of before) if (hash !== 0) this.#put(hash);
  }

  /** @returns whether it is new */
  #put(hash: number): boolean {
    const buckets = this.#buckets;
    const mask = buckets.length - 1;
    const upper = upperOf(hash);
    const mixed = Math.imul(upper, seeds[0]) + Math.imul(hash - upper * bitsHashed, seeds[1]);
    let bucket = (mixed ^ (mixed >>> 15)) & mask;
    for (; buckets[bucket] !== 0; bucket = (bucket + 1) & mask) if (buckets[bucket] === hash) return false;
    buckets[bucket] = hash;
    return true;
  }
}

/** Whether a data file may hold one of these addresses, by their texts. */
export async function mayHoldAddress(lake: string, path: string, texts: readonly string[]): Promise<boolean> {
  const handle = await open(addressFilterPath(lake, path), 'r').catch(() => undefined);
  if (handle === undefined) return true;
  try {
    const { size } = await handle.stat();
    const blocks = (size - headerBytes) / blockBytes;
    const block = new Uint8Array(blockBytes);
    const header = new Uint8Array(headerBytes);
    await handle.read(header, 0, headerBytes, 0);
    if (!Number.isInteger(blocks) || blocks < 1 || new DataView(header.buffer).getUint32(0, true) !== magic)
      return true;
    for (const text of texts) {
      const hash = addressHash(text);
      const { bytesRead } = await handle.read(block, 0, blockBytes, headerBytes + blockOf(hash, blocks) * blockBytes);
      if (bytesRead < blockBytes || holds(block, hash)) return true;
    }
    return false;
  } catch {
    return true;
  } finally {
    await handle.close();
  }
}

function holds(block: Uint8Array, hash: number): boolean {
  for (let i = 0; i < probes; i++) {
    const bit = bitOf(hash, i);
    if ((block[bit >>> 3] & (1 << (bit & 7))) === 0) return false;
  }
  return true;
}

/** The upper 32 bits of a hash. */
function upperOf(hash: number): number {
  return (hash / bitsHashed) >>> 0;
}

function blockOf(hash: number, blocks: number): number {
  return upperOf(hash) % blocks;
}

function bitOf(hash: number, probe: number): number {
  const low = (hash - upperOf(hash) * bitsHashed) | 0;
  return ((low >>> 9) + probe * ((low & 511) | 1)) & 511;
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

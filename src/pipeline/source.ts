import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { glob } from 'tinyglobby';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { isUrl } from '../blob/azure-target.ts';
import type { BlobItem, BlockList, Container } from '../blob/container.ts';
import type { Storage } from '../blob/open.ts';
import { openSource } from '../blob/open.ts';
import { nsgContainer, vnetContainer } from '../flowlog/blob-path.ts';

/**
 * Where flow logs are read from: a folder that stands for a storage account, a container of one, any other folder of copies, a file, a
 * glob, `-` for standard input, or the URL of an Azure account or container.
 */
export interface SourceBlob {
  /** One text that names the blob, the same however the source was named: a path or URL. */
  readonly key: string;
  /** In its container. */
  readonly name: string;
  readonly lengthBytes: number;
  /** Changes whenever the bytes do. */
  readonly etag: string;
  /** The only blob of a source that names one file: being no flow log is then an error, not a rejection. */
  readonly named: boolean;
  /** Committed blocks; `undefined` for files and copies. */
  blocks(): Promise<BlockList | undefined>;
  /** Bytes `start` to `end` (excluded), unpacked where the file is gzip. */
  read(start?: number, end?: number): Promise<Uint8Array>;
}

/** All blobs of the sources, in order. @throws not-found, authentication, permission, unavailable, usage */
export async function* listSources(sources: readonly string[]): AsyncGenerator<SourceBlob> {
  for (const source of sources) yield* listSource(source);
}

async function* listSource(source: string): AsyncGenerator<SourceBlob> {
  if (source === '-') {
    yield await standardInput();
    return;
  }
  if (!isUrl(source) && /[*?[{]/.test(source) && !existsSync(source)) {
    const paths = await glob(source.replaceAll('\\', '/'), { absolute: true, expandDirectories: false, dot: true });
    if (paths.length === 0) throw new FlowError('not-found', `no file matches ${source}`);
    for (const path of paths.sort()) yield* listStorage(await openSource(path), false);
    return;
  }
  yield* listStorage(await openSource(source), true);
}

async function* listStorage(storage: Storage, named: boolean): AsyncGenerator<SourceBlob> {
  const { kind, only } = storage;
  if (kind === 'blob') {
    const item = await only!.properties(storage.blob!);
    if (item === undefined) throw new FlowError('not-found', `no blob ${storage.location}`);
    yield sourceBlob(only!, item, named);
  } else if (kind === 'container') {
    for await (const item of only!.list()) if (isLogName(item.name)) yield sourceBlob(only!, item, false);
  } else {
    for await (const name of storage.containers()) {
      if (name !== nsgContainer && name !== vnetContainer) continue;
      const container = storage.container(name);
      for await (const item of container.list()) if (isLogName(item.name)) yield sourceBlob(container, item, false);
    }
  }
}

/** Files that a folder of logs may hold beside others. */
function isLogName(name: string): boolean {
  return /\.(json|ndjson|log)(\.gz)?$/i.test(name);
}

function sourceBlob(container: Container, item: BlobItem, named: boolean): SourceBlob {
  const packed = item.name.toLowerCase().endsWith('.gz');
  return {
    key: `${isUrl(container.location) ? container.location : resolve(container.location)}/${item.name}`,
    name: item.name,
    lengthBytes: item.lengthBytes,
    etag: item.etag,
    named,
    blocks: () => (packed ? Promise.resolve(undefined) : container.blocks(item.name)),
    async read(start, end) {
      if (!packed) return unpack((await container.read(item.name, start, end)).bytes, item.name, start);
      return (await unpack((await container.read(item.name)).bytes, item.name, 0)).subarray(start, end);
    },
  };
}

/** Standard input is read whole; its bytes name it. */
async function standardInput(): Promise<SourceBlob> {
  const bytes = await unpack(await buffer(process.stdin), 'standard input', undefined);
  const etag = fingerprintOf(bytes);
  return {
    key: `stdin/${etag}`,
    name: 'standard input',
    lengthBytes: bytes.length,
    etag,
    named: true,
    blocks: () => Promise.resolve(undefined),
    read: (start, end) => Promise.resolve(bytes.subarray(start, end)),
  };
}

const gunzipBytes = promisify(gunzip);

async function unpack(bytes: Uint8Array, name: string, start: number | undefined): Promise<Uint8Array> {
  if ((start ?? 0) > 0 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return await gunzipBytes(bytes, { maxOutputLength: limits.blobBytesMax });
  } catch (cause) {
    throw new FlowError('flowlog-invalid', `cannot unpack ${name}: its gzip data is damaged or too large`, { cause });
  }
}

/** SHA-256 of bytes or text, as positions keep it. */
export function fingerprintOf(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { glob } from 'tinyglobby';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import { isUrl } from '../blob/azure-target.ts';
import type { BlobItem, BlockList, Container } from '../blob/container.ts';
import type { Storage } from '../blob/open.ts';
import { openSource } from '../blob/open.ts';
import { nsgContainer, vnetContainer } from '../flowlog/blob-path.ts';
import { decodeFlowLog } from '../flowlog/decode.ts';
import type { FlowLog } from '../flowlog/record.ts';
import { ByteStream, rangeChunks, unpackedChunks, wholeChunks } from './source-bytes.ts';
import type { Selection } from './source-selection.ts';
import { selects, selectsAll } from './source-selection.ts';
import { selectedBlobs } from './source-walk.ts';
import type { ZipMember } from './source-zip.ts';
import { zipMembers } from './source-zip.ts';
import { archivedError, isOfBlob } from './unread.ts';
import { utf8Chunks } from './utf8-chunks.ts';

/**
 * Where flow logs are read from: a folder that stands for a storage account, a container of one, any other folder of copies, a file, a
 * zip archive, a glob, `-` for standard input, or the URL of an Azure account or container.
 */
export interface SourceBlob {
  /** One text that names the blob, the same however the source was named: a path or URL. */
  readonly key: string;
  /** In its container. */
  readonly name: string;
  readonly lengthBytes: number;
  /** Changes whenever the bytes do. */
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly modifiedMillis: number;
  /** See BlobItem. */
  readonly createdMillis?: number | undefined;
  /** See BlobItem. */
  readonly archived?: boolean;
  /** The only blob of a source that names one file: being no flow log is then an error, not a rejection. */
  readonly named: boolean;
  /** Where it lies, for a blob that is one of a container's by itself. */
  readonly container?: Container;
  /** Committed blocks; `undefined` for files and copies. */
  blocks(): Promise<BlockList | undefined>;
  /** Bytes `start` to `end` (excluded) as they are stored. */
  range(start: number, end: number): Promise<Uint8Array>;
  /** All bytes from the start, unpacked where the file is gzip, and as UTF-8 where it is UTF-16 with a byte order mark. */
  open(): ByteStream;
}

/** What cannot be listed. Without it, the first failure ends a listing. */
export interface UnlistedHandler {
  /** A source that cannot be listed to its end: the others follow. */
  onSource(error: FlowError): void;
  /** A folder or file of a source of which not even the length is to be had. */
  onPath(error: FlowError): void;
}

/**
 * All selected blobs of the sources, in order. @throws not-found, authentication, permission, unavailable, usage
 * @param unlisted is told what cannot be listed, and the listing goes on behind it
 */
export async function* listSources(
  sources: readonly string[],
  selection: Selection = selectsAll,
  unlisted?: UnlistedHandler,
): AsyncGenerator<SourceBlob> {
  for (const source of sources)
    try {
      yield* listSource(source, selection, unlisted);
    } catch (error) {
      if (unlisted === undefined || !(error instanceof FlowError)) throw error;
      unlisted.onSource(error);
    }
}

async function* listSource(
  source: string,
  selection: Selection,
  unlisted: UnlistedHandler | undefined,
): AsyncGenerator<SourceBlob> {
  const options = unlisted === undefined ? {} : { onUnlisted: (error: FlowError) => unlisted.onPath(error) };
  if (source === '-') {
    yield await standardInput();
    return;
  }
  if (!isUrl(source) && /[*?[{]/.test(source) && !existsSync(source)) {
    const found = await glob(source.replaceAll('\\', '/'), { absolute: true, expandDirectories: false, dot: true });
    const paths = found.filter((path) => !isOfTable(path));
    if (paths.length === 0) throw new FlowError('not-found', `no file matches ${source}`);
    for (const path of paths.sort())
      try {
        yield* listStorage(await openSource(path, options), false, selection);
      } catch (error) {
        if (unlisted === undefined || !(error instanceof FlowError)) throw error;
        unlisted.onPath(error);
      }
    return;
  }
  yield* listStorage(await openSource(source, options), true, selection);
}

async function* listStorage(storage: Storage, named: boolean, selection: Selection): AsyncGenerator<SourceBlob> {
  if (storage.kind === 'blob') {
    const item = await storage.only!.properties(storage.blob!);
    if (item === undefined) throw new FlowError('not-found', `no blob ${storage.location}`);
    if (isZipName(item.name)) yield* zipBlobs(storage.only!, item, selection, named);
    else yield sourceBlob(storage.only!, item, named);
    return;
  }
  for await (const container of logContainers(storage))
    for await (const item of selectedBlobs(container, selection))
      if (isLogName(item.name)) yield sourceBlob(container, item, false);
      else if (isZipName(item.name)) yield* zipBlobs(container, item, selection, false);
}

/** The containers of a storage that hold flow logs: of an account those of Azure's names, else the one that it is. */
export async function* logContainers(storage: Storage): AsyncGenerator<Container> {
  if (storage.only !== undefined) yield storage.only;
  else
    for await (const name of storage.containers())
      if (name === nsgContainer || name === vnetContainer) yield storage.container(name);
}

/** Files that a folder of logs may hold beside others, such as a table: what a table notes about itself is no log, and grows with each ingest. */
function isLogName(name: string): boolean {
  return /\.(json|ndjson|log)(\.gz)?$/i.test(name) && !isOfTable(name);
}

function isOfTable(path: string): boolean {
  return /(^|\/)(_delta_log|_nsgflow(\/\w+){1,2})\/[^/]+$/.test(path);
}

function isZipName(name: string): boolean {
  return /\.zip$/i.test(name);
}

/** A blob as `listSources` gives it, of an item that a listing gave before. */
export function sourceBlob(container: Container, item: BlobItem, named: boolean): SourceBlob {
  return new ContainerBlob(container, item, named);
}

/** A class, since there may be very many: methods cost nothing a blob. */
class ContainerBlob implements SourceBlob {
  readonly container: Container;
  readonly name: string;
  readonly lengthBytes: number;
  readonly etag: string;
  readonly modifiedMillis: number;
  readonly createdMillis: number | undefined;
  readonly archived: boolean;
  readonly named: boolean;

  constructor(container: Container, item: BlobItem, named: boolean) {
    this.container = container;
    this.name = item.name;
    this.lengthBytes = item.lengthBytes;
    this.etag = item.etag;
    this.modifiedMillis = item.lastModifiedMillis;
    this.createdMillis = item.createdMillis;
    this.archived = item.archived === true;
    this.named = named;
  }

  get key(): string {
    return keyOf(this.container, this.name);
  }

  async blocks(): Promise<BlockList | undefined> {
    return this.name.toLowerCase().endsWith('.gz') ? undefined : await this.container.blocks(this.name);
  }

  async range(start: number, end: number): Promise<Uint8Array> {
    return (await this.container.read(this.name, start, end)).bytes;
  }

  open(): ByteStream {
    return streamOf(rangeChunks((start, end) => this.range(start, end), 0, this.lengthBytes));
  }
}

function keyOf({ location }: Container, name: string): string {
  return `${isUrl(location) ? location : resolve(location)}/${name}`;
}

/** The members of an archive; one that cannot be read, and is not named by itself, is a blob that cannot be read. */
async function* zipBlobs(
  container: Container,
  item: BlobItem,
  selection: Selection,
  named: boolean,
): AsyncGenerator<SourceBlob> {
  const members = zipMembers(container, item);
  for (;;) {
    let next: IteratorResult<ZipMember>;
    try {
      if (item.archived === true) throw archivedError(sourceBlob(container, item, false));
      next = await members.next();
    } catch (error) {
      if (named || !isOfBlob(error)) throw error;
      const archive = sourceBlob(container, item, false);
      const fail = (): Promise<never> => Promise.reject(error);
      yield {
        key: archive.key,
        name: archive.name,
        lengthBytes: item.lengthBytes,
        etag: item.etag,
        modifiedMillis: item.lastModifiedMillis,
        archived: archive.archived === true,
        named: false,
        blocks: fail,
        range: fail,
        open() {
          throw error;
        },
      };
      return;
    }
    if (next.done === true) return;
    const member = next.value;
    if (isLogName(member.name) && selects(selection, member.name))
      yield {
        key: `${keyOf(container, item.name)}/${member.key}`,
        name: member.name,
        lengthBytes: member.lengthBytes,
        etag: member.etag,
        modifiedMillis: member.modifiedMillis,
        named: false,
        ...unblocked(() => streamOf(member.chunks())),
      };
  }
}

/** Standard input is read whole; its bytes name it. */
async function standardInput(): Promise<SourceBlob> {
  const bytes = await buffer(process.stdin);
  const etag = fingerprintOf(bytes);
  const one = async function* (): AsyncGenerator<Uint8Array> {
    if (bytes.length > 0) yield bytes;
  };
  return {
    key: `stdin/${etag}`,
    name: 'standard input',
    lengthBytes: bytes.length,
    etag,
    modifiedMillis: Date.now(),
    named: true,
    ...unblocked(() => streamOf(one())),
  };
}

/** Unpacked where they are gzip, and UTF-8 where they are UTF-16. */
function streamOf(chunks: AsyncIterable<Uint8Array>): ByteStream {
  return new ByteStream(utf8Chunks(unpackedChunks(chunks)));
}

/** What a blob without blocks does: it is read from its start. */
function unblocked(open: () => ByteStream): Pick<SourceBlob, 'blocks' | 'range' | 'open'> {
  return {
    blocks: () => Promise.resolve(undefined),
    range: async (start, end) => {
      const stream = open();
      try {
        return (await stream.look(end)).slice(start);
      } finally {
        await stream.close();
      }
    },
    open,
  };
}

/** The tuples of a blob, and what of it cannot be used. */
export interface WholeLog {
  /** Unpacked, as far as they can be had. */
  readonly bytes: Uint8Array;
  readonly log: FlowLog;
}

/**
 * Reads a blob as it stands now: it may have grown since it was listed. Where its bytes end before their time, what was to be had is read, and
 * the rest is the last rejection.
 */
export async function readWhole(blob: SourceBlob): Promise<WholeLog> {
  const stream =
    blob.container === undefined
      ? blob.open()
      : streamOf(wholeChunks((start, end) => blob.range(start, end), blob.lengthBytes));
  try {
    // One more than there may be: the end is looked at, and with it whether it is one.
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

/** Reads and decodes a blob; one that cannot be read gives `undefined`, and why is added to `unread`. @throws what its source throws */
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

/** SHA-256 of bytes or text. */
export function fingerprintOf(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

import { existsSync } from 'node:fs';
import { buffer } from 'node:stream/consumers';
import { glob } from 'tinyglobby';
import { FlowError } from '../base/errors.ts';
import { isUrl } from '../blob/azure-target.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import type { Storage } from '../blob/open.ts';
import { openSource } from '../blob/open.ts';
import { nsgContainer, vnetContainer } from '../flowlog/blob-path.ts';
import { fingerprintOf } from './fingerprint.ts';
import type { SourceBlob } from './source-blob.ts';
import { keyOf, sourceBlob, streamOf } from './source-blob.ts';
import type { ByteStream } from './byte-stream.ts';
import type { Selection } from './selection.ts';
import { selects, selectsAll } from './selection.ts';
import { selectedBlobs } from './walk.ts';
import type { ZipMember } from './zip.ts';
import { zipMembers } from './zip.ts';
import { archivedError, isOfBlob } from './unread.ts';

/** Called for sources and paths that cannot be listed. Without it, the first failure ends a listing. */
export interface UnlistedHandler {
  /** A source could not be listed completely; other sources follow. */
  onSource(error: FlowError): void;
  /** A folder or file of a source could not be read, not even its length. */
  onPath(error: FlowError): void;
}

/**
 * All selected blobs of the sources, in order. A source is a folder used as a storage account, one of its containers,
 * any other folder of copies, a file, a zip archive, a glob, `-` for standard input, or the URL of an Azure account or
 * container.
 * @param unlisted if given, failures are reported to it and the listing continues
 * @throws not-found, authentication, permission, unavailable, usage
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

/** The flow log containers of a storage: for an account those with Azure's names, otherwise its only container. */
export async function* logContainers(storage: Storage): AsyncGenerator<Container> {
  if (storage.only !== undefined) yield storage.only;
  else
    for await (const name of storage.containers())
      if (name === nsgContainer || name === vnetContainer) yield storage.container(name);
}

/**
 * Whether a file in a folder of logs can be a log. Files of a table, for example, are not logs, and grow with each
 * ingest.
 */
function isLogName(name: string): boolean {
  return /\.(json|ndjson|log)(\.gz)?$/i.test(name) && !isOfTable(name);
}

function isOfTable(path: string): boolean {
  return /(^|\/)(_delta_log|_nsgflow(\/\w+){1,2})\/[^/]+$/.test(path);
}

function isZipName(name: string): boolean {
  return /\.zip$/i.test(name);
}

/** The members of an archive. An unreadable archive that was not named directly is an unreadable blob. */
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

/** Standard input is read completely; its key is derived from its bytes. */
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

/** The methods of a blob without blocks: it is read from its start. */
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

import { Readable } from 'node:stream';
import type { Entry, ZipFile } from 'yauzl';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import { ZipDataError } from './byte-stream.ts';

/** One file of a zip archive. */
export interface ZipMember {
  /** Its path in the archive. */
  readonly name: string;
  /** Its path; changed if an earlier file of the archive has the same path. */
  readonly key: string;
  readonly lengthBytes: number;
  /** Derived from its content, so that a recreated archive is not read again. */
  readonly etag: string;
  readonly modifiedMillis: number;
  chunks(): AsyncIterable<Uint8Array>;
}

/**
 * The files of an archive in a blob, in order; only its directory and the requested files are read. Encrypted files
 * fail when they are read. Nothing is extracted to disk, so a name can be any path.
 * @throws flowlog-invalid if it is not a zip archive; errors of storage
 */
export async function* zipMembers(container: Container, item: BlobItem): AsyncGenerator<ZipMember> {
  const zip = await openZip(container, item);
  const invalid = (cause: unknown): FlowError =>
    cause instanceof FlowError
      ? cause
      : new FlowError('flowlog-invalid', `${item.name} is not a readable zip archive`, { cause });
  if (zip.entryCount > limits.zipEntriesMax) throw invalid(undefined);
  const { getFileNameLowLevel } = await import('yauzl');
  const entries = zip.eachEntry();
  const seen = new Map<string, number>();
  for (;;) {
    let entry: Entry;
    try {
      const next = await entries.next();
      if (next.done === true) return;
      entry = next.value;
    } catch (error) {
      throw invalid(error);
    }
    const name = getFileNameLowLevel(entry.generalPurposeBitFlag, entry.fileNameRaw, entry.extraFields, false);
    if (name.endsWith('/')) continue;
    const before = seen.get(name) ?? 0;
    seen.set(name, before + 1);
    yield {
      name,
      key: before === 0 ? name : `#${before + 1}/${name}`,
      lengthBytes: entry.uncompressedSize,
      etag: `zip-${entry.crc32.toString(16)}-${entry.uncompressedSize}`,
      modifiedMillis: entry.getLastModDate().getTime(),
      chunks: () => memberChunks(container, item, entry),
    };
  }
}

/** The archive is opened for each member, so that it is not open while other members wait. */
async function* memberChunks(container: Container, item: BlobItem, entry: Entry): AsyncGenerator<Uint8Array> {
  const zip = await openZip(container, item);
  let failure: unknown;
  try {
    const stream = await zip.openReadStreamPromise(entry);
    for await (const chunk of stream) yield chunk as Uint8Array;
    return;
  } catch (error) {
    failure = error;
  } finally {
    zip.close();
  }
  throw failure instanceof FlowError ? failure : new ZipDataError('damaged', { cause: failure });
}

async function openZip(container: Container, item: BlobItem): Promise<ZipFile> {
  const yauzl = await import('yauzl');
  class BlobReader extends yauzl.RandomAccessReader {
    override _readStreamForRange(start: number, end: number): Readable {
      return Readable.from(ranges(container, item.name, start, end), { objectMode: false });
    }
  }
  try {
    return await yauzl.fromRandomAccessReaderPromise(new BlobReader(), item.lengthBytes, {
      lazyEntries: true,
      autoClose: false,
      // The library would refuse everything after a path such as ../a.
      decodeStrings: false,
    });
  } catch (cause) {
    if (cause instanceof FlowError) throw cause;
    throw new FlowError('flowlog-invalid', `${item.name} is not a readable zip archive`, { cause });
  }
}

/** Bytes per read of an archive: the directory is read in pieces of a few bytes. */
const rangeBytesMax = 1 << 20;

async function* ranges(container: Container, name: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const { bytes } = await container.read(name, at, Math.min(end, at + rangeBytesMax));
    if (bytes.length === 0) return;
    yield bytes;
    at += bytes.length;
  }
}

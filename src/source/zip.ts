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
  /** The same, or another where a file before it has that path: an archive may hold several of one path. */
  readonly key: string;
  readonly lengthBytes: number;
  /** Of its unpacked bytes: an archive that is made anew is not read again. */
  readonly etag: string;
  readonly modifiedMillis: number;
  chunks(): AsyncIterable<Uint8Array>;
}

/**
 * The files of an archive that is a blob, in its order; only its directory and what is asked for are read. Encrypted ones are left to fail when read.
 * Nothing is unpacked to the disk, so any path will do for a name.
 * @throws flowlog-invalid where it is no zip archive, and what storage throws
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

/** An archive is opened for each member that is read, so that none stays open while others wait. */
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
      // The library would refuse all that follows a path such as ../a.
      decodeStrings: false,
    });
  } catch (cause) {
    if (cause instanceof FlowError) throw cause;
    throw new FlowError('flowlog-invalid', `${item.name} is not a readable zip archive`, { cause });
  }
}

/** Bytes read at once of an archive: a directory is read in pieces of a few bytes. */
const rangeBytesMax = 1 << 20;

async function* ranges(container: Container, name: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  for (let at = start; at < end;) {
    const { bytes } = await container.read(name, at, Math.min(end, at + rangeBytesMax));
    if (bytes.length === 0) return;
    yield bytes;
    at += bytes.length;
  }
}

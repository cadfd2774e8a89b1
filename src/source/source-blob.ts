import { resolve } from 'node:path';
import { isUrl } from '../blob/azure-target.ts';
import type { BlobItem, BlockList, Container } from '../blob/container.ts';
import { ByteStream, rangeChunks, unpackedChunks } from './byte-stream.ts';
import { utf8Chunks } from './utf8-chunks.ts';

/** A blob, file, or zip member to be read as a flow log. */
export interface SourceBlob {
  /** The unique name of the blob, independent of how the source was named: a path or URL. */
  readonly key: string;
  /** Its name in the container. */
  readonly name: string;
  readonly lengthBytes: number;
  /** Changes with its bytes. */
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly modifiedMillis: number;
  /** See BlobItem. */
  readonly createdMillis?: number | undefined;
  /** See BlobItem. */
  readonly archived?: boolean;
  /** Whether the source is this one file: if it is not a flow log, this is an error, not a rejection. */
  readonly named: boolean;
  /** The container, if the blob is itself a blob of a container. */
  readonly container?: Container;
  /** Committed blocks; `undefined` for files and copies. */
  blocks(): Promise<BlockList | undefined>;
  /** Stored bytes from `start` to `end` (excluded). */
  range(start: number, end: number): Promise<Uint8Array>;
  /**
   * All bytes from the start: decompressed if the file is gzip, and as UTF-8 if it is UTF-16 with a byte order mark.
   */
  open(): ByteStream;
}

/** The blob that `listSources` would give for a listed item. */
export function sourceBlob(container: Container, item: BlobItem, named: boolean): SourceBlob {
  return new ContainerBlob(container, item, named);
}

/** A class, because there can be very many: methods use no memory per blob. */
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

/** The key of a container's blob: a path or URL. */
export function keyOf({ location }: Container, name: string): string {
  return `${isUrl(location) ? location : resolve(location)}/${name}`;
}

/** Decompresses gzip, and converts UTF-16 to UTF-8. */
export function streamOf(chunks: AsyncIterable<Uint8Array>): ByteStream {
  return new ByteStream(utf8Chunks(unpackedChunks(chunks)));
}

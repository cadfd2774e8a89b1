import { resolve } from 'node:path';
import { isUrl } from '../blob/azure-target.ts';
import type { BlobItem, BlockList, Container } from '../blob/container.ts';
import { ByteStream, rangeChunks, unpackedChunks } from './byte-stream.ts';
import { utf8Chunks } from './utf8-chunks.ts';

/** A blob, file, or member of a zip archive, to be read as a flow log. */
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

/** One text for a blob of a container: a path or URL. */
export function keyOf({ location }: Container, name: string): string {
  return `${isUrl(location) ? location : resolve(location)}/${name}`;
}

/** Unpacked where they are gzip, and UTF-8 where they are UTF-16. */
export function streamOf(chunks: AsyncIterable<Uint8Array>): ByteStream {
  return new ByteStream(utf8Chunks(unpackedChunks(chunks)));
}

import { assert } from '../base/assert.ts';
import { FlowError } from '../base/errors.ts';
import type { Account, Block, BlobContent, BlobItem, BlockList, Container } from './container.ts';
import { checkBlobName, compareNames, isContainerName } from './name.ts';

/** A storage account in memory, for tests and data that need not survive the process. */
export function memoryAccount(location = 'memory'): Account {
  const containers = new Map<string, MemoryContainer>();
  return {
    location,
    container(name) {
      if (!isContainerName(name)) throw new FlowError('usage', `${JSON.stringify(name)} is not a valid container name`);
      let container = containers.get(name);
      if (container === undefined) containers.set(name, (container = new MemoryContainer(`${location}/${name}`)));
      return container;
    },
    async *containers() {
      yield* [...containers]
        .filter(([, container]) => container.exists)
        .map(([name]) => name)
        .sort(compareNames);
    },
    async makeContainer(name) {
      const container = this.container(name) as MemoryContainer;
      if (container.exists) return false;
      container.exists = true;
      return true;
    },
    async removeContainer(name) {
      return (this.container(name) as MemoryContainer).clear();
    },
  };
}

interface StoredBlock extends Block {
  readonly bytes: Uint8Array;
}

interface StoredBlob {
  readonly blocks: readonly StoredBlock[];
  readonly etag: string;
  readonly lastModifiedMillis: number;
}

/** A container in memory. */
export class MemoryContainer implements Container {
  readonly location: string;
  readonly name: string;
  readonly #blobs = new Map<string, StoredBlob>();
  readonly #staged = new Map<string, Map<string, Uint8Array>>();
  #commits = 0;
  /** False until the first commit. */
  exists = false;

  constructor(location: string) {
    this.location = location;
    this.name = location.slice(location.lastIndexOf('/') + 1);
  }

  /** Removes all blobs. False if there was no container. */
  clear(): boolean {
    const was = this.exists;
    this.exists = false;
    this.#blobs.clear();
    this.#staged.clear();
    return was;
  }

  async *list(prefix = ''): AsyncGenerator<BlobItem> {
    if (!this.exists) throw new FlowError('not-found', `there is no container ${this.location}`);
    for (const name of [...this.#blobs.keys()].filter((name) => name.startsWith(prefix)).sort(compareNames)) {
      const blob = this.#blobs.get(name);
      if (blob !== undefined) yield item(name, blob);
    }
  }

  async *children(prefix: string): AsyncGenerator<BlobItem | string> {
    const folders = new Set<string>();
    for await (const blob of this.list(prefix)) {
      const slash = blob.name.indexOf('/', prefix.length);
      const folder = blob.name.slice(0, slash + 1);
      if (slash < 0) yield blob;
      else if (!folders.has(folder)) {
        folders.add(folder);
        yield folder;
      }
    }
  }

  async properties(name: string): Promise<BlobItem | undefined> {
    const blob = this.#blobs.get(name);
    return blob === undefined ? undefined : item(name, blob);
  }

  async read(name: string, start = 0, end = Number.POSITIVE_INFINITY): Promise<BlobContent> {
    const blob = this.#blobs.get(name);
    if (blob === undefined) throw new FlowError('not-found', `there is no blob ${this.location}/${name}`);
    const bytes = Buffer.concat(blob.blocks.map((block) => block.bytes)).subarray(start, Math.max(start, end));
    return { bytes, etag: blob.etag };
  }

  async blocks(name: string): Promise<BlockList | undefined> {
    const blob = this.#blobs.get(name);
    if (blob === undefined) return undefined;
    return { blocks: blob.blocks.map(({ id, lengthBytes }) => ({ id, lengthBytes })), etag: blob.etag };
  }

  async stageBlock(name: string, id: string, bytes: Uint8Array): Promise<void> {
    checkBlobName(name);
    assert(/^[A-Za-z0-9+/=]+$/.test(id), 'a block id is base64 text');
    let staged = this.#staged.get(name);
    if (staged === undefined) this.#staged.set(name, (staged = new Map()));
    staged.set(id, bytes.slice());
  }

  async commitBlocks(name: string, ids: readonly string[], etag: string | undefined): Promise<{ etag: string }> {
    checkBlobName(name);
    const before = this.#blobs.get(name);
    if (before?.etag !== etag)
      throw this.#conflict(name, etag === undefined ? 'exists already' : 'was changed by another writer');
    const staged = this.#staged.get(name);
    const blocks = ids.map((id) => {
      const bytes = staged?.get(id) ?? before?.blocks.find((block) => block.id === id)?.bytes;
      if (bytes === undefined) throw this.#conflict(name, 'does not have a block of the commit');
      return { id, lengthBytes: bytes.length, bytes };
    });
    this.exists = true;
    const committed = { blocks, etag: `"${++this.#commits}"`, lastModifiedMillis: Date.now() };
    this.#blobs.set(name, committed);
    this.#staged.delete(name);
    return { etag: committed.etag };
  }

  async delete(name: string, etag?: string): Promise<boolean> {
    const blob = this.#blobs.get(name);
    if (blob === undefined) return false;
    if (etag !== undefined && blob.etag !== etag) throw this.#conflict(name, 'was changed by another writer');
    return this.#blobs.delete(name);
  }

  #conflict(name: string, what: string): FlowError {
    return new FlowError('blob-conflict', `the blob ${this.location}/${name} ${what}`);
  }
}

function item(name: string, blob: StoredBlob): BlobItem {
  const lengthBytes = blob.blocks.reduce((sum, block) => sum + block.lengthBytes, 0);
  return { name, lengthBytes, etag: blob.etag, lastModifiedMillis: blob.lastModifiedMillis };
}

import { lstat, mkdir, readdir, rm, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { assert } from '../base/assert.ts';
import { FlowError, fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Account, BlobContent, BlobItem, BlockList, Container } from './container.ts';
import { fileEtag, findBlob, readVersion } from './folder-blob.ts';
import type { FoundBlob } from './folder-blob.ts';
import { changeBlob, conflict, createBlob, settleBlob } from './folder-commit.ts';
import type { BlobPlace, BlobState } from './folder-commit.ts';
import { removeEmptyFolders, removeStaleTemporaries, syncFolder } from './folder-file.ts';
import type { TreeFile, Unlisted } from './folder-tree.ts';
import { childrenOf, stateFolder, walkTree } from './folder-tree.ts';
import { linkOnPath } from './links.ts';
import { checkBlobName, compareNames, isContainerName } from './name.ts';

/**
 * Containers in a folder that is used as a storage account:
 *
 *     DIR/<container>/<blob name>                           the blob's bytes
 *     DIR/.nsgflow/blocks/<container>/<blob name>.jsonl     its block list, see block-journal.ts
 *     DIR/.nsgflow/temp/                                    incomplete files
 *
 * A commit that inserts blocks before a short last block, as each minute's append does, adds one line to the journal,
 * overwrites the blob's last bytes, both with sync, and sets the journal's time to the blob's. Any other commit writes the
 * blob again as a whole and renames it. A blob without a journal (a copy) can be read, but has no block list.
 *
 * There may be one writer and any number of readers. A second writer is detected by the journal's length after its line
 * was written, before the blob is changed, and gets `blob-conflict`. For reasons and numbers see
 * docs/how-it-works/decisions/0006-folder-container.md.
 */

export interface FolderOptions {
  /** Whether a commit waits until the data is on disk, to survive a power failure; default true. */
  readonly sync?: boolean;
  /** How long an incomplete commit of another process must not change before it is undone, in milliseconds. */
  readonly graceMillis?: number;
  /**
   * Called for unreadable folders and links below the folder; listing then continues. If absent, listing throws the
   * error.
   */
  readonly onUnlisted?: (error: FlowError) => void;
}

/** The folder `path` as a storage account. Reads and creates nothing yet. */
export function folderAccount(path: string, options: FolderOptions = {}): Account {
  const containers = new Map<string, Container>();
  return {
    location: path,
    container(name) {
      if (!isContainerName(name)) throw new FlowError('usage', `${JSON.stringify(name)} is not a valid container name`);
      let container = containers.get(name);
      if (container === undefined) containers.set(name, (container = new FolderContainer(join(path, name), options)));
      return container;
    },
    async *containers() {
      let entries;
      try {
        entries = await readdir(path, { withFileTypes: true });
      } catch (error) {
        throw fileError(error, `read ${path}`);
      }
      const names = entries
        .filter((entry) => !entry.isFile() && isContainerName(entry.name))
        .map((entry) => entry.name);
      yield* names.sort(compareNames);
    },
    async makeContainer(name) {
      const folder = containerFolder(path, name);
      try {
        await mkdir(path, { recursive: true });
        await mkdir(folder);
        await syncFolder(path);
        return true;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
        throw fileError(error, `create ${folder}`);
      }
    },
    async removeContainer(name) {
      const folder = containerFolder(path, name);
      try {
        const found = await lstat(folder).catch(() => undefined);
        if (found === undefined) return false;
        if (!found.isDirectory())
          throw new FlowError('permission', `${folder} is not a folder itself, so it is not removed`);
        const journals = join(path, stateFolder, 'blocks', name);
        await rm(folder, removal);
        if ((await linkOnPath(path, join(journals, 'x'))) === undefined) await rm(journals, removal);
        await syncFolder(path);
        return true;
      } catch (error) {
        throw fileError(error, `remove ${folder}`);
      }
    },
  };
}

/** Another writer can create a file in a folder while it is being deleted. */
const removal = { recursive: true, force: true, maxRetries: 5, retryDelay: 20 };

function containerFolder(path: string, name: string): string {
  if (!isContainerName(name)) throw new FlowError('usage', `${JSON.stringify(name)} is not a valid container name`);
  return join(path, name);
}

const graceMillisDefault = 1500;

/** One container: the folder `path`, with block lists in `.nsgflow` next to it. */
export class FolderContainer implements Container {
  readonly location: string;
  readonly name: string;
  readonly #root: string;
  readonly #journals: string;
  readonly #temporary: string;
  readonly #sync: boolean;
  readonly #graceMillis: number;
  readonly #onUnlisted: Unlisted | undefined;
  readonly #staged = new Map<string, Map<string, Uint8Array>>();
  /** The last state that this object left on disk; valid as long as the blob's length and time do not change. */
  readonly #known = new Map<string, BlobState>();
  readonly #turns = new Map<string, Promise<unknown>>();
  #swept = false;

  constructor(path: string, options: FolderOptions = {}) {
    this.location = path;
    this.#root = resolve(path);
    this.name = basename(this.#root);
    const state = join(dirname(this.#root), stateFolder);
    this.#journals = join(state, 'blocks', this.name);
    this.#temporary = join(state, 'temp');
    this.#sync = options.sync ?? true;
    this.#graceMillis = options.graceMillis ?? graceMillisDefault;
    const { onUnlisted } = options;
    if (onUnlisted !== undefined)
      this.#onUnlisted = (path, error) => onUnlisted(fileError(error, `read ${join(this.location, path)}`));
  }

  async *list(prefix = ''): AsyncGenerator<BlobItem> {
    try {
      for await (const file of walkTree(this.#root, prefix, this.#onUnlisted)) yield blobItem(file);
    } catch (error) {
      throw fileError(error, `list ${this.location}`);
    }
  }

  async *children(prefix: string): AsyncGenerator<BlobItem | string> {
    if (prefix !== '') checkBlobName(prefix.replace(/\/$/, ''));
    try {
      for await (const child of childrenOf(this.#root, prefix, this.#onUnlisted))
        if (typeof child === 'string') yield child;
        else yield blobItem(child);
    } catch (error) {
      throw fileError(error, `list ${this.location}`);
    }
  }

  async properties(name: string): Promise<BlobItem | undefined> {
    return await this.#look(name, (blob) => ({
      name,
      lengthBytes: blob.version?.lengthBytes ?? blob.sizeBytes,
      etag: blob.etag,
      lastModifiedMillis: millis(blob.mtimeNanos),
      ...createdAt(blob.birthNanos),
    }));
  }

  async read(name: string, start = 0, end = Number.POSITIVE_INFINITY): Promise<BlobContent> {
    const content = await this.#look(name, async (blob) => ({
      bytes: await readVersion(blob, start, end),
      etag: blob.etag,
    }));
    if (content === undefined) throw new FlowError('not-found', `there is no blob ${join(this.location, name)}`);
    return content;
  }

  async blocks(name: string): Promise<BlockList | undefined> {
    return await this.#look(name, (blob) => ({
      blocks: (blob.version?.blocks ?? []).map(({ id, lengthBytes }) => ({ id, lengthBytes })),
      etag: blob.etag,
    }));
  }

  async stageBlock(name: string, id: string, bytes: Uint8Array): Promise<void> {
    checkBlobName(name);
    assert(/^[A-Za-z0-9+/=]+$/.test(id), 'a block id is base64 text');
    let staged = this.#staged.get(name);
    if (staged === undefined) this.#staged.set(name, (staged = new Map()));
    staged.set(id, bytes);
  }

  async commitBlocks(name: string, ids: readonly string[], etag: string | undefined): Promise<{ etag: string }> {
    checkBlobName(name);
    return await this.#inTurn(name, async () => {
      const place = this.#place(name);
      const staged = this.#staged.get(name) ?? new Map<string, Uint8Array>();
      await this.#sweepOnce();
      const committed =
        etag === undefined
          ? await createBlob(place, ids, staged)
          : await changeBlob(place, ids, staged, await this.#current(place, name, etag));
      this.#keep(name, committed);
      this.#staged.delete(name);
      return { etag: committed.etag };
    });
  }

  async delete(name: string, etag?: string): Promise<boolean> {
    checkBlobName(name);
    return await this.#inTurn(name, async () => {
      const place = this.#place(name);
      // A link to a folder contains no blobs, as in a list.
      if ((await linkOnPath(this.#root, place.blobPath)) !== undefined) return false;
      const stats = await stat(place.blobPath, { bigint: true }).catch(() => undefined);
      if (stats?.isFile() !== true) return false;
      if (etag !== undefined && fileEtag(stats.size, stats.mtimeNs) !== etag)
        throw conflict(place, 'was changed by another writer');
      this.#known.delete(name);
      const journal = await stat(place.journalPath).catch(() => undefined);
      await unlink(place.blobPath);
      await removeEmptyFolders(place.blobPath, this.#root);
      // A journal behind a link can stay: it will not match a later blob.
      if ((await linkOnPath(dirname(this.#root), place.journalPath)) !== undefined) return true;
      // Another process may have recreated the blob, with a journal of its own.
      const found = await stat(place.journalPath).catch(() => undefined);
      if (found?.ino === journal?.ino) await rm(place.journalPath, { force: true });
      await removeEmptyFolders(place.journalPath, this.#journals);
      return true;
    });
  }

  /** The blob before a change. It is removed from the cache; the result of the change is cached instead. */
  async #current(place: BlobPlace, name: string, etag: string): Promise<BlobState> {
    const known = this.#known.get(name);
    this.#known.delete(name);
    const stats = known && (await stat(place.blobPath, { bigint: true }).catch(() => undefined));
    const isKnown = stats !== undefined && fileEtag(stats.size, stats.mtimeNs) === known?.etag;
    const current = isKnown ? known : await settleBlob(place);
    if (current === undefined) throw conflict(place, 'was deleted by another writer');
    if (current.etag !== etag) throw conflict(place, 'was changed by another writer');
    return current;
  }

  #keep(name: string, state: BlobState): void {
    this.#known.delete(name);
    this.#known.set(name, state);
    if (this.#known.size > limits.openBlobsMax)
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
  }

  async #sweepOnce(): Promise<void> {
    if (this.#swept) return;
    this.#swept = true;
    await removeStaleTemporaries(dirname(this.#root), this.#temporary);
  }

  async #look<T>(name: string, use: (blob: FoundBlob) => T | Promise<T>): Promise<T | undefined> {
    checkBlobName(name);
    const { blobPath, journalPath, label } = this.#place(name);
    try {
      const blob = await findBlob(blobPath, journalPath);
      if (blob === undefined) return undefined;
      try {
        return await use(blob);
      } finally {
        await blob.handle.close();
      }
    } catch (error) {
      throw fileError(error, `read ${label}`);
    }
  }

  /** Commits and deletions of one blob run one after another. */
  async #inTurn<T>(name: string, act: () => Promise<T>): Promise<T> {
    const turn = (this.#turns.get(name) ?? Promise.resolve()).then(act, act);
    this.#turns.set(name, turn);
    try {
      return await turn;
    } catch (error) {
      throw fileError(error, `write ${join(this.location, name)}`);
    } finally {
      if (this.#turns.get(name) === turn) this.#turns.delete(name);
    }
  }

  #place(name: string): BlobPlace {
    return {
      label: join(this.location, name),
      blobPath: join(this.#root, name),
      journalPath: join(this.#journals, `${name}.jsonl`),
      temporaryFolder: this.#temporary,
      sync: this.#sync,
      graceMillis: this.#graceMillis,
    };
  }
}

function blobItem({ name, sizeBytes, mtimeNanos, birthNanos }: TreeFile): BlobItem {
  return {
    name,
    lengthBytes: sizeBytes,
    etag: fileEtag(sizeBytes, mtimeNanos),
    lastModifiedMillis: millis(mtimeNanos),
    ...createdAt(birthNanos),
  };
}

/** Creation time of a blob. A blob that grows keeps its file; any other change gives it a new file. */
function createdAt(birthNanos: bigint): { createdMillis?: number } {
  return birthNanos === 0n ? {} : { createdMillis: millis(birthNanos) };
}

function millis(nanos: bigint): number {
  return Number(nanos / 1_000_000n);
}

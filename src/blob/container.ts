/**
 * A container of block blobs, as in Azure Storage: a folder, Azure Blob Storage, or memory. One contract suite
 * (`test/blob/contract.ts`) runs for all of them.
 *
 * Names are paths with `/`, without URL escapes. Block ids are base64 texts of equal length within a blob. An ETag is
 * opaque; it changes with every commit, and when another program rewrites the blob. Storage failures are `FlowError`s:
 * `authentication`, `permission`, `unavailable`, `disk-full`, `blob-conflict`.
 */
export interface Container {
  /** For messages: a path, or a URL without its query (no SAS). */
  readonly location: string;
  /** Name of the container, such as `insights-logs-networksecuritygroupflowevent`. */
  readonly name: string;
  /**
   * Blobs in order of names (code points); pages are fetched on demand. A length can be ahead of a commit in progress;
   * `properties`, `read` and `blocks` return committed data.
   * @throws not-found if the container does not exist
   */
  list(prefix?: string): AsyncIterable<BlobItem>;
  /**
   * The entries directly below `prefix` (empty, or ending with `/`): blobs, and folders as full prefixes with a
   * trailing `/`. The order depends on the implementation.
   * @throws not-found if the container does not exist
   */
  children(prefix: string): AsyncIterable<BlobItem | string>;
  /** `undefined` if the blob (or the container) does not exist. */
  properties(name: string): Promise<BlobItem | undefined>;
  /**
   * Reads bytes from `start` (included) to `end` (excluded; default and maximum is the blob's end).
   * @throws not-found
   */
  read(name: string, start?: number, end?: number): Promise<BlobContent>;
  /**
   * Committed blocks in order; empty for a blob that was not committed by blocks. `undefined` if the blob does not
   * exist.
   */
  blocks(name: string): Promise<BlockList | undefined>;
  /**
   * Holds a block until a commit includes it; its bytes must not change until then. Staging an id again replaces the
   * block.
   */
  stageBlock(name: string, id: string, bytes: Uint8Array): Promise<void>;
  /**
   * Replaces the content of the blob by these blocks, which are staged or already committed; other staged blocks are
   * discarded. If `etag` is undefined, creates the blob (and container).
   * @throws blob-conflict if the blob has another ETag, if it exists although `etag` is undefined, or if a block is
   * neither staged nor committed (the commit of another writer discards staged blocks)
   */
  commitBlocks(name: string, ids: readonly string[], etag: string | undefined): Promise<{ etag: string }>;
  /**
   * Deletes a blob; with `etag`, only that version. False if it did not exist.
   * @throws blob-conflict
   */
  delete(name: string, etag?: string): Promise<boolean>;
}

/** A storage account: containers by name. */
export interface Account {
  /** For messages: a path or a URL without its query. */
  readonly location: string;
  /**
   * The container with this name, even if it does not exist; the same object for the same name.
   * @throws usage for an invalid name
   */
  container(name: string): Container;
  /**
   * Names of the existing containers.
   * @throws not-found, authentication, permission, unavailable
   */
  containers(): AsyncIterable<string>;
  /**
   * Creates an empty container. False if it exists already. Absent for read-only accounts.
   * @throws usage for an invalid name
   */
  makeContainer?(name: string): Promise<boolean>;
  /** Deletes a container with all its blobs. False if it did not exist. */
  removeContainer?(name: string): Promise<boolean>;
}

export interface BlobItem {
  readonly name: string;
  readonly lengthBytes: number;
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly lastModifiedMillis: number;
  /**
   * Creation time, epoch milliseconds: kept when a blob grows, changed when it is deleted and written again. Absent if
   * storage does not report it.
   */
  readonly createdMillis?: number;
  /**
   * In the archive tier: storage does not return its content until it is moved to another tier. Its ETag then stays the
   * same.
   */
  readonly archived?: true;
}

export interface BlobContent {
  readonly bytes: Uint8Array;
  readonly etag: string;
}

export interface Block {
  readonly id: string;
  readonly lengthBytes: number;
}

export interface BlockList {
  readonly blocks: readonly Block[];
  readonly etag: string;
}

/**
 * A container of block blobs, as Azure Storage has them: a folder, Azure Blob Storage, or memory. One contract suite
 * (`test/blob/contract.ts`) runs on all.
 *
 * Names are paths with `/`, unescaped; block ids are base64 text of equal length within a blob. An ETag is opaque and changes with
 * every commit, and when somebody else rewrites the blob. What storage refuses is a `FlowError`: `authentication`, `permission`, `unavailable`, `disk-full`, `blob-conflict`.
 */
export interface Container {
  /** For messages: a path or a URL without its query (no SAS). */
  readonly location: string;
  /** Name of the container, such as `insights-logs-networksecuritygroupflowevent`. */
  readonly name: string;
  /**
   * Blobs in order of names (code points), pages fetched as they are needed. A length may run ahead of a commit that is under way; what
   * `properties`, `read` and `blocks` say is committed. @throws not-found where there is no such container
   */
  list(prefix?: string): AsyncIterable<BlobItem>;
  /**
   * What stands directly below `prefix` (empty, or ending with `/`): blobs, and folders as their whole prefix with the `/` at its end; in
   * no order that all implementations share.
   * @throws not-found where there is no such container
   */
  children(prefix: string): AsyncIterable<BlobItem | string>;
  /** `undefined` where there is no such blob (or no container). */
  properties(name: string): Promise<BlobItem | undefined>;
  /** Bytes `start` (included) to `end` (excluded; the blob's end when absent or beyond). @throws not-found */
  read(name: string, start?: number, end?: number): Promise<BlobContent>;
  /** Committed blocks in order; none for a blob that was not committed by blocks. `undefined` where there is no such blob. */
  blocks(name: string): Promise<BlockList | undefined>;
  /** Holds a block until a commit names it; its bytes stay as they are until then. Staging the same id again replaces it. */
  stageBlock(name: string, id: string, bytes: Uint8Array): Promise<void>;
  /**
   * Makes the blob consist of these blocks, staged or already committed; blocks staged and not named are forgotten. Creates the blob (and
   * container) where `etag` is undefined, and only then. @throws blob-conflict when the blob's ETag is another one, the blob exists although
   * `etag` is undefined, or a block is neither staged nor committed (another writer's commit forgets what was staged).
   */
  commitBlocks(name: string, ids: readonly string[], etag: string | undefined): Promise<{ etag: string }>;
  /** Deletes a blob; with `etag`, only that version. False where there was none. @throws blob-conflict */
  delete(name: string, etag?: string): Promise<boolean>;
}

/** A storage account: containers by name. */
export interface Account {
  /** For messages: a path or a URL without its query. */
  readonly location: string;
  /** The container of this name, whether it exists or not; the same object for the same name. @throws usage for a bad name */
  container(name: string): Container;
  /** Names of the containers there are. @throws not-found, authentication, permission, unavailable */
  containers(): AsyncIterable<string>;
  /** Makes an empty container. False where there is one of this name. Absent where an account is for reading alone. @throws usage for a bad name */
  makeContainer?(name: string): Promise<boolean>;
  /** Deletes a container with all its blobs. False where there is none. */
  removeContainer?(name: string): Promise<boolean>;
}

export interface BlobItem {
  readonly name: string;
  readonly lengthBytes: number;
  readonly etag: string;
  /** Epoch milliseconds. */
  readonly lastModifiedMillis: number;
  /** When it was made, epoch milliseconds: one that grows keeps it, one that is deleted and written anew does not. Absent where storage does not tell. */
  readonly createdMillis?: number;
  /** In the archive tier: storage refuses to give its bytes until it is moved, and its ETag then stays the same. */
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

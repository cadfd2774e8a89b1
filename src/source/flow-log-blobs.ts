import { FlowError } from '../base/errors.ts';
import { hourMillis } from '../base/time.ts';
import type { Account, BlobItem, Container } from '../blob/container.ts';
import type { Storage } from '../blob/open.ts';
import type { BlobPath } from '../flowlog/blob-path.ts';
import { formatBlobPath, nsgContainer, parseBlobPath, parseResourceId, vnetContainer } from '../flowlog/blob-path.ts';

/** One hourly blob, with its parsed path. */
export interface FlowLogBlob {
  readonly container: Container;
  readonly item: BlobItem;
  readonly path: BlobPath;
}

/** An account, or one container of it. */
export type SearchedStorage = Account & { readonly only?: Container | undefined };

/** Selects hourly blobs; absent fields match all. */
export interface BlobSelection {
  /**
   * ARM id of an NSG or VNet flow log, or of a flow log's target (VNet, subnet or NIC), or the plain name of an NSG or
   * flow log; any casing.
   */
  readonly target?: string | undefined;
  /** Twelve upper-case digits. */
  readonly mac?: string | undefined;
  /** The whole hour, epoch milliseconds. */
  readonly hourMillis?: number | undefined;
}

/**
 * The selected hourly blobs of a storage, in order of names within a container. For a full id, only its own folders are
 * listed.
 */
export async function* findFlowLogBlobs(
  storage: SearchedStorage,
  selection: BlobSelection,
): AsyncGenerator<FlowLogBlob> {
  const { target } = selection;
  const isInPath =
    target === undefined || !target.startsWith('/') || /\/networkSecurityGroups\/|\/flowLogs\//i.test(target);
  const inPath = isInPath ? selection : { ...selection, target: undefined };
  /** Whether a VNet flow log watches the target, by the flow log's id. */
  const watches = new Map<string, boolean>();
  for await (const container of containersOf(storage)) {
    for (const prefix of prefixesOf(container.name, inPath))
      for await (const item of container.list(prefix)) {
        const path = parseBlobPath(item.name);
        if (path === undefined || !matches(path, inPath)) continue;
        const key = path.resourceId;
        if (!isInPath && !watches.has(key)) watches.set(key, await isWatching(container, item.name, target));
        if (isInPath || watches.get(key) === true) yield { container, item, path };
      }
  }
}

/** The head of a VNet record has the id of its target. Source: facts 3.1. */
const headBytes = 4096;

async function isWatching(container: Container, name: string, target: string): Promise<boolean> {
  const head = Buffer.from((await container.read(name, 0, headBytes)).bytes).toString('latin1');
  const watched = /"targetResourceID":"([^"]*)"/i.exec(head)?.[1];
  return watched?.toLowerCase() === target.toLowerCase();
}

/** The named container, or all flow log containers. */
export async function* containersOf(storage: SearchedStorage): AsyncGenerator<Container> {
  if (storage.only !== undefined) {
    yield storage.only;
    return;
  }
  for await (const name of storage.containers())
    if (name === nsgContainer || name === vnetContainer) yield storage.container(name);
}

/**
 * The one selected blob, or the storage's own blob.
 * @throws not-found; usage if there are several
 */
export async function findOneBlob(
  storage: Storage,
  selection: BlobSelection,
): Promise<{ container: Container; name: string }> {
  if (storage.blob !== undefined && storage.only !== undefined) return { container: storage.only, name: storage.blob };
  const found: FlowLogBlob[] = [];
  for await (const blob of findFlowLogBlobs(storage, selection)) if (found.push(blob) > 1) break;
  if (found.length === 0) throw new FlowError('not-found', `${storage.location} has no such flow log blob`);
  if (found.length > 1)
    throw new FlowError(
      'usage',
      `${storage.location} has several such blobs, for example ${found.map(({ item }) => item.name).join(' and ')}`,
      {
        hint: 'Select one with --target, --nic and --hour. `nsgflow blob list` lists them.',
      },
    );
  return { container: found[0].container, name: found[0].item.name };
}

/** Prefixes of the names of blobs with a full id; all names for a plain name and in folders of copies. */
export function prefixesOf(container: string, { target, hourMillis: hour }: BlobSelection): string[] {
  if (target === undefined || parseResourceId(target) === undefined) return [''];
  const cut = (path: string): string => path.slice(0, path.search(hour === undefined ? /y=\d{4}\// : /m=00\//));
  const at = hour ?? 0;
  if (container === nsgContainer) return [cut(formatBlobPath('nsg', target, at, undefined))];
  if (container === vnetContainer)
    return [
      ...new Set((['short', 'long'] as const).map((form) => cut(formatBlobPath('vnet', target, at, undefined, form)))),
    ];
  return [''];
}

function matches(path: BlobPath, { target, mac, hourMillis: hour }: BlobSelection): boolean {
  if (mac !== undefined && path.mac !== mac) return false;
  if (hour !== undefined && path.hourMillis !== hour) return false;
  if (target === undefined) return true;
  const wanted = target.toLowerCase();
  if (path.resourceId.toLowerCase() === wanted) return true;
  if (path.kind === 'vnet' && isShortPathOf(path, target)) return true;
  const { name = '', child } = parseResourceId(path.resourceId) ?? {};
  return (child ?? name).toLowerCase() === wanted;
}

/** The underscores of the short form are ambiguous; the joined forms are equal. */
function isShortPathOf({ resourceId }: BlobPath, target: string): boolean {
  const folder = (id: string): string => formatBlobPath('vnet', id, 0, undefined, 'short');
  return parseResourceId(target)?.child !== undefined && folder(resourceId) === folder(target);
}

/** The name of a blob's flow log for users: name of the NSG, or of the VNet flow log. */
export function logNameOf({ resourceId }: BlobPath): string {
  const { name = resourceId, child } = parseResourceId(resourceId) ?? {};
  return child ?? name;
}

/** The end of a blob's hour, epoch milliseconds. */
export function hourEndOf(path: BlobPath): number {
  return path.hourMillis + hourMillis;
}

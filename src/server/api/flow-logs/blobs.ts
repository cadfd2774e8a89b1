/** Blobs of flow logs in the accounts of the service. */
import type { BlobItem, Container } from '../../../blob/container.ts';
import { FlowError } from '../../../base/errors.ts';
import type { FlowLogState } from '../../../control/resources/snapshot.ts';
import { nsgContainer, parseBlobPath, vnetContainer } from '../../../flowlog/blob-path.ts';
import { findFlowLogBlobs, prefixesOf } from '../../../source/flow-log-blobs.ts';
import { limits } from '../../../base/limits.ts';
import type { Accounts } from '../../accounts.ts';
import { ApiError } from '../api-error.ts';

export interface BlobHour {
  readonly account: string;
  readonly container: string;
  readonly name: string;
  readonly hour: string;
  readonly mac?: string;
  readonly bytes: number;
}

/** What the paths of a flow log's blobs have: an NSG's id, else that of the flow log itself. */
function pathId({ id, targetId, format }: FlowLogState): string {
  return format === 'vnet' ? id : targetId;
}

function containerOf(accounts: Accounts, { storage, format }: FlowLogState): Container {
  return accounts.account(storage).container(format === 'vnet' ? vnetContainer : nsgContainer);
}

/** The newest hours first, at most `limits.consoleBlobsMax`. */
export async function blobHours(accounts: Accounts, flowLog: FlowLogState): Promise<BlobHour[]> {
  const container = containerOf(accounts, flowLog);
  const searched = { ...accounts.account(flowLog.storage), only: container };
  const hours: BlobHour[] = [];
  try {
    for await (const { item, path } of findFlowLogBlobs(searched, { target: pathId(flowLog) }))
      hours.push({
        account: flowLog.storage,
        container: container.name,
        name: item.name,
        hour: new Date(path.hourMillis).toISOString(),
        ...(path.mac === undefined ? {} : { mac: path.mac }),
        bytes: item.lengthBytes,
      });
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return hours.sort((a, b) => (a.hour < b.hour ? 1 : a.hour > b.hour ? -1 : 0)).slice(0, limits.consoleBlobsMax);
}

/** When the newest blob of a flow log grew: its newest hour's folder is looked into, and no other. */
export async function lastBlockMillis(accounts: Accounts, flowLog: FlowLogState): Promise<number | undefined> {
  const container = containerOf(accounts, flowLog);
  let last: number | undefined;
  try {
    for (const prefix of prefixesOf(container.name, { target: pathId(flowLog) })) {
      const millis = await newestBelow(container, prefix);
      if (millis !== undefined && millis > (last ?? 0)) last = millis;
    }
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
  return last;
}

async function newestBelow(container: Container, folder: string): Promise<number | undefined> {
  const folders: string[] = [];
  let last: number | undefined;
  for await (const child of container.children(folder)) {
    if (typeof child === 'string') folders.push(child);
    else last = Math.max(last ?? 0, child.lastModifiedMillis);
  }
  // Below an hour, each NIC has a folder; above it, the last name is the latest time.
  const looked = folders.some((name) => /\/macAddress=/i.test(name)) ? folders : folders.toSorted().slice(-1);
  for (const name of looked) {
    const below = await newestBelow(container, name);
    if (below !== undefined) last = Math.max(last ?? 0, below);
  }
  return last;
}

const pieceBytes = 8 << 20;

/**
 * The content of a blob as it is now.
 * @throws ApiError 404 for what is no blob of a flow log
 */
export async function blobContent(
  accounts: Accounts,
  place: { readonly account: string; readonly container: string; readonly name: string },
): Promise<{ readonly item: BlobItem; readonly parts: AsyncGenerator<Uint8Array> }> {
  const isFlowLog = [nsgContainer, vnetContainer].includes(place.container) && parseBlobPath(place.name) !== undefined;
  const served = isFlowLog ? accounts.served(place.account.toLowerCase()) : undefined;
  const container = served?.account.container(place.container);
  const item = await container?.properties(place.name);
  if (container === undefined || item === undefined)
    throw new ApiError(404, 'not-found', 'there is no such blob of a flow log');
  return { item, parts: pieces(container, item) };
}

/** @throws blob-conflict if it grows meanwhile: its end would not be that of its beginning */
async function* pieces(container: Container, item: BlobItem): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < item.lengthBytes;) {
    const { bytes, etag } = await container.read(item.name, at, Math.min(item.lengthBytes, at + pieceBytes));
    if (etag !== item.etag || bytes.length === 0)
      throw new FlowError('blob-conflict', `the blob ${item.name} grew while it was read`, {
        hint: 'Download it again.',
      });
    yield bytes;
    at += bytes.length;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof FlowError && error.code === 'not-found';
}

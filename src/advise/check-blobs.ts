import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { JsonObject } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';
import { dayMillis, formatTime } from '../base/time.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import { openStorage } from '../blob/open.ts';
import { objectsOf, propertiesOf, textOf } from '../control/resources/resource.ts';
import { containerOf, formatBlobPath } from '../flowlog/blob-path.ts';
import type { Check } from './check.ts';
import type { ResourceManager } from './resource-manager.ts';
import { resourcesVersion } from './resource-manager.ts';

/** Azure writes the first blob after up to five minutes. Source: facts 9. */
const firstBlobMillis = 300_000;

/**
 * Whether the flow log has blobs in its account, and recent ones.
 * @param data the data folder of the service
 */
export async function checkBlobs(
  arm: ResourceManager,
  flowLog: JsonObject,
  account: JsonObject | undefined,
  diagnosis: JsonObject | undefined,
  data: string,
  nowMillis: number,
): Promise<Check> {
  if (account === undefined) return { check: 'blobs', state: 'unknown', finding: 'there is no account' };
  const name = textOf(account['name']);
  const place = arm.isAzure ? `https://${name}.blob.core.windows.net` : join(data, 'accounts', name.toLowerCase());
  const isThere = arm.isAzure || (await stat(place).catch(() => undefined)) !== undefined;
  let newest: { item: BlobItem; isRecent: boolean } | undefined;
  if (isThere) {
    try {
      newest = await newestBlob((kind) => openContainer(place, kind), flowLog, nowMillis);
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      return { check: 'blobs', state: 'unknown', finding: error.message };
    }
  }
  const quiet = arm.isAzure ? '' : await whyQuiet(arm);
  if (newest?.isRecent === true) {
    const ageMinutes = Math.floor((nowMillis - newest.item.lastModifiedMillis) / 60_000);
    const finding = `the newest blob was written ${ageMinutes < 1 ? 'less than a minute' : `${ageMinutes} min`} ago`;
    if (ageMinutes > 6 && quiet !== '') return { check: 'blobs', state: 'ok', finding: `${finding}: ${quiet}` };
    return ageMinutes <= 6
      ? { check: 'blobs', state: 'ok', finding }
      : { check: 'blobs', state: 'wrong', finding: `${finding}: no traffic since, or delivery is stopped` };
  }
  if (newest !== undefined && quiet !== '')
    return {
      check: 'blobs',
      state: 'ok',
      finding: `blobs are there, the newest of ${formatTime(newest.item.lastModifiedMillis)}: ${quiet}`,
    };
  const enabledAt = Number(diagnosis?.['enabledAtMillis'] ?? 0);
  if (enabledAt > 0 && nowMillis - enabledAt < firstBlobMillis)
    return { check: 'blobs', state: 'ok', finding: 'none yet: the flow log was enabled less than five minutes ago' };
  if (newest !== undefined)
    return {
      check: 'blobs',
      state: 'wrong',
      finding: `blobs are there, the newest of ${formatTime(newest.item.lastModifiedMillis)}: no traffic since, or delivery is stopped`,
    };
  return {
    check: 'blobs',
    state: 'wrong',
    finding: `there is no blob: ${quiet || 'no traffic, or delivery is stopped'}`,
  };
}

/**
 * Why the service records nothing although it works: its capture has ended, or it has none. Empty if the service does
 * not say.
 */
async function whyQuiet(arm: ResourceManager): Promise<string> {
  const health = await arm.get('/healthz', resourcesVersion);
  const recorder = objectsOf(health?.['parts']).find((part) => part['name'] === 'recorder');
  return recorder?.['state'] === 'ok' ? textOf(recorder['detail']) : '';
}

async function openContainer(place: string, kind: 'nsg' | 'vnet'): Promise<Container> {
  return (await openStorage(place)).container(containerOf(kind));
}

/**
 * The newest blob of today and yesterday; without one, the first blob. Both forms of a VNet flow log's path are
 * searched.
 */
async function newestBlob(
  open: (kind: 'nsg' | 'vnet') => Promise<Container>,
  flowLog: JsonObject,
  nowMillis: number,
): Promise<{ item: BlobItem; isRecent: boolean } | undefined> {
  const target = textOf(propertiesOf(flowLog)['targetResourceId']);
  const kind = /\/networksecuritygroups\//i.test(target) ? 'nsg' : 'vnet';
  const id = kind === 'nsg' ? target : textOf(flowLog['id']);
  const container = await open(kind);
  const prefixes = (['short', 'long'] as const).map(
    (form) => (time: number) => formatBlobPath(kind, id, time, undefined, form),
  );
  let newest: BlobItem | undefined;
  for (const time of [nowMillis, nowMillis - dayMillis])
    for (const path of new Set(prefixes.map((format) => format(time).replace(/h=.*$/, ''))))
      for await (const item of listed(container, path))
        if (newest === undefined || item.lastModifiedMillis > newest.lastModifiedMillis) newest = item;
  if (newest !== undefined) return { item: newest, isRecent: true };
  for (const path of new Set(prefixes.map((format) => format(nowMillis).replace(/y=.*$/, ''))))
    for await (const item of listed(container, path)) return { item, isRecent: false };
  return undefined;
}

async function* listed(container: Container, prefix: string): AsyncGenerator<BlobItem> {
  try {
    yield* container.list(prefix);
  } catch (error) {
    if (!(error instanceof FlowError && error.code === 'not-found')) throw error;
  }
}

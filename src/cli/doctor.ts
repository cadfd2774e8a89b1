import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { JsonObject } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';
import { dayMillis, formatTime } from '../base/time.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import { openStorage } from '../blob/open.ts';
import type { NetworkResources } from '../control/coverage.ts';
import { locationOf } from '../control/resource-path.ts';
import { objectOf, objectsOf, propertiesOf, referenceOf, textOf } from '../control/resource.ts';
import { containerOf, formatBlobPath } from '../flowlog/blob-path.ts';
import { describeSettling, settlingState } from '../lake/flows/settling-state.ts';
import { openLake } from '../lake/lake.ts';
import { describeDoubles } from '../nsg/doubles.ts';
import { importNetwork, ruleWithoutPlace } from '../nsg/import.ts';
import type { Arm } from './arm.ts';
import { networkVersion, resourcesVersion, storageVersion } from './arm.ts';

/** One step of the overview article's troubleshooting list. */
export interface Check {
  readonly check:
    | 'provider'
    | 'enabled'
    | 'target'
    | 'account'
    | 'region'
    | 'firewall'
    | 'key'
    | 'blobs'
    | 'tags'
    | 'address'
    | 'settling';
  readonly state: 'ok' | 'wrong' | 'unknown';
  readonly finding: string;
}

/** Azure takes up to five minutes until the first blob; source: facts 9. */
const firstBlobMillis = 300_000;

/** Walks the list for one flow log, given as GET shows it. `data` is the folder of the service. */
export async function checkFlowLog(
  arm: Arm,
  flowLog: JsonObject,
  resources: NetworkResources,
  data: string,
  nowMillis: number,
): Promise<Check[]> {
  const properties = propertiesOf(flowLog);
  const account = await arm.get(textOf(properties['storageId']), storageVersion);
  const diagnosis = arm.isAzure ? undefined : await arm.post(`${textOf(flowLog['id'])}/diagnose`, networkVersion, {});
  return [
    await checkProvider(arm),
    checkEnabled(properties),
    checkTarget(properties, resources),
    checkAccount(properties, account),
    checkRegion(flowLog, account),
    checkFirewall(account),
    checkKey(diagnosis),
    await checkBlobs(arm, flowLog, account, diagnosis, data, nowMillis),
  ];
}

/** What of a lake is settled. @throws not-found where there is no lake in the folder */
export async function checkLake(folder: string): Promise<Check[]> {
  try {
    const lake = await openLake(folder);
    try {
      const { files } = await lake.snapshot();
      const tuples = files.reduce((sum, { rows }) => sum + (rows ?? 0), 0);
      return describeSettling(await settlingState(lake), tuples).map((one) => ({ check: 'settling', ...one }));
    } finally {
      await lake.close();
    }
  } catch (error) {
    if (!(error instanceof FlowError) || error.code === 'not-found') throw error;
    const hint = error.hint === undefined ? '' : `. ${error.hint}`;
    return [{ check: 'settling', state: 'wrong', finding: `${error.message}${hint}` }];
  }
}

/** Service tags that rules name and nobody knows; `undefined` where there are none. The service, or Azure, is asked which there are. */
export async function checkTags(arm: Arm, resources: NetworkResources): Promise<Check | undefined> {
  try {
    return await findUnknownTags(arm, resources);
  } catch (error) {
    if (!(error instanceof FlowError)) throw error;
    return { check: 'tags', state: 'unknown', finding: error.message };
  }
}

async function findUnknownTags(arm: Arm, { nsgs }: NetworkResources): Promise<Check | undefined> {
  if (nsgs.length === 0) return undefined;
  const files = [{ path: 'the service', text: JSON.stringify({ value: nsgs }) }];
  if (importNetwork({ files, inForce: true }).unknownTags.length === 0) return undefined;
  const place = `/subscriptions/${arm.subscription}/providers/Microsoft.Network/locations/${locationOf(textOf(nsgs[0]['location']))}`;
  const list = await arm.get(`${place}/serviceTags`, networkVersion);
  const serviceTags = list === undefined ? undefined : { path: 'serviceTags', text: JSON.stringify(list) };
  const { unknownTags } = importNetwork({ files, serviceTags, inForce: true });
  if (unknownTags.length === 0) return undefined;
  const named = unknownTags.map(
    ({ tag, rules }) =>
      `${tag} (${rules.slice(0, rulesNamed).map(ruleWithoutPlace).join(', ')}${rules.length > rulesNamed ? ', …' : ''})`,
  );
  return {
    check: 'tags',
    state: 'unknown',
    finding: `service tags that are not known here match no address: ${named.join('; ')}`,
  };
}

/** Interfaces of one address, which a capture does not tell apart; `undefined` where there are none, and of Azure, which records at each interface. */
export function checkAddresses(arm: Arm, { nics, virtualNetworks }: NetworkResources): Check | undefined {
  if (arm.isAzure || nics.length === 0) return undefined;
  const files = [{ path: 'the service', text: JSON.stringify({ value: [...virtualNetworks, ...nics] }) }];
  const doubles = describeDoubles(importNetwork({ files, inForce: true }).nics);
  if (doubles.length === 0) return undefined;
  const named = doubles.slice(0, doublesNamed).join('; ');
  return {
    check: 'address',
    state: 'unknown',
    finding: doubles.length > doublesNamed ? `${named}; and ${doubles.length - doublesNamed} more` : named,
  };
}

const doublesNamed = 3;

/** Rules that are named for each tag. */
const rulesNamed = 3;

async function checkProvider(arm: Arm): Promise<Check> {
  const provider = await arm.get(`/subscriptions/${arm.subscription}/providers/Microsoft.Insights`, resourcesVersion);
  const state = textOf(provider?.['registrationState']);
  return state === 'Registered'
    ? { check: 'provider', state: 'ok', finding: 'Microsoft.Insights is registered' }
    : {
        check: 'provider',
        state: 'wrong',
        finding: 'Microsoft.Insights is not registered: az provider register --namespace Microsoft.Insights',
      };
}

function checkEnabled(properties: JsonObject): Check {
  return properties['enabled'] === true
    ? { check: 'enabled', state: 'ok', finding: 'the flow log is enabled' }
    : { check: 'enabled', state: 'wrong', finding: 'the flow log is disabled' };
}

function checkTarget(properties: JsonObject, { nics, virtualNetworks, nsgs }: NetworkResources): Check {
  const target = resourceKey(textOf(properties['targetResourceId']));
  const subnets = virtualNetworks.flatMap((network) => objectsOf(propertiesOf(network)['subnets']));
  const known = [...nics, ...virtualNetworks, ...nsgs, ...subnets].some(
    (one) => resourceKey(textOf(one['id'])) === target,
  );
  if (!known)
    return { check: 'target', state: 'wrong', finding: `${textOf(properties['targetResourceId'])} does not exist` };
  const withNsg = new Set(
    subnets
      .filter((subnet) => resourceKey(referenceOf(propertiesOf(subnet)['networkSecurityGroup'])) === target)
      .map((subnet) => resourceKey(textOf(subnet['id']))),
  );
  const count = nics.filter((nic) => {
    const fields = propertiesOf(nic);
    const [first] = objectsOf(fields['ipConfigurations']);
    const subnet = resourceKey(referenceOf(propertiesOf(first ?? {})['subnet']));
    const places = [
      resourceKey(textOf(nic['id'])),
      subnet,
      subnet.replace(/\/subnets\/[^/]+$/, ''),
      resourceKey(referenceOf(fields['networkSecurityGroup'])),
    ];
    return places.includes(target) || withNsg.has(subnet);
  }).length;
  return count > 0
    ? { check: 'target', state: 'ok', finding: `${count} network interface${count === 1 ? '' : 's'} can be logged` }
    : { check: 'target', state: 'wrong', finding: 'no network interface is there, so there is no traffic to log' };
}

function checkAccount(properties: JsonObject, account: JsonObject | undefined): Check {
  const name = resourceName(textOf(properties['storageId']));
  if (account === undefined)
    return { check: 'account', state: 'wrong', finding: `the storage account ${name} does not exist` };
  const kind = textOf(account['kind']);
  const sku = textOf(objectOf(account['sku'])['name']);
  const { days, enabled } = objectOf(properties['retentionPolicy']);
  if (sku.startsWith('Premium') || kind === 'BlockBlobStorage' || kind === 'FileStorage')
    return {
      check: 'account',
      state: 'wrong',
      finding: `${name} is ${kind} with ${sku}; a standard account is wanted`,
    };
  if (kind !== 'StorageV2' && enabled === true && days !== 0)
    return {
      check: 'account',
      state: 'wrong',
      finding: `${name} is ${kind}: retention is on general purpose v2 alone`,
    };
  return { check: 'account', state: 'ok', finding: `${name} is ${kind} with ${sku}` };
}

function checkRegion(flowLog: JsonObject, account: JsonObject | undefined): Check {
  if (account === undefined) return { check: 'region', state: 'unknown', finding: 'there is no account' };
  const [own, other] = [flowLog, account].map((one) => locationOf(textOf(one['location'])));
  return own === other
    ? { check: 'region', state: 'ok', finding: `target and account are in ${own}` }
    : {
        check: 'region',
        state: 'wrong',
        finding: `the account is in ${other}, and the flow log in ${own}: they must be in one region`,
      };
}

function checkFirewall(account: JsonObject | undefined): Check {
  if (account === undefined) return { check: 'firewall', state: 'unknown', finding: 'there is no account' };
  const rules = objectOf(propertiesOf(account)['networkAcls']);
  if (textOf(rules['defaultAction']) !== 'Deny')
    return { check: 'firewall', state: 'ok', finding: 'the account has no firewall' };
  return /azureservices/i.test(textOf(rules['bypass']))
    ? { check: 'firewall', state: 'ok', finding: 'the firewall lets trusted services pass' }
    : {
        check: 'firewall',
        state: 'wrong',
        finding:
          'the firewall denies and trusted services may not pass: az storage account update --bypass AzureServices',
      };
}

function checkKey(diagnosis: JsonObject | undefined): Check {
  if (diagnosis === undefined)
    return { check: 'key', state: 'unknown', finding: 'Azure does not say which key the flow log holds' };
  return diagnosis['keyIsCurrent'] === false
    ? {
        check: 'key',
        state: 'wrong',
        finding:
          'key1 was regenerated after the flow log was enabled: disable and enable it (flow-log update --enabled)',
      }
    : { check: 'key', state: 'ok', finding: 'the flow log holds the key that is key1 now' };
}

async function checkBlobs(
  arm: Arm,
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
    return { check: 'blobs', state: 'ok', finding: 'none yet: the flow log is on for less than five minutes' };
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

/** Why the service records nothing now, though nothing is wrong with it: its capture has ended, or it has none. Empty where it does not say. */
async function whyQuiet(arm: Arm): Promise<string> {
  const health = await arm.get('/healthz', resourcesVersion);
  const recorder = objectsOf(health?.['parts']).find((part) => part['name'] === 'recorder');
  return recorder?.['state'] === 'ok' ? textOf(recorder['detail']) : '';
}

async function openContainer(place: string, kind: 'nsg' | 'vnet'): Promise<Container> {
  return (await openStorage(place)).container(containerOf(kind));
}

/** The newest of today's and yesterday's blobs; without one, the first there is. Both forms of a VNet's path are looked into. */
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

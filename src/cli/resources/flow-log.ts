import type { Command } from 'commander';
import { resourceName } from '../../arm-template/resource-id.ts';
import { FlowError } from '../../base/errors.ts';
import type { Json, JsonObject } from '../../arm-template/value.ts';
import { groupOf, locationOf } from '../../control/resources/resource-path.ts';
import { objectOf, propertiesOf, textOf } from '../../control/resources/resource.ts';
import type { Arm } from './arm.ts';
import { networkVersion } from '../../advise/resource-manager.ts';
import { parseWhole } from '../options/options.ts';

/**
 * Shared by the flow log commands: their parameters, which are those of `az network watcher flow-log`, and the output
 * of a flow log.
 */
export interface FlowLogOptions {
  readonly nsg?: string;
  readonly vnet?: string;
  readonly subnet?: string;
  readonly nic?: string;
  readonly resourceGroup?: string;
  readonly storageAccount?: string;
  readonly enabled?: string;
  readonly logVersion?: string;
  readonly retention?: string;
  readonly trafficAnalytics?: string;
  readonly workspace?: string;
  readonly interval?: string;
  readonly filteringCriteria?: string;
  readonly recordTypes?: string;
  readonly tags?: readonly string[];
}

export function addFlowLog(command: Command): void {
  command
    .option('--nsg <name-or-id>', 'log this NSG')
    .option('--vnet <name-or-id>', 'log this VNet; with --subnet, where the subnet lies')
    .option('--subnet <name-or-id>', 'log this subnet')
    .option('--nic <name-or-id>', 'log this network interface')
    .option('-g, --resource-group <name>', 'group of what is given by name')
    .option('--storage-account <name-or-id>', 'where the blobs go')
    .option('--enabled <bool>', 'true or false')
    .option('--log-version <version>', 'of an NSG flow log: 1 or 2')
    .option('--retention <days>', '0 to 365; 0 keeps forever')
    .option('--traffic-analytics <bool>', 'true or false')
    .option('--workspace <name-or-id>', 'for traffic analytics')
    .option('--interval <minutes>', 'of traffic analytics: 10 or 60')
    .option('--filtering-criteria <text>', 'which flows are logged: srcIP=10.0.0.4 && dstPort=443')
    .option('--record-types <list>', 'which states are logged: B,C,E,D')
    .option('--tags <key=value...>', 'tags; an empty text removes them');
}

/** The network watcher of a flow log. */
export interface WatcherPlace {
  readonly group: string;
  readonly name: string;
}

/** The network watcher of a region. @throws not-found */
export async function findWatcher(arm: Arm, location: string): Promise<WatcherPlace> {
  const region = locationOf(location);
  const found = (await listWatchers(arm)).find((watcher) => watcher.location === region);
  if (found !== undefined) return found;
  throw new FlowError('not-found', `network watcher is not enabled for region '${region}'`, {
    hint: 'It comes with the first virtual network, NSG or network interface in the region.',
  });
}

export async function listWatchers(arm: Arm): Promise<(WatcherPlace & { location: string })[]> {
  const path = `/subscriptions/${arm.subscription}/providers/Microsoft.Network/networkWatchers`;
  return (await arm.list(path, networkVersion)).map((watcher) => ({
    group: groupOf(textOf(watcher['id'])),
    name: textOf(watcher['name']),
    location: locationOf(textOf(watcher['location'])),
  }));
}

/** A flow log with its properties beside its name and location, as `az` prints it. */
export type FlowLog = JsonObject;

/**
 * The flow log `before` with the changes of the options.
 * @throws usage
 */
export function changedFlowLog(arm: Arm, location: string, options: FlowLogOptions, before: FlowLog = {}): FlowLog {
  const idOf = createIds(arm, options.resourceGroup);
  const targetResourceId = targetOf(options, idOf) ?? textOf(before['targetResourceId']);
  if (targetResourceId === '')
    throw new FlowError('usage', 'no target: one of --nsg, --vnet, --subnet and --nic is wanted');
  const storageId =
    options.storageAccount === undefined
      ? textOf(before['storageId'])
      : idOf('--storage-account', options.storageAccount, 'Microsoft.Storage/storageAccounts');
  if (storageId === '') throw new FlowError('usage', 'no storage: --storage-account is wanted');
  const days =
    options.retention === undefined
      ? Number(objectOf(before['retentionPolicy'])['days'] ?? 0)
      : parseWhole('--retention', options.retention, 0, 365);
  const version =
    options.logVersion === undefined
      ? objectOf(before['format'])['version']
      : parseWhole('--log-version', options.logVersion, 1, 2);
  const enabled = readBoolean('--enabled', options.enabled) ?? before['enabled'] !== false;
  return {
    location: locationOf(location),
    ...ifGiven('tags', options.tags === undefined ? before['tags'] : readTags(options.tags)),
    ...ifGiven('identity', before['identity']),
    targetResourceId,
    storageId,
    enabled,
    retentionPolicy: { days, enabled: days > 0 },
    format: { type: 'JSON', ...ifGiven('version', version) },
    flowAnalyticsConfiguration: analyticsOf(options, enabled, idOf, before),
    ...ifGiven('enabledFilteringCriteria', options.filteringCriteria ?? before['enabledFilteringCriteria']),
    ...ifGiven('recordTypes', options.recordTypes ?? before['recordTypes']),
  };
}

function ifGiven(name: string, value: Json | undefined): JsonObject {
  return value === undefined || value === null ? {} : { [name]: value };
}

function targetOf(options: FlowLogOptions, idOf: IdOf): string | undefined {
  const given = (['nsg', 'subnet', 'nic'] as const).filter((name) => options[name] !== undefined);
  if (options.vnet !== undefined && options.subnet === undefined) given.push('nsg');
  if (given.length > 1)
    throw new FlowError('usage', 'more than one target: please enter only one of --nsg, --vnet, --subnet and --nic');
  if (options.nsg !== undefined) return idOf('--nsg', options.nsg, 'Microsoft.Network/networkSecurityGroups');
  if (options.nic !== undefined) return idOf('--nic', options.nic, 'Microsoft.Network/networkInterfaces');
  if (options.subnet !== undefined) {
    if (options.subnet.startsWith('/')) return options.subnet;
    if (options.vnet === undefined) throw new FlowError('usage', '--subnet by name wants its --vnet');
    return `${idOf('--vnet', options.vnet, 'Microsoft.Network/virtualNetworks')}/subnets/${options.subnet}`;
  }
  return options.vnet === undefined ? undefined : idOf('--vnet', options.vnet, 'Microsoft.Network/virtualNetworks');
}

type IdOf = (option: string, nameOrId: string, type: string) => string;

function createIds(arm: Arm, group: string | undefined): IdOf {
  return (option, nameOrId, type) => {
    if (nameOrId.startsWith('/')) return nameOrId;
    if (group === undefined) throw new FlowError('usage', `${option} by name wants --resource-group, too`);
    return `/subscriptions/${arm.subscription}/resourceGroups/${group}/providers/${type}/${nameOrId}`;
  };
}

function analyticsOf(options: FlowLogOptions, enabled: boolean, idOf: IdOf, before: FlowLog): JsonObject {
  const old = analyticsOfFlowLog(before);
  const { workspace, interval } = options;
  const asked = readBoolean('--traffic-analytics', options.trafficAnalytics);
  if (old === undefined && asked === undefined && workspace === undefined && interval === undefined) return {};
  const id =
    workspace === undefined ? undefined : idOf('--workspace', workspace, 'Microsoft.OperationalInsights/workspaces');
  const isOn = (asked ?? (workspace === undefined ? old?.['enabled'] : true)) === true;
  return {
    [analyticsKey]: {
      ...old,
      enabled: enabled && isOn,
      ...ifGiven('workspaceResourceId', id),
      trafficAnalyticsInterval:
        interval === undefined ? (old?.['trafficAnalyticsInterval'] ?? 60) : parseWhole('--interval', interval, 10, 60),
    },
  };
}

const analyticsKey = 'networkWatcherFlowAnalyticsConfiguration';

function analyticsOfFlowLog(flowLog: FlowLog): JsonObject | undefined {
  const analytics = objectOf(flowLog['flowAnalyticsConfiguration'])[analyticsKey];
  return analytics === undefined || analytics === null ? undefined : objectOf(analytics);
}

/** A flow log that writes nothing; traffic analytics ends with it. */
export function disabledFlowLog(flowLog: FlowLog): FlowLog {
  const analytics = analyticsOfFlowLog(flowLog);
  const off = analytics === undefined ? {} : { [analyticsKey]: { ...analytics, enabled: false } };
  return { ...flowLog, enabled: false, flowAnalyticsConfiguration: off };
}

function readBoolean(option: string, text: string | undefined): boolean | undefined {
  if (text === undefined) return undefined;
  const lower = text.toLowerCase();
  if (['true', 'yes', '1', 'on'].includes(lower)) return true;
  if (['false', 'no', '0', 'off'].includes(lower)) return false;
  throw new FlowError('usage', `${option} takes true or false, not ${JSON.stringify(text)}`);
}

function readTags(texts: readonly string[]): Record<string, string> {
  const pairs = texts
    .filter((text) => text !== '')
    .map((text): [string, string] => {
      const at = text.indexOf('=');
      return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
    });
  return Object.fromEntries(pairs);
}

/** One row of a table. */
export function flowLogRow(flowLog: FlowLog): Record<string, unknown> {
  const { days, enabled } = objectOf(flowLog['retentionPolicy']);
  return {
    name: textOf(flowLog['name']),
    location: textOf(flowLog['location']),
    target: describeTarget(textOf(flowLog['targetResourceId'])),
    storage: resourceName(textOf(flowLog['storageId'])),
    enabled: flowLog['enabled'] === true,
    version: objectOf(flowLog['format'])['version'] ?? 1,
    retention: enabled === true && Number(days) > 0 ? `${Number(days)} days` : 'forever',
  };
}

/** `NSG web`, `subnet vnet/default` */
export function describeTarget(id: string): string {
  const name = resourceName(id);
  if (/\/networksecuritygroups\//i.test(id)) return `NSG ${name}`;
  const subnet = /\/virtualnetworks\/([^/]+)\/subnets\/[^/]+$/i.exec(id);
  if (subnet !== null) return `subnet ${subnet[1]}/${name}`;
  return /\/virtualnetworks\//i.test(id) ? `VNet ${name}` : `NIC ${name}`;
}

/** The flow log with a name; `undefined` if there is none. */
export async function getFlowLog(arm: Arm, place: WatcherPlace, name: string): Promise<FlowLog | undefined> {
  const found = await arm.get(pathOf(arm, place, name), networkVersion);
  return found === undefined ? undefined : lift(found);
}

/** @throws usage, permission, … with Azure's code */
export async function putFlowLog(arm: Arm, place: WatcherPlace, name: string, flowLog: FlowLog): Promise<FlowLog> {
  return lift(await arm.put(pathOf(arm, place, name), networkVersion, lower(flowLog)));
}

/** @throws usage, permission, … with Azure's code */
export async function deleteFlowLog(arm: Arm, place: WatcherPlace, name: string): Promise<void> {
  await arm.delete(pathOf(arm, place, name), networkVersion);
}

/** All flow logs of one region. */
export async function listFlowLogs(arm: Arm, place: WatcherPlace): Promise<FlowLog[]> {
  return (await arm.list(pathOf(arm, place), networkVersion)).map(lift);
}

function pathOf({ subscription }: Arm, { group, name: watcher }: WatcherPlace, name?: string): string {
  const path = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network/networkWatchers/${watcher}/flowLogs`;
  return name === undefined ? path : `${path}/${encodeURIComponent(name)}`;
}

/** A resource of the REST API as a flow log. */
function lift(resource: JsonObject): FlowLog {
  const { properties: _, ...beside } = resource;
  return { ...beside, ...propertiesOf(resource) };
}

/** What a PUT takes: what the service decides itself is left out. */
function lower(flowLog: FlowLog): JsonObject {
  const { id: _id, name: _name, type: _type, etag: _etag, location, tags, identity, ...properties } = flowLog;
  const { provisioningState: _state, targetResourceGuid: _guid, ...asked } = properties;
  return {
    ...ifGiven('location', location),
    ...ifGiven('tags', tags),
    ...ifGiven('identity', identity),
    properties: asked,
  };
}

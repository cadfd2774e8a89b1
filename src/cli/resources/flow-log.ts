import type { FlowLog } from '@azure/arm-network';
import type { Command } from 'commander';
import { resourceName } from '../../arm-template/resource-id.ts';
import { FlowError } from '../../base/errors.ts';
import { groupOf, locationOf } from '../../control/resources/resource-path.ts';
import { textOf } from '../../control/resources/resource.ts';
import type { Arm } from './arm.ts';
import { networkVersion } from '../../advise/resource-manager.ts';
import { sdkFailure } from './arm.ts';
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

/**
 * The body of a PUT: `before` with the changes of the options.
 * @throws usage
 */
export function flowLogBody(arm: Arm, location: string, options: FlowLogOptions, before?: FlowLog): FlowLog {
  const idOf = createIds(arm, options.resourceGroup);
  const targetResourceId = targetOf(options, idOf) ?? before?.targetResourceId;
  if (targetResourceId === undefined)
    throw new FlowError('usage', 'no target: one of --nsg, --vnet, --subnet and --nic is wanted');
  const storageId =
    options.storageAccount === undefined
      ? before?.storageId
      : idOf('--storage-account', options.storageAccount, 'Microsoft.Storage/storageAccounts');
  if (storageId === undefined) throw new FlowError('usage', 'no storage: --storage-account is wanted');
  const days =
    options.retention === undefined
      ? before?.retentionPolicy?.days
      : parseWhole('--retention', options.retention, 0, 365);
  const version =
    options.logVersion === undefined ? before?.format?.version : parseWhole('--log-version', options.logVersion, 1, 2);
  const criteria = options.filteringCriteria ?? before?.enabledFilteringCriteria;
  const recordTypes = options.recordTypes ?? before?.recordTypes;
  const tags = options.tags === undefined ? before?.tags : readTags(options.tags);
  const enabled = readBoolean('--enabled', options.enabled) ?? before?.enabled ?? true;
  return {
    location: locationOf(location),
    ...(tags === undefined ? {} : { tags }),
    ...(before?.identity === undefined ? {} : { identity: before.identity }),
    targetResourceId,
    storageId,
    enabled,
    retentionPolicy: { days: days ?? 0, enabled: (days ?? 0) > 0 },
    format: { type: 'JSON', ...(version === undefined ? {} : { version }) },
    flowAnalyticsConfiguration: analyticsOf(options, enabled, idOf, before),
    ...(criteria === undefined ? {} : { enabledFilteringCriteria: criteria }),
    ...(recordTypes === undefined ? {} : { recordTypes }),
  };
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

function analyticsOf(
  options: FlowLogOptions,
  enabled: boolean,
  idOf: IdOf,
  before: FlowLog | undefined,
): NonNullable<FlowLog['flowAnalyticsConfiguration']> {
  const old = before?.flowAnalyticsConfiguration?.networkWatcherFlowAnalyticsConfiguration;
  const { workspace, interval } = options;
  const asked = readBoolean('--traffic-analytics', options.trafficAnalytics);
  if (old === undefined && asked === undefined && workspace === undefined && interval === undefined) return {};
  const id =
    workspace === undefined ? undefined : idOf('--workspace', workspace, 'Microsoft.OperationalInsights/workspaces');
  const isOn = (asked ?? (workspace === undefined ? old?.enabled : true)) === true;
  return {
    networkWatcherFlowAnalyticsConfiguration: {
      ...old,
      enabled: enabled && isOn,
      ...(id === undefined ? {} : { workspaceResourceId: id }),
      trafficAnalyticsInterval:
        interval === undefined ? (old?.trafficAnalyticsInterval ?? 60) : parseWhole('--interval', interval, 10, 60),
    },
  };
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
  const days = flowLog.retentionPolicy?.enabled === true ? (flowLog.retentionPolicy.days ?? 0) : 0;
  return {
    name: flowLog.name ?? '',
    location: flowLog.location ?? '',
    target: describeTarget(flowLog.targetResourceId ?? ''),
    storage: resourceName(flowLog.storageId ?? ''),
    enabled: flowLog.enabled === true,
    version: flowLog.format?.version ?? 1,
    retention: days === 0 ? 'forever' : `${days} days`,
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
  const client = await arm.client();
  try {
    return await client.flowLogs.get(place.group, place.name, name);
  } catch (error) {
    const failure = sdkFailure(error);
    if (failure instanceof FlowError && failure.code === 'not-found') return undefined;
    throw failure;
  }
}

/** @throws usage, permission, … with Azure's code */
export async function putFlowLog(arm: Arm, place: WatcherPlace, name: string, body: FlowLog): Promise<FlowLog> {
  const client = await arm.client();
  try {
    return await client.flowLogs.beginCreateOrUpdateAndWait(place.group, place.name, name, body);
  } catch (error) {
    throw sdkFailure(error);
  }
}

/** All flow logs of one region. */
export async function listFlowLogs(arm: Arm, place: WatcherPlace): Promise<FlowLog[]> {
  const client = await arm.client();
  const found: FlowLog[] = [];
  try {
    for await (const flowLog of client.flowLogs.list(place.group, place.name)) found.push(flowLog);
  } catch (error) {
    throw sdkFailure(error);
  }
  return found;
}

/**
 * Puts a network from files (ARM templates, REST answers, az output) into a control plane that has none yet: as if somebody had made each
 * resource through the API.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readParameters } from '../arm-template/parameters.ts';
import { readJson } from '../arm-template/read-json.ts';
import { defaultScope } from '../arm-template/scope.ts';
import type { Json, JsonObject, Value } from '../arm-template/value.ts';
import { Unresolved, getProperty, isObject, scalarText } from '../arm-template/value.ts';
import { FlowError } from '../base/errors.ts';
import { exists } from '../blob/folder-file.ts';
import type { ControlPlane } from '../control/control-plane.ts';
import type { FlowLogFormat } from '../flowlog/tuple.ts';
import { deployedResources } from '../nsg/deployed-resources.ts';
import { readObjects, readOr, readProperties, readReference } from '../nsg/fields.ts';
import { isTemplate, templateResources } from '../nsg/import-arm.ts';
import type { NetworkFile } from '../nsg/import.ts';
import { restResources } from '../nsg/import-rest.ts';
import type { RawResource, ResourceKind } from '../nsg/raw-resource.ts';
import { propertiesOfBody } from './lifted-properties.ts';
import { privateMode, writeWhole } from './private-file.ts';

/** Kinds that the control plane has, in the order in which they can be made. */
const order: readonly ResourceKind[] = [
  'application-security-group',
  'public-address',
  'load-balancer',
  'route-table',
  'route',
  'nsg',
  'rule',
  'virtual-network',
  'subnet',
  'nic',
  'peering',
];
/** Kinds that files hold for other reasons, too: one that cannot be made is left out. */
const beside: ReadonlySet<ResourceKind> = new Set<ResourceKind>([
  'public-address',
  'load-balancer',
  'route-table',
  'route',
]);
const apiVersion = '2025-05-01';
const resourceApiVersion = '2025-04-01';
const storageApiVersion = '2025-08-01';
/** The region of what has none. */
const locationDefault = 'westeurope';

/** The resources of the files, as far as the control plane has their types. @throws network-invalid */
export function startResources(
  files: readonly NetworkFile[],
  parameters: NetworkFile | undefined,
  warnings: string[],
): RawResource[] {
  const values: ReadonlyMap<string, Value> =
    parameters === undefined ? new Map() : readParameters(parameters.text, parameters.path);
  const scope = { ...defaultScope, location: locationDefault };
  const documents = files.map(({ path, text }) => ({ path, json: readJson(text, path) }));
  const deployed = deployedResources(documents, values, scope);
  const found = documents.flatMap((document) => {
    const { path, json } = document;
    return isTemplate(json)
      ? templateResources(json, path, values, scope, warnings, deployed(document))
      : restResources(json, path, scope);
  });
  const known = found.filter(({ kind }) => order.includes(kind));
  if (known.length === 0)
    throw new FlowError('network-invalid', 'no file contains a network: give an NSG, a VNet or a network interface');
  known.push(...missingPublicAddresses(known, warnings));
  return known.sort((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind));
}

/** Public addresses that network interfaces refer to and no file holds: with one, an interface is reached from outside. Their address is not known. */
function missingPublicAddresses(resources: readonly RawResource[], warnings: string[]): RawResource[] {
  const known = new Set(resources.map(({ id }) => id.toLowerCase()));
  const missing: RawResource[] = [];
  for (const { kind, body, where, name: nic } of resources) {
    if (kind !== 'nic') continue;
    const configurations = readOr([], () => readObjects(readProperties(body, where), 'ipConfigurations', where));
    for (const configuration of configurations) {
      const id = readOr('', () => readReference(readProperties(configuration, where), 'publicIPAddress', where));
      if (id === '' || known.has(id.toLowerCase())) continue;
      known.add(id.toLowerCase());
      const name = id.slice(id.lastIndexOf('/') + 1);
      const location = getProperty(body, 'location') ?? locationDefault;
      const version = getProperty(readProperties(configuration, where), 'privateIPAddressVersion') ?? 'IPv4';
      const properties = { publicIPAllocationMethod: 'Dynamic', publicIPAddressVersion: version };
      missing.push({ kind: 'public-address', id, name, body: { location, sku: { name: 'Basic' }, properties }, where });
      warnings.push(
        `${where}: the public address ${name} of NIC ${nic} is in no file, so its address is taken as not known`,
      );
    }
  }
  return missing;
}

/** Ids of the subscriptions that the resources are of. */
export function subscriptionsOf(resources: readonly RawResource[]): string[] {
  return [...new Set(resources.map(({ id }) => id.split('/')[2].toLowerCase()))];
}

/** There while the network of a first start is made. */
const begunName = 'network-begun';

/** What a service begins with, where its control plane has nothing yet. */
export interface Start {
  readonly resources: readonly RawResource[];
  /** Of reading them. */
  readonly warnings: readonly string[];
  readonly formats: readonly FlowLogFormat[];
}

/**
 * Makes network and flow logs in a control plane that has none, and completes those of an earlier start that failed or was killed.
 * @param log takes a line for a person
 * @throws network-invalid, permission, disk-full, io
 */
export async function makeStart(
  control: ControlPlane,
  dataFolder: string,
  start: Start | undefined,
  log: (line: string) => void,
): Promise<void> {
  const begun = join(dataFolder, begunName);
  const isBegun = await exists(begun);
  if (start === undefined) {
    if (isBegun) log('warning: an earlier start made its network in part; --network with the same file completes it');
    return;
  }
  if (!isBegun && control.snapshot().resources.length > 0) {
    log('the control plane has a network already; the one of --network is left aside');
    return;
  }
  await writeWhole(begun, '', privateMode);
  const { resources, warnings, formats } = start;
  for (const warning of [...warnings, ...(await makeNetwork(control, resources))]) log(`warning: ${warning}`);
  await makeFlowLogs(control, resources, formats);
  await rm(begun, { force: true });
}

/**
 * Makes the resources, and the resource groups they lie in. Peerings come last, since each names two VNets; one whose other VNet is not there is left out.
 * @returns warnings
 * @throws network-invalid with the API's own sentence
 */
export async function makeNetwork(control: ControlPlane, resources: readonly RawResource[]): Promise<string[]> {
  const warnings: string[] = [];
  const peerings: { id: string; body: JsonObject; where: string }[] = [];
  const groups = new Map(resources.map(({ id }) => [id.split('/').slice(0, 5).join('/').toLowerCase(), id]));
  for (const id of groups.values())
    await put(control, id.split('/').slice(0, 5).join('/'), resourceApiVersion, { location: locationDefault });
  for (const { id, kind, body, where } of resources) {
    const { location, tags, sku, ...rest } = plainJson(body) as Record<string, Json>;
    const lifted = withoutAside(propertiesOfBody(rest));
    if (kind === 'peering') {
      peerings.push({ id, body: { properties: lifted }, where });
      continue;
    }
    const inner = kind === 'virtual-network' && isObject(lifted) ? takePeerings(lifted) : { left: lifted, taken: [] };
    for (const peering of inner.taken)
      peerings.push({ id: `${id}/virtualNetworkPeerings/${scalarText(peering['name'])}`, body: peering, where });
    const made = {
      location: location ?? locationDefault,
      ...(tags === undefined ? {} : { tags }),
      ...(isObject(sku) ? { sku } : {}),
      properties: inner.left,
    };
    try {
      await put(control, id, apiVersion, made, where);
    } catch (error) {
      if (!beside.has(kind) || !(error instanceof FlowError)) throw error;
      warnings.push(`${id.slice(id.lastIndexOf('/') + 1)} is left out: ${error.message}`);
    }
  }
  return [...warnings, ...(await makePeerings(control, peerings))];
}

/** A VNet's properties without its peerings, and these. */
function takePeerings(properties: JsonObject): { left: JsonObject; taken: JsonObject[] } {
  const isPeerings = ([key]: [string, Json]): boolean => key.toLowerCase() === 'virtualnetworkpeerings';
  const entries = Object.entries(properties);
  const taken = entries.filter(isPeerings).flatMap(([, list]) => (Array.isArray(list) ? (list as Json[]) : []));
  return {
    left: Object.fromEntries(entries.filter((entry) => !isPeerings(entry))),
    taken: taken.filter((peering): peering is JsonObject => isObject(peering)),
  };
}

/** @returns warnings: peerings that were left out */
async function makePeerings(
  control: ControlPlane,
  peerings: readonly { id: string; body: JsonObject; where: string }[],
): Promise<string[]> {
  const warnings: string[] = [];
  for (const { id, body, where } of peerings) {
    const properties = propertiesOfBody(body);
    const fields = isObject(properties) ? properties : {};
    const remote = fields['remoteVirtualNetwork'];
    const remoteId = isObject(remote) ? scalarText(remote['id']) : '';
    if (scalarText((await get(control, remoteId))['id']) === '')
      warnings.push(
        `${where}: the peered VNet ${remoteId || '(without id)'} is in no file, so the peering is left out`,
      );
    else await put(control, id, apiVersion, { properties: fields }, where);
  }
  return warnings;
}

/** Account that the flow logs of a start go to. */
const startAccount = 'nsgflowlogs';

/**
 * Makes a flow log for each NSG, or each VNet, into one storage account a region.
 * @throws network-invalid with the API's own sentence
 */
async function makeFlowLogs(
  control: ControlPlane,
  resources: readonly RawResource[],
  formats: readonly FlowLogFormat[],
): Promise<void> {
  const accounts = new Map<string, string>();
  for (const format of formats)
    for (const { id, kind, name } of resources) {
      if (kind !== (format === 'vnet' ? 'virtual-network' : 'nsg')) continue;
      const target = await get(control, id);
      const location = scalarText(target['location']);
      const [, , subscription, , group] = id.split('/');
      const root = `/subscriptions/${subscription}/resourceGroups`;
      let storageId = accounts.get(location);
      if (storageId === undefined) {
        const accountName = `${startAccount}${accounts.size === 0 ? '' : accounts.size + 1}`;
        storageId = `${root}/${group}/providers/Microsoft.Storage/storageAccounts/${accountName}`;
        accounts.set(location, storageId);
        const sku = { name: 'Standard_LRS' };
        await put(control, storageId, storageApiVersion, { location, kind: 'StorageV2', sku, properties: {} });
      }
      const watcher = `${root}/NetworkWatcherRG/providers/Microsoft.Network/networkWatchers/NetworkWatcher_${location}`;
      await put(control, `${watcher}/flowLogs/${name}-${group}-flowlog`, apiVersion, {
        location,
        properties: {
          targetResourceId: id,
          storageId,
          enabled: true,
          format: { type: 'JSON', version: format === 'nsg1' ? 1 : 2 },
        },
      });
    }
}

async function get(control: ControlPlane, id: string): Promise<JsonObject> {
  const url = `${id.split('/').map(encodeURIComponent).join('/')}?api-version=${apiVersion}`;
  const answer = await control.handle({ method: 'GET', url, headers: {} });
  return isObject(answer.body) ? answer.body : {};
}

async function put(control: ControlPlane, id: string, version: string, body: object, where = id): Promise<void> {
  const { status, body: answer } = await control.handle({
    method: 'PUT',
    url: `${id.split('/').map(encodeURIComponent).join('/')}?api-version=${version}`,
    headers: {},
    body: new TextEncoder().encode(JSON.stringify(body)),
  });
  if (status < 300) return;
  const { code, message } = (answer as { error?: { code?: string; message?: string } } | undefined)?.error ?? {};
  throw new FlowError('network-invalid', `${where}: ${code}: ${message}`);
}

/** What a template could not resolve is left out. */
function plainJson(value: Value): Json {
  const text = JSON.stringify(value, (_, part: unknown) => (part instanceof Unresolved ? undefined : part));
  return JSON.parse(text) as Json;
}

/** Links to resources that the control plane does not have: they decide nothing about rules. */
const asideKeys = new Set([
  'applicationgatewaybackendaddresspools',
  'natgateway',
  'virtualmachine',
  'privateendpoint',
  'privatelinkservice',
  'dscpconfiguration',
  'ddosprotectionplan',
  'serviceendpointpolicies',
  'flowlogs',
  'networkinterfaces',
]);

function withoutAside(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutAside(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>)
      .filter(([key]) => !asideKeys.has(key.toLowerCase()))
      .map(([key, inner]) => [key, withoutAside(inner)]),
  );
}

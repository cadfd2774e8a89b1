/**
 * Creates the network from files (ARM templates, REST answers, az output) in an empty control plane, as if each
 * resource were created through the API.
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

/** Kinds that the control plane supports, in the order of creation. */
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
/** Kinds that files can contain for other reasons: those that cannot be created are left out. */
const beside: ReadonlySet<ResourceKind> = new Set<ResourceKind>([
  'public-address',
  'load-balancer',
  'route-table',
  'route',
]);
const apiVersion = '2025-05-01';
const resourceApiVersion = '2025-04-01';
const storageApiVersion = '2025-08-01';
/** The region of resources without a region. */
const locationDefault = 'westeurope';

/**
 * The resources of the files, for types that the control plane supports.
 * @throws network-invalid
 */
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

/**
 * Public addresses that network interfaces refer to but no file contains: with one, an interface is reachable from
 * outside. Their address is unknown.
 */
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

/** Ids of the subscriptions of the resources. */
export function subscriptionsOf(resources: readonly RawResource[]): string[] {
  return [...new Set(resources.map(({ id }) => id.split('/')[2].toLowerCase()))];
}

/** This file exists while the network of a first start is being created. */
const begunName = 'network-begun';

/** The initial content of an empty control plane. */
export interface Start {
  readonly resources: readonly RawResource[];
  /** Warnings of reading the files. */
  readonly warnings: readonly string[];
  readonly formats: readonly FlowLogFormat[];
}

/**
 * Creates network and flow logs in an empty control plane, or completes those of an earlier start that failed or was
 * killed.
 * @param log called with a line for the user
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
    if (isBegun)
      log(
        'warning: an earlier start created only part of its network; start with --network and the same file to complete it',
      );
    return;
  }
  if (!isBegun && control.snapshot().resources.length > 0) {
    log('the control plane already has a network; --network is ignored');
    return;
  }
  await writeWhole(begun, '', privateMode);
  const { resources, warnings, formats } = start;
  for (const warning of [...warnings, ...(await makeNetwork(control, resources))]) log(`warning: ${warning}`);
  await makeFlowLogs(control, resources, formats);
  await rm(begun, { force: true });
}

/**
 * Creates the resources and their resource groups. Peerings are created last, because each refers to two VNets; if the
 * other VNet is missing, the peering is left out.
 * @returns warnings
 * @throws network-invalid with the API's message
 */
export async function makeNetwork(control: ControlPlane, resources: readonly RawResource[]): Promise<string[]> {
  const warnings: string[] = [];
  const peerings: { id: string; body: JsonObject; where: string }[] = [];
  const groups = new Map(resources.map(({ id }) => [id.split('/').slice(0, 5).join('/').toLowerCase(), id]));
  for (const id of groups.values())
    await put(control, id.split('/').slice(0, 5).join('/'), resourceApiVersion, { location: locationDefault });
  for (const { id, kind, body, where } of resources) {
    const { location, tags, sku, ...rest } = plainJson(body) as Record<string, Json>;
    const lifted = withoutUnsupported(propertiesOfBody(rest));
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

/** Splits the properties of a VNet into those without peerings, and the peerings. */
function takePeerings(properties: JsonObject): { left: JsonObject; taken: JsonObject[] } {
  const isPeerings = ([key]: [string, Json]): boolean => key.toLowerCase() === 'virtualnetworkpeerings';
  const entries = Object.entries(properties);
  const taken = entries.filter(isPeerings).flatMap(([, list]) => (Array.isArray(list) ? (list as Json[]) : []));
  return {
    left: Object.fromEntries(entries.filter((entry) => !isPeerings(entry))),
    taken: taken.filter((peering): peering is JsonObject => isObject(peering)),
  };
}

/** @returns warnings about peerings that were left out */
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
        `${where}: the peered VNet ${remoteId || '(without id)'} is not in the files, so the peering is left out`,
      );
    else await put(control, id, apiVersion, { properties: fields }, where);
  }
  return warnings;
}

/** Account of the flow logs of a first start. */
const startAccount = 'nsgflowlogs';

/**
 * Creates a flow log for each NSG or VNet, with one storage account per region.
 * @throws network-invalid with the API's message
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

/** Unresolved values of a template are left out. */
function plainJson(value: Value): Json {
  const text = JSON.stringify(value, (_, part: unknown) => (part instanceof Unresolved ? undefined : part));
  return JSON.parse(text) as Json;
}

/** Links to resources that the control plane does not support; they do not affect rules. */
const unsupportedKeys = new Set([
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

function withoutUnsupported(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withoutUnsupported(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value as Record<string, Json>)
      .filter(([key]) => !unsupportedKeys.has(key.toLowerCase()))
      .map(([key, inner]) => [key, withoutUnsupported(inner)]),
  );
}

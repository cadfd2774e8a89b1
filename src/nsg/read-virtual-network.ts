/** VNets with their subnets and peerings, inside the VNet or as separate resources. */
import { parentId, resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Prefix } from '../net/prefix.ts';
import { formatPrefix, parsePrefix } from '../net/prefix.ts';
import {
  readField,
  readObject,
  readObjects,
  readOr,
  readProperties,
  readReference,
  readText,
  readTexts,
} from './fields.ts';
import type { NsgFinder } from './nsg-links.ts';
import type { EncryptionEnforcement, Subnet, VirtualNetwork } from './network.ts';
import type { RawResource } from './raw-resource.ts';
import { readLocation } from './raw-resource.ts';
import type { AdminRule } from './rule.ts';
import { privatePrefixes } from './service-tag.ts';

/** The resources of VNets, and where faults and warnings are reported. */
export interface VirtualNetworkSources {
  readonly virtualNetworks: readonly RawResource[];
  readonly subnets: readonly RawResource[];
  readonly peerings: readonly RawResource[];
  /** Prefixes of route tables, by resource key. */
  readonly routes: ReadonlyMap<string, readonly Prefix[]>;
  /** By resource key of the VNet. */
  readonly connected: (addressSpaces: ReadonlyMap<string, readonly Prefix[]>) => ReadonlyMap<string, readonly Prefix[]>;
  readonly adminRules: (
    addressSpaces: ReadonlyMap<string, readonly Prefix[]>,
  ) => ReadonlyMap<string, readonly AdminRule[]>;
  readonly nsgAt: NsgFinder;
  readonly location: string;
  readonly problems: string[];
  readonly warnings: string[];
}

/** Both by resource key. */
export interface Places {
  readonly virtualNetworks: Map<string, VirtualNetwork>;
  readonly subnets: Map<string, Subnet>;
}

/** A child resource, inside its VNet or separate. */
interface Child {
  readonly id: string;
  readonly name: string;
  readonly parent: string;
  readonly body: ValueObject;
  readonly where: string;
}

const flowTimeoutMin = 4;
const flowTimeoutMax = 30;

export function readVirtualNetworks(sources: VirtualNetworkSources): Places {
  const prefixes = new Map<string, readonly Prefix[]>();
  for (const resource of sources.virtualNetworks)
    prefixes.set(
      resourceKey(resource.id),
      readAddressSpace(sources, readProperties(resource.body, resource.where), resource.where),
    );
  const peerings = childrenOf(sources.virtualNetworks, 'virtualNetworkPeerings', sources.peerings);
  const connected = sources.connected(prefixes);
  const adminRules = sources.adminRules(prefixes);
  const places: Places = { virtualNetworks: new Map(), subnets: new Map() };
  for (const resource of sources.virtualNetworks) {
    const key = resourceKey(resource.id);
    const own = peerings.filter((peering) => peering.parent === key);
    const peeredPrefixes = own.flatMap((peering) => readPeering(sources, peering, prefixes));
    const reached = {
      peeredPrefixes,
      connectedPrefixes: connected.get(key) ?? [],
      adminRules: adminRules.get(key) ?? [],
    };
    places.virtualNetworks.set(key, readVirtualNetwork(sources, resource, prefixes.get(key) ?? [], reached));
  }
  for (const child of childrenOf(sources.virtualNetworks, 'subnets', sources.subnets)) {
    const virtualNetwork =
      places.virtualNetworks.get(child.parent) ?? addVirtualNetwork(sources, places, parentId(child.id));
    places.subnets.set(resourceKey(child.id), readSubnet(sources, child, virtualNetwork));
  }
  return places;
}

/** Adds a subnet that is only referenced. Its VNet is also added if it is not in the files. */
export function addSubnet(sources: VirtualNetworkSources, places: Places, id: string): Subnet {
  const parent = parentId(id);
  const virtualNetwork = places.virtualNetworks.get(resourceKey(parent)) ?? addVirtualNetwork(sources, places, parent);
  const nsg = sources.nsgAt(id, '', '');
  const subnet: Subnet = { id, name: resourceName(id), addressPrefixes: [], virtualNetwork, nsg, routePrefixes: [] };
  places.subnets.set(resourceKey(id), subnet);
  return subnet;
}

function addVirtualNetwork(sources: VirtualNetworkSources, places: Places, id: string): VirtualNetwork {
  sources.warnings.push(
    `the VNet ${resourceName(id)} is referred to, but in no file: its address space is taken to be ${privatePrefixes.map(formatPrefix).join(', ')}`,
  );
  const virtualNetwork: VirtualNetwork = {
    id,
    name: resourceName(id),
    location: sources.location,
    addressPrefixes: privatePrefixes,
    peeredPrefixes: [],
    connectedPrefixes: [],
    adminRules: [],
    encryption: undefined,
    flowTimeoutMinutes: undefined,
    resourceGuid: undefined,
  };
  places.virtualNetworks.set(resourceKey(id), virtualNetwork);
  return virtualNetwork;
}

/** A separate child resource replaces the one inside the VNet. */
function childrenOf(parents: readonly RawResource[], field: string, alone: readonly RawResource[]): Child[] {
  const children = new Map<string, Child>();
  for (const parent of parents) {
    for (const body of readObjects(readProperties(parent.body, parent.where), field, parent.where)) {
      const name = readText(body, 'name', parent.where);
      const id = readText(body, 'id', parent.where) || `${parent.id}/${field}/${name}`;
      const where = `${parent.where}: ${field} ${name}`;
      children.set(resourceKey(id), { id, name, parent: resourceKey(parent.id), body, where });
    }
  }
  for (const { id, name, body, where } of alone)
    children.set(resourceKey(id), { id, name, parent: resourceKey(parentId(id)), body, where });
  return [...children.values()];
}

function readVirtualNetwork(
  sources: VirtualNetworkSources,
  resource: RawResource,
  addressPrefixes: readonly Prefix[],
  reached: Pick<VirtualNetwork, 'peeredPrefixes' | 'connectedPrefixes' | 'adminRules'>,
): VirtualNetwork {
  const where = resource.where;
  const fields = readProperties(resource.body, where);
  if (addressPrefixes.length === 0) sources.warnings.push(`${where}: the VNet ${resource.name} has no address space`);
  const timeout = readField(fields, 'flowTimeoutInMinutes');
  if (timeout !== undefined && !(typeof timeout === 'number' && timeout >= flowTimeoutMin && timeout <= flowTimeoutMax))
    sources.problems.push(
      `${where}: VNet ${resource.name}: flowTimeoutInMinutes lies outside ${flowTimeoutMin} to ${flowTimeoutMax}`,
    );
  return {
    id: resource.id,
    name: resource.name,
    location: readLocation(resource, sources.location, sources.warnings),
    addressPrefixes,
    ...reached,
    encryption: readOr(undefined, () => readEncryption(fields, where, sources.warnings)),
    flowTimeoutMinutes: typeof timeout === 'number' ? timeout : undefined,
    resourceGuid: readText(fields, 'resourceGuid', where) || undefined,
  };
}

/** `{"enabled": true, "enforcement": "AllowUnencrypted"}`; this enforcement is also Azure's default. */
function readEncryption(fields: ValueObject, where: string, warnings: string[]): EncryptionEnforcement | undefined {
  const encryption = readObject(fields, 'encryption', where);
  if (encryption === undefined || readField(encryption, 'enabled') !== true) return undefined;
  const drops = readText(encryption, 'enforcement', where).toLowerCase() === 'dropunencrypted';
  if (drops)
    warnings.push(`${where}: the encryption DropUnencrypted is taken as AllowUnencrypted: a recording drops nothing`);
  return drops ? 'DropUnencrypted' : 'AllowUnencrypted';
}

function readAddressSpace(sources: VirtualNetworkSources, fields: ValueObject, where: string): Prefix[] {
  const space = readObject(fields, 'addressSpace', where);
  return space === undefined ? [] : readPrefixes(sources, readTexts(space, 'addressPrefixes', where), where);
}

function readPrefixes(sources: VirtualNetworkSources, texts: readonly string[], where: string): Prefix[] {
  const prefixes: Prefix[] = [];
  for (const text of texts) {
    const prefix = parsePrefix(text);
    if (prefix === undefined) sources.problems.push(`${where}: '${text}' is not an address prefix`);
    else prefixes.push(prefix);
  }
  return prefixes;
}

/** Address space of the peered VNet; empty if the peering is not connected or does not allow traffic. */
function readPeering(
  sources: VirtualNetworkSources,
  peering: Child,
  known: ReadonlyMap<string, readonly Prefix[]>,
): readonly Prefix[] {
  const fields = readProperties(peering.body, peering.where);
  if (readField(fields, 'allowVirtualNetworkAccess') === false) return [];
  const state = readText(fields, 'peeringState', peering.where);
  if (state !== '' && state.toLowerCase() !== 'connected') {
    sources.warnings.push(`${peering.where}: the peering is ${state}, so it does not count`);
    return [];
  }
  const remote = readReference(fields, 'remoteVirtualNetwork', peering.where);
  const prefixes = known.get(resourceKey(remote));
  if (prefixes !== undefined) return prefixes;
  for (const field of ['remoteVirtualNetworkAddressSpace', 'remoteAddressSpace']) {
    const space = readObject(fields, field, peering.where);
    if (space !== undefined)
      return readPrefixes(sources, readTexts(space, 'addressPrefixes', peering.where), peering.where);
  }
  sources.warnings.push(
    `${peering.where}: the peered VNet ${resourceName(remote)} is in no file, so VirtualNetwork lacks its addresses`,
  );
  return [];
}

function readSubnet(sources: VirtualNetworkSources, child: Child, virtualNetwork: VirtualNetwork): Subnet {
  const fields = readProperties(child.body, child.where);
  const many = readTexts(fields, 'addressPrefixes', child.where);
  const texts = many.length > 0 ? many : readTexts(fields, 'addressPrefix', child.where);
  const nsgId = readReference(fields, 'networkSecurityGroup', child.where);
  const routeTableId = readOr('', () => readReference(fields, 'routeTable', child.where));
  return {
    id: child.id,
    name: child.name,
    addressPrefixes: readPrefixes(sources, texts, child.where),
    virtualNetwork,
    nsg: sources.nsgAt(child.id, nsgId, child.where),
    routePrefixes: sources.routes.get(resourceKey(routeTableId)) ?? [],
  };
}

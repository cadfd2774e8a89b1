/**
 * Virtual networks with their subnets and peerings.
 */
import { randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { JsonObject } from '../../arm-template/value.ts';
import type { Prefix } from '../../net/prefix.ts';
import { formatPrefix, parsePrefix, prefixContains } from '../../net/prefix.ts';
import { ArmError } from '../arm-error.ts';
import type { WriteContext, View } from '../resources/resource-type.ts';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import type { Link } from '../resources/resource.ts';
import { objectOf, objectsOf, propertiesOf, referenceOf, textOf } from '../resources/resource.ts';
import { referenceSchema, words } from '../resources/schema.ts';
import { childNames } from './child-names.ts';
import { requireNear, requireReference } from './reference.ts';

const type = 'Microsoft.Network/virtualNetworks';
const readOnlyText = Type.Optional(Type.String({ readOnly: true }));
const texts = Type.Array(Type.String());

const subnetSchema = Type.Object({
  id: readOnlyText,
  etag: readOnlyText,
  type: readOnlyText,
  name: Type.String(),
  properties: Type.Object({
    provisioningState: readOnlyText,
    ipConfigurations: Type.Optional(Type.Array(Type.Object({}), { readOnly: true })),
    addressPrefix: Type.Optional(Type.String()),
    addressPrefixes: Type.Optional(texts),
    networkSecurityGroup: Type.Optional(referenceSchema),
    serviceEndpoints: Type.Optional(Type.Array(Type.Object({ service: Type.Optional(Type.String()) }))),
    privateEndpointNetworkPolicies: Type.String({ default: 'Disabled' }),
    privateLinkServiceNetworkPolicies: Type.String({ default: 'Enabled' }),
  }),
});

const peeringSchema = Type.Object({
  id: readOnlyText,
  etag: readOnlyText,
  type: readOnlyText,
  name: Type.String(),
  properties: Type.Object({
    provisioningState: readOnlyText,
    peeringState: readOnlyText,
    peeringSyncLevel: readOnlyText,
    remoteAddressSpace: Type.Optional(Type.Object({}, { readOnly: true })),
    remoteVirtualNetworkAddressSpace: Type.Optional(Type.Object({}, { readOnly: true })),
    remoteVirtualNetwork: referenceSchema,
    allowVirtualNetworkAccess: Type.Boolean({ default: true }),
    allowForwardedTraffic: Type.Boolean({ default: false }),
    allowGatewayTransit: Type.Boolean({ default: false }),
    useRemoteGateways: Type.Boolean({ default: false }),
  }),
});

type SubnetBody = Static<typeof subnetSchema>;
type PeeringBody = Static<typeof peeringSchema>;

export const virtualNetwork = defineType({
  type,
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(
    Type.Object({
      resourceGuid: readOnlyText,
      addressSpace: Type.Object({ addressPrefixes: texts }),
      flowTimeoutInMinutes: Type.Optional(Type.Integer({ minimum: 4, maximum: 30 })),
      enableDdosProtection: Type.Boolean({ default: false }),
      encryption: Type.Optional(
        Type.Object({
          enabled: Type.Boolean(),
          enforcement: words(['DropUnencrypted', 'AllowUnencrypted'], { default: 'AllowUnencrypted' }),
        }),
      ),
      subnets: Type.Optional(Type.Array(subnetSchema, { maxItems: 3000 })),
      virtualNetworkPeerings: Type.Optional(Type.Array(peeringSchema, { maxItems: 500 })),
      flowLogs: Type.Optional(Type.Array(Type.Object({}), { readOnly: true })),
    }),
  ),
  deleteStatus: 200,
  changes: 'network',
  children: [
    {
      type: `${type}/subnets`,
      list: 'subnets',
      name: networkName,
      inUse: { code: 'InUseSubnetCannotBeDeleted', noun: 'Subnet', by: ['subnet'] },
      toResponse(_element, id, view) {
        const users = view.linksTo(id).filter(({ what }) => what === 'subnet');
        return users.length === 0 ? {} : { ipConfigurations: users.map(({ from }) => ({ id: from })) };
      },
    },
    {
      type: `${type}/virtualNetworkPeerings`,
      list: 'virtualNetworkPeerings',
      name: networkName,
      toResponse: peeringBody,
    },
  ],
  complete(body, context) {
    const before = propertiesOf(context.previous?.body ?? {});
    const { subnets, virtualNetworkPeerings, ...properties } = body.properties;
    const space = properties.addressSpace.addressPrefixes.map((text) => readPrefix(text, context.name));
    if (space.length === 0)
      throw new ArmError('InvalidRequestContent', 'The address space of a virtual network has one prefix or more.', {
        target: 'properties.addressSpace.addressPrefixes',
      });
    if (subnets !== undefined) checkSubnets(subnets, space, context);
    checkPeerings(virtualNetworkPeerings ?? [], context);
    return {
      properties: {
        ...properties,
        resourceGuid: before['resourceGuid'] ?? randomUUID(),
        subnets: subnets ?? before['subnets'] ?? [],
        virtualNetworkPeerings: virtualNetworkPeerings ?? before['virtualNetworkPeerings'] ?? [],
      },
    };
  },
  links(resource) {
    const { id: holder, body } = resource;
    const properties = propertiesOf(body);
    const groups = objectsOf(properties['subnets']).map((subnet): Link => ({
      from: `${holder}/subnets/${textOf(subnet['name'])}`,
      holder,
      to: referenceOf(propertiesOf(subnet)['networkSecurityGroup']),
      what: 'networkSecurityGroup',
    }));
    return groups.filter(({ to }) => to !== '');
  },
  toResponse(resource, view) {
    const logs = view.linksTo(resource.id).filter(({ what }) => what === 'flowLogTarget');
    if (logs.length === 0) return resource.body;
    const flowLogs = logs.map(({ from }) => ({ id: from }));
    return { ...resource.body, properties: { ...propertiesOf(resource.body), flowLogs } };
  },
});

/**
 * Checks that the other VNet of a new peering exists. An existing peering stays when its VNet is deleted, as in Azure,
 * with the state Disconnected.
 */
function checkPeerings(peerings: readonly PeeringBody[], { id, previous, view }: WriteContext): void {
  const checkName = childNames(id);
  const before = objectsOf(propertiesOf(previous?.body ?? {})['virtualNetworkPeerings']).map((peering) =>
    resourceKey(referenceOf(propertiesOf(peering)['remoteVirtualNetwork'])),
  );
  for (const { name, properties } of peerings) {
    checkName(name);
    const remote = properties.remoteVirtualNetwork.id;
    if (!before.includes(resourceKey(remote)))
      requireReference(view, remote, type, `${id}/virtualNetworkPeerings/${name}`);
  }
}

/** Connected if the other VNet has a peering back, Disconnected if it was deleted. */
function peeringBody(element: JsonObject, id: string, view: View): JsonObject {
  const own = id.slice(0, id.toLowerCase().lastIndexOf('/virtualnetworkpeerings/')).toLowerCase();
  const remote = view.get(referenceOf(propertiesOf(element)['remoteVirtualNetwork']));
  const back = objectsOf(propertiesOf(remote?.body ?? {})['virtualNetworkPeerings']).some(
    (peering) => referenceOf(propertiesOf(peering)['remoteVirtualNetwork']).toLowerCase() === own,
  );
  const space = objectOf(propertiesOf(remote?.body ?? {})['addressSpace']);
  return {
    peeringState: remote === undefined ? 'Disconnected' : back ? 'Connected' : 'Initiated',
    peeringSyncLevel: 'FullyInSync',
    remoteAddressSpace: space,
    remoteVirtualNetworkAddressSpace: space,
  };
}

function checkSubnets(subnets: readonly SubnetBody[], space: readonly Prefix[], context: WriteContext): void {
  const checkName = childNames(context.id);
  const seen: { name: string; prefix: Prefix }[] = [];
  for (const subnet of subnets) {
    const { name } = subnet;
    checkName(name);
    const prefixes = subnetPrefixes(subnet);
    if (prefixes.length === 0)
      throw new ArmError('InvalidRequestContent', `The subnet ${name} has no addressPrefix.`, { target: name });
    for (const text of prefixes) {
      const prefix = readPrefix(text, name);
      if (!space.some((outer) => contains(outer, prefix)))
        throw new ArmError(
          'NetcfgInvalidSubnet',
          `Subnet '${name}' is not valid in virtual network '${context.name}': ${text} lies outside its address space.`,
        );
      const other = seen.find((known) => contains(known.prefix, prefix) || contains(prefix, known.prefix));
      if (other !== undefined)
        throw new ArmError(
          'NetcfgSubnetRangesOverlap',
          `Subnet '${name}' is not valid because its IP address range overlaps with that of an existing subnet '${other.name}' in virtual network '${context.name}'.`,
        );
      seen.push({ name, prefix });
    }
    checkPrefixesKept(subnet, context);
    const nsg = subnet.properties.networkSecurityGroup;
    if (nsg !== undefined) requireNear(context, nsg.id, 'Microsoft.Network/networkSecurityGroups');
  }
}

function subnetPrefixes({ properties }: SubnetBody): readonly string[] {
  if (properties.addressPrefixes !== undefined && properties.addressPrefixes.length > 0)
    return properties.addressPrefixes;
  return properties.addressPrefix === undefined ? [] : [properties.addressPrefix];
}

/** Checks that addresses of a subnet in use stay inside its prefixes. */
function checkPrefixesKept(subnet: SubnetBody, { id, previous, view }: WriteContext): void {
  const before = objectsOf(propertiesOf(previous?.body ?? {})['subnets']).find(
    (old) => textOf(old['name']).toLowerCase() === subnet.name.toLowerCase(),
  );
  if (before === undefined) return;
  const old = subnetPrefixes(before as unknown as SubnetBody);
  const kept = subnetPrefixes(subnet).map((text) => text.toLowerCase());
  const users = view.linksTo(`${id}/subnets/${subnet.name}`).filter(({ what }) => what === 'subnet');
  if (users.length > 0 && !old.every((text) => kept.includes(text.toLowerCase())))
    throw new ArmError(
      'InUsePrefixCannotBeDeleted',
      `IpPrefix ${old.join(', ')} on Subnet ${subnet.name} has active allocations and cannot be deleted.`,
    );
}

/** @throws InvalidCIDRNotation */
function readPrefix(text: string, name: string): Prefix {
  const prefix = text.includes('/') ? parsePrefix(text) : undefined;
  if (prefix === undefined)
    throw new ArmError(
      'InvalidCIDRNotation',
      `The address prefix ${text.slice(0, 60)} in resource ${name} has an invalid CIDR notation.`,
    );
  const canonical = formatPrefix(prefix);
  if (canonical !== text.toLowerCase() && prefix.family === 4)
    throw new ArmError(
      'InvalidCIDRNotation',
      `The address prefix ${text.slice(0, 60)} in resource ${name} has an invalid CIDR notation. For the given prefix length, the address prefix should be ${canonical}.`,
    );
  return prefix;
}

function contains(outer: Prefix, inner: Prefix): boolean {
  return inner.length >= outer.length && prefixContains(outer, inner);
}

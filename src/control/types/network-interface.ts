/**
 * Network interfaces. The server assigns a MAC and private addresses. `macAddress` can be set here, unlike in Azure, so
 * that an interface can represent one of a capture.
 */
import { randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { JsonObject } from '../../arm-template/value.ts';
import { parseMac } from '../../net/mac.ts';
import { macOf } from '../../nsg/network.ts';
import { ArmError } from '../arm-error.ts';
import { effectiveSecurityGroups } from '../diagnostics/effective-security-groups.ts';
import type { WriteContext, View } from '../resources/resource-type.ts';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import type { Link } from '../resources/resource.ts';
import { objectsOf, propertiesOf, referenceOf, textOf } from '../resources/resource.ts';
import { referenceSchema, words } from '../resources/schema.ts';
import { childNames } from './child-names.ts';
import { assignPrivateAddress } from './private-address.ts';
import { requireNear } from './reference.ts';

const type = 'Microsoft.Network/networkInterfaces';
const readOnlyText = Type.Optional(Type.String({ readOnly: true }));

const ipConfigurationSchema = Type.Object({
  id: readOnlyText,
  etag: readOnlyText,
  type: readOnlyText,
  name: Type.String(),
  properties: Type.Object({
    provisioningState: readOnlyText,
    privateIPAddress: Type.Optional(Type.String()),
    privateIPAllocationMethod: words(['Dynamic', 'Static'], { default: 'Dynamic' }),
    privateIPAddressVersion: words(['IPv4', 'IPv6'], { default: 'IPv4' }),
    subnet: referenceSchema,
    publicIPAddress: Type.Optional(referenceSchema),
    applicationSecurityGroups: Type.Optional(Type.Array(referenceSchema, { maxItems: 20 })),
    primary: Type.Optional(Type.Boolean()),
  }),
});

type IpConfigurationBody = Static<typeof ipConfigurationSchema>;

export const networkInterface = defineType({
  type,
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(
    Type.Object({
      resourceGuid: readOnlyText,
      ipConfigurations: Type.Array(ipConfigurationSchema, { maxItems: 256 }),
      networkSecurityGroup: Type.Optional(referenceSchema),
      macAddress: Type.Optional(Type.String()),
      enableIPForwarding: Type.Boolean({ default: false }),
      enableAcceleratedNetworking: Type.Boolean({ default: false }),
      virtualMachine: Type.Optional(referenceSchema),
      primary: Type.Optional(Type.Boolean()),
    }),
  ),
  deleteStatus: 200,
  changes: 'network',
  inUse: { code: 'NicInUse', noun: 'Network interface', by: ['virtualMachine'] },
  actions: [
    { name: 'effectiveNetworkSecurityGroups', schema: Type.Object({}), long: true, run: effectiveSecurityGroups },
  ],
  children: [],
  complete(body, context) {
    const { ipConfigurations, virtualMachine, ...properties } = body.properties;
    checkConfigurations(ipConfigurations, context);
    if (properties.networkSecurityGroup !== undefined)
      requireNear(context, properties.networkSecurityGroup.id, 'Microsoft.Network/networkSecurityGroups');
    const before = propertiesOf(context.previous?.body ?? {});
    const taken = new Set<string>();
    return {
      properties: {
        ...properties,
        ...(virtualMachine === undefined || machineOf(context.id, context.view) !== undefined
          ? {}
          : { virtualMachine }),
        resourceGuid: before['resourceGuid'] ?? randomUUID(),
        macAddress: formatMac(properties.macAddress ?? (textOf(before['macAddress']) || macOf(context.id))),
        ipConfigurations: ipConfigurations.map((configuration, index) => ({
          ...configuration,
          properties: {
            ...configuration.properties,
            primary: configuration.properties.primary ?? index === 0,
            privateIPAddress: assignPrivateAddress(configuration, context, taken),
          },
        })),
      },
    };
  },
  links(resource) {
    const { id: holder, body } = resource;
    const properties = propertiesOf(body);
    const links: Link[] = [];
    const nsg = referenceOf(properties['networkSecurityGroup']);
    if (nsg !== '') links.push({ from: holder, holder, to: nsg, what: 'networkSecurityGroup' });
    for (const configuration of objectsOf(properties['ipConfigurations'])) {
      const from = `${holder}/ipConfigurations/${textOf(configuration['name'])}`;
      const fields = propertiesOf(configuration);
      links.push({ from, holder, to: referenceOf(fields['subnet']), what: 'subnet' });
      const publicId = referenceOf(fields['publicIPAddress']);
      if (publicId !== '') links.push({ from, holder, to: publicId, what: 'publicIPAddress' });
      for (const group of objectsOf(fields['applicationSecurityGroups']))
        links.push({ from, holder, to: textOf(group['id']), what: 'applicationSecurityGroup' });
    }
    return links;
  },
  toResponse(resource, view) {
    const machine = machineOf(resource.id, view);
    const properties = propertiesOf(resource.body);
    const ipConfigurations = objectsOf(properties['ipConfigurations']).map((configuration): JsonObject => ({
      name: textOf(configuration['name']),
      id: `${resource.id}/ipConfigurations/${textOf(configuration['name'])}`,
      etag: `W/"${resource.etag}"`,
      type: `${type}/ipConfigurations`,
      properties: { provisioningState: 'Succeeded', ...propertiesOf(configuration) },
    }));
    const virtualMachine = machine === undefined ? {} : { virtualMachine: { id: machine } };
    return { ...resource.body, properties: { ...properties, ...virtualMachine, ipConfigurations } };
  },
});

/** Id of the virtual machine of an interface. */
function machineOf(nicId: string, view: View): string | undefined {
  return view.linksTo(nicId).find(({ what }) => what === 'virtualMachine')?.holder;
}

function checkConfigurations(configurations: readonly IpConfigurationBody[], context: WriteContext): void {
  if (configurations.length === 0)
    throw new ArmError('InvalidRequestContent', 'A network interface has one IP configuration or more.', {
      target: 'properties.ipConfigurations',
    });
  const checkName = childNames(context.id);
  for (const { name, properties } of configurations) {
    checkName(name);
    if (resourceKey(properties.subnet.id) !== resourceKey(configurations[0].properties.subnet.id))
      throw new ArmError(
        'IpConfigurationsInDifferentSubnets',
        `The IP configurations of ${context.name} must lie in one subnet.`,
        {
          target: name,
        },
      );
    if (properties.publicIPAddress !== undefined)
      requireNear(context, properties.publicIPAddress.id, 'Microsoft.Network/publicIPAddresses');
    for (const group of properties.applicationSecurityGroups ?? [])
      requireNear(context, group.id, 'Microsoft.Network/applicationSecurityGroups');
  }
}

/** `00-0D-3A-F8-78-56` @throws InvalidRequestContent */
function formatMac(text: string): string {
  const mac = parseMac(text);
  if (mac === undefined)
    throw new ArmError('InvalidRequestContent', `'${text.slice(0, 60)}' is not a MAC address.`, {
      target: 'properties.macAddress',
    });
  return mac.replaceAll(/(..)(?!$)/g, '$1-');
}

/**
 * Virtual machines: names for their network interfaces, used by the diagnostics. No machine runs. Passwords and other
 * secrets of a request are not stored. Source: azure-rest-api-specs, virtualMachine.json 2023-03-01.
 */
import { randomUUID } from 'node:crypto';
import type { Static } from 'typebox';
import { Type } from 'typebox';
import { resourceKey } from '../../arm-template/resource-id.ts';
import { formatTime } from '../../base/time.ts';
import { ArmError } from '../arm-error.ts';
import type { WriteContext } from '../resources/resource-type.ts';
import { defineType, resourceSchema } from '../resources/resource-type.ts';
import { objectOf, objectsOf, propertiesOf, textOf } from '../resources/resource.ts';
import { words } from '../resources/schema.ts';
import { requireNear } from './reference.ts';

const readOnlyText = Type.Optional(Type.String({ readOnly: true }));
const secret = Type.Optional(Type.String());

const schema = resourceSchema(
  Type.Object({
    vmId: readOnlyText,
    timeCreated: readOnlyText,
    instanceView: Type.Optional(Type.Object({}, { readOnly: true })),
    hardwareProfile: Type.Object({ vmSize: Type.String({ default: 'Standard_B1s' }) }, { default: {} }),
    storageProfile: Type.Optional(Type.Object({})),
    osProfile: Type.Optional(
      Type.Object({ computerName: Type.Optional(Type.String()), adminPassword: secret, customData: secret }),
    ),
    userData: secret,
    networkProfile: Type.Object({
      networkInterfaces: Type.Array(
        Type.Object({
          id: Type.String(),
          properties: Type.Optional(
            Type.Object({
              primary: Type.Optional(Type.Boolean()),
              deleteOption: Type.Optional(words(['Delete', 'Detach'])),
            }),
          ),
        }),
        { maxItems: 32 },
      ),
    }),
  }),
);

export const virtualMachine = defineType({
  type: 'Microsoft.Compute/virtualMachines',
  scope: 'group',
  name: {
    pattern: /^[A-Za-z0-9](?:[\w.-]{0,62}\w)?$/,
    rule: 'has 1 to 64 letters, digits, underscores, periods and hyphens; it begins with a letter or digit, and ends with neither a period nor a hyphen.',
  },
  location: 'required',
  schema,
  deleteStatus: 200,
  changes: 'nothing',
  patch: 'merge',
  complete({ properties }, context) {
    checkInterfaces(properties.networkProfile.networkInterfaces, context);
    const before = propertiesOf(context.previous?.body ?? {});
    const { userData: _userData, osProfile, ...rest } = properties;
    const { adminPassword: _password, customData: _data, ...shownProfile } = osProfile ?? {};
    return {
      properties: {
        ...rest,
        ...(osProfile === undefined ? {} : { osProfile: shownProfile }),
        vmId: before['vmId'] ?? randomUUID(),
        timeCreated: textOf(before['timeCreated']) || formatTime(context.view.settings.now()),
      },
    };
  },
  links: ({ id, body }) =>
    objectsOf(objectOf(propertiesOf(body)['networkProfile'])['networkInterfaces']).map((nic) => ({
      from: id,
      holder: id,
      to: textOf(nic['id']),
      what: 'virtualMachine',
    })),
});

type InterfaceReference = Static<typeof schema>['properties']['networkProfile']['networkInterfaces'][number];

/** Checks that each interface exists and belongs to no other machine. */
function checkInterfaces(interfaces: readonly InterfaceReference[], context: WriteContext): void {
  const target = 'properties.networkProfile.networkInterfaces';
  if (interfaces.length === 0)
    throw new ArmError('InvalidRequestContent', 'A virtual machine has one network interface or more.', { target });
  const seen = new Set<string>();
  for (const { id } of interfaces) {
    const nic = requireNear(context, id, 'Microsoft.Network/networkInterfaces');
    if (seen.has(resourceKey(id)))
      throw new ArmError('InvalidRequestContent', `The network interface ${nic.name} is named twice.`, { target });
    seen.add(resourceKey(id));
    const other = context.view
      .linksTo(id)
      .find(({ what, holder }) => what === 'virtualMachine' && resourceKey(holder) !== resourceKey(context.id));
    if (other !== undefined)
      throw new ArmError('NicInUse', `Network Interface ${nic.id} is used by existing resource ${other.holder}.`, {
        target,
      });
  }
}

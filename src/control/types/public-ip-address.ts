/**
 * Public IP addresses. A static address comes from 198.18.0.0/15, which is reserved for tests (RFC 2544). Another one
 * can be set, unlike in Azure, so that it can represent an address of a capture.
 */
import { randomUUID } from 'node:crypto';
import { Type } from 'typebox';
import { parseAddress } from '../../net/address.ts';
import { ArmError } from '../arm-error.ts';
import type { WriteContext, View } from '../resources/resource-type.ts';
import { defineType, networkName, resourceSchema } from '../resources/resource-type.ts';
import { propertiesOf, textOf } from '../resources/resource.ts';
import { words } from '../resources/schema.ts';

const type = 'Microsoft.Network/publicIPAddresses';

export const publicIpAddress = defineType({
  type,
  scope: 'group',
  name: networkName,
  location: 'required',
  schema: resourceSchema(
    Type.Object(
      {
        resourceGuid: Type.Optional(Type.String({ readOnly: true })),
        publicIPAllocationMethod: words(['Dynamic', 'Static'], { default: 'Dynamic' }),
        publicIPAddressVersion: words(['IPv4', 'IPv6'], { default: 'IPv4' }),
        idleTimeoutInMinutes: Type.Integer({ minimum: 4, maximum: 30, default: 4 }),
        ipAddress: Type.Optional(Type.String()),
        ipConfiguration: Type.Optional(Type.Object({}, { readOnly: true })),
      },
      { default: {} },
    ),
    {
      sku: Type.Object(
        {
          name: words(['Basic', 'Standard', 'StandardV2'], { default: 'Basic' }),
          tier: words(['Regional', 'Global'], { default: 'Regional' }),
        },
        { default: {} },
      ),
    },
  ),
  deleteStatus: 200,
  changes: 'network',
  inUse: { code: 'InUsePublicIPAddressCannotBeDeleted', noun: 'Public IP address', by: ['publicIPAddress'] },
  complete(body, context) {
    const { properties, sku } = body;
    if (sku.name !== 'Basic' && properties.publicIPAllocationMethod !== 'Static')
      throw new ArmError(
        'InvalidRequestContent',
        `A public IP address of SKU ${sku.name} must be static: set publicIPAllocationMethod to Static.`,
        { target: 'properties.publicIPAllocationMethod' },
      );
    const given = properties.ipAddress;
    if (given !== undefined && parseAddress(given) === undefined)
      throw new ArmError('InvalidRequestContent', `'${given.slice(0, 80)}' is not an IP address.`, {
        target: 'properties.ipAddress',
      });
    const before = propertiesOf(context.previous?.body ?? {});
    const isStatic = properties.publicIPAllocationMethod === 'Static' && properties.publicIPAddressVersion === 'IPv4';
    return {
      properties: {
        ...properties,
        resourceGuid: before['resourceGuid'] ?? randomUUID(),
        ...(isStatic && given === undefined ? { ipAddress: textOf(before['ipAddress']) || freeAddress(context) } : {}),
      },
    };
  },
  toResponse(resource, view: View) {
    const user = view.linksTo(resource.id)[0];
    return user === undefined
      ? resource.body
      : { ...resource.body, properties: { ...propertiesOf(resource.body), ipConfiguration: { id: user.from } } };
  },
});

const firstNumber = (198 * 256 + 18) * 65_536;
const addressCount = 131_072;

function freeAddress({ view }: WriteContext): string {
  const taken = new Set([...view.ofType(type)].map(({ body }) => textOf(propertiesOf(body)['ipAddress'])));
  for (let i = 4; i < addressCount; i++) {
    const number = firstNumber + i;
    const address = [number >>> 24, (number >>> 16) & 255, (number >>> 8) & 255, number & 255].join('.');
    if (!taken.has(address)) return address;
  }
  throw new ArmError('ResourceLimitReached', 'No public IP address is left.');
}

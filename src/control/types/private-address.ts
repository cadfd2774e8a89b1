/** Private addresses of network interfaces: the next free address of the subnet, or the requested one. */
import { parentId, resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { Address } from '../../net/address.ts';
import { formatAddress, parseAddress } from '../../net/address.ts';
import type { Prefix } from '../../net/prefix.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { checkAddress, firstFreeAddress } from '../../nsg/free-address.ts';
import { ArmError } from '../arm-error.ts';
import type { WriteContext, View } from '../resources/resource-type.ts';
import { objectsOf, propertiesOf, referenceOf, textOf } from '../resources/resource.ts';
import { notReferenced, requireNear } from './reference.ts';

/** The address fields of an IP configuration. */
export interface AddressWish {
  readonly name: string;
  readonly properties: {
    readonly privateIPAddress?: string;
    readonly privateIPAllocationMethod: 'Dynamic' | 'Static';
    readonly privateIPAddressVersion: 'IPv4' | 'IPv6';
    readonly subnet: { readonly id: string };
  };
}

/**
 * The address of one IP configuration.
 * @param taken addresses of the same interface; the result is added
 * @throws ArmError
 */
export function assignPrivateAddress(configuration: AddressWish, context: WriteContext, taken: Set<string>): string {
  const { properties, name } = configuration;
  const subnetId = properties.subnet.id;
  const prefixes = subnetPrefixes(context, subnetId, properties.privateIPAddressVersion === 'IPv6' ? 6 : 4);
  const used = usedAddresses(context.view, subnetId, context.id);
  for (const text of taken) used.add(text);
  const wanted =
    properties.privateIPAllocationMethod === 'Static'
      ? readStatic(properties.privateIPAddress, name)
      : previousAddress(context, name, subnetId);
  const fault = wanted === undefined ? undefined : checkAddress(wanted, prefixes, used, subnetId);
  if (fault !== undefined) throw new ArmError(fault.code, `${fault.sentence}.`);
  const address = wanted ?? firstFreeAddress(prefixes, used);
  if (address === undefined)
    throw new ArmError('SubnetIsFull', `Subnet ${subnetId} does not have enough capacity for 1 IP address.`);
  const text = formatAddress(address);
  taken.add(text);
  return text;
}

function subnetPrefixes(context: WriteContext, subnetId: string, family: 4 | 6): Prefix[] {
  const network = requireNear(context, parentId(subnetId), 'Microsoft.Network/virtualNetworks');
  const subnet = objectsOf(propertiesOf(network.body)['subnets']).find(
    (candidate) => textOf(candidate['name']).toLowerCase() === resourceName(subnetId).toLowerCase(),
  );
  if (subnet === undefined) throw notReferenced(subnetId, context.id);
  const fields = propertiesOf(subnet);
  const many = Array.isArray(fields['addressPrefixes']) ? fields['addressPrefixes'] : [];
  return [...many, fields['addressPrefix'] ?? '']
    .flatMap((text) => (typeof text === 'string' ? (parsePrefix(text) ?? []) : []))
    .filter((prefix) => prefix.family === family);
}

function usedAddresses(view: View, subnetId: string, own: string): Set<string> {
  const used = new Set<string>();
  const holders = new Set(view.linksTo(subnetId).map(({ holder }) => holder));
  for (const holder of holders) {
    if (resourceKey(holder) === resourceKey(own)) continue;
    for (const configuration of objectsOf(propertiesOf(view.get(holder)?.body ?? {})['ipConfigurations']))
      used.add(textOf(propertiesOf(configuration)['privateIPAddress']));
  }
  return used;
}

function readStatic(text: string | undefined, name: string): Address {
  const address = parseAddress(text ?? '');
  if (address !== undefined) return address;
  throw new ArmError(
    'InvalidRequestContent',
    `The static privateIPAddress '${(text ?? '').slice(0, 60)}' of IP configuration ${name} is not an IP address.`,
    { target: name },
  );
}

/** A dynamic address stays the same while its interface stays in the subnet. */
function previousAddress({ previous }: WriteContext, name: string, subnetId: string): Address | undefined {
  const before = objectsOf(propertiesOf(previous?.body ?? {})['ipConfigurations']).find(
    (configuration) => textOf(configuration['name']).toLowerCase() === name.toLowerCase(),
  );
  const fields = propertiesOf(before ?? {});
  if (resourceKey(referenceOf(fields['subnet'])) !== resourceKey(subnetId)) return undefined;
  return parseAddress(textOf(fields['privateIPAddress']));
}

/**
 * Private addresses of network interfaces: the next free one of the subnet, or the one asked for. The first four and, in IPv4, the last
 * address of a subnet are Azure's own. Source: learn.microsoft.com/azure/virtual-network/virtual-networks-faq
 */
import { parentId, resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { Address } from '../../net/address.ts';
import { formatAddress, parseAddress } from '../../net/address.ts';
import type { Prefix } from '../../net/prefix.ts';
import { parsePrefix, prefixContains, prefixRange } from '../../net/prefix.ts';
import { addressNumber, addressOfNumber } from '../../nsg/address-ranges.ts';
import { ArmError } from '../arm-error.ts';
import type { WriteContext, View } from '../resources/resource-type.ts';
import { objectsOf, propertiesOf, referenceOf, textOf } from '../resources/resource.ts';
import { notReferenced, requireNear } from './reference.ts';

const reservedFirst = 4n;

/** What of an IP configuration says which address it has. */
export interface AddressWish {
  readonly name: string;
  readonly properties: {
    readonly privateIPAddress?: string;
    readonly privateIPAllocationMethod: 'Dynamic' | 'Static';
    readonly privateIPAddressVersion: 'IPv4' | 'IPv6';
    readonly subnet: { readonly id: string };
  };
}

/** The address of one IP configuration. `taken` holds those of the same interface, and receives it. @throws ArmError */
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
  const address =
    wanted === undefined ? firstFree(prefixes, used, subnetId) : checked(wanted, prefixes, used, subnetId);
  taken.add(address);
  return address;
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
    `The static privateIPAddress '${(text ?? '').slice(0, 60)}' of IP configuration ${name} is no IP address.`,
    { target: name },
  );
}

/** A dynamic address stays as long as its interface stays in the subnet. */
function previousAddress({ previous }: WriteContext, name: string, subnetId: string): Address | undefined {
  const before = objectsOf(propertiesOf(previous?.body ?? {})['ipConfigurations']).find(
    (configuration) => textOf(configuration['name']).toLowerCase() === name.toLowerCase(),
  );
  const fields = propertiesOf(before ?? {});
  if (resourceKey(referenceOf(fields['subnet'])) !== resourceKey(subnetId)) return undefined;
  return parseAddress(textOf(fields['privateIPAddress']));
}

function checked(address: Address, prefixes: readonly Prefix[], used: ReadonlySet<string>, subnetId: string): string {
  const text = formatAddress(address);
  const prefix = prefixes.find((candidate) => prefixContains(candidate, address));
  if (prefix === undefined)
    throw new ArmError(
      'PrivateIPAddressNotInSubnet',
      `Private static IP address ${text} does not belong to the range of subnet prefix of subnet ${subnetId}.`,
    );
  const number = addressNumber(address);
  if (number < addressNumber(prefix) + reservedFirst || number > lastUsable(prefix))
    throw new ArmError(
      'PrivateIPAddressInReservedRange',
      `Private static IP address ${text} falls within reserved IP range of subnet ${subnetId}.`,
    );
  if (used.has(text))
    throw new ArmError('PrivateIPAddressInUse', `IP address ${text} is already allocated in subnet ${subnetId}.`);
  return text;
}

function firstFree(prefixes: readonly Prefix[], used: ReadonlySet<string>, subnetId: string): string {
  for (const prefix of prefixes) {
    const last = lastUsable(prefix);
    for (let number = addressNumber(prefix) + reservedFirst; number <= last; number++) {
      const text = formatAddress(addressOfNumber(prefix.family, number));
      if (!used.has(text)) return text;
    }
  }
  throw new ArmError('SubnetIsFull', `Subnet ${subnetId} does not have enough capacity for 1 IP address.`);
}

function lastUsable(prefix: Prefix): bigint {
  return addressNumber(prefixRange(prefix).last) - (prefix.family === 4 ? 1n : 0n);
}

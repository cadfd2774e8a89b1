/** NICs as they are in a file: addresses, MAC, groups, and subnet. */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Address, Family } from '../net/address.ts';
import { parseAddress } from '../net/address.ts';
import { parseMac } from '../net/mac.ts';
import { readObjects, readOr, readProperties, readReference, readText } from './fields.ts';
import { macOf } from './network.ts';
import type { RawResource } from './raw-resource.ts';

/** One IP configuration. `address` is undefined until it is assigned, if Azure assigns it. */
export interface IpConfiguration {
  /** ARM id; '' if there is none. */
  readonly id: string;
  readonly family: Family;
  address: Address | undefined;
  /** ARM id of its public address; '' for none, '?' if unknown. */
  readonly publicAddressId: string;
  /** ARM ids of the load balancer pools and NAT rules that it serves; '?' if unknown. */
  readonly backendIds: readonly string[];
}

/** A NIC before its references are resolved. */
export interface NicDraft {
  readonly id: string;
  readonly name: string;
  readonly where: string;
  readonly mac: string;
  /** '' if it names no subnet. */
  readonly subnetId: string;
  readonly nsgId: string;
  readonly applicationSecurityGroups: readonly string[];
  readonly configurations: readonly IpConfiguration[];
}

/**
 * Reads a NIC. Faults are added to `problems`.
 * @throws network-invalid if a field is unresolved or of a wrong type
 */
export function readNic(resource: RawResource, problems: string[]): NicDraft {
  const where = `${resource.where}: NIC ${resource.name}`;
  const fields = readProperties(resource.body, where);
  const items = readObjects(fields, 'ipConfigurations', where);
  const bodies = items.map((body) => readProperties(body, where));
  const subnets = new Map(
    bodies.map((body) => readReference(body, 'subnet', where)).map((id) => [resourceKey(id), id]),
  );
  subnets.delete('');
  if (subnets.size > 1)
    problems.push(`${where}: its IP configurations lie in different subnets, which Azure does not permit`);
  const groups = bodies.flatMap((body) => readObjects(body, 'applicationSecurityGroups', where));
  const groupIds = new Map(groups.map((group) => readText(group, 'id', where)).map((id) => [resourceKey(id), id]));
  return {
    id: resource.id,
    name: resource.name,
    where,
    mac: readMac(fields, resource.id, where, problems),
    subnetId: [...subnets.values()][0] ?? '',
    nsgId: readReference(fields, 'networkSecurityGroup', where),
    applicationSecurityGroups: [...groupIds.values()],
    // Effective rules give the subnet of a NIC but not its addresses.
    configurations: (resource.isEffective === true ? [] : bodies).map((body, index) =>
      readConfiguration(
        readOr('', () => readText(items[index], 'id', where)),
        body,
        where,
        problems,
      ),
    ),
  };
}

function readMac(fields: ValueObject, id: string, where: string, problems: string[]): string {
  const text = readText(fields, 'macAddress', where);
  if (text === '') return macOf(id);
  const mac = parseMac(text);
  if (mac === undefined) problems.push(`${where}: '${text}' is not a MAC address`);
  return mac ?? '';
}

function readConfiguration(id: string, body: ValueObject, where: string, problems: string[]): IpConfiguration {
  const family = readText(body, 'privateIPAddressVersion', where).toLowerCase() === 'ipv6' ? 6 : 4;
  const idsOf = (field: string): string[] =>
    readOr(['?'], () => readObjects(body, field, where).map((reference) => readText(reference, 'id', where)));
  const outside = {
    publicAddressId: readOr('?', () => readReference(body, 'publicIPAddress', where)),
    backendIds: [...idsOf('loadBalancerBackendAddressPools'), ...idsOf('loadBalancerInboundNatRules')],
  };
  const text = readText(body, 'privateIPAddress', where);
  const isStatic = readText(body, 'privateIPAllocationMethod', where).toLowerCase() === 'static';
  if (text === '') {
    if (isStatic) problems.push(`${where}: its address is static, but not given: privateIPAddress is missing`);
    return { id, family, address: undefined, ...outside };
  }
  const address = parseAddress(text);
  if (address === undefined) problems.push(`${where}: '${text}' is not an IP address`);
  return { id, family: address?.family ?? family, address, ...outside };
}

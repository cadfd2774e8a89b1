/**
 * What an inventory says of addresses: whose they are, and in which subnet and VNet they lie. An address that several resources have, in networks that
 * know nothing of each other, keeps only what all of them agree on.
 */
import { parentId, resourceKey, resourceName } from '../../arm-template/resource-id.ts';
import type { Address } from '../../net/address.ts';
import { formatAddress, parseAddress } from '../../net/address.ts';
import type { Prefix } from '../../net/prefix.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { listSeparator } from '../attribute.ts';
import type { AddressNames } from '../attribute.ts';
import { PrefixTable } from '../prefix-table.ts';
import type { InventoryResource } from './fields.ts';
import { field, ids, list, text } from './fields.ts';

export interface Inventory {
  look(address: Address): AddressNames | undefined;
  /** Addresses and prefixes that have names. */
  readonly count: number;
}

/** Names of one address or prefix. */
export type InventoryEntry = readonly [Prefix, AddressNames];

export function inventoryOf(entries: readonly InventoryEntry[]): Inventory {
  const table = new PrefixTable(entries.map(([prefix, names]) => [prefix, names] as const));
  const known = new WeakMap<object, AddressNames>();
  return {
    count: entries.length,
    look: (address) => {
      const node = table.find(address);
      if (node === undefined) return undefined;
      let names = known.get(node);
      if (names === undefined) {
        // A resource in a subnet that the inventory knows has the subnet's names, too.
        const around: AddressNames[] = [];
        for (let at = node.within; at !== undefined; at = at.within) around.push(agreed(at.values));
        names = around.reduce<AddressNames>((inner, outer) => withDefaults(inner, outer), agreed(node.values));
        known.set(node, names);
      }
      return names;
    },
  };
}

/** Attributes of which two different values are two different resources. */
const identity = ['nic_id', 'nic', 'vm_id', 'vm', 'vnet_id', 'vnet'];

/** What all say of one address or prefix: entries of one resource add to each other, those of several keep what they share. */
function agreed(all: readonly AddressNames[]): AddressNames {
  if (all.length === 1) return all[0];
  const valuesOf = (name: string): Set<string> => new Set(all.flatMap((one) => one[name] ?? []));
  const isOne = identity.every((name) => valuesOf(name).size <= 1);
  const found: Record<string, string | undefined> = {};
  for (const name of new Set(all.flatMap(Object.keys))) {
    const values = valuesOf(name);
    const isShared = isOne || all.every((one) => one[name] !== undefined);
    if (values.size === 1 && isShared) [found[name]] = values;
  }
  return found;
}

function withDefaults(names: AddressNames, defaults: AddressNames): AddressNames {
  // Of another network than the resource's own, the prefix around it says nothing.
  if (names['vnet_id'] !== undefined && defaults['vnet_id'] !== names['vnet_id']) return names;
  return { ...defaults, ...definedIn(names) };
}

function definedIn(names: AddressNames): AddressNames {
  return Object.fromEntries(Object.entries(names).filter(([, value]) => value !== undefined && value !== ''));
}

const types = {
  nic: 'microsoft.network/networkinterfaces',
  instanceNic: 'microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces',
  vm: 'microsoft.compute/virtualmachines',
  vnet: 'microsoft.network/virtualnetworks',
  subnet: 'microsoft.network/virtualnetworks/subnets',
  publicAddress: 'microsoft.network/publicipaddresses',
  loadBalancer: 'microsoft.network/loadbalancers',
  gateway: 'microsoft.network/applicationgateways',
  endpoint: 'microsoft.network/privateendpoints',
  site: 'microsoft.network/localnetworkgateways',
  vpn: 'microsoft.network/virtualnetworkgateways',
} as const;

/** The names that resources give, in no particular order. */
export function entriesOf(resources: readonly InventoryResource[]): InventoryEntry[] {
  return new Reading(resources).entries();
}

/** A resource's name in lower case stays as it is written; ids compare in any case. */
class Reading {
  readonly #byType = new Map<string, InventoryResource[]>();
  readonly #vmOfNic = new Map<string, string>();
  readonly #nsgOf = new Map<string, string>();
  readonly #groupsOf = new Map<string, string[]>();
  readonly #balancerOfPool = new Map<string, string>();
  readonly #endpointOfNic = new Map<string, string>();
  readonly #location = new Map<string, string>();
  readonly #tags = new Map<string, string[]>();
  /** Names of what has a public address, by the address's id. */
  readonly #ofPublic = new Map<string, AddressNames>();
  readonly #entries: InventoryEntry[] = [];

  constructor(resources: readonly InventoryResource[]) {
    for (const resource of resources) {
      const { type, body } = resource;
      this.#byType.set(type, [...(this.#byType.get(type) ?? []), resource]);
      const key = resourceKey(resource.id);
      const location = text(body, 'location');
      if (location !== '') this.#location.set(key, location.toLowerCase().replaceAll(' ', ''));
      const tags = field(body, 'tags');
      if (typeof tags === 'object' && tags !== null)
        this.#tags.set(
          key,
          Object.entries(tags).map(([name, value]) => `${name}=${String(value)}`.replaceAll(listSeparator, ',')),
        );
      const nsg = text(body, 'networkSecurityGroup', 'id');
      if (nsg !== '') this.#nsgOf.set(key, nsg);
    }
  }

  entries(): InventoryEntry[] {
    for (const vm of this.#all('vm'))
      for (const nic of ids(vm.body, 'networkProfile', 'networkInterfaces')) this.#vmOfNic.set(resourceKey(nic), vm.id);
    for (const { id, body } of this.#all('endpoint'))
      for (const nic of ids(body, 'networkInterfaces')) this.#endpointOfNic.set(resourceKey(nic), id);
    for (const { id, body } of this.#all('loadBalancer'))
      for (const pool of ids(body, 'backendAddressPools')) this.#balancerOfPool.set(resourceKey(pool), id);
    for (const { id, body } of [...this.#all('nic'), ...this.#all('instanceNic')]) {
      const machine =
        text(body, 'virtualMachine', 'id') ||
        (id.toLowerCase().includes('/virtualmachinescalesets/') ? parentId(id) : '');
      if (machine !== '') this.#vmOfNic.set(resourceKey(id), machine);
      const groups = [
        ...ids(body, 'applicationSecurityGroups'),
        ...list(body, 'ipConfigurations').flatMap((one) => ids(one, 'applicationSecurityGroups')),
      ];
      if (groups.length > 0)
        this.#groupsOf.set(resourceKey(id), [...(this.#groupsOf.get(resourceKey(id)) ?? []), ...groups]);
    }
    for (const { id, body } of this.#all('vnet')) this.#addNetwork(id, body);
    for (const { id, body } of this.#all('subnet')) this.#addSubnet(id, body);
    for (const nic of [...this.#all('nic'), ...this.#all('instanceNic')]) this.#addNic(nic);
    for (const { id, body } of this.#all('loadBalancer')) this.#addFrontends(id, body, 'load_balancer');
    for (const { id, body } of this.#all('gateway')) this.#addFrontends(id, body, 'application_gateway');
    for (const { id, body } of this.#all('endpoint')) this.#addEndpoint(id, body);
    for (const { id, body } of this.#all('site'))
      for (const space of ['localNetworkAddressSpace', 'localNetworkSiteAddressSpace'])
        this.#addPrefixes(list(body, space, 'addressPrefixes'), { ...this.#owner(id), place: 'site' });
    for (const { id, body } of this.#all('vpn'))
      this.#addPrefixes(list(body, 'vpnClientConfiguration', 'vpnClientAddressPool', 'addressPrefixes'), {
        ...this.#owner(id),
        place: 'client',
      });
    for (const { id, body } of this.#all('publicAddress')) {
      const names = this.#ofPublic.get(resourceKey(id)) ?? { ...this.#owner(id) };
      this.#addAddress(text(body, 'ipAddress'), names);
    }
    return this.#entries;
  }

  #all(kind: keyof typeof types): readonly InventoryResource[] {
    return this.#byType.get(types[kind]) ?? [];
  }

  #owner(id: string): AddressNames {
    const [, subscription] = /\/subscriptions\/([^/]+)/i.exec(id) ?? [];
    const [, group] = /\/resourcegroups\/([^/]+)/i.exec(id) ?? [];
    return { subscription, resource_group: group, region: this.#location.get(resourceKey(id)) };
  }

  #nsgName(...of: readonly string[]): string | undefined {
    const id = of.map((one) => this.#nsgOf.get(resourceKey(one))).find((one) => one !== undefined);
    return id === undefined ? undefined : resourceName(id);
  }

  #placeOf(subnetId: string): AddressNames {
    if (subnetId === '') return {};
    const vnetId = parentId(subnetId);
    return {
      place: 'vnet',
      subnet: resourceName(subnetId),
      subnet_id: subnetId,
      vnet: resourceName(vnetId),
      vnet_id: vnetId,
      nsg: this.#nsgName(subnetId),
      ...this.#owner(vnetId),
    };
  }

  #addNetwork(id: string, body: unknown): void {
    const names = { place: 'vnet', vnet: resourceName(id), vnet_id: id, ...this.#owner(id) };
    this.#addPrefixes(list(body, 'addressSpace', 'addressPrefixes'), names);
    for (const subnet of list(body, 'subnets')) {
      const own = text(subnet, 'id') || `${id}/subnets/${text(subnet, 'name')}`;
      const nsg = text(subnet, 'networkSecurityGroup', 'id');
      if (nsg !== '') this.#nsgOf.set(resourceKey(own), nsg);
      this.#addSubnet(own, subnet);
    }
  }

  #addSubnet(id: string, body: unknown): void {
    const several = list(body, 'addressPrefixes');
    this.#addPrefixes(several.length > 0 ? several : [text(body, 'addressPrefix')], this.#placeOf(id));
  }

  #addNic({ id, body }: InventoryResource): void {
    const key = resourceKey(id);
    const vmId = this.#vmOfNic.get(key);
    const endpoint = this.#endpointOfNic.get(key);
    const tags = [...new Set([...(this.#tags.get(resourceKey(vmId ?? '')) ?? []), ...(this.#tags.get(key) ?? [])])];
    const groups = [...new Set((this.#groupsOf.get(key) ?? []).map(resourceName))];
    for (const one of list(body, 'ipConfigurations')) {
      const subnetId = text(one, 'subnet', 'id');
      const balancers = ids(one, 'loadBalancerBackendAddressPools').map(
        (pool) => this.#balancerOfPool.get(resourceKey(pool)) ?? parentId(pool),
      );
      const names = definedIn({
        ...this.#placeOf(subnetId),
        ...definedIn(this.#owner(vmId ?? id)),
        nic: resourceName(id),
        nic_id: id,
        vm: vmId === undefined ? undefined : machineName(vmId),
        vm_id: vmId,
        nsg: this.#nsgName(id, subnetId),
        asg: groups.join(listSeparator),
        azure_tags: tags.join(listSeparator),
        private_endpoint: endpoint === undefined ? undefined : resourceName(endpoint),
        load_balancer: balancers[0] === undefined ? undefined : resourceName(balancers[0]),
        region: this.#location.get(key) ?? this.#owner(vmId ?? id)['region'],
      });
      this.#addAddress(text(one, 'privateIPAddress'), names);
      const outside = text(one, 'publicIPAddress', 'id');
      if (outside !== '') this.#ofPublic.set(resourceKey(outside), names);
      this.#addAddress(text(one, 'publicIPAddress', 'ipAddress'), names);
    }
  }

  #addFrontends(id: string, body: unknown, attribute: 'load_balancer' | 'application_gateway'): void {
    for (const one of list(body, 'frontendIPConfigurations')) {
      const names = {
        ...this.#placeOf(text(one, 'subnet', 'id')),
        ...definedIn(this.#owner(id)),
        [attribute]: resourceName(id),
      };
      this.#addAddress(text(one, 'privateIPAddress'), names);
      const outside = text(one, 'publicIPAddress', 'id');
      if (outside !== '') this.#ofPublic.set(resourceKey(outside), names);
    }
    // Its instances have addresses of the subnet that belongs to it alone.
    for (const one of list(body, 'gatewayIPConfigurations')) {
      const subnetId = text(one, 'subnet', 'id');
      const subnet = [...this.#all('subnet'), ...this.#subnets()].find(
        (some) => resourceKey(some.id) === resourceKey(subnetId),
      );
      if (subnet !== undefined) {
        const several = list(subnet.body, 'addressPrefixes');
        this.#addPrefixes(several.length > 0 ? several : [text(subnet.body, 'addressPrefix')], {
          [attribute]: resourceName(id),
        });
      }
    }
  }

  /** Those within VNets. */
  #subnets(): { readonly id: string; readonly body: unknown }[] {
    return this.#all('vnet').flatMap(({ id, body }) =>
      list(body, 'subnets').map((one) => ({ id: text(one, 'id') || `${id}/subnets/${text(one, 'name')}`, body: one })),
    );
  }

  #addEndpoint(id: string, body: unknown): void {
    const names = {
      ...this.#placeOf(text(body, 'subnet', 'id')),
      ...definedIn(this.#owner(id)),
      private_endpoint: resourceName(id),
    };
    for (const one of list(body, 'customDnsConfigs'))
      for (const address of list(one, 'ipAddresses')) this.#addAddress(String(address), names);
    for (const one of list(body, 'ipConfigurations')) this.#addAddress(text(one, 'privateIPAddress'), names);
  }

  #addAddress(of: string, names: AddressNames): void {
    const address = parseAddress(of);
    if (address !== undefined) this.#addPrefixes([formatAddress(address)], names);
  }

  #addPrefixes(texts: readonly unknown[], names: AddressNames): void {
    for (const one of texts) {
      const prefix = typeof one === 'string' ? parsePrefix(one) : undefined;
      if (prefix !== undefined) this.#entries.push([prefix, definedIn(names)]);
    }
  }
}

/** Of a scale set's instance, the set and the number, as Traffic Analytics writes them. */
function machineName(id: string): string {
  const [, set, instance] = /\/virtualmachinescalesets\/([^/]+)\/virtualmachines\/([^/]+)$/i.exec(id) ?? [];
  return set === undefined ? resourceName(id) : `${set}_${instance}`;
}

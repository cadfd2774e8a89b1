/**
 * Behind which addresses the outside finds NICs: a public address of an IP configuration, and frontends of load balancers, where a frontend's
 * port leads to one NIC alone. Several backends share the others: which one a packet goes to is seen only behind the load balancer.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Address } from '../net/address.ts';
import { parseAddress } from '../net/address.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { readObjects, readProperties, readReference, readText } from './fields.ts';
import type { Translation } from './network.ts';
import type { RawResource } from './raw-resource.ts';
import { readAside } from './read-aside.ts';
import type { NicDraft } from './read-nic.ts';

/** `drafts` have their addresses assigned. */
export function readTranslations(
  drafts: readonly NicDraft[],
  publicAddresses: readonly RawResource[],
  loadBalancers: readonly RawResource[],
  warnings: string[],
): Translation[] {
  const addressOf = new Map(
    readAside(publicAddresses, warnings, (resource, fields) => [
      resourceKey(resource.id),
      parseAddress(readText(fields, 'ipAddress', resource.where)),
    ]),
  );
  const configurations = drafts.flatMap((draft) => draft.configurations);
  const translations = configurations.flatMap(({ address, publicAddressId }): Translation[] => {
    const outside = publicAddressId === '' ? undefined : addressOf.get(resourceKey(publicAddressId));
    if (outside === undefined || address === undefined || outside.family !== address.family) return [];
    return [{ public: outside, private: address, protocol: undefined, publicPort: 0, privatePort: 0 }];
  });
  const backends = new Map<string, Set<Address>>();
  for (const { address, backendIds } of configurations) {
    if (address === undefined) continue;
    for (const id of backendIds.map(resourceKey)) backends.set(id, (backends.get(id) ?? new Set()).add(address));
  }
  for (const { id, address } of configurations)
    if (address !== undefined && id !== '') backends.set(resourceKey(id), new Set([address]));
  readAside(loadBalancers, warnings, (resource, fields) => {
    translations.push(...readLoadBalancer(resource, fields, addressOf, backends));
  });
  return translations;
}

function readLoadBalancer(
  { where, id }: RawResource,
  fields: ValueObject,
  addressOf: ReadonlyMap<string, Address | undefined>,
  backends: ReadonlyMap<string, ReadonlySet<Address>>,
): Translation[] {
  const children = (field: string): { name: string; key: string; body: ValueObject }[] =>
    readObjects(fields, field, where).map((item) => {
      const name = readText(item, 'name', where);
      const key = resourceKey(readText(item, 'id', where) || `${id}/${field}/${name}`);
      return { name, key, body: readProperties(item, where) };
    });
  const frontends = new Map(
    children('frontendIPConfigurations').map(({ key, body }) => {
      const outside = readReference(body, 'publicIPAddress', where);
      const inside = parseAddress(readText(body, 'privateIPAddress', where));
      return [key, outside === '' ? inside : addressOf.get(resourceKey(outside))];
    }),
  );
  const rules = [
    ...children('inboundNatRules').map(({ key, body }) => ({
      body,
      targets: [resourceKey(readReference(body, 'backendIPConfiguration', where)), key],
    })),
    ...children('loadBalancingRules').map(({ body }) => ({
      body,
      targets: [
        readReference(body, 'backendAddressPool', where),
        ...readObjects(body, 'backendAddressPools', where).map((pool) => readText(pool, 'id', where)),
      ].map(resourceKey),
    })),
  ];
  return rules.flatMap(({ body, targets }) => {
    const outside = frontends.get(resourceKey(readReference(body, 'frontendIPConfiguration', where)));
    const inside = [...new Set(targets.flatMap((target) => [...(backends.get(target) ?? [])]))];
    if (outside === undefined || inside.length !== 1 || inside[0].family !== outside.family) return [];
    return readPorts(body, where, outside, inside[0]);
  });
}

function readPorts(body: ValueObject, where: string, outside: Address, inside: Address): Translation[] {
  const protocols = { tcp: [protocolTcp], udp: [protocolUdp], all: [protocolTcp, protocolUdp] };
  const word = readText(body, 'protocol', where).toLowerCase();
  const publicPort = Number(readText(body, 'frontendPort', where));
  const privatePort = Number(readText(body, 'backendPort', where) || publicPort);
  if (word === 'all' && publicPort === 0)
    return [{ public: outside, private: inside, protocol: undefined, publicPort: 0, privatePort: 0 }];
  const named = word === 'tcp' || word === 'udp' || word === 'all' ? protocols[word] : [];
  return named.map((protocol) => ({ public: outside, private: inside, protocol, publicPort, privatePort }));
}

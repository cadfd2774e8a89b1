/**
 * Public addresses of NICs: those of IP configurations, and load balancer frontends, where one or more NICs share a
 * port.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Address } from '../net/address.ts';
import { formatAddress, parseAddress } from '../net/address.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';
import { readObjects, readProperties, readReference, readText } from './fields.ts';
import type { Affinity, Translation } from './network.ts';
import type { RawResource } from './raw-resource.ts';
import { readRelated } from './read-related.ts';
import type { NicDraft } from './read-nic.ts';

/** `drafts` must have their addresses assigned. */
export function readTranslations(
  drafts: readonly NicDraft[],
  publicAddresses: readonly RawResource[],
  loadBalancers: readonly RawResource[],
  warnings: string[],
): Translation[] {
  const addressOf = new Map(
    readRelated(publicAddresses, warnings, (resource, fields) => [
      resourceKey(resource.id),
      parseAddress(readText(fields, 'ipAddress', resource.where)),
    ]),
  );
  const configurations = drafts.flatMap((draft) => draft.configurations);
  const translations = configurations.flatMap(({ address, publicAddressId }): Translation[] => {
    const outside = publicAddressId === '' ? undefined : addressOf.get(resourceKey(publicAddressId));
    if (outside === undefined || address === undefined || outside.family !== address.family) return [];
    return [{ ...everyPort, public: outside, privates: [address], affinity: 'flow', isInternal: false }];
  });
  const backends = new Map<string, Set<Address>>();
  for (const { address, backendIds } of configurations) {
    if (address === undefined) continue;
    for (const id of backendIds.map(resourceKey)) backends.set(id, (backends.get(id) ?? new Set()).add(address));
  }
  for (const { id, address } of configurations)
    if (address !== undefined && id !== '') backends.set(resourceKey(id), new Set([address]));
  readRelated(loadBalancers, warnings, (resource, fields) => {
    translations.push(...readLoadBalancer(resource, fields, addressOf, backends));
  });
  return translations;
}

function readLoadBalancer(
  { where, id }: RawResource,
  fields: ValueObject,
  addressOf: ReadonlyMap<string, Address | undefined>,
  backends: Map<string, Set<Address>>,
): Translation[] {
  const children = (field: string): { name: string; key: string; body: ValueObject }[] =>
    readObjects(fields, field, where).map((item) => {
      const name = readText(item, 'name', where);
      const key = resourceKey(readText(item, 'id', where) || `${id}/${field}/${name}`);
      return { name, key, body: readProperties(item, where) };
    });
  for (const { key, body } of children('backendAddressPools'))
    for (const item of readObjects(body, 'loadBalancerBackendAddresses', where)) {
      const address = parseAddress(readText(readProperties(item, where), 'ipAddress', where));
      if (address !== undefined) backends.set(key, (backends.get(key) ?? new Set()).add(address));
    }
  const frontends = new Map(
    children('frontendIPConfigurations').map(({ key, body }) => {
      const outside = readReference(body, 'publicIPAddress', where);
      const inside = parseAddress(readText(body, 'privateIPAddress', where));
      const address = outside === '' ? inside : addressOf.get(resourceKey(outside));
      return [key, address && { address, isInternal: outside === '' }] as const;
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
    const frontend = frontends.get(resourceKey(readReference(body, 'frontendIPConfiguration', where)));
    if (frontend === undefined) return [];
    const { address, isInternal } = frontend;
    const members = targets
      .flatMap((target) => [...(backends.get(target) ?? [])])
      .filter(({ family }) => family === address.family);
    const privates = [...new Map(members.map((member) => [formatAddress(member), member])).values()];
    if (privates.length === 0) return [];
    const affinity = affinities[readText(body, 'loadDistribution', where).toLowerCase()] ?? 'flow';
    return readPorts(body, where).map((ports) => ({ ...ports, public: address, privates, affinity, isInternal }));
  });
}

const affinities: Readonly<Record<string, Affinity>> = { sourceip: 'client', sourceipprotocol: 'client-protocol' };

type Ports = Pick<Translation, 'protocol' | 'publicPort' | 'privatePort'>;

const everyPort: Ports = { protocol: undefined, publicPort: 0, privatePort: 0 };

function readPorts(body: ValueObject, where: string): Ports[] {
  const protocols = { tcp: [protocolTcp], udp: [protocolUdp], all: [protocolTcp, protocolUdp] };
  const word = readText(body, 'protocol', where).toLowerCase();
  const publicPort = Number(readText(body, 'frontendPort', where));
  const privatePort = Number(readText(body, 'backendPort', where) || publicPort);
  if (word === 'all' && publicPort === 0) return [everyPort];
  const named = word === 'tcp' || word === 'udp' || word === 'all' ? protocols[word] : [];
  return named.map((protocol) => ({ protocol, publicPort, privatePort }));
}

/**
 * Prefixes that a VNet's gateways reach, as part of its tag VirtualNetwork: on-premises address space, VPN clients, and
 * VNets behind another gateway. Source: facts 4.4.
 */
import { parentId, resourceKey } from '../arm-template/resource-id.ts';
import type { Prefix } from '../net/prefix.ts';
import { readObject, readObjects, readProperties, readReference, readText } from './fields.ts';
import type { RawResource } from './raw-resource.ts';
import { readRelated, readSpace } from './read-related.ts';

interface GatewaySources {
  readonly gateways: readonly RawResource[];
  readonly localGateways: readonly RawResource[];
  readonly connections: readonly RawResource[];
  /** Prefixes that every VNet reaches, in addition to those of gateways. */
  readonly onPremises: readonly Prefix[];
  /** Address space of the VNets in the files, by resource key. */
  readonly addressSpaces: ReadonlyMap<string, readonly Prefix[]>;
  readonly warnings: string[];
}

/** By resource key of the VNet. */
export function readConnectedPrefixes(sources: GatewaySources): Map<string, Prefix[]> {
  const { warnings, addressSpaces } = sources;
  const connected = new Map([...addressSpaces.keys()].map((key) => [key, [...sources.onPremises]]));
  const connect = (virtualNetwork: string | undefined, prefixes: readonly Prefix[]): void => {
    if (virtualNetwork !== undefined)
      connected.set(virtualNetwork, [...(connected.get(virtualNetwork) ?? []), ...prefixes]);
  };
  /** Key of each gateway's VNet, by the gateway's key. */
  const placeOf = new Map<string, string>();
  readRelated(sources.gateways, warnings, (resource, fields) => {
    const [configuration] = readObjects(fields, 'ipConfigurations', resource.where);
    if (configuration === undefined) return;
    const subnet = readReference(readProperties(configuration, resource.where), 'subnet', resource.where);
    if (subnet === '') return;
    const place = resourceKey(parentId(subnet));
    placeOf.set(resourceKey(resource.id), place);
    const clients = readObject(fields, 'vpnClientConfiguration', resource.where);
    if (clients !== undefined) connect(place, readSpace(clients, 'vpnClientAddressPool', resource.where, warnings));
  });
  const reached = new Map(
    readRelated(sources.localGateways, warnings, (resource, fields) => [
      resourceKey(resource.id),
      ['localNetworkAddressSpace', 'localNetworkSiteAddressSpace'].flatMap((space) =>
        readSpace(fields, space, resource.where, warnings),
      ),
    ]),
  );
  readRelated(sources.connections, warnings, (resource, fields) => {
    const { where } = resource;
    if (readText(fields, 'connectionStatus', where).toLowerCase() === 'notconnected')
      warnings.push(`${where}: ${resource.name} is not connected now; its addresses count as if it were`);
    const end = (name: string): string => resourceKey(readReference(fields, name, where));
    const own = placeOf.get(end('virtualNetworkGateway1'));
    const local = end('localNetworkGateway2');
    const other = placeOf.get(end('virtualNetworkGateway2'));
    if (local !== '') {
      const prefixes = reached.get(local);
      if (prefixes === undefined)
        warnings.push(`${where}: its local network gateway is in no file, so VirtualNetwork lacks its addresses`);
      connect(own, prefixes ?? []);
    }
    if (own !== undefined && other !== undefined) {
      connect(own, addressSpaces.get(other) ?? []);
      connect(other, addressSpaces.get(own) ?? []);
    }
  });
  return connected;
}

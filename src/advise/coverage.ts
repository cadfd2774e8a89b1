/**
 * Which parts of a network are logged: each NSG, VNet, subnet and NIC, from resources as GET returns them, of this
 * control plane or of Azure.
 *
 * A NIC is logged by its own flow log, that of its subnet, or that of its VNet (the nearest one), or by those of its
 * NSGs. If there are two NSGs, both must be logged: an allowed flow is only in the log of the last one, and a denied
 * flow in that of the NSG that denies it. Source: facts 1.3, 3.3.
 */
import { resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { JsonObject } from '../arm-template/value.ts';
import { objectsOf, propertiesOf, referenceOf, textOf } from '../control/resources/resource.ts';

export interface NetworkResources {
  readonly nsgs: readonly JsonObject[];
  readonly virtualNetworks: readonly JsonObject[];
  readonly nics: readonly JsonObject[];
  readonly flowLogs: readonly JsonObject[];
}

export interface CoverageRow {
  readonly kind: 'NSG' | 'VNet' | 'subnet' | 'NIC';
  /** `vnet/default` for a subnet. */
  readonly name: string;
  /** `unused`: there is no NIC to log. */
  readonly status: 'logged' | 'not logged' | 'half' | 'twice' | 'unused';
  /** Names of the enabled flow logs that log it. */
  readonly flowLogs: readonly string[];
  /** A sentence; '' if there is nothing to report. */
  readonly note: string;
}

/** Whether a row needs action. */
export function isGap({ status }: CoverageRow): boolean {
  return status === 'not logged' || status === 'half' || status === 'twice';
}

/** A NIC with its subnet and VNet; ids as keys, '' for none. */
interface NicPlace {
  readonly id: string;
  readonly name: string;
  readonly subnet: string;
  readonly virtualNetwork: string;
  readonly nsgs: readonly string[];
}

export function coverageOf(resources: NetworkResources): CoverageRow[] {
  const logs = new Map<string, string>();
  for (const flowLog of resources.flowLogs) {
    const { enabled, targetResourceId } = propertiesOf(flowLog);
    if (enabled === true) logs.set(resourceKey(textOf(targetResourceId)), textOf(flowLog['name']));
  }
  const places = nicPlaces(resources);
  const nics = places.map((place) => nicRow(place, logs));
  const rowOf = new Map(places.map((place, index) => [place, nics[index]]));
  const summary = (kind: CoverageRow['kind'], id: string, name: string, members: readonly NicPlace[]): CoverageRow => {
    const own = logs.get(resourceKey(id));
    const flowLogs = own === undefined ? [] : [own];
    if (own !== undefined) return { kind, name, status: 'logged', flowLogs, note: '' };
    if (members.length === 0) return { kind, name, status: 'unused', flowLogs, note: 'no network interface' };
    const bare = members.filter(
      (place) => rowOf.get(place)?.status === 'not logged' || rowOf.get(place)?.status === 'half',
    );
    if (bare.length === 0) return { kind, name, status: 'logged', flowLogs, note: 'by the flow logs of its NICs' };
    return {
      kind,
      name,
      status: 'not logged',
      flowLogs,
      note: `${bare.length} of ${members.length} NICs are not, or half, logged`,
    };
  };
  return [
    ...resources.nsgs.map((nsg) => {
      const id = resourceKey(textOf(nsg['id']));
      return summary(
        'NSG',
        id,
        textOf(nsg['name']),
        places.filter((place) => place.nsgs.includes(id)),
      );
    }),
    ...resources.virtualNetworks.flatMap((network) => {
      const id = resourceKey(textOf(network['id']));
      const own = summary(
        'VNet',
        id,
        textOf(network['name']),
        places.filter((place) => place.virtualNetwork === id),
      );
      const subnets = objectsOf(propertiesOf(network)['subnets']).map((subnet) => {
        const subnetId = resourceKey(textOf(subnet['id']));
        const name = `${textOf(network['name'])}/${textOf(subnet['name'])}`;
        const inside = places.filter((place) => place.subnet === subnetId);
        const above = logs.get(id);
        return above === undefined || logs.has(subnetId)
          ? summary('subnet', subnetId, name, inside)
          : {
              kind: 'subnet' as const,
              name,
              status: 'logged' as const,
              flowLogs: [above],
              note: 'by the flow log of its VNet',
            };
      });
      return [own, ...subnets];
    }),
    ...nics,
  ];
}

function nicPlaces({ nics, virtualNetworks }: NetworkResources): NicPlace[] {
  const subnetNsgs = new Map<string, string>();
  for (const network of virtualNetworks)
    for (const subnet of objectsOf(propertiesOf(network)['subnets']))
      subnetNsgs.set(
        resourceKey(textOf(subnet['id'])),
        resourceKey(referenceOf(propertiesOf(subnet)['networkSecurityGroup'])),
      );
  return nics.map((nic) => {
    const properties = propertiesOf(nic);
    const [first] = objectsOf(properties['ipConfigurations']);
    const subnet = resourceKey(referenceOf(propertiesOf(first ?? {})['subnet']));
    const nsgs = [subnetNsgs.get(subnet) ?? '', resourceKey(referenceOf(properties['networkSecurityGroup']))];
    return {
      id: resourceKey(textOf(nic['id'])),
      name: textOf(nic['name']),
      subnet,
      virtualNetwork: subnet.replace(/\/subnets\/[^/]+$/, ''),
      nsgs: [...new Set(nsgs.filter((id) => id !== ''))],
    };
  });
}

function nicRow(place: NicPlace, logs: ReadonlyMap<string, string>): CoverageRow {
  const { name } = place;
  const network = [place.id, place.subnet, place.virtualNetwork].flatMap((id) => logs.get(id) ?? []).slice(0, 1);
  const logged = place.nsgs.filter((id) => logs.has(id));
  const byNsg = logged.map((id) => logs.get(id) ?? '');
  const flowLogs = [...network, ...byNsg];
  if (network.length > 0 && byNsg.length > 0)
    return {
      kind: 'NIC',
      name,
      status: 'twice',
      flowLogs,
      note: 'an NSG and a VNet flow log both log its flows, and both are charged',
    };
  if (network.length > 0) return { kind: 'NIC', name, status: 'logged', flowLogs, note: '' };
  if (place.nsgs.length === 0)
    return {
      kind: 'NIC',
      name,
      status: 'not logged',
      flowLogs,
      note: 'it has no NSG; only a VNet flow log can log it',
    };
  if (logged.length === 0) return { kind: 'NIC', name, status: 'not logged', flowLogs, note: '' };
  if (logged.length === place.nsgs.length) return { kind: 'NIC', name, status: 'logged', flowLogs, note: '' };
  const silent = place.nsgs
    .filter((id) => !logs.has(id))
    .map(resourceName)
    .join(', ');
  return { kind: 'NIC', name, status: 'half', flowLogs, note: `flows that ${silent} decides are not logged` };
}

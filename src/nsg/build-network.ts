/** Builds a network from resources: joins children to their parents, follows references, fills or reports gaps. */
import { parentId, resourceKey } from '../arm-template/resource-id.ts';
import { FlowError } from '../base/errors.ts';
import type { Prefix } from '../net/prefix.ts';
import { assignAddresses } from './assign-address.ts';
import { describeDoubles } from './doubles.ts';
import type { ApplicationSecurityGroup, Network, Nic, Nsg, Subnet } from './network.ts';
import { createNsgFinder } from './nsg-links.ts';
import type { RawResource, ResourceKind } from './raw-resource.ts';
import { readLocation } from './raw-resource.ts';
import { readAdminRules } from './read-admin-rules.ts';
import { readConnectedPrefixes } from './read-gateway.ts';
import { readNic } from './read-nic.ts';
import { readNsg } from './read-nsg.ts';
import { readRouteTables } from './read-route-table.ts';
import type { RuleReader } from './read-rule.ts';
import { noteUnknownTag } from './read-rule.ts';
import { readTranslations } from './read-translations.ts';
import { addSubnet, readVirtualNetworks } from './read-virtual-network.ts';

/**
 * @param location of resources without a location
 * @param onPremises prefixes that all VNets reach
 * @throws network-invalid with all faults
 */
export function buildNetwork(
  resources: readonly RawResource[],
  reader: RuleReader,
  location: string,
  onPremises: readonly Prefix[],
  warnings: string[],
): Network {
  const ofKind = distinctResources(resources, warnings);
  const problems = reader.problems;
  const nsgs = buildNsgs(ofKind('nsg'), ofKind('rule'), reader, location, warnings);
  const nsgAt = createNsgFinder(nsgs, ofKind('nsg'), warnings);
  const sources = {
    virtualNetworks: ofKind('virtual-network'),
    subnets: ofKind('subnet'),
    peerings: ofKind('peering'),
    nsgAt,
    routes: readRouteTables(ofKind('route-table'), ofKind('route'), warnings),
    connected: (addressSpaces: ReadonlyMap<string, readonly Prefix[]>) =>
      readConnectedPrefixes({
        gateways: ofKind('gateway'),
        localGateways: ofKind('local-gateway'),
        connections: ofKind('connection'),
        onPremises,
        addressSpaces,
        warnings,
      }),
    adminRules: (addressSpaces: ReadonlyMap<string, readonly Prefix[]>) =>
      readAdminRules({
        configurations: ofKind('admin-configuration'),
        collections: ofKind('admin-collection'),
        rules: ofKind('admin-rule'),
        members: ofKind('group-member'),
        addressSpaces,
        serviceTags: reader.serviceTags,
        unresolvedTag: (tag: string, rule: string) => noteUnknownTag(reader, tag, rule),
        warnings,
      }),
    location,
    problems,
    warnings,
  };
  const places = readVirtualNetworks(sources);
  const drafts = ofKind('nic').map((resource) => readNic(resource, problems));
  const subnetOf = ({ subnetId }: { subnetId: string }): Subnet | undefined =>
    subnetId === '' ? undefined : (places.subnets.get(resourceKey(subnetId)) ?? addSubnet(sources, places, subnetId));
  assignAddresses(drafts, subnetOf, problems, warnings);
  const nics = drafts.map((draft): Nic => {
    if (draft.subnetId === '') warnings.push(`${draft.where}: it names no subnet, so no subnet's NSG judges there`);
    const addresses = draft.configurations.flatMap(({ address }) => address ?? []);
    if (addresses.length === 0) warnings.push(`${draft.where}: it has no address, so no packet is found to cross it`);
    const { id, name, mac, applicationSecurityGroups } = draft;
    const nsg = nsgAt(id, draft.nsgId, draft.where);
    const isPublished = draft.configurations.some(
      ({ publicAddressId, backendIds }) => publicAddressId !== '' || backendIds.length > 0,
    );
    return { id, name, mac, addresses, subnet: subnetOf(draft), nsg, applicationSecurityGroups, isPublished };
  });
  if (problems.length > 0) throw faultsError(problems);
  warnings.push(...describeDoubles(nics));
  return {
    nics,
    subnets: [...places.subnets.values()],
    virtualNetworks: [...places.virtualNetworks.values()],
    nsgs: [...nsgs.values()],
    applicationSecurityGroups: ofKind('application-security-group').map((resource): ApplicationSecurityGroup => ({
      id: resource.id,
      name: resource.name,
      location: readLocation(resource, location, warnings),
    })),
    translations: readTranslations(drafts, ofKind('public-address'), ofKind('load-balancer'), warnings),
    serviceTags: reader.serviceTags,
    unknownTags: [...reader.unknownTags].map(([tag, rules]) => ({ tag, rules })),
    warnings,
  };
}

/** The resources by kind, in file order. If a resource occurs twice, the last one counts. */
function distinctResources(
  resources: readonly RawResource[],
  warnings: string[],
): (kind: ResourceKind) => RawResource[] {
  const distinct = new Map<string, RawResource>();
  for (const resource of resources) {
    const key = `${resource.kind} ${resourceKey(resource.id)}`;
    const other = distinct.get(key);
    if (other !== undefined)
      warnings.push(`${resource.where}: ${resource.name} is in ${other.where}, too; this one is used`);
    distinct.set(key, resource);
  }
  const all = [...distinct.values()];
  return (kind) => all.filter((resource) => resource.kind === kind);
}

function buildNsgs(
  resources: readonly RawResource[],
  ruleResources: readonly RawResource[],
  reader: RuleReader,
  location: string,
  warnings: string[],
): Map<string, Nsg> {
  const rulesOf = new Map<string, RawResource[]>();
  for (const rule of ruleResources) {
    const key = resourceKey(parentId(rule.id));
    const siblings = rulesOf.get(key);
    if (siblings === undefined) rulesOf.set(key, [rule]);
    else siblings.push(rule);
  }
  const nsgs = new Map<string, Nsg>();
  for (const resource of resources) {
    const key = resourceKey(resource.id);
    nsgs.set(key, readNsg(reader, resource.id, resource, rulesOf.get(key) ?? [], location, warnings));
  }
  for (const [key, rules] of rulesOf) {
    if (nsgs.has(key)) continue;
    const id = parentId(rules[0].id);
    const nsg = readNsg(reader, id, undefined, rules, location, warnings);
    warnings.push(
      `${rules[0].where}: the NSG ${nsg.name} is not in the files; these rules are assumed to be all its user rules`,
    );
    nsgs.set(key, nsg);
  }
  return nsgs;
}

const faultsShown = 5;

function faultsError(problems: readonly string[]): FlowError {
  const shown = problems.slice(0, faultsShown).join('; ');
  const more = problems.length - faultsShown;
  return new FlowError('network-invalid', more > 0 ? `${shown}; and ${more} more` : shown);
}

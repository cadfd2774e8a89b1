/** The table of resource types. A new type needs a file in types/ and a line here. */
import type { ChildType, ResourceType } from './resource-type.ts';
import { applicationSecurityGroup } from '../types/application-security-group.ts';
import { deployment } from '../types/deployment.ts';
import { flowLog } from '../types/flow-log.ts';
import { inertType } from '../types/inert.ts';
import { loadBalancer } from '../types/load-balancer.ts';
import { networkInterface } from '../types/network-interface.ts';
import { networkSecurityGroup } from '../types/network-security-group.ts';
import { networkWatcher } from '../types/network-watcher.ts';
import { publicIpAddress } from '../types/public-ip-address.ts';
import { resourceGroup } from '../types/resource-group.ts';
import { routeTable } from '../types/route-table.ts';
import { storageAccount } from '../types/storage-account.ts';
import { blobContainer, blobService, fileService, managementPolicy } from '../types/storage-services.ts';
import { virtualMachine } from '../types/virtual-machine.ts';
import { virtualNetwork } from '../types/virtual-network.ts';
import { workspace } from '../types/workspace.ts';

export const resourceTypes: readonly ResourceType[] = [
  resourceGroup,
  networkSecurityGroup,
  virtualNetwork,
  networkInterface,
  applicationSecurityGroup,
  publicIpAddress,
  virtualMachine,
  loadBalancer,
  routeTable,
  networkWatcher,
  flowLog,
  storageAccount,
  blobService,
  blobContainer,
  fileService,
  managementPolicy,
  workspace,
  deployment,
];

/** The types of a network for the rule evaluator. */
export const networkTypes: readonly ResourceType[] = [
  networkSecurityGroup,
  virtualNetwork,
  networkInterface,
  applicationSecurityGroup,
  publicIpAddress,
  loadBalancer,
  routeTable,
];

const byName = new Map(resourceTypes.map((definition) => [definition.type.toLowerCase(), definition]));
const children = new Map(
  resourceTypes.flatMap((definition) =>
    (definition.children ?? []).map((child) => [child.type.toLowerCase(), { definition, child }] as const),
  ),
);

/** All types of the API in canonical casing, including child types. */
export const apiTypes: readonly string[] = resourceTypes.flatMap(({ type, children = [] }) => [
  type,
  ...children.map((child) => child.type),
]);

/** In any casing. */
export function resourceTypeNamed(type: string): ResourceType | undefined {
  return byName.get(type.toLowerCase());
}

/** The same, or an inert definition for an unknown type. */
export function keptTypeNamed(type: string): ResourceType | undefined {
  return resourceTypeNamed(type) ?? inertType(type);
}

export function childTypeNamed(type: string): ChildType | undefined {
  return children.get(type.toLowerCase())?.child;
}

export function parentOfChild(type: string): ResourceType | undefined {
  return children.get(type.toLowerCase())?.definition;
}

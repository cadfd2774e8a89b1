/** A resource as found in a file: the common form of ARM templates, REST answers and az output. */
import type { ValueObject } from '../arm-template/value.ts';
import { Unresolved, getProperty } from '../arm-template/value.ts';
import { readText } from './fields.ts';

export interface RawResource {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly name: string;
  /** As in the API, or with flattened properties, as in az output. */
  readonly body: ValueObject;
  /** File and JSON path, for messages. */
  readonly where: string;
  /** Whether it comes from effective rules: Azure expands these rules to a form that a request cannot have. */
  readonly isEffective?: true;
}

export type ResourceKind =
  | 'nsg'
  | 'rule'
  | 'virtual-network'
  | 'subnet'
  | 'peering'
  | 'nic'
  | 'application-security-group'
  | RelatedKind;

/** Resources that extend what rules mean; except admin rules, they do not decide anything. See read-related.ts. */
export type RelatedKind =
  | 'gateway'
  | 'local-gateway'
  | 'connection'
  | 'route-table'
  | 'route'
  | 'public-address'
  | 'load-balancer'
  | 'admin-configuration'
  | 'admin-collection'
  | 'admin-rule'
  | 'group-member';

const managers = 'microsoft.network/networkmanagers';
const relatedKinds: Readonly<Record<string, RelatedKind>> = {
  'microsoft.network/virtualnetworkgateways': 'gateway',
  'microsoft.network/localnetworkgateways': 'local-gateway',
  'microsoft.network/connections': 'connection',
  'microsoft.network/routetables': 'route-table',
  'microsoft.network/routetables/routes': 'route',
  'microsoft.network/publicipaddresses': 'public-address',
  'microsoft.network/loadbalancers': 'load-balancer',
  [`${managers}/securityadminconfigurations`]: 'admin-configuration',
  [`${managers}/securityadminconfigurations/rulecollections`]: 'admin-collection',
  [`${managers}/securityadminconfigurations/rulecollections/rules`]: 'admin-rule',
  [`${managers}/networkgroups/staticmembers`]: 'group-member',
};

const kinds: Readonly<Record<string, ResourceKind>> = {
  'microsoft.network/networksecuritygroups': 'nsg',
  'microsoft.network/networksecuritygroups/securityrules': 'rule',
  'microsoft.network/virtualnetworks': 'virtual-network',
  'microsoft.network/virtualnetworks/subnets': 'subnet',
  'microsoft.network/virtualnetworks/virtualnetworkpeerings': 'peering',
  'microsoft.network/networkinterfaces': 'nic',
  'microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces': 'nic',
  'microsoft.network/applicationsecuritygroups': 'application-security-group',
  ...relatedKinds,
};

/** `undefined` for resource types that do not affect traffic. */
export function kindOfType(type: string): ResourceKind | undefined {
  const lower = type.toLowerCase();
  return Object.hasOwn(kinds, lower) ? kinds[lower] : undefined;
}

export function isRelatedType(type: string): boolean {
  return Object.hasOwn(relatedKinds, type.toLowerCase());
}

/** The region of a resource, or `preset`. It affects nothing, so a region that cannot be resolved is only a warning. */
export function readLocation(resource: RawResource, preset: string, warnings: string[]): string {
  const location = getProperty(resource.body, 'location');
  if (location instanceof Unresolved) {
    warnings.push(`${location.where} is taken to be ${preset}: ${location.expression}: ${location.reason}`);
    return preset;
  }
  return readText(resource.body, 'location', resource.where) || preset;
}

/**
 * The resource type in an id: `…/providers/Microsoft.Network/virtualNetworks/v/subnets/s` is
 * Microsoft.Network/virtualNetworks/subnets.
 */
export function typeOfId(id: string): string {
  const at = id.toLowerCase().lastIndexOf('/providers/');
  if (at < 0) return '';
  const parts = id.slice(at + '/providers/'.length).split('/');
  return [parts[0], ...parts.slice(1).filter((_, index) => index % 2 === 0)].join('/');
}

/**
 * A resource as it was found in a file: what ARM templates, REST answers and az output have in common.
 */
import type { ValueObject } from '../arm-template/value.ts';
import { Unresolved, getProperty } from '../arm-template/value.ts';
import { readText } from './fields.ts';

export interface RawResource {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly name: string;
  /** As the API gives it, or with its properties lifted up, as az does. */
  readonly body: ValueObject;
  /** File and JSON path, for messages. */
  readonly where: string;
  /** Made of effective rules: the rules are as Azure takes them apart, in a form that a request could not have. */
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
  | AsideKind;

/** What widens the meaning of rules, and decides nothing itself but for admin rules: see read-related.ts. */
export type AsideKind =
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
const asideKinds: Readonly<Record<string, AsideKind>> = {
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
  ...asideKinds,
};

/** `undefined` for resources that say nothing about who may talk to whom. */
export function kindOfType(type: string): ResourceKind | undefined {
  const lower = type.toLowerCase();
  return Object.hasOwn(kinds, lower) ? kinds[lower] : undefined;
}

export function isAsideType(type: string): boolean {
  return Object.hasOwn(asideKinds, type.toLowerCase());
}

/** The region of a resource, or `preset`. It decides nothing, so one that cannot be resolved is a warning. */
export function readLocation(resource: RawResource, preset: string, warnings: string[]): string {
  const location = getProperty(resource.body, 'location');
  if (location instanceof Unresolved) {
    warnings.push(`${location.where} is taken to be ${preset}: ${location.expression}: ${location.reason}`);
    return preset;
  }
  return readText(resource.body, 'location', resource.where) || preset;
}

/** The type in an id: `…/providers/Microsoft.Network/virtualNetworks/v/subnets/s` is Microsoft.Network/virtualNetworks/subnets. */
export function typeOfId(id: string): string {
  const at = id.toLowerCase().lastIndexOf('/providers/');
  if (at < 0) return '';
  const parts = id.slice(at + '/providers/'.length).split('/');
  return [parts[0], ...parts.slice(1).filter((_, index) => index % 2 === 0)].join('/');
}

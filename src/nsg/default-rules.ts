/** The six default rules of every NSG. They cannot be removed, only overridden by user rules. Source: facts 4.2. */
import type { Access, AddressMatch, Direction, Rule } from './rule.ts';
import { anyPort, ruleLogName } from './rule.ts';

const any: AddressMatch = { kind: 'any' };
const virtualNetwork: AddressMatch = { kind: 'tag', tag: 'VirtualNetwork' };
const loadBalancer: AddressMatch = { kind: 'tag', tag: 'AzureLoadBalancer' };
const internet: AddressMatch = { kind: 'tag', tag: 'Internet' };

export const defaultInboundRules: readonly Rule[] = [
  rule(
    'AllowVnetInBound',
    65000,
    'inbound',
    virtualNetwork,
    virtualNetwork,
    'allow',
    'inbound traffic from all VMs in VNET',
  ),
  rule(
    'AllowAzureLoadBalancerInBound',
    65001,
    'inbound',
    loadBalancer,
    any,
    'allow',
    'inbound traffic from azure load balancer',
  ),
  rule('DenyAllInBound', 65500, 'inbound', any, any, 'deny', 'all inbound traffic'),
];

export const defaultOutboundRules: readonly Rule[] = [
  rule(
    'AllowVnetOutBound',
    65000,
    'outbound',
    virtualNetwork,
    virtualNetwork,
    'allow',
    'outbound traffic from all VMs to all VMs in VNET',
  ),
  rule('AllowInternetOutBound', 65001, 'outbound', any, internet, 'allow', 'outbound traffic from all VMs to Internet'),
  rule('DenyAllOutBound', 65500, 'outbound', any, any, 'deny', 'all outbound traffic'),
];

function rule(
  name: string,
  priority: number,
  direction: Direction,
  source: AddressMatch,
  destination: AddressMatch,
  access: Access,
  traffic: string,
): Rule {
  return {
    name,
    logName: ruleLogName('default', name),
    kind: 'default',
    description: `${access === 'allow' ? 'Allow' : 'Deny'} ${traffic}`,
    priority,
    direction,
    access,
    protocol: '*',
    source: { addresses: [source], ports: anyPort },
    destination: { addresses: [destination], ports: anyPort },
  };
}

/** The rules of an NSG as table rows, in order of evaluation. */
import type { Nsg } from './network.ts';
import type { Rule } from './rule.ts';
import { formatAddressMatch, formatPortRange } from './rule.ts';

export interface RuleRow {
  readonly direction: string;
  readonly priority: number;
  readonly name: string;
  readonly access: string;
  /** `tcp`, `udp`, …, or `*`. */
  readonly protocol: string;
  /** `*`, prefixes, tags and names of application security groups, separated by `, `. */
  readonly source: string;
  readonly sourcePorts: string;
  readonly destination: string;
  readonly destinationPorts: string;
  readonly kind: string;
}

/** Inbound rules, then outbound rules, by priority, with the default rules last. */
export function effectiveRules(nsg: Nsg): RuleRow[] {
  return [...nsg.inboundRules, ...nsg.outboundRules].map(ruleRow);
}

/** One rule as a row. */
export function ruleRow(rule: Rule): RuleRow {
  return {
    direction: rule.direction,
    priority: rule.priority,
    name: rule.name,
    access: rule.access,
    protocol: rule.protocol === '*' ? '*' : rule.protocol.toLowerCase(),
    source: rule.source.addresses.map(formatAddressMatch).join(', '),
    sourcePorts: rule.source.ports.map(formatPortRange).join(', '),
    destination: rule.destination.addresses.map(formatAddressMatch).join(', '),
    destinationPorts: rule.destination.ports.map(formatPortRange).join(', '),
    kind: rule.kind,
  };
}

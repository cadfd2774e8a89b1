/**
 * A security rule as in Azure: five conditions (protocol, and address and port of both sides), a priority, and an
 * access for flows that meet all conditions. Rules of a direction are tried in ascending order of priority; the first
 * match decides. Source: facts 4.1.
 */
import type { Prefix } from '../net/prefix.ts';
import { formatPrefix } from '../net/prefix.ts';
import { resourceName } from '../arm-template/resource-id.ts';

export type Access = 'allow' | 'deny';
export type Direction = 'inbound' | 'outbound';

/** `*`, or the protocols that a rule can name. */
export type RuleProtocol = '*' | 'Tcp' | 'Udp' | 'Icmp' | 'Esp' | 'Ah';

/** `start` included, `end` excluded: port 80 is 80 to 81, `*` is 0 to 65536. */
export interface PortRange {
  readonly start: number;
  readonly end: number;
}

/** One alternative of a rule's side. A tag has the canonical spelling (`VirtualNetwork`, not `virtual_network`). */
export type AddressMatch =
  | { readonly kind: 'any' }
  | { readonly kind: 'prefix'; readonly prefix: Prefix }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'application-security-group'; readonly id: string };

/** Source or destination: any of the addresses and any of the ports. */
export interface RuleSide {
  readonly addresses: readonly AddressMatch[];
  readonly ports: readonly PortRange[];
}

export interface Rule {
  readonly name: string;
  /** The name in flow logs: `UserRule_<name>` or `DefaultRule_<name>`; for an admin rule its plain name. */
  readonly logName: string;
  readonly kind: 'user' | 'default' | 'admin';
  /** '' if there is none. */
  readonly description: string;
  /** 100 to 4096 for user rules, 65000 and above for default rules, 1 to 4096 for admin rules. */
  readonly priority: number;
  readonly direction: Direction;
  readonly access: Access;
  readonly protocol: RuleProtocol;
  readonly source: RuleSide;
  readonly destination: RuleSide;
}

/** What an admin rule does: let the NSGs decide, allow regardless of them, or deny. Source: facts 4.3. */
export type AdminAction = 'allow' | 'always-allow' | 'deny';

/** A security admin rule of a Virtual Network Manager, evaluated before all NSGs. `access` follows from its action. */
export interface AdminRule extends Rule {
  readonly kind: 'admin';
  readonly action: AdminAction;
  /** Name of its configuration. */
  readonly configuration: string;
  /** `aclID` in VNet logs: the GUID of its configuration. */
  readonly aclId: string;
}

export const portCount = 65_536;
export const anyPort: readonly PortRange[] = [{ start: 0, end: portCount }];
export const anySide: RuleSide = { addresses: [{ kind: 'any' }], ports: anyPort };

/** IANA numbers of each protocol word; `*` means all. `Icmp` includes ICMPv6. */
export const protocolNumbers: Readonly<Record<Exclude<RuleProtocol, '*'>, readonly number[]>> = {
  Tcp: [6],
  Udp: [17],
  Icmp: [1, 58],
  Esp: [50],
  Ah: [51],
};

export function protocolMatches(protocol: RuleProtocol, number: number): boolean {
  return protocol === '*' || protocolNumbers[protocol].includes(number);
}

export function isAdminRule(rule: Rule): rule is AdminRule {
  return rule.kind === 'admin';
}

/** The name of an NSG's rule in flow logs. Source: facts 1.1. */
export function ruleLogName(kind: 'user' | 'default', name: string): string {
  return `${kind === 'user' ? 'UserRule' : 'DefaultRule'}_${name}`;
}

/** `*`, `10.0.0.0/8`, `VirtualNetwork`, or the name of an application security group. */
export function formatAddressMatch(match: AddressMatch): string {
  switch (match.kind) {
    case 'any':
      return '*';
    case 'prefix':
      return formatPrefix(match.prefix);
    case 'tag':
      return match.tag;
    default:
      return resourceName(match.id);
  }
}

/** `*`, `80` or `8000-8080`. */
export function formatPortRange(range: PortRange): string {
  if (range.start === 0 && range.end === portCount) return '*';
  return range.end === range.start + 1 ? String(range.start) : `${range.start}-${range.end - 1}`;
}

/** Parses `*`, `80` or `8000-8080`; `undefined` for other texts. */
export function parsePortRange(text: string): PortRange | undefined {
  if (text === '*') return { start: 0, end: portCount };
  const match = /^(\d{1,5})(?:\s*-\s*(\d{1,5}))?$/.exec(text);
  if (match === null) return undefined;
  const start = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return start <= last && last < portCount ? { start, end: last + 1 } : undefined;
}

/** Sorts rules in order of evaluation: by priority. */
export function sortRules<R extends Rule>(rules: readonly R[]): R[] {
  return [...rules].sort((a, b) => a.priority - b.priority);
}

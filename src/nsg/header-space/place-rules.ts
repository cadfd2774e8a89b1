/**
 * The rules that a NIC meets in one direction, as sets of headers: addresses of tags, groups and peerings are those of the NIC's place.
 */
import type { Family } from '../../net/address.ts';
import type { AddressRange } from '../address-ranges.ts';
import { mergeRanges } from '../address-ranges.ts';
import { adminRulesAt, nsgLevels } from '../evaluate.ts';
import type { Network, Nic, Nsg } from '../network.ts';
import type { RulePlace } from '../rule-ranges.ts';
import { addressRangesOf, portRangesOf } from '../rule-ranges.ts';
import type { AdminRule, Direction, Rule } from '../rule.ts';
import { isAdminRule } from '../rule.ts';
import type { Box } from './header.ts';

/** One list of rules, the first match of which decides; admin rules stand in front of the NSGs. */
export interface RuleLevel {
  readonly level: 'admin' | 'subnet' | 'nic';
  /** `undefined` for admin rules. */
  readonly nsg: Nsg | undefined;
  readonly rules: readonly PlacedRule[];
}

/** A rule and the headers that it matches at a place, in one family, apart from its protocol. */
export interface PlacedRule {
  readonly rule: Rule;
  readonly box: Box;
}

/** What happens to headers at one place in one direction. */
export interface RulesAtPlace {
  readonly direction: Direction;
  readonly levels: readonly RuleLevel[];
}

/** Boxes of rules at one NIC, each made once. */
export class PlacedRules {
  readonly #place: RulePlace;
  readonly #family: Family;
  readonly #ports = new Map<string, AddressRange[]>();

  constructor(network: Network, nic: Nic, family: Family, tagRanges: RulePlace['tagRanges']) {
    this.#place = { network, nic, tagRanges };
    this.#family = family;
  }

  /** All levels that apply to the NIC, in order of evaluation. */
  chain(direction: Direction): RulesAtPlace {
    const { nic } = this.#place;
    const admin = adminRulesAt(nic, direction);
    const nsgs = nsgLevels(nic, direction).map(({ level, nsg }) => this.level(level, nsg, direction));
    const levels =
      admin.length === 0 ? nsgs : [{ level: 'admin' as const, nsg: undefined, rules: this.#placed(admin) }, ...nsgs];
    return { direction, levels };
  }

  level(level: 'subnet' | 'nic', nsg: Nsg, direction: Direction): RuleLevel {
    return { level, nsg, rules: this.#placed(direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules) };
  }

  #placed(rules: readonly Rule[]): PlacedRule[] {
    return rules.map((rule) => ({
      rule,
      box: {
        dport: this.#portsOf(rule.destination),
        dst: addressRangesOf(this.#place, rule.destination, this.#family),
        src: addressRangesOf(this.#place, rule.source, this.#family),
        sport: this.#portsOf(rule.source),
      },
    }));
  }

  #portsOf(side: Rule['source']): AddressRange[] {
    const key = side.ports.map(({ start, end }) => `${start} ${end}`).join();
    const ranges = this.#ports.get(key) ?? mergeRanges(portRangesOf(side));
    this.#ports.set(key, ranges);
    return ranges;
  }
}

/** What an admin rule does, of a rule of an NSG its access. */
export function actionOf(rule: Rule): AdminRule['action'] {
  return isAdminRule(rule) ? rule.action : rule.access;
}

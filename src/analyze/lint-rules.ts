/**
 * Which user rules of an NSG decide nothing, by its rules alone: over one NSG with its default rules, exactly. A rule is judged at every place where the NSG
 * stands; a finding holds at all of them.
 *
 *   empty       matches no header
 *   shadowed    earlier rules take all of its headers, one of them with the other access
 *   covered     earlier rules of the same access take all of its headers
 *   redundant   it decides some headers, and without it every header has the same access
 */
import type { FiveTuple } from '../net/five-tuple.ts';
import type { AddressRange } from '../nsg/address-ranges.ts';
import type { Node } from '../nsg/header-space/decision-diagram.ts';
import { everything, first, nothing, outside, within } from '../nsg/header-space/decision-diagram.ts';
import type { Box, HeaderProtocol } from '../nsg/header-space/header.ts';
import { HeaderSpace, headerProtocols } from '../nsg/header-space/header.ts';
import { placesOfNsg } from '../nsg/header-space/nsg-place.ts';
import type { PlacedRule } from '../nsg/header-space/place-rules.ts';
import { PlacedRules } from '../nsg/header-space/place-rules.ts';
import { platformRequests, ruleSet } from '../nsg/header-space/verdicts.ts';
import type { Volume } from '../nsg/header-space/volume.ts';
import { VolumeSum, headersOf } from '../nsg/header-space/volume.ts';
import { witnessOf } from '../nsg/header-space/witness.ts';
import type { Network, Nsg } from '../nsg/network.ts';
import type { Direction, Rule } from '../nsg/rule.ts';
import { namesPlatform } from '../nsg/service-tag.ts';

export type DeadRule = 'empty' | 'shadowed' | 'covered' | 'redundant';

export interface LintedRule {
  readonly nsg: Nsg;
  readonly rule: Rule;
  /** `undefined` if the rule is needed. */
  readonly finding: DeadRule | undefined;
  /** The other rules that decide some of its headers, in order. */
  readonly by: readonly Rule[];
  /** Those of `by` with the other access, where there is no finding. */
  readonly partlyShadowedBy: readonly Rule[];
  /** Of a redundant rule: the rules that decide in its place when it is gone, in order. */
  readonly instead: readonly Rule[];
  /** Headers that it decides, at the place where these are the most. */
  readonly effective: Volume;
  /** A header that proves the finding: it matches the rule. */
  readonly witness: FiveTuple | undefined;
}

/** The user rules of an NSG in order of evaluation. @throws rules-too-large */
export function lintRules(network: Network, nsg: Nsg, direction: Direction): LintedRule[] {
  const rules = direction === 'inbound' ? nsg.inboundRules : nsg.outboundRules;
  const facts = rules.map(() => new RuleFacts());
  const tagRanges = { 4: new Map<string, AddressRange[]>(), 6: new Map<string, AddressRange[]>() };
  for (const nic of placesOfNsg(network, nsg)) {
    const effective = rules.map(() => new VolumeSum());
    for (const family of [4, 6] as const) {
      const space = new HeaderSpace(family);
      const placed = new PlacedRules(network, nic, family, tagRanges[family]).level('nic', nsg, direction).rules;
      for (const protocol of headerProtocols)
        judge(new RuleList(space, protocol, placed, direction), facts, (i, headers) =>
          effective[i].add(family, protocol, headers),
        );
    }
    for (const [i, sum] of effective.entries()) facts[i].atPlace(sum);
  }
  return rules.flatMap((rule, i) => (rule.kind === 'user' ? facts[i].conclude(nsg, rule, rules) : []));
}

/** What is known of one rule so far. */
class RuleFacts {
  matches = false;
  decides = false;
  /** Whether some header would have the other access without it. */
  isNeeded = false;
  readonly by = new Set<number>();
  readonly instead = new Set<number>();
  readonly witnesses: { matched?: FiveTuple; decided?: FiveTuple } = {};
  #effective = new VolumeSum().volume;

  atPlace(sum: VolumeSum): void {
    const { volume } = sum;
    if (headersOf(volume) >= headersOf(this.#effective)) this.#effective = volume;
  }

  conclude(nsg: Nsg, rule: Rule, rules: readonly Rule[]): LintedRule {
    const inOrder = (places: Set<number>): Rule[] => [...places].sort((a, b) => a - b).map((i) => rules[i]);
    const by = inOrder(this.by);
    const others = by.filter(({ access }) => access !== rule.access);
    const finding = !this.matches
      ? 'empty'
      : !this.decides
        ? others.length > 0
          ? 'shadowed'
          : 'covered'
        : this.isNeeded
          ? undefined
          : 'redundant';
    return {
      nsg,
      rule,
      finding,
      by,
      partlyShadowedBy: finding === undefined ? others : [],
      instead: finding === 'redundant' ? inOrder(this.instead) : [],
      effective: this.#effective,
      witness:
        finding === 'redundant' ? this.witnesses.decided : finding === undefined ? undefined : this.witnesses.matched,
    };
  }
}

/** The sets of one list of rules, for one protocol. */
class RuleList {
  readonly space: HeaderSpace;
  readonly protocol: HeaderProtocol;
  readonly placed: readonly PlacedRule[];
  readonly sets: readonly Node[];
  readonly #meets = new Map<string, boolean>();

  constructor(space: HeaderSpace, protocol: HeaderProtocol, placed: readonly PlacedRule[], direction: Direction) {
    this.space = space;
    this.protocol = protocol;
    this.placed = placed;
    const exempt = direction === 'outbound' ? platformRequests(space, protocol) : nothing;
    this.sets = placed.map((one) => {
      const set = ruleSet(space, protocol, one, everything);
      return namesPlatform(one.rule) ? set : space.diagram.combine(outside, set, exempt);
    });
  }

  /** Whether two rules may share a header: by their axes, without a look at the sets. */
  meet(i: number, j: number): boolean {
    if (this.sets[i] === nothing || this.sets[j] === nothing) return false;
    const [a, b] = [this.placed[i].box, this.placed[j].box];
    return (['dport', 'sport', 'dst', 'src'] as const).every((axis) => this.#axisMeets(a[axis], b[axis]));
  }

  #axisMeets(a: Box['dst'], b: Box['dst']): boolean {
    const key = `${this.space.numberOf(a)} ${this.space.numberOf(b)}`;
    let meets = this.#meets.get(key);
    if (meets === undefined) {
      meets = rangesMeet(a, b);
      this.#meets.set(key, meets);
    }
    return meets;
  }
}

function judge(list: RuleList, facts: readonly RuleFacts[], count: (rule: number, headers: bigint) => void): void {
  const { space, protocol, sets, placed } = list;
  const { diagram } = space;
  const allowedBelow = allowedBehind(list);
  const effective: Node[] = [];
  let taken: Node = nothing;
  for (const [i, set] of sets.entries()) {
    const own = diagram.combine(outside, set, taken);
    effective.push(own);
    taken = diagram.combine(first, taken, set);
    const { rule } = placed[i];
    if (set === nothing || rule.kind !== 'user') continue;
    const fact = facts[i];
    fact.matches = true;
    for (let j = 0; j < i; j++)
      if (!fact.by.has(j) && list.meet(i, j) && diagram.combine(within, effective[j], set) !== nothing) fact.by.add(j);
    if (own === nothing) {
      fact.witnesses.matched ??= witnessOf(space, protocol, set);
      continue;
    }
    fact.decides = true;
    count(i, space.count(protocol, own));
    const below = allowedBelow[i + 1];
    const changed = diagram.combine(rule.access === 'allow' ? outside : within, own, below);
    if (changed !== nothing) fact.isNeeded = true;
    if (fact.isNeeded) continue;
    fact.witnesses.decided ??= witnessOf(space, protocol, own);
    for (const j of deciders(list, own, i + 1)) fact.instead.add(j);
  }
}

/** For each place in the list, the headers that the rules from there on allow. */
function allowedBehind({ space, sets, placed }: RuleList): Node[] {
  const allowed: Node[] = [everything];
  for (let i = sets.length - 1; i >= 0; i--) {
    const operation = placed[i].rule.access === 'allow' ? first : outside;
    allowed.push(space.diagram.combine(operation, allowed.at(-1)!, sets[i]));
  }
  return allowed.reverse();
}

/** The rules from a place on that decide some of these headers. */
function deciders({ space, sets }: RuleList, headers: Node, from: number): number[] {
  const found: number[] = [];
  let left = headers;
  for (let i = from; i < sets.length && left !== nothing; i++) {
    if (space.diagram.combine(within, left, sets[i]) === nothing) continue;
    found.push(i);
    left = space.diagram.combine(outside, left, sets[i]);
  }
  return found;
}

function rangesMeet(a: readonly AddressRange[], b: readonly AddressRange[]): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i].end <= b[j].start) i++;
    else if (b[j].end <= a[i].start) j++;
    else return true;
  }
  return false;
}

/**
 * What the rules at a place decide, as functions of headers whose values are outcomes: the same as `evaluate` says for each header. Source: facts 1.3, 4.3.
 */
import { intersectRanges, rangesOfPrefixes } from '../address-ranges.ts';
import type { Decision } from '../evaluate.ts';
import { namesPlatform, platformTargets } from '../service-tag.ts';
import type { Node, Operation } from './decision-diagram.ts';
import { first, isLeaf, leaf, leafValue, nothing, within } from './decision-diagram.ts';
import type { Box, HeaderProtocol, HeaderSpace } from './header.ts';
import { protocolNumber, ruleMeets, wholeBox } from './header.ts';
import type { PlacedRule, RuleLevel, RulesAtPlace } from './place-rules.ts';
import { actionOf } from './place-rules.ts';

/** The outcome where no rule matches: the flow is allowed. */
const noRule = 1;

/** Numbers of outcomes: 0 is none, for headers that are not looked at. */
export class Outcomes {
  readonly #outcomes: Decision[] = [
    { access: 'allow', nsg: undefined, rule: undefined },
    { access: 'allow', nsg: undefined, rule: undefined },
  ];
  readonly #numbers = new Map<string, number>();

  of(number: number): Decision {
    return this.#outcomes[number];
  }

  /** Rules with one name in one NSG have one outcome for each access. */
  number({ nsg }: RuleLevel, { rule }: PlacedRule): number {
    const key = [nsg?.name.toLowerCase() ?? '', rule.kind, rule.logName.toLowerCase(), actionOf(rule)].join('\n');
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#outcomes.push({ access: rule.access, nsg, rule }) - 1;
      this.#numbers.set(key, number);
    }
    return number;
  }

  /** A level, and where it lets go on, the next one. */
  readonly follow: Operation = {
    shortcut: (a, b) => {
      if (a === leaf(noRule)) return b;
      if (b === leaf(noRule)) return a;
      if (!isLeaf(a)) return undefined;
      const { rule } = this.#outcomes[leafValue(a)];
      if (rule !== undefined && actionOf(rule) !== 'allow') return a;
      return isLeaf(b) ? b : undefined;
    },
  };
}

/** The outcome of each header of a protocol within some bounds; of other headers it is any. @throws rules-too-large */
export function decide(
  space: HeaderSpace,
  protocol: HeaderProtocol,
  place: RulesAtPlace,
  outcomes: Outcomes,
  bounds?: Box,
): Node {
  let decided: Node = leaf(noRule);
  for (const level of place.levels.toReversed()) {
    const own = decideLevel(space, protocol, level, place.direction === 'outbound', outcomes, bounds);
    decided = space.diagram.combine(outcomes.follow, own, decided);
  }
  return decided;
}

function decideLevel(
  space: HeaderSpace,
  protocol: HeaderProtocol,
  level: RuleLevel,
  isOutbound: boolean,
  outcomes: Outcomes,
  bounds: Box | undefined,
): Node {
  const decideBy = (rules: readonly PlacedRule[]): Node => {
    let decided: Node = leaf(noRule);
    for (const placed of rules.toReversed()) {
      const matched = ruleSet(space, protocol, placed, leaf(outcomes.number(level, placed)), bounds);
      decided = space.diagram.combine(first, matched, decided);
    }
    return decided;
  };
  const decided = decideBy(level.rules);
  const platform = isOutbound ? platformRequests(space, protocol) : nothing;
  if (platform === nothing) return decided;
  const exempt = decideBy(level.rules.filter(({ rule }) => namesPlatform(rule)));
  return space.diagram.combine(first, space.diagram.combine(within, exempt, platform), decided);
}

/** The headers that a rule matches, with a value: within bounds only. */
export function ruleSet(
  space: HeaderSpace,
  protocol: HeaderProtocol,
  { rule, box }: PlacedRule,
  value: Node,
  bounds?: Box,
): Node {
  if (!ruleMeets(rule, protocol, space.family)) return nothing;
  return space.box(protocol, bounds === undefined ? box : clip(box, bounds), value);
}

function clip(box: Box, bounds: Box): Box {
  return {
    dport: intersectRanges(box.dport, bounds.dport),
    dst: intersectRanges(box.dst, bounds.dst),
    src: intersectRanges(box.src, bounds.src),
    sport: intersectRanges(box.sport, bounds.sport),
  };
}

/** Headers of requests to the platform's own addresses. */
export function platformRequests(space: HeaderSpace, protocol: HeaderProtocol): Node {
  let requests: Node = nothing;
  if (space.family === 6) return requests;
  for (const target of platformTargets()) {
    if (target.protocol !== undefined && target.protocol !== protocolNumber(protocol, space.family)) continue;
    const dst = rangesOfPrefixes(target.prefixes, space.family);
    const dport =
      target.port === undefined ? {} : { dport: [{ start: BigInt(target.port), end: BigInt(target.port + 1) }] };
    const set = space.box(protocol, { ...wholeBox(space.family), dst, ...dport });
    requests = space.diagram.combine(first, set, requests);
  }
  return requests;
}

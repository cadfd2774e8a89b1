/**
 * What differs between the rules at one place before and after a change. Only headers that a changed rule matches are looked at: all others meet the same
 * rules in the same order. A rule has changed if its headers have, though its text has not: by a tag, a group, a peering.
 */
import { mergeRanges } from '../address-ranges.ts';
import type { Decision } from '../evaluate.ts';
import { namesPlatform } from '../service-tag.ts';
import type { Node, Operation } from './decision-diagram.ts';
import { everything, first, isLeaf, leaf, leafValue, nothing, within } from './decision-diagram.ts';
import type { Box, HeaderProtocol, HeaderSpace } from './header.ts';
import { wholeBox } from './header.ts';
import type { PlacedRule, RuleLevel, RulesAtPlace } from './place-rules.ts';
import { actionOf } from './place-rules.ts';
import { Outcomes, decide, ruleSet } from './verdicts.ts';

/** What happens to a header that is decided differently. */
export const changeKinds = ['newly_allowed', 'newly_denied', 'rule_changed'] as const;
export type ChangeKind = (typeof changeKinds)[number];

export interface Change {
  readonly kind: ChangeKind;
  readonly before: Decision;
  readonly after: Decision;
}

/** A function of headers whose values are numbers of changes; 0 where nothing changes. */
export interface Changes {
  readonly node: Node;
  readonly changeOf: (value: number) => Change;
}

/** @throws rules-too-large */
export function compareRules(
  space: HeaderSpace,
  protocol: HeaderProtocol,
  before: RulesAtPlace,
  after: RulesAtPlace,
): Changes {
  const changes: Change[] = [];
  const changeOf = (value: number): Change => changes[value - 1];
  const changed = changedRules(space, before, after);
  if (changed === 'none') return { node: nothing, changeOf };
  const whole = wholeBox(space.family);
  const boxes = changed === 'all' ? [whole] : changed.map(({ box }) => box);
  const bounds = changed === 'all' ? whole : boundsOf(boxes);
  let region: Node = changed === 'all' ? everything : nothing;
  if (changed !== 'all')
    for (const placed of changed)
      region = space.diagram.combine(first, ruleSet(space, protocol, placed, everything), region);
  if (region === nothing) return { node: nothing, changeOf };
  const outcomes = new Outcomes();
  const [old, next] = [before, after].map((place) =>
    space.diagram.combine(within, decide(space, protocol, place, outcomes, bounds), region),
  );
  const numbers = new Map<string, number>();
  const numberOf = (a: number, b: number): number => {
    const key = `${a} ${b}`;
    const known = numbers.get(key) ?? changes.push(changeBetween(outcomes.of(a), outcomes.of(b)));
    numbers.set(key, known);
    return known;
  };
  const pair: Operation = {
    shortcut: (a, b) =>
      a === b ? nothing : isLeaf(a) && isLeaf(b) ? leaf(numberOf(leafValue(a), leafValue(b))) : undefined,
  };
  return { node: space.diagram.combine(pair, old, next), changeOf };
}

function changeBetween(before: Decision, after: Decision): Change {
  const kind =
    before.access === after.access ? 'rule_changed' : after.access === 'allow' ? 'newly_allowed' : 'newly_denied';
  return { kind, before, after };
}

/** The rules of either side that are not, in the same order, those of the other; all where a level came or went. */
function changedRules(space: HeaderSpace, before: RulesAtPlace, after: RulesAtPlace): PlacedRule[] | 'all' | 'none' {
  const levels = (place: RulesAtPlace): string => place.levels.map(({ level }) => level).join();
  if (levels(before) !== levels(after)) return 'all';
  const changed = before.levels.flatMap((level, i) => changedInLevel(space, level, after.levels[i]));
  return changed.length === 0 ? 'none' : changed;
}

function changedInLevel(space: HeaderSpace, before: RuleLevel, after: RuleLevel): PlacedRule[] {
  const keys = ({ nsg, rules }: RuleLevel): string[] => rules.map((placed) => keyOf(space, nsg?.name ?? '', placed));
  const [old, next] = [keys(before), keys(after)];
  let start = 0;
  while (start < old.length && start < next.length && old[start] === next[start]) start++;
  let end = 0;
  while (end < Math.min(old.length, next.length) - start && old.at(-1 - end) === next.at(-1 - end)) end++;
  const kept = commonInOrder(old.slice(start, old.length - end), next.slice(start, next.length - end));
  return [
    ...before.rules.slice(start, old.length - end).filter((_, i) => !kept.left.has(i)),
    ...after.rules.slice(start, next.length - end).filter((_, i) => !kept.right.has(i)),
  ];
}

function keyOf(space: HeaderSpace, nsg: string, { rule, box }: PlacedRule): string {
  const ranges = [box.dport, box.dst, box.src, box.sport].map((axis) => space.numberOf(axis));
  return (
    [nsg, rule.kind, rule.logName].join('\n').toLowerCase() +
    [actionOf(rule), rule.protocol, namesPlatform(rule), ...ranges].join(' ')
  );
}

/** Places of a longest common subsequence in both lists. */
function commonInOrder(left: readonly string[], right: readonly string[]): { left: Set<number>; right: Set<number> } {
  const width = right.length + 1;
  const lengths = new Uint16Array((left.length + 1) * width);
  for (let i = left.length - 1; i >= 0; i--)
    for (let j = right.length - 1; j >= 0; j--)
      lengths[i * width + j] =
        left[i] === right[j]
          ? lengths[(i + 1) * width + j + 1] + 1
          : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
  const common = { left: new Set<number>(), right: new Set<number>() };
  for (let i = 0, j = 0; i < left.length && j < right.length;) {
    if (left[i] === right[j]) {
      common.left.add(i++);
      common.right.add(j++);
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
    else j++;
  }
  return common;
}

/** On each axis, all ranges of some boxes. */
function boundsOf(boxes: readonly Box[]): Box {
  const all = (axis: keyof Box): Box[keyof Box] => mergeRanges(boxes.flatMap((box) => box[axis]));
  return { dport: all('dport'), dst: all('dst'), src: all('src'), sport: all('sport') };
}

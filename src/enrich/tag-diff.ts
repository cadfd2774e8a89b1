/** What changed between two lists of service tags. */
import type { TagList } from './service-tags.ts';

export interface TagChange {
  readonly tag: string;
  readonly change: 'added' | 'removed';
  /** '' where the tag as a whole is new or gone and has no prefix. */
  readonly prefix: string;
}

/** By tag and prefix, in the order of the lists. */
export function tagChanges(before: TagList, now: TagList): TagChange[] {
  const prefixesOf = ({ tags }: TagList): Map<string, Set<string>> =>
    new Map(tags.map(({ name, prefixes }) => [name, new Set(prefixes)]));
  const [old, fresh] = [prefixesOf(before), prefixesOf(now)];
  return [...new Set([...fresh.keys(), ...old.keys()])].flatMap((tag) => {
    const [was, is] = [old.get(tag) ?? new Set<string>(), fresh.get(tag) ?? new Set<string>()];
    const of = (some: Set<string>, other: Set<string>, change: TagChange['change']): TagChange[] =>
      [...some].flatMap((prefix) => (other.has(prefix) ? [] : [{ tag, change, prefix }]));
    return [...of(is, was, 'added'), ...of(was, is, 'removed')];
  });
}

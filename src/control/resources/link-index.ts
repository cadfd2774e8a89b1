/**
 * References to a resource: links by target, so that an NSG's subnets and NICs are found without reading all resources.
 */
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Link } from './resource.ts';

export interface LinkIndex {
  /** Replaces the links of one holder; [] removes them. */
  set(holder: string, links: readonly Link[]): void;
  linksTo(id: string): readonly Link[];
}

export function createLinkIndex(): LinkIndex {
  const byHolder = new Map<string, readonly Link[]>();
  const byTarget = new Map<string, Map<string, Link[]>>();
  return {
    set(holder, links) {
      const key = resourceKey(holder);
      for (const { to } of byHolder.get(key) ?? []) {
        const target = byTarget.get(resourceKey(to));
        target?.delete(key);
        if (target?.size === 0) byTarget.delete(resourceKey(to));
      }
      if (links.length === 0) byHolder.delete(key);
      else byHolder.set(key, links);
      for (const link of links) {
        const target = byTarget.get(resourceKey(link.to)) ?? new Map<string, Link[]>();
        byTarget.set(resourceKey(link.to), target);
        const own = target.get(key);
        if (own === undefined) target.set(key, [link]);
        else own.push(link);
      }
    },
    linksTo(id) {
      const target = byTarget.get(resourceKey(id));
      return target === undefined ? [] : [...target.values()].flat();
    },
  };
}

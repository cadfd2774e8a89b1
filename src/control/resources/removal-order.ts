/**
 * The order in which resources are deleted together: each before the resources it refers to, and before its parent. So
 * if a deletion is interrupted by a full disk or a kill, no resource refers to a deleted one.
 */
import { resourceKey } from '../../arm-template/resource-id.ts';
import { keptTypeNamed } from './resource-types.ts';
import type { Resource } from './resource.ts';

/** The same resources, users first. Resources that refer to each other, such as peered VNets, are in any order. */
export function removalOrder(resources: readonly Resource[]): Resource[] {
  const known = new Map(resources.map((resource) => [resourceKey(resource.id), resource]));
  const seen = new Set<Resource>();
  /** Used resources come first here. */
  const ordered: Resource[] = [];
  for (const first of resources) {
    const path: { readonly resource: Resource; readonly used: Resource[] }[] = [];
    const enter = (resource: Resource): void => {
      if (seen.has(resource)) return;
      seen.add(resource);
      path.push({ resource, used: usedBy(resource, known) });
    };
    enter(first);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const next = last.used.pop();
      if (next !== undefined) enter(next);
      else ordered.push(path.pop()!.resource);
    }
  }
  return ordered.reverse();
}

function usedBy(resource: Resource, known: ReadonlyMap<string, Resource>): Resource[] {
  const links = keptTypeNamed(resource.type)?.links?.(resource) ?? [];
  const above = resource.id.slice(0, resource.id.lastIndexOf('/'));
  return [above, ...links.map(({ to }) => to)].flatMap((id) => holderOf(id, known) ?? []);
}

/** The resource with an id, or the parent of the child resource with this id. */
function holderOf(id: string, known: ReadonlyMap<string, Resource>): Resource | undefined {
  for (let key = resourceKey(id); key !== ''; key = key.slice(0, Math.max(0, key.lastIndexOf('/')))) {
    const found = known.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

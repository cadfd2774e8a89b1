/**
 * The order in which resources go together: each before what it refers to and before what it lies in. A removal that is cut short, by a full disk or a
 * killed process, then leaves no resource that refers to one that is gone.
 */
import { resourceKey } from '../../arm-template/resource-id.ts';
import { keptTypeNamed } from './resource-types.ts';
import type { Resource } from './resource.ts';

/** The same resources, users first; of those that refer to each other, as of peered VNets, any. */
export function removalOrder(resources: readonly Resource[]): Resource[] {
  const known = new Map(resources.map((resource) => [resourceKey(resource.id), resource]));
  const seen = new Set<Resource>();
  /** What is used comes first here. */
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

/** The resource of an id, or the one that it is a part of. */
function holderOf(id: string, known: ReadonlyMap<string, Resource>): Resource | undefined {
  for (let key = resourceKey(id); key !== ''; key = key.slice(0, Math.max(0, key.lastIndexOf('/')))) {
    const found = known.get(key);
    if (found !== undefined) return found;
  }
  return undefined;
}

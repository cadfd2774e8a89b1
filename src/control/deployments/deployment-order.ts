/**
 * The order in which the resources of a template are created: parents, targets of `dependsOn` and `reference`, and
 * other resources whose id is in a body come first. Otherwise the order of the template is kept.
 */
import type { ExpandedTemplate, TemplateResource } from '../../arm-template/expand.ts';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Value } from '../../arm-template/value.ts';
import { isArray, isObject } from '../../arm-template/value.ts';
import { ArmError } from '../arm-error.ts';
import { deploymentType } from '../types/deployment.ts';

/**
 * Indexes into `expanded.resources`.
 * @throws InvalidTemplate for circular or missing dependencies
 */
export function deploymentOrder(expanded: ExpandedTemplate): number[] {
  const { resources } = expanded;
  const needs = needsOf(resources);
  const order: number[] = [];
  const isDone = new Set<number>();
  const trail: number[] = [];
  const visit = (index: number): void => {
    if (isDone.has(index)) return;
    if (trail.includes(index)) {
      const circle = [...trail.slice(trail.indexOf(index)), index].map((at) => resources[at].name).join(' → ');
      throw new ArmError('InvalidTemplate', `Deployment template validation failed: circular dependency: ${circle}.`);
    }
    trail.push(index);
    for (const need of needs[index]) visit(need);
    trail.pop();
    isDone.add(index);
    order.push(index);
  };
  resources.forEach((_, index) => visit(index));
  return order;
}

function needsOf(resources: readonly TemplateResource[]): Set<number>[] {
  const places = placesByName(resources);
  const membersOf = resources.map(({ path }) =>
    resources.flatMap((other, at) => (other.path.startsWith(`${path}.properties.template.`) ? [at] : [])),
  );
  const needs = resources.map((resource, index) => ownNeeds(resource, index, resources, places));
  // Resources of a nested deployment have its dependencies. Copies of one loop have one path, and each other's members.
  resources.forEach(({ path }, index) => {
    const members = new Set(membersOf[index]);
    for (const need of needs[index]) {
      if (members.has(need) || resources[need].path === path) continue;
      for (const member of members) needs[member].add(need);
    }
  });
  membersOf.forEach((members, index) => members.forEach((member) => needs[index].add(member)));
  return needs;
}

function placesByName(resources: readonly TemplateResource[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  resources.forEach(({ id, name, type, loop, symbol }, index) => {
    const last = name.slice(name.lastIndexOf('/') + 1);
    for (const key of new Set([id, name, last, `${type}/${name}`, loop, symbol].map(resourceKey))) {
      if (key === '') continue;
      const known = places.get(key);
      if (known === undefined) places.set(key, [index]);
      else known.push(index);
    }
  });
  return places;
}

function ownNeeds(
  resource: TemplateResource,
  index: number,
  resources: readonly TemplateResource[],
  places: ReadonlyMap<string, readonly number[]>,
): Set<number> {
  const needs = new Set<number>();
  const add = (key: string): boolean => {
    const found = places.get(resourceKey(key)) ?? [];
    for (const at of found) if (at !== index) needs.add(at);
    return found.length > 0;
  };
  for (const name of resource.dependsOn())
    if (!add(name) && !name.startsWith('/subscriptions/'))
      throw new ArmError(
        'InvalidTemplate',
        `Deployment template validation failed: The resource '${name.slice(0, 200)}', on which '${resource.id}' depends, is not defined in the template.`,
      );
  const body = resource.body();
  for (const id of resource.references()) add(id);
  if (resource.type.toLowerCase() !== deploymentType.toLowerCase())
    forEachText(body, (text) => {
      if (text.startsWith('/subscriptions/')) add(text);
    });
  const id = resourceKey(resource.id);
  resources.forEach((other, at) => {
    if (at !== index && id.startsWith(`${resourceKey(other.id)}/`)) needs.add(at);
  });
  return needs;
}

function forEachText(value: Value, found: (text: string) => void): void {
  if (typeof value === 'string') found(value);
  else if (isArray(value)) for (const item of value) forEachText(item, found);
  else if (isObject(value)) for (const key of Object.keys(value)) forEachText(value[key], found);
}

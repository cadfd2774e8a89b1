/**
 * The order in which the resources of a template are made: parents, what `dependsOn` names, what `reference` asks for, and whatever else a
 * body names by its id come first. Otherwise the template's own order holds.
 */
import type { ExpandedTemplate, TemplateResource } from '../arm-template/expand.ts';
import { resourceKey } from '../arm-template/resource-id.ts';
import type { Value } from '../arm-template/value.ts';
import { isArray, isObject } from '../arm-template/value.ts';
import { ArmError } from './arm-error.ts';

/** What a template's own expansion found out about references: see `existing` of its options. */
export interface ReferenceWatch {
  /** Called for each id that `reference` asks for. */
  seen: (id: string) => void;
}

/** Places of the resources in `expanded.resources`. @throws InvalidTemplate where they need each other in a circle, or need what is not there */
export function deploymentOrder(expanded: ExpandedTemplate, watch: ReferenceWatch): number[] {
  const { resources } = expanded;
  const places = placesByName(resources);
  const needs = resources.map((resource, index) => needsOf(resource, index, resources, places, watch));
  const order: number[] = [];
  const marks = new Map<number, 'open' | 'done'>();
  const visit = (index: number, trail: readonly number[]): void => {
    if (marks.get(index) === 'done') return;
    if (marks.get(index) === 'open') {
      const circle = [...trail.slice(trail.indexOf(index)), index].map((at) => resources[at].name).join(' → ');
      throw new ArmError('InvalidTemplate', `Deployment template validation failed: circular dependency: ${circle}.`);
    }
    marks.set(index, 'open');
    for (const need of needs[index]) visit(need, [...trail, index]);
    marks.set(index, 'done');
    order.push(index);
  };
  resources.forEach((_, index) => visit(index, []));
  return order;
}

type Places = ReadonlyMap<string, readonly number[]>;

function placesByName(resources: readonly TemplateResource[]): Places {
  const places = new Map<string, number[]>();
  resources.forEach(({ id, name, type, loop, symbol }, index) => {
    const last = name.slice(name.lastIndexOf('/') + 1);
    for (const key of new Set([id, name, last, `${type}/${name}`, loop, symbol].map(resourceKey)))
      if (key !== '') places.set(key, [...(places.get(key) ?? []), index]);
  });
  return places;
}

function needsOf(
  resource: TemplateResource,
  index: number,
  resources: readonly TemplateResource[],
  places: Places,
  watch: ReferenceWatch,
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
  watch.seen = (id) => void add(id);
  const body = resource.body();
  watch.seen = () => undefined;
  for (const text of textsOf(body)) if (text.startsWith('/subscriptions/')) add(text);
  const id = resourceKey(resource.id);
  resources.forEach((other, at) => {
    if (at === index) return;
    if (id.startsWith(`${resourceKey(other.id)}/`)) needs.add(at);
    if (other.path.startsWith(`${resource.path}.properties.template.`)) needs.add(at);
  });
  return needs;
}

function textsOf(value: Value): string[] {
  if (typeof value === 'string') return [value];
  if (isArray(value)) return value.flatMap(textsOf);
  return isObject(value) ? Object.values(value).flatMap(textsOf) : [];
}

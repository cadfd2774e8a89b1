/** Resources as GET returns them. */
import type { JsonObject } from '../../arm-template/value.ts';
import type { ChildType, ResourceType, View } from './resource-type.ts';
import type { Resource } from './resource.ts';
import { objectsOf, propertiesOf, textOf } from './resource.ts';

/** @param pending whether the resource is reported as changing */
export function responseBody(definition: ResourceType, resource: Resource, view: View, pending = false): JsonObject {
  const body = definition.toResponse?.(resource, view) ?? resource.body;
  const { location, tags, ...rest } = body;
  const properties: Record<string, JsonObject[string]> = {
    provisioningState: pending ? 'Updating' : 'Succeeded',
    ...propertiesOf(body),
  };
  for (const child of definition.children ?? [])
    properties[child.list] = childElements(child, resource).map((element) =>
      childResponseBody(child, resource, element, view),
    );
  return {
    name: resource.name,
    id: resource.id,
    ...(definition.scope === 'subscription' ? {} : { etag: etagText(resource) }),
    type: resource.type,
    ...(location === undefined ? {} : { location }),
    ...(tags === undefined ? {} : { tags }),
    ...rest,
    properties,
  };
}

export function childResponseBody(child: ChildType, parent: Resource, element: JsonObject, view: View): JsonObject {
  const name = textOf(element['name']);
  const id = childId(child, parent, name);
  return {
    name,
    id,
    etag: etagText(parent),
    type: child.type,
    properties: { provisioningState: 'Succeeded', ...propertiesOf(element), ...child.toResponse?.(element, id, view) },
  };
}

export function childElements(child: ChildType, parent: Resource): readonly JsonObject[] {
  return child.elements?.(parent) ?? objectsOf(propertiesOf(parent.body)[child.list]);
}

export function childId(child: ChildType, parent: Resource, name: string): string {
  return `${parent.id}/${child.list}/${name}`;
}

/** `W/"0f3a…"` */
export function etagText(resource: Resource): string {
  return `W/"${resource.etag}"`;
}

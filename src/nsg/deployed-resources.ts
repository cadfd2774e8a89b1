/**
 * Deployed resources from files: `reference` in a template finds the resources of the other files, and their parts such
 * as subnets.
 */
import { expandTemplate } from '../arm-template/expand.ts';
import { parentId, resourceIdOf, resourceKey, resourceName } from '../arm-template/resource-id.ts';
import type { Scope } from '../arm-template/scope.ts';
import type { Json, Value, ValueObject } from '../arm-template/value.ts';
import { getProperty, isArray, isObject, newObject, scalarText } from '../arm-template/value.ts';
import { cidrFunctions } from './cidr-functions.ts';
import { isTemplate } from './import-arm.ts';
import { restResources } from './import-rest.ts';

export interface NetworkDocument {
  readonly path: string;
  readonly json: Json;
}

/**
 * Returns a function of a document and an id, which returns `undefined` if no other document has the resource. Files
 * are searched at the first call.
 */
export function deployedResources(
  documents: readonly NetworkDocument[],
  parameters: ReadonlyMap<string, Value>,
  scope: Scope,
): (from: NetworkDocument) => (id: string) => ValueObject | undefined {
  const known = new Map<NetworkDocument, ReadonlyMap<string, () => ValueObject>>();
  const bodiesOf = (document: NetworkDocument): ReadonlyMap<string, () => ValueObject> => {
    const before = known.get(document);
    if (before !== undefined) return before;
    const bodies = new Map<string, () => ValueObject>();
    known.set(document, bodies);
    const { json, path } = document;
    if (isTemplate(json)) {
      const { resources } = expandTemplate(json, { file: path, parameters, scope, functions: cidrFunctions });
      for (const resource of resources) bodies.set(resourceKey(resource.id), () => resource.body());
    } else for (const { id, body } of restResources(json, path, scope)) bodies.set(resourceKey(id), () => body);
    return bodies;
  };
  return (from) => (idOrName) => {
    const id = wholeId(idOrName, scope);
    for (const document of documents) {
      if (document === from) continue;
      const bodies = bodiesOf(document);
      const own = bodies.get(resourceKey(id));
      if (own !== undefined) return withProperties(own());
      const parent = bodies.get(resourceKey(parentId(id)));
      const part = parent === undefined ? undefined : partOf(withProperties(parent()), id);
      if (part !== undefined) return withProperties(part);
    }
    return undefined;
  };
}

function wholeId(idOrName: string, scope: Scope): string {
  const [namespace, ...words] = idOrName.split('/');
  if (namespace === '' || !namespace.includes('.') || words.length < 2) return idOrName;
  const types = words.filter((_, index) => index % 2 === 0);
  return resourceIdOf(
    scope,
    [namespace, ...types].join('/'),
    words.filter((_, index) => index % 2 === 1),
  );
}

/** An element of a list in a resource, such as a subnet of a VNet. */
function partOf(parent: ValueObject, id: string): ValueObject | undefined {
  const parts = id.split('/');
  const properties = getProperty(parent, 'properties');
  const list = isObject(properties) ? getProperty(properties, parts[parts.length - 2] ?? '') : undefined;
  if (!isArray(list)) return undefined;
  const name = resourceName(id).toLowerCase();
  return list.filter(isObject).find((item) => scalarText(getProperty(item, 'name')).toLowerCase() === name);
}

/** az flattens `properties`. */
function withProperties(body: ValueObject): ValueObject {
  if (isObject(getProperty(body, 'properties'))) return body;
  const made = newObject();
  for (const key of Object.keys(body)) made[key] = body[key];
  made['properties'] = body;
  return made;
}

/**
 * Resources in answers of the REST API and in the output of `az … show` and `az … list`: single resources, arrays,
 * `{"value": […]}` and other wrappers. An object is a resource if its `type`, or the type in its `id`, belongs to a
 * network and it has more fields than a reference.
 */
import type { Value, ValueObject } from '../arm-template/value.ts';
import { getProperty, isArray, isObject, scalarText } from '../arm-template/value.ts';
import { resourceIdOf, resourceName } from '../arm-template/resource-id.ts';
import type { Scope } from '../arm-template/scope.ts';
import { FlowError } from '../base/errors.ts';
import type { RawResource, ResourceKind } from './raw-resource.ts';
import { kindOfType, typeOfId } from './raw-resource.ts';

/** The resources in file order; other resources are skipped. A resource without an id is in `scope`. */
export function restResources(json: Value, file: string, scope: Scope): RawResource[] {
  const found: RawResource[] = [];
  collect(json, '', { file, scope, found });
  return found;
}

interface Search {
  readonly file: string;
  readonly scope: Scope;
  readonly found: RawResource[];
}

function collect(json: Value, path: string, search: Search): void {
  if (isArray(json)) {
    json.forEach((item, index) => collect(item, `${path}[${index}]`, search));
    return;
  }
  if (!isObject(json)) return;
  const kind = kindOf(json);
  if (kind === undefined) {
    for (const key of Object.keys(json)) collect(json[key], path === '' ? key : `${path}.${key}`, search);
    return;
  }
  const where = path === '' ? search.file : `${search.file}: ${path}`;
  const givenId = scalarText(getProperty(json, 'id'));
  const name = scalarText(getProperty(json, 'name')) || resourceName(givenId);
  const id = givenId || resourceIdOf(search.scope, scalarText(getProperty(json, 'type')), name.split('/'));
  if (id.endsWith('/undefined') || name === '')
    throw new FlowError('network-invalid', `${where}: a resource has neither an id nor a full name`);
  search.found.push({ kind, id, name: resourceName(name), body: json, where });
}

const referenceKeys = new Set(['id', 'resourcegroup', 'name', 'type']);

function kindOf(object: ValueObject): ResourceKind | undefined {
  if (Object.keys(object).every((key) => referenceKeys.has(key.toLowerCase()))) return undefined;
  return (
    kindOfType(scalarText(getProperty(object, 'type'))) ?? kindOfType(typeOfId(scalarText(getProperty(object, 'id'))))
  );
}

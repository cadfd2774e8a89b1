/**
 * az output has no `properties`: their fields are in the resource itself, also in nested resources. The API needs
 * `properties`.
 */
import type { Json, JsonObject } from '../arm-template/value.ts';
import { isObject } from '../arm-template/value.ts';

/** Fields of a resource besides its properties. */
const nameKeys = new Set(['id', 'name', 'type', 'etag', 'resourcegroup', 'kind', 'apiversion', 'dependson']);

/** Lists of nested resources. */
const innerLists = new Set([
  'securityrules',
  'defaultsecurityrules',
  'subnets',
  'virtualnetworkpeerings',
  'ipconfigurations',
  'delegations',
  'routes',
  'frontendipconfigurations',
  'backendaddresspools',
  'loadbalancerbackendaddresses',
  'loadbalancingrules',
  'probes',
  'inboundnatrules',
  'inboundnatpools',
  'outboundrules',
]);

/** The properties of a resource: `properties`, or the fields that az flattened, also in nested resources. */
export function propertiesOfBody(body: Readonly<Record<string, Json>>): Json {
  return body['properties'] ?? withInnerProperties(withoutNames(body));
}

function withInnerProperties(fields: JsonObject): JsonObject {
  const entries = Object.entries(fields as Record<string, Json>).filter(([, value]) => value !== null);
  return Object.fromEntries(entries.map(([key, value]) => [key, innerValue(key, value)]));
}

function innerValue(key: string, value: Json): Json {
  const isInner = innerLists.has(key.toLowerCase());
  if (Array.isArray(value)) return value.map((item: Json) => (isObject(item) ? innerObject(item, isInner) : item));
  return isObject(value) ? innerObject(value, false) : value;
}

/** In az output, a reference has all fields of the resource, as null. */
function innerObject(item: JsonObject, isInner: boolean): Json {
  const { id } = item;
  const fields = withoutNames(item);
  if (Object.values(fields).every((value) => value === null)) return id === undefined ? item : { id };
  if (!isInner || 'properties' in item) return item;
  const names = Object.entries(item).filter(([key, value]) => nameKeys.has(key.toLowerCase()) && value !== null);
  return { ...Object.fromEntries(names), properties: withInnerProperties(fields) };
}

function withoutNames(body: Readonly<Record<string, Json>>): JsonObject {
  return Object.fromEntries(Object.entries(body).filter(([key]) => !nameKeys.has(key.toLowerCase())));
}

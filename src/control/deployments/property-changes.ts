/**
 * Compares two bodies of a resource, in the format of what-if: nested objects have one path, array elements are children.
 *
 *   {path: 'properties.securityRules', propertyChangeType: 'Array', children: [
 *     {path: '0', propertyChangeType: 'Modify', children: [
 *       {path: 'properties.priority', propertyChangeType: 'Modify', before: 100, after: 110}]}]}
 */
import type { Json, JsonObject } from '../../arm-template/value.ts';

/** Properties that the server computes for each response; templates cannot set them. */
const ownKeys = new Set(['etag', 'provisioningstate', 'apiversion']);

/** [] if there are no differences. */
export function compareProperties(before: JsonObject, after: JsonObject): JsonObject[] {
  return compareObjects(before, after, '');
}

function compareObjects(before: JsonObject, after: JsonObject, path: string): JsonObject[] {
  const names = new Set(
    [...Object.keys(before), ...Object.keys(after)].filter((key) => !ownKeys.has(key.toLowerCase())),
  );
  return [...names].flatMap((name) =>
    compareValues(
      Object.hasOwn(before, name) ? before[name] : undefined,
      Object.hasOwn(after, name) ? after[name] : undefined,
      path === '' ? name : `${path}.${name}`,
    ),
  );
}

function compareValues(before: Json | undefined, after: Json | undefined, path: string): JsonObject[] {
  if (before === undefined && after === undefined) return [];
  if (before === undefined || after === undefined)
    return before === undefined
      ? [{ path, propertyChangeType: 'Create', after: after ?? null }]
      : [{ path, propertyChangeType: 'Delete', before }];
  if (isPlain(before) && isPlain(after)) return compareObjects(before, after, path);
  if (Array.isArray(before) && Array.isArray(after)) {
    const children = compareLists(before as readonly Json[], after as readonly Json[]);
    return children.length === 0 ? [] : [{ path, propertyChangeType: 'Array', children }];
  }
  return before === after || sameText(before, after) ? [] : [{ path, propertyChangeType: 'Modify', before, after }];
}

/** Elements with a name are matched by name, others by index. */
function compareLists(before: readonly Json[], after: readonly Json[]): JsonObject[] {
  const keyed = (list: readonly Json[]): Map<string, [index: number, item: Json]> =>
    new Map(list.map((item, index) => [keyOf(item) ?? `#${index}`, [index, item]]));
  const old = keyed(before);
  const fresh = keyed(after);
  return [...new Set([...old.keys(), ...fresh.keys()])].flatMap((key): JsonObject[] => {
    const [oldIndex, oldItem] = old.get(key) ?? [];
    const [index = oldIndex, item] = fresh.get(key) ?? [];
    const path = String(index);
    if (!isPlain(oldItem) || !isPlain(item)) return compareValues(oldItem, item, path);
    const children = compareObjects(oldItem, item, '');
    return children.length === 0 ? [] : [{ path, propertyChangeType: 'Modify', children }];
  });
}

function keyOf(item: Json): string | undefined {
  const name = isPlain(item) ? (item['name'] ?? item['id']) : undefined;
  return typeof name === 'string' ? name.toLowerCase() : undefined;
}

function isPlain(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function sameText(before: Json, after: Json): boolean {
  return (
    typeof before === 'string' &&
    typeof after === 'string' &&
    before.startsWith('/subscriptions/') &&
    before.toLowerCase() === after.toLowerCase()
  );
}

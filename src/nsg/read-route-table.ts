/**
 * Route tables: the destinations of user-defined routes belong to the tag VirtualNetwork of their subnets. Routes to
 * the Internet or to nothing do not extend the network and are skipped (inferred). Source: facts 4.4.
 */
import { parentId, resourceKey } from '../arm-template/resource-id.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { readObjects, readProperties, readText } from './fields.ts';
import type { RawResource } from './raw-resource.ts';
import { readRelated } from './read-related.ts';

const hopsWithin = new Set(['virtualappliance', 'virtualnetworkgateway', 'vnetlocal']);

/** By resource key of the table. */
export function readRouteTables(
  tables: readonly RawResource[],
  routes: readonly RawResource[],
  warnings: string[],
): Map<string, Prefix[]> {
  const prefixes = new Map<string, Prefix[]>();
  const add = (table: string, body: ValueObject, where: string): void => {
    const fields = readProperties(body, where);
    if (!hopsWithin.has(readText(fields, 'nextHopType', where).toLowerCase())) return;
    const prefix = parsePrefix(readText(fields, 'addressPrefix', where));
    if (prefix !== undefined) prefixes.set(table, [...(prefixes.get(table) ?? []), prefix]);
  };
  readRelated(tables, warnings, (table, fields) => {
    for (const route of readObjects(fields, 'routes', table.where)) add(resourceKey(table.id), route, table.where);
  });
  readRelated(routes, warnings, (route) => add(resourceKey(parentId(route.id)), route.body, route.where));
  return prefixes;
}

/**
 * Resource ids of Azure Resource Manager. Casing is kept as written; ids are compared ignoring case.
 *
 *   /subscriptions/{guid}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}/subnets/{name}
 */
import { withoutEnd } from '../base/text.ts';
import type { Scope } from './scope.ts';

/**
 * The id of a resource of `type` (`Microsoft.Network/virtualNetworks/subnets`) in the scope's resource group. `names`
 * has one name for each part of the type after the namespace.
 */
export function resourceIdOf(scope: Scope, type: string, names: readonly string[]): string {
  return `/subscriptions/${scope.subscriptionId}/resourceGroups/${scope.resourceGroup}${providerPath(type, names)}`;
}

/** `/providers/Microsoft.Network/virtualNetworks/v/subnets/s` */
export function providerPath(type: string, names: readonly string[]): string {
  const [namespace, ...types] = type.split('/').filter((part) => part !== '');
  let path = `/providers/${namespace}`;
  for (let i = 0; i < types.length; i++) path += `/${types[i]}/${names[i]}`;
  return path;
}

/** The form of an id for comparisons and keys: lower case, no trailing slash. */
export function resourceKey(id: string): string {
  return withoutEnd(id.toLowerCase(), '/');
}

/** The last part of an id: the resource's own name. */
export function resourceName(id: string): string {
  const bare = withoutEnd(id, '/');
  return bare.slice(bare.lastIndexOf('/') + 1);
}

/** The id of the parent resource (of a subnet: its VNet), two parts shorter; '' if there is none. */
export function parentId(id: string): string {
  const parts = withoutEnd(id, '/').split('/');
  return parts.slice(0, -2).join('/');
}

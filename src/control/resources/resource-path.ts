/**
 * Parses paths of resources.
 *
 *   subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.Network/virtualNetworks/{name}/subnets/{name}
 *                                                        type             name   type    name
 */

/**
 * A path below `providers/{namespace}`: pairs of type and name, with an optional last word (a collection or an action).
 */
export interface ProviderPath {
  /** `Microsoft.Network/virtualNetworks/subnets`, as written; without the last word. */
  readonly type: string;
  readonly names: readonly string[];
  /** '' if the path ends with a name. */
  readonly last: string;
}

/** `segments` begins with the namespace. */
export function parseProviderPath(segments: readonly string[]): ProviderPath {
  const [namespace, ...rest] = segments;
  const pairs = Math.floor(rest.length / 2);
  const types: string[] = [];
  const names: string[] = [];
  for (let i = 0; i < pairs; i++) {
    types.push(rest[2 * i]);
    names.push(rest[2 * i + 1]);
  }
  return { type: [namespace, ...types].join('/'), names, last: rest.length % 2 === 1 ? rest[rest.length - 1] : '' };
}

/** The resource group in an id; '' if there is none. */
export function groupOf(id: string): string {
  return /^\/subscriptions\/[^/]+\/resourcegroups\/([^/]+)/i.exec(id)?.[1] ?? '';
}

/** The subscription in an id; '' if there is none. */
export function subscriptionOf(id: string): string {
  return /^\/subscriptions\/([^/]+)/i.exec(id)?.[1] ?? '';
}

/** `/subscriptions/{id}/resourceGroups/{group}` */
export function groupId(subscription: string, group: string): string {
  return `/subscriptions/${subscription}/resourceGroups/${group}`;
}

/** The canonical form of a region, lower case without spaces: `West Europe` is `westeurope`. */
export function locationOf(text: string): string {
  return text.toLowerCase().replaceAll(' ', '');
}

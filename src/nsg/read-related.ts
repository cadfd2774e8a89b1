/**
 * Resources that stand beside a network and widen what its rules mean: gateways, route tables, public addresses, load balancers, network managers.
 * A file may hold them for other reasons, so what cannot be read of them is a warning, never a refusal.
 */
import { FlowError } from '../base/errors.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { readObject, readProperties, readTexts } from './fields.ts';
import type { RawResource } from './raw-resource.ts';

/** What `read` makes of each resource that can be read. */
export function readRelated<T>(
  resources: readonly RawResource[],
  warnings: string[],
  read: (resource: RawResource, fields: ValueObject) => T,
): T[] {
  return resources.flatMap((resource) => {
    try {
      return [read(resource, readProperties(resource.body, resource.where))];
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      warnings.push(`${resource.where}: ${resource.name} is left out: ${error.message}`);
      return [];
    }
  });
}

/** `{"<space>": {"addressPrefixes": […]}}` as prefixes; none where it is absent. */
export function readSpace(fields: ValueObject, space: string, where: string, warnings: string[]): Prefix[] {
  const object = readObject(fields, space, where);
  return object === undefined ? [] : parsePrefixes(readTexts(object, 'addressPrefixes', where), where, warnings);
}

/** Texts that are no prefix are left out with a warning: routes may name service tags. */
export function parsePrefixes(texts: readonly string[], where: string, warnings: string[]): Prefix[] {
  return texts.flatMap((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) warnings.push(`${where}: '${text}' is no address prefix and is left out`);
    return prefix ?? [];
  });
}

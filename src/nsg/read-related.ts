/**
 * Resources next to a network that extend the meaning of its rules: gateways, route tables, public addresses, load
 * balancers, network managers. A file can contain them for other reasons, so unreadable parts are warnings, not errors.
 */
import { FlowError } from '../base/errors.ts';
import type { ValueObject } from '../arm-template/value.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { readObject, readProperties, readTexts } from './fields.ts';
import type { RawResource } from './raw-resource.ts';

/** The results of `read` for all resources that can be read. */
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

/** The prefixes of `{"<space>": {"addressPrefixes": […]}}`; empty if it is absent. */
export function readSpace(fields: ValueObject, space: string, where: string, warnings: string[]): Prefix[] {
  const object = readObject(fields, space, where);
  return object === undefined ? [] : parsePrefixes(readTexts(object, 'addressPrefixes', where), where, warnings);
}

/** Parses prefixes. Other texts are skipped with a warning: routes can name service tags. */
export function parsePrefixes(texts: readonly string[], where: string, warnings: string[]): Prefix[] {
  return texts.flatMap((text) => {
    const prefix = parsePrefix(text);
    if (prefix === undefined) warnings.push(`${where}: '${text}' is not an address prefix and is ignored`);
    return prefix ?? [];
  });
}

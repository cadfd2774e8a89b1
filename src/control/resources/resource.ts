/**
 * A resource as the control plane keeps it, and links between resources.
 */
import type { JsonObject } from '../../arm-template/value.ts';

/** What stands in one file of the data folder. */
export interface Resource {
  /** In canonical casing: that of the type table, and of the request that made it for names. */
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** A GUID, new at every change. */
  readonly etag: string;
  /** `location`, `tags`, `sku`, `kind`, `identity`, `properties`: what was asked for and what the server decided once. */
  readonly body: JsonObject;
  /** Never shown: keys and what they were at certain times. */
  readonly hidden: JsonObject;
}

/** A reference of one resource to another. Ids in any casing. */
export interface Link {
  /** The resource, or the part of it that refers: a subnet, an IP configuration. */
  readonly from: string;
  /** The id of the resource that holds `from`. */
  readonly holder: string;
  readonly to: string;
  readonly what: LinkKind;
}

export type LinkKind =
  | 'networkSecurityGroup'
  | 'subnet'
  | 'publicIPAddress'
  | 'applicationSecurityGroup'
  | 'virtualNetwork'
  | 'virtualMachine'
  | 'flowLogTarget'
  | 'flowLogStorage';

/** `properties` of a body, {} where there are none. */
export function propertiesOf(body: JsonObject): JsonObject {
  const properties = body['properties'];
  return typeof properties === 'object' && properties !== null && !Array.isArray(properties)
    ? (properties as JsonObject)
    : {};
}

/** The objects of a list, [] where it is none. */
export function objectsOf(value: JsonObject[string] | undefined): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is JsonObject => typeof item === 'object' && item !== null && !Array.isArray(item));
}

/** A text, '' where it is none. */
export function textOf(value: JsonObject[string] | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** An object, {} where it is none. */
export function objectOf(value: JsonObject[string] | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The id in a reference `{"id": …}`, '' where there is none. */
export function referenceOf(value: JsonObject[string] | undefined): string {
  return textOf(objectOf(value)['id']);
}

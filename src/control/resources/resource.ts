/** A resource as the control plane stores it, and links between resources. */
import type { JsonObject } from '../../arm-template/value.ts';

/** The content of one file in the data folder. */
export interface Resource {
  /** In canonical casing: types from the type table, names from the request that created it. */
  readonly id: string;
  readonly type: string;
  readonly name: string;
  /** A GUID, new after each change. */
  readonly etag: string;
  /**
   * `location`, `tags`, `sku`, `kind`, `identity`, `properties`: requested values and those that the server decided.
   */
  readonly body: JsonObject;
  /** Never in responses: keys and their earlier ids. */
  readonly hidden: JsonObject;
}

/** A reference of one resource to another. Ids in any casing. */
export interface Link {
  /** The referring resource or child resource: a subnet, an IP configuration. */
  readonly from: string;
  /** The id of the resource that contains `from`. */
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

/** `properties` of a body; {} if there are none. */
export function propertiesOf(body: JsonObject): JsonObject {
  const properties = body['properties'];
  return typeof properties === 'object' && properties !== null && !Array.isArray(properties)
    ? (properties as JsonObject)
    : {};
}

/** The objects of a list; [] if it is not a list. */
export function objectsOf(value: JsonObject[string] | undefined): JsonObject[] {
  if (!Array.isArray(value)) return [];
  return value.filter((item): item is JsonObject => typeof item === 'object' && item !== null && !Array.isArray(item));
}

/** A text; '' for other values. */
export function textOf(value: JsonObject[string] | undefined): string {
  return typeof value === 'string' ? value : '';
}

/** An object; {} for other values. */
export function objectOf(value: JsonObject[string] | undefined): JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
}

/** The id in a reference `{"id": …}`; '' if there is none. */
export function referenceOf(value: JsonObject[string] | undefined): string {
  return textOf(objectOf(value)['id']);
}

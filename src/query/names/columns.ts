/**
 * Columns that are derived from those of the tables: what names say of the source and of the destination. `scan` gives them beside the stored ones, and
 * only what a question reads of them is looked up. Filter fields, completion, groups, output and documents take them from here.
 */
import type { AddressAttribute } from '../../enrich/attribute.ts';
import { addressAttributes } from '../../enrich/attribute.ts';

export interface NameColumn {
  /** As in a tree and in `-o json`: `src_country`. */
  readonly name: string;
  /** As in a filter: `src.country`. */
  readonly field: string;
  readonly side: 'src' | 'dst';
  readonly attribute: AddressAttribute;
}

/** Of both sides, those of the source first. */
export const nameColumns: readonly NameColumn[] = (['src', 'dst'] as const).flatMap((side) =>
  addressAttributes.map((attribute): NameColumn => ({
    name: `${side}_${attribute.name}`,
    field: `${side}.${attribute.name}`,
    side,
    attribute,
  })),
);

const byName = new Map(nameColumns.map((column) => [column.name, column]));

export function findNameColumn(name: string): NameColumn | undefined {
  return byName.get(name);
}

export function findAttribute(name: string): AddressAttribute | undefined {
  return addressAttributes.find((attribute) => attribute.name === name);
}

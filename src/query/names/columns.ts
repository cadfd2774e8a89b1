/**
 * Columns that are derived from those of the tables: what names say of the source and of the destination, and of both together. `scan` gives them beside
 * the stored ones, and only what a question reads of them is looked up. Filter fields, completion, groups, output and documents take them from here.
 */
import type { AddressAttribute } from '../../enrich/attribute.ts';
import { addAttributes, addressAttributes } from '../../enrich/attribute.ts';

export interface NameColumn {
  /** As in a tree and in `-o json`: `src_country`. */
  readonly name: string;
  /** As in a filter: `src.country`. */
  readonly field: string;
  readonly label: string;
  readonly meaning: string;
  readonly values?: readonly string[] | undefined;
  readonly isList?: true | undefined;
  readonly from:
    | { readonly kind: 'address'; readonly side: 'src' | 'dst'; readonly attribute: string }
    /** Of the destination's port and the protocol. */
    | { readonly kind: 'application' }
    /** Of columns of both sides: flow-type.ts. */
    | { readonly kind: 'flow-type' };
}

/** As Traffic Analytics has them. */
export const flowTypes = [
  'IntraVNet',
  'InterVNet',
  'S2S',
  'P2S',
  'AzurePublic',
  'ExternalPublic',
  'MaliciousFlow',
  'UnknownPrivate',
  'Unknown',
] as const;

const known: NameColumn[] = [
  ...columnsOf(addressAttributes),
  {
    name: 'flow_type',
    field: 'flow.type',
    label: 'Flow type',
    meaning: 'Type of the flow by the places of both sides, as Traffic Analytics has it.',
    values: flowTypes,
    from: { kind: 'flow-type' },
  },
  {
    name: 'app',
    field: 'app',
    label: 'Application protocol',
    meaning: "IANA's name of the service of the destination's port, in lower case, or that of `--application`.",
    from: { kind: 'application' },
  },
];

/** Of both sides, those of the source first. */
function columnsOf(attributes: readonly AddressAttribute[]): NameColumn[] {
  return (['src', 'dst'] as const).flatMap((side) =>
    attributes.map(({ name, label, meaning, values, isList }): NameColumn => ({
      name: `${side}_${name}`,
      field: `${side}.${name}`,
      label: `${label} of ${side === 'src' ? 'source' : 'destination'}`,
      meaning,
      values,
      isList,
      from: { kind: 'address', side, attribute: name },
    })),
  );
}

/** Grows where a user's tables have further columns. */
export const nameColumns: readonly NameColumn[] = known;

const byName = new Map(known.map((column) => [column.name, column]));

export function findNameColumn(name: string): NameColumn | undefined {
  return byName.get(name);
}

export function isAttribute(name: string): boolean {
  return addressAttributes.some((attribute) => attribute.name === name);
}

/** Columns of both sides for attributes of a user's tables; those that are known already are left out. @returns the attributes that are new */
export function addNameColumns(attributes: readonly AddressAttribute[]): readonly AddressAttribute[] {
  const added = addAttributes(attributes);
  for (const column of columnsOf(added)) {
    known.push(column);
    byName.set(column.name, column);
  }
  return added;
}

import type { AddressAttribute } from '../../enrich/attribute.ts';
import { addressAttributes } from '../../enrich/attribute.ts';
import { lakeColumns } from '../../lake/tuples/schema.ts';
import type { FilterKind, LakeColumn } from '../../lake/tuples/schema.ts';
import type { NameColumn } from '../names/columns.ts';
import { nameColumns } from '../names/columns.ts';
import { nearest } from './nearest.ts';

/** What a filter can name: a column of the lake, one of either side, or a sum of both directions. */
export interface Field {
  /** Canonical: what messages and formatted filters say. */
  readonly name: string;
  readonly names: readonly string[];
  readonly kind: FilterKind;
  /** One column; two for a field that means both sides, or for a sum of two counters. */
  readonly columns: readonly string[];
  /** How two columns are one value. */
  readonly join: 'one' | 'either' | 'sum';
  /** All values of a `name`; else undefined. */
  readonly values: readonly string[] | undefined;
  readonly groupable: boolean;
}

const either: readonly Field[] = [
  bothSides('ip', 'address', ['src_ip', 'dst_ip']),
  bothSides('port', 'port', ['src_port', 'dst_port']),
];

const sums: readonly Field[] = [
  sumOf('bytes', ['bytes_forward', 'bytes_reverse']),
  sumOf('packets', ['packets_forward', 'packets_reverse']),
];

export const fields: readonly Field[] = [
  ...lakeColumns.filter((column) => column.fields.length > 0).map(fieldOf),
  ...either,
  ...sums,
  ...nameColumns.map(fieldOfName),
  ...addressAttributes.map(fieldOfEither),
];

const byName = new Map(fields.flatMap((field) => field.names.map((name) => [name, field] as const)));

/** A field by any of its names, in any case; `undefined` where there is none. */
export function findField(name: string): Field | undefined {
  return byName.get(name.toLowerCase());
}

/** The name of a field that somebody may have meant. */
export function suggestField(name: string): string | undefined {
  return nearest(name.toLowerCase(), byName.keys());
}

function fieldOf(column: LakeColumn): Field {
  return {
    name: column.fields[0],
    names: [...new Set([...column.fields, column.name])],
    kind: column.filter ?? 'text',
    columns: [column.name],
    join: 'one',
    values: column.values,
    groupable: column.groupable,
  };
}

/** What names say of one side. */
function fieldOfName({ name, field, attribute: { values } }: NameColumn): Field {
  const kind = values === undefined ? 'text' : 'name';
  return { name: field, names: [field, name], kind, columns: [name], join: 'one', values, groupable: true };
}

/** What they say of either side. */
function fieldOfEither({ name, values }: AddressAttribute): Field {
  const columns = nameColumns.filter(({ attribute }) => attribute.name === name).map((column) => column.name);
  return { ...bothSides(name, values === undefined ? 'text' : 'name', columns), values };
}

function bothSides(name: string, kind: FilterKind, columns: readonly string[]): Field {
  return { name, names: [name], kind, columns, join: 'either', values: undefined, groupable: false };
}

function sumOf(name: string, columns: readonly string[]): Field {
  return { name, names: [name], kind: 'counter', columns, join: 'sum', values: undefined, groupable: false };
}

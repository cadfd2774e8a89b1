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

const known: Field[] = [
  ...lakeColumns.filter((column) => column.fields.length > 0).map(fieldOf),
  ...either,
  ...sums,
  ...nameColumns.map(fieldOfName),
];
known.push(...eitherOf(addressAttributes));

/** Grows where a user's tables have further columns. */
export const fields: readonly Field[] = known;

const byName = new Map(known.flatMap((field) => field.names.map((name) => [name, field] as const)));

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

/** Adds the fields of attributes whose columns are known (names/columns.ts). */
export function addNameFields(attributes: readonly AddressAttribute[]): void {
  const columns = attributes.flatMap(({ name }) => nameColumns.filter(({ from }) => isOf(from, name)));
  const added = [...columns.map(fieldOfName), ...eitherOf(attributes)];
  known.push(...added);
  for (const field of added) for (const name of field.names) byName.set(name, field);
}

/** What names say of one side, or of both together. */
function fieldOfName({ name, field, values, isList }: NameColumn): Field {
  return {
    name: field,
    names: [...new Set([field, name])],
    kind: kindOf(values, isList),
    columns: [name],
    join: 'one',
    values,
    groupable: true,
  };
}

/** What they say of either side, but for names that are fields of flows. */
function eitherOf(attributes: readonly AddressAttribute[]): Field[] {
  return attributes.flatMap(({ name, values, isList }) => {
    if (known.some(({ names }) => names.includes(name))) return [];
    const columns = nameColumns.flatMap((column) => (isOf(column.from, name) ? [column.name] : []));
    return [{ ...bothSides(name, kindOf(values, isList), columns), values }];
  });
}

function isOf(from: NameColumn['from'], attribute: string): boolean {
  return from.kind === 'address' && from.attribute === attribute;
}

function kindOf(values: readonly string[] | undefined, isList: true | undefined): FilterKind {
  if (values !== undefined) return 'name';
  return isList === true ? 'list' : 'text';
}

function bothSides(name: string, kind: FilterKind, columns: readonly string[]): Field {
  return { name, names: [name], kind, columns, join: 'either', values: undefined, groupable: false };
}

function sumOf(name: string, columns: readonly string[]): Field {
  return { name, names: [name], kind: 'counter', columns, join: 'sum', values: undefined, groupable: false };
}

/** What follows from the table of columns (schema.ts): which columns data files hold, in which order, and their values of staged rows. */
import { assert } from '../../base/assert.ts';
import { family4to6, family6to4 } from '../../flowlog/tuple.ts';
import type { AddressValues, ColumnValues, Runs } from '../../parquet/column-values.ts';
import type { ColumnSource, DeltaType, LakeColumn, Side } from './schema.ts';
import { lakeColumns } from './schema.ts';
import type { StagedRows } from './staged-rows.ts';

/** A column that a data file holds: all but the partition column. */
export interface StoredColumn<Source extends ColumnSource = ColumnSource> extends LakeColumn {
  readonly delta: Exclude<DeltaType, 'date'>;
  readonly source: Source;
}

/** In the order in which data files hold them. */
export const storedColumns: readonly StoredColumn[] = lakeColumns.flatMap(({ source, delta, ...column }) =>
  source === undefined || delta === 'date' ? [] : [{ ...column, source, delta }],
);

/** Columns of the view `tuples`, in order. */
export const flowsColumns: readonly LakeColumn[] = lakeColumns.filter((column) => column.place === 'flows');

/** Version of the columns that have no `since`. */
const firstVersion = 2;
/** Which columns the files have that we write. */
const columnsVersion = Math.max(...storedColumns.map(({ since = firstVersion }) => since));

/** Tag of the files that we write: all files of one value have the same columns. */
export const columnsTag = { name: 'nsgflow.columns', value: String(columnsVersion) } as const;

/** Of files of `flows`, where those of the first version have no such tag. */
export const flowsColumnsTag: Readonly<Record<string, string>> =
  columnsVersion === firstVersion ? {} : { [columnsTag.name]: columnsTag.value };

/** Whether a file of `flows` that we wrote has all columns. */
export function hasAllFlowsColumns(tags: Readonly<Record<string, string | null>> | null | undefined): boolean {
  return (tags?.[columnsTag.name] ?? String(firstVersion)) === columnsTag.value;
}

/** Columns whose values come from a source of this kind. */
export function columnsOf<Kind extends ColumnSource['kind']>(
  kind: Kind,
): readonly StoredColumn<Extract<ColumnSource, { kind: Kind }>>[] {
  return storedColumns.filter(({ source }) => source.kind === kind) as StoredColumn<
    Extract<ColumnSource, { kind: Kind }>
  >[];
}

/** Texts that the rows of a group share: their columns, in the order in which StageTables has them. */
export const groupTexts: readonly string[] = columnsOf('text').map(({ name }) => name);

/** The place of a text among those of a group. */
export function groupTextIndex(name: string): number {
  const index = groupTexts.indexOf(name);
  assert(index >= 0, 'a text of groups is a column');
  return index;
}

/** Columns that say where a tuple was read, not what it says. */
export const traceColumns: ReadonlySet<string> = new Set(
  storedColumns.filter(({ place, source }) => place === 'internal' && source.kind !== 'half').map(({ name }) => name),
);

/** Values of a column, of staged rows. */
export function columnValues({ name, source }: StoredColumn, rows: StagedRows): ColumnValues {
  switch (source.kind) {
    case 'time':
      return { kind: 'numbers', values: rows[source.array], scale: 1000 };
    case 'address':
      return { kind: 'addresses', ...addressesOf(rows, source.side) };
    case 'half':
      return { kind: 'halves', half: source.half, ...addressesOf(rows, source.side) };
    case 'port':
      return { kind: 'shorts', values: rows[source.array] };
    case 'name':
      return { kind: 'names', codes: rows[source.array], names: source.names };
    case 'counter':
      return { kind: 'counters', values: rows[source.array] };
    case 'index':
      return { kind: 'sequence', values: rows[source.array] };
    case 'record':
      return { kind: 'longs', ...runsOf(rows, rows.runRecord), longs: rows.tables[source.array], scale: source.scale };
    default: {
      const which = groupTextIndex(name);
      return {
        kind: 'texts',
        ...runsOf(rows, rows.runGroup),
        texts: rows.tables.groups.map((texts) => texts[which]),
      };
    }
  }
}

function addressesOf({ source, destination, family: families }: StagedRows, side: Side): AddressValues {
  return side === 'source'
    ? { words: source, families, mixedFamily: family4to6 }
    : { words: destination, families, mixedFamily: family6to4 };
}

function runsOf({ runs, runEnd: ends }: StagedRows, ids: Uint32Array): Runs {
  return { runs, ends, ids };
}

/** `schemaString` of the table's metadata. Source: Delta protocol, "Schema Serialization Format". */
export function deltaSchemaString(columns: readonly LakeColumn[] = lakeColumns): string {
  return JSON.stringify({
    type: 'struct',
    fields: columns.map((column) => ({
      name: column.name,
      type: column.delta,
      nullable: true,
      metadata: { comment: column.meaning },
    })),
  });
}

/**
 * A Parquet file, written row group by row group.
 *
 *   PAR1 | row group: column, column, … | row group … | footer | length of the footer (4 bytes) | PAR1
 *
 * Columns are nullable, in frames of zstd: flat, or lists of structures. Readers need to know DELTA_BINARY_PACKED, besides what the format's first version had.
 * Source: github.com/apache/parquet-format (README, parquet.thrift).
 */
import type { ColumnValues, EncodedColumn, PhysicalType, Statistic } from './column-values.ts';
import { encodings } from './column.ts';
import type { RowGroupEncoder } from './row-group.ts';
import { encodeRowGroup } from './row-group.ts';
import { ThriftWriter } from './thrift.ts';

/** What a column's values mean. */
export type LogicalType = 'boolean' | 'timestamp' | 'string' | 'integer' | 'long';

/** A column of values, or of lists of structures, of which each field is written as a column. */
export type ParquetColumn = ParquetLeaf | { readonly name: string; readonly fields: readonly ParquetLeaf[] };

export interface ParquetLeaf {
  readonly name: string;
  readonly type: LogicalType;
}

/** Of one column over the whole file. */
export interface ColumnStatistics {
  readonly nulls: number;
  readonly minimum: Statistic | undefined;
  readonly maximum: Statistic | undefined;
}

const physicalTypes = {
  boolean: 'BOOLEAN',
  timestamp: 'INT64',
  string: 'BYTE_ARRAY',
  integer: 'INT32',
  long: 'INT64',
} as const satisfies Record<LogicalType, PhysicalType>;

/** Of parquet.thrift. */
const typeCodes = { BOOLEAN: 0, INT32: 1, INT64: 2, BYTE_ARRAY: 6 } as const;
const convertedTypes = { boolean: undefined, timestamp: 10, string: 0, integer: 17, long: 18, list: 3 } as const;
const codecZstd = 6;
const optional = 1;
const repeated = 2;
/** Who wrote the file, as its footer says. */
export const writerName = 'nsgflow';
const magic = new TextEncoder().encode('PAR1');

interface WrittenGroup {
  readonly rows: number;
  readonly startByte: number;
  readonly columns: readonly (EncodedColumn & { readonly startByte: number })[];
}

/** Writes one file by appending to it; the caller makes and syncs it, and may encode row groups elsewhere. */
export class ParquetFile {
  rows = 0;
  /** Bytes written so far. */
  bytes = 0;
  readonly #append: (parts: readonly Uint8Array[]) => Promise<void>;
  readonly #encode: RowGroupEncoder;
  readonly #columns: readonly ParquetColumn[];
  readonly #leaves: readonly (ParquetLeaf & { readonly path: readonly string[] })[];
  readonly #groups: WrittenGroup[] = [];

  constructor(
    append: (parts: readonly Uint8Array[]) => Promise<void>,
    columns: readonly ParquetColumn[],
    encode: RowGroupEncoder = encodeRowGroup,
  ) {
    this.#append = append;
    this.#encode = encode;
    this.#columns = columns;
    this.#leaves = columns.flatMap((column) =>
      'fields' in column
        ? column.fields.map((field) => ({ ...field, path: [column.name, 'list', 'element', field.name] }))
        : [{ ...column, path: [column.name] }],
    );
  }

  /**
   * Writes a row group; `values` in the order of the columns, fields of lists one after the other, of at most `limits.rowGroupRows` rows, with the row `order[i]` in place i. They must
   * stand until this is done, and calls come one after the other.
   * @returns the hashes of the texts of each column of addresses
   */
  async writeRows(values: readonly ColumnValues[], count: number, order?: Uint32Array): Promise<Float64Array[]> {
    const types = this.#leaves.map(({ type }) => physicalTypes[type]);
    const encoded = await this.#encode(types, values, count, order);
    if (this.bytes === 0) await this.#write([magic]);
    const startByte = this.bytes;
    const columns: (EncodedColumn & { startByte: number })[] = [];
    const parts: Uint8Array[] = [];
    const hashes: Float64Array[] = [];
    let at = startByte;
    for (const { pages, hashes: some, ...column } of encoded) {
      parts.push(...pages);
      if (some !== undefined) hashes.push(some);
      columns.push({ ...column, pages: [], startByte: at });
      at += column.bytes;
    }
    this.#groups.push({ rows: count, startByte, columns });
    this.rows += count;
    await this.#write(parts);
    return hashes;
  }

  /** Writes the footer. @returns the statistics of each column of values, fields of lists among them, in order */
  async end(): Promise<ColumnStatistics[]> {
    if (this.bytes === 0) await this.#write([magic]);
    const footer = this.#footer();
    const tail = new Uint8Array(8);
    new DataView(tail.buffer).setUint32(0, footer.length, true);
    tail.set(magic, 4);
    await this.#write([footer, tail]);
    return this.#leaves.map((_, i) => sumOf(this.#groups.map(({ columns }) => columns[i])));
  }

  async #write(parts: readonly Uint8Array[]): Promise<void> {
    await this.#append(parts);
    for (const part of parts) this.bytes += part.length;
  }

  #footer(): Uint8Array {
    const writer = new ThriftWriter().i32(1, 1);
    const elements = this.#columns.flatMap(schemaElements);
    writer.structs(2, [undefined, ...elements], (element, write) => {
      if (write === undefined) element.text(4, 'schema').i32(5, this.#columns.length);
      else write(element);
    });
    writer.i64(3, this.rows).structs(4, this.#groups, (element, group) => this.#rowGroup(element, group));
    writer.text(6, writerName).structs(7, this.#leaves, (element) => element.struct(1, () => undefined));
    return writer.end().bytes();
  }

  #rowGroup(writer: ThriftWriter, { rows, startByte, columns }: WrittenGroup): void {
    const entries = columns.map((written, i) => ({ written, column: this.#leaves[i] }));
    writer.structs(1, entries, (element, { written, column }) => {
      const dictionary = written.dictionaryBytes > 0;
      element.i64(2, written.startByte).struct(3, (metadata) => {
        metadata
          .i32(1, typeCodes[physicalTypes[column.type]])
          .i32s(2, [...new Set([...(dictionary ? [encodings.plain] : []), encodings.rle, encodings[written.encoding]])])
          .texts(3, column.path)
          .i32(4, codecZstd)
          .i64(5, written.entries ?? rows)
          .i64(6, written.uncompressedBytes)
          .i64(7, written.bytes)
          .i64(9, written.startByte + written.dictionaryBytes);
        if (dictionary) metadata.i64(11, written.startByte);
        metadata.struct(12, (statistics) => writeStatistics(statistics, written, physicalTypes[column.type]));
      });
    });
    const sum = (of: (column: EncodedColumn) => number): number => columns.reduce((all, one) => all + of(one), 0);
    writer
      .i64(
        2,
        sum((column) => column.uncompressedBytes),
      )
      .i64(3, rows)
      .i64(5, startByte)
      .i64(
        6,
        sum((column) => column.bytes),
      );
  }
}

/** How the schema's elements of a column are written: of lists, four levels. */
function schemaElements(column: ParquetColumn): ((writer: ThriftWriter) => void)[] {
  if (!('fields' in column)) return [(writer) => leafElement(writer, column)];
  const { name, fields } = column;
  return [
    (writer) =>
      writer
        .i32(3, optional)
        .text(4, name)
        .i32(5, 1)
        .i32(6, convertedTypes.list)
        .struct(10, (logical) => logical.struct(3, () => undefined)),
    (writer) => writer.i32(3, repeated).text(4, 'list').i32(5, 1),
    (writer) => writer.i32(3, optional).text(4, 'element').i32(5, fields.length),
    ...fields.map((field) => (writer: ThriftWriter) => leafElement(writer, field)),
  ];
}

function leafElement(writer: ThriftWriter, { name, type }: ParquetLeaf): void {
  writer.i32(1, typeCodes[physicalTypes[type]]).i32(3, optional).text(4, name);
  const converted = convertedTypes[type];
  if (converted !== undefined)
    writer.i32(6, converted).struct(10, (logical) => {
      if (type === 'string') logical.struct(1, () => undefined);
      else if (type === 'timestamp')
        logical.struct(8, (timestamp) =>
          timestamp.boolean(1, true).struct(2, (unit) => unit.struct(2, () => undefined)),
        );
      else
        logical.struct(10, (integer) => {
          integer.byte(1, type === 'integer' ? 32 : 64).boolean(2, true);
        });
    });
}

function writeStatistics(
  writer: ThriftWriter,
  { nulls, minimum, maximum }: ColumnStatistics,
  type: PhysicalType,
): void {
  writer.i64(3, nulls);
  if (minimum === undefined || maximum === undefined) return;
  writer.binary(5, plainStatistic(maximum, type)).binary(6, plainStatistic(minimum, type));
}

function plainStatistic(value: Statistic, type: PhysicalType): Uint8Array {
  if (typeof value === 'string') return new TextEncoder().encode(value);
  const bytes = new Uint8Array(type === 'INT32' ? 4 : 8);
  const view = new DataView(bytes.buffer);
  if (type === 'INT32') view.setInt32(0, Number(value), true);
  else view.setBigInt64(0, BigInt(value), true);
  return bytes;
}

/** Statistics of a column from those of its row groups: known where they are known in each that has a value. */
function sumOf(groups: readonly EncodedColumn[]): ColumnStatistics {
  const nulls = groups.reduce((sum, group) => sum + group.nulls, 0);
  let minimum: Statistic | undefined;
  let maximum: Statistic | undefined;
  for (const group of groups) {
    if (group.minimum === undefined || group.maximum === undefined) {
      if (group.dictionaryBytes > 0) return { nulls, minimum: undefined, maximum: undefined };
      continue;
    }
    if (minimum === undefined || group.minimum < minimum) minimum = group.minimum;
    if (maximum === undefined || group.maximum > maximum) maximum = group.maximum;
  }
  return { nulls, minimum, maximum };
}

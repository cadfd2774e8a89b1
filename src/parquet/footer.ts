/**
 * Where the columns of a data file lie: of files that file.ts wrote, which have one page a column and row group, and a dictionary before it or none.
 * Other writers' files are `undefined`: DuckDB reads them.
 */
import { writerName } from './file.ts';
import type { ThriftStruct, ThriftValue } from './thrift-reader.ts';
import { ThriftReader } from './thrift-reader.ts';

/** One column of one row group. */
export interface ColumnPlace {
  readonly startByte: number;
  readonly endByte: number;
  /** Least and greatest value of a column of 8 bytes, as far as 53 bits tell; `undefined` where unknown. */
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
}

export interface RowGroupPlace {
  readonly rows: number;
  readonly startByte: number;
  readonly endByte: number;
  /** By name; a field of lists by its path, with dots. */
  readonly columns: ReadonlyMap<string, ColumnPlace>;
}

/** Bytes at the end of each file, behind the footer. */
export const tailBytes = 8;
/** Footers are a few hundred bytes a column. */
const footerBytesMax = 64 << 20;

/** The length of the footer of a file of so many bytes, from its tail; `undefined` where the file is no Parquet file. */
export function footerLength(tail: Uint8Array, size: number): number | undefined {
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  const isWhole = Buffer.from(tail).toString('latin1', 4) === 'PAR1' && length <= size - 4 - tailBytes;
  return isWhole && length <= footerBytesMax ? length : undefined;
}

/** The row groups of a file of so many bytes; `undefined` where it is none of ours. @throws RangeError where its footer is damaged */
export function rowGroupsOf(footer: Uint8Array, size: number): RowGroupPlace[] | undefined {
  const metadata = new ThriftReader(footer).struct();
  const writer = metadata[6];
  if (!(writer instanceof Uint8Array) || Buffer.from(writer).toString() !== writerName) return undefined;
  return structs(metadata[4]).map((group) => {
    const columns = new Map(structs(group[1]).map(columnOf));
    const places = [...columns.values()];
    const place: RowGroupPlace = {
      rows: number(group[3]),
      startByte: Math.min(...places.map(({ startByte }) => startByte)),
      endByte: Math.max(...places.map(({ endByte }) => endByte)),
      columns,
    };
    if (!(place.startByte >= 0 && place.endByte <= size)) throw new RangeError('a column outside the file');
    return place;
  });
}

function columnOf(chunk: ThriftStruct): [string, ColumnPlace] {
  const metadata = struct(chunk[3]);
  const path = Array.isArray(metadata[3]) ? (metadata[3] as ThriftValue[]) : [];
  if (path.length === 0 || !path.every((part) => part instanceof Uint8Array)) throw new RangeError('no name');
  const dataAt = number(metadata[9]);
  const startByte = metadata[11] === undefined ? dataAt : number(metadata[11]);
  const statistics = metadata[12] === undefined ? {} : struct(metadata[12]);
  return [
    path.map((part) => Buffer.from(part).toString()).join('.'),
    {
      startByte,
      endByte: startByte + number(metadata[7]),
      minimum: longOf(statistics[6]),
      maximum: longOf(statistics[5]),
    },
  ];
}

function longOf(value: ThriftValue | undefined): number | undefined {
  return value instanceof Uint8Array && value.length === 8
    ? Number(new DataView(value.buffer, value.byteOffset).getBigInt64(0, true))
    : undefined;
}

function number(value: ThriftValue | undefined): number {
  if (typeof value !== 'number') throw new RangeError('no number');
  return value;
}

function struct(value: ThriftValue | undefined): ThriftStruct {
  if (typeof value !== 'object' || value instanceof Uint8Array || Array.isArray(value))
    throw new RangeError('no structure');
  return value;
}

function structs(value: ThriftValue | undefined): ThriftStruct[] {
  if (!Array.isArray(value)) throw new RangeError('no list');
  return (value as ThriftValue[]).map(struct);
}

/** A page: what its header says, and where its compressed bytes lie in the bytes given. */
export interface Page {
  readonly kind: 'data' | 'dictionary';
  /** Values of a dictionary, or rows. */
  readonly values: number;
  /** Of `Encoding` in parquet.thrift. */
  readonly encoding: number;
  readonly length: number;
  readonly startByte: number;
  readonly endByte: number;
}

/** The pages of a column. @throws RangeError where the bytes are none */
export function pagesOf(bytes: Uint8Array): Page[] {
  const pages: Page[] = [];
  for (let at = 0; at < bytes.length;) {
    const reader = new ThriftReader(bytes, at);
    const header = reader.struct();
    const kind = number(header[1]) === 2 ? 'dictionary' : 'data';
    const its = struct(header[kind === 'data' ? 5 : 7]);
    const endByte = reader.at + number(header[3]);
    if (endByte < reader.at || endByte > bytes.length) throw new RangeError('a page outside its column');
    pages.push({
      kind,
      values: number(its[1]),
      encoding: number(its[2]),
      length: number(header[2]),
      startByte: reader.at,
      endByte,
    });
    at = endByte;
  }
  return pages;
}

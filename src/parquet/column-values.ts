/** What a column of a row group is made of, and what its encoding gives. */

export type PhysicalType = 'BOOLEAN' | 'INT32' | 'INT64' | 'BYTE_ARRAY';

/** The addresses of one side of each row: four words each (net/address.ts), and the family of both sides (flowlog/tuple.ts). */
export interface AddressValues {
  readonly words: Uint32Array;
  readonly families: Uint8Array;
  /** The family of rows whose address is IPv4 here and IPv6 on the other side. */
  readonly mixedFamily: number;
}

/** The values of a column in a row group. A call names how many rows, from the first on, are used. */
export type ColumnValues =
  /** Whole numbers below 2^63 times `scale`; NaN is null. */
  | { readonly kind: 'numbers'; readonly values: Float64Array; readonly scale?: number }
  /** Counters as flowlog/counter.ts has them; NaN is null. */
  | { readonly kind: 'counters'; readonly values: Float64Array }
  /** Numbers up to 65535; none is null. */
  | { readonly kind: 'shorts'; readonly values: Uint16Array }
  /** A few names by code; '' is null. */
  | { readonly kind: 'names'; readonly codes: Uint8Array; readonly names: readonly string[] }
  /** Texts of addresses. */
  | ({ readonly kind: 'addresses' } & AddressValues)
  /** 64 bits of IPv6 addresses, signed: 0 the first ones, 1 the last ones; IPv4 is null. */
  | ({ readonly kind: 'halves'; readonly half: 0 | 1 } & AddressValues)
  /** 32-bit numbers that mostly grow by one; none is null. */
  | { readonly kind: 'sequence'; readonly values: Int32Array }
  /** Texts that stand for some rows each; '' is null, and equal texts may have several ids. */
  | ({ readonly kind: 'texts'; readonly texts: readonly string[] } & Runs)
  /** Whole numbers below 2^63 times `scale` that stand for some rows each; NaN is null, and equal ones may have several ids. */
  | ({ readonly kind: 'longs'; readonly longs: readonly number[]; readonly scale?: number } & Runs)
  /** 1 is true; none is null. */
  | { readonly kind: 'booleans'; readonly values: Uint8Array }
  /** One field of the elements of a list: whole numbers below 2^63 times `scale`, or counters, NaN is null; those of all rows one after the other. */
  | {
      readonly kind: 'listed';
      readonly lists: Lists;
      readonly values: Float64Array;
      readonly scale?: number;
      readonly areCounters?: boolean;
    };

/** The lists of a column: the list of row i ends before the element `ends[i]`. A list without elements is null. */
export interface Lists {
  readonly ends: Uint32Array;
}

/** Values by id that stand for some rows each: run i, of the value `ids[i]`, ends before row `ends[i]`. */
export interface Runs {
  readonly runs: number;
  readonly ends: Uint32Array;
  readonly ids: Uint32Array;
}

export type Statistic = number | bigint | string;

export interface EncodedColumn {
  /** Pages with their headers, in order. */
  readonly pages: readonly Uint8Array[];
  readonly encoding: DataEncoding;
  /** Bytes of the dictionary page; 0 where there is none. */
  readonly dictionaryBytes: number;
  readonly bytes: number;
  readonly uncompressedBytes: number;
  readonly nulls: number;
  /** Values and nulls, where these are not as many as rows: elements of lists. */
  readonly entries?: number;
  /** `undefined` where all are null, or a text is too long to be worth it. */
  readonly minimum: Statistic | undefined;
  readonly maximum: Statistic | undefined;
  /** Of texts of addresses: the hash of each distinct one, as address filters have it. */
  readonly hashes?: Float64Array;
}

/** How the values of a data page are written. */
export type DataEncoding = 'plain' | 'dictionary' | 'differences';

import type { ColumnValues, EncodedColumn, PhysicalType } from './column-values.ts';
import { ColumnEncoder } from './column.ts';

/** What `encodeRowGroup` does, here or in another thread. The values must stand until it is done. */
export type RowGroupEncoder = (
  ...group: Parameters<typeof encodeRowGroup>
) => readonly EncodedColumn[] | Promise<readonly EncodedColumn[]>;

/** The columns of a row group, in order, with the row `order[i]` of the values in place i; halves of addresses are made right behind the texts of the same addresses. */
export function encodeRowGroup(
  types: readonly PhysicalType[],
  values: readonly ColumnValues[],
  count: number,
  order?: Uint32Array,
): EncodedColumn[] {
  const encoder = new ColumnEncoder(order);
  const encoded: EncodedColumn[] = [];
  const encode = (i: number): void => {
    encoded[i] ??= encoder.encode(types[i], values[i], count);
  };
  values.forEach((value, i) => {
    encode(i);
    if (value.kind !== 'addresses') return;
    values.forEach((other, k) => {
      if (other.kind === 'halves' && other.words === value.words) encode(k);
    });
  });
  return encoded;
}

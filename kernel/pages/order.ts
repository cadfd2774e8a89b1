/**
 * Puts the values of a column in the order in which a row group has its rows: from where they were read to where the kernel takes them, `to`.
 *
 * AssemblyScript, a part of kernel/pages/pages.ts; one loop for each width of a value, in bytes.
 */
import { order, readBytes, readLongs, readShorts, readWords, RowsMaxArray } from './memory';

export function order1(count: u32, to: usize): void {
  putInOrder<u8>(count, readBytes, changetype<RowsMaxArray<u8>>(to));
}

export function order2(count: u32, to: usize): void {
  putInOrder<u16>(count, readShorts, changetype<RowsMaxArray<u16>>(to));
}

export function order4(count: u32, to: usize): void {
  putInOrder<u32>(count, readWords, changetype<RowsMaxArray<u32>>(to));
}

export function order8(count: u32, to: usize): void {
  putInOrder<u64>(count, readLongs, changetype<RowsMaxArray<u64>>(to));
}

// @inline
function putInOrder<T>(count: u32, from: RowsMaxArray<T>, to: RowsMaxArray<T>): void {
  for (let i: u32 = 0; i < count; i++) to[i] = from[order[i]];
}

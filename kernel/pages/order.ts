/**
 * Puts the values of a column in the order in which a row group has its rows: from where they were read to where the kernel takes them, `to`.
 *
 * AssemblyScript, a part of kernel/pages/pages.ts; one loop for each width of a value, in bytes.
 */
import { dictionaryAt, orderAt } from '../../src/parquet/page-kernel-layout';

/** Values as they were read lie where the dictionary comes to lie. */
const readAt: usize = dictionaryAt;

// @inline
function rowAt(place: u32): usize {
  return <usize>load<u32>(orderAt + ((<usize>place) << 2));
}

export function order1(count: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u8>(to + i, load<u8>(readAt + rowAt(i)));
}

export function order2(count: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u16>(to + ((<usize>i) << 1), load<u16>(readAt + (rowAt(i) << 1)));
}

export function order4(count: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u32>(to + ((<usize>i) << 2), load<u32>(readAt + (rowAt(i) << 2)));
}

export function order8(count: u32, to: usize): void {
  for (let i: u32 = 0; i < count; i++) store<u64>(to + ((<usize>i) << 3), load<u64>(readAt + (rowAt(i) << 3)));
}

/**
 * Numbers as the differences from each to the next, in blocks of 128 of four parts (DELTA_BINARY_PACKED), and about how long they would be in each form.
 *
 *   128, 4, count, first value │ block: least difference, widths of four parts, parts: 32 differences less the least one, packed │ block …
 *
 * AssemblyScript, a part of kernel/pages/pages.ts. Source: Parquet format, "Delta Encoding".
 */
import { writeVarint } from './bodies';
import { counts, input, RowsMaxArray } from './memory';

const blockRows: u32 = 128;
const partRows: u32 = 32;

/** Of numbers of 8 bytes: greater ones are not packed. */
const widthMax: u64 = 48;

// @inline
function difference<T>(row: u32): T {
  const numbers = changetype<RowsMaxArray<T>>(input);
  return <T>(numbers[row] - numbers[row - 1]);
}

// @inline
function leastOf<T>(from: u32, to: u32): T {
  let least = difference<T>(from);
  for (let row = from + 1; row < to; row++) least = min(least, difference<T>(row));
  return least;
}

function writeZigzag(at: usize, value: i64): usize {
  let rest = <u64>((value << 1) ^ (value >> 63));
  for (; rest > 127; rest >>= 7) store<u8>(at++, <u8>(rest & 127) | 128);
  store<u8>(at, <u8>rest);
  return at + 1;
}

/** Writes `count` numbers of the type that lie in `input`. @returns the place behind them */
export function writeDifferences<T>(at: usize, count: u32): usize {
  at = writeVarint(at, blockRows);
  at = writeVarint(at, blockRows / partRows);
  at = writeVarint(at, count);
  at = writeZigzag(at, <i64>changetype<RowsMaxArray<T>>(input)[0]);
  for (let row: u32 = 1; row < count; row += blockRows) at = writeBlock<T>(at, row, min(count, row + blockRows));
  return at;
}

function writeBlock<T>(at: usize, from: u32, to: u32): usize {
  const least = leastOf<T>(from, to);
  at = writeZigzag(at, <i64>least);
  const widths = at;
  store<u32>(widths, 0);
  at += 4;
  for (let start = from, part: u32 = 0; start < to; start += partRows, part++) {
    const end = min(to, start + partRows);
    let all: u64 = 0;
    for (let row = start; row < end; row++) all |= above<T>(row, least);
    const width = <u32>(64 - clz<u64>(all));
    store<u8>(widths + part, <u8>width);
    const behind = at + 4 * width;
    let buffer: u64 = 0;
    let bits: u64 = 0;
    for (let row = start; row < end; row++) {
      buffer |= above<T>(row, least) << bits;
      bits += width;
      store<u64>(at, buffer);
      const whole = bits >> 3;
      at += <usize>whole;
      buffer >>= whole << 3;
      bits &= 7;
    }
    for (; at < behind; at++) {
      store<u8>(at, <u8>buffer);
      buffer = 0;
    }
  }
  return at;
}

// @inline
function above<T>(row: u32, least: T): u64 {
  if (sizeof<T>() == 4) return <u64>(<u32>difference<T>(row) - <u32>least);
  return <u64>difference<T>(row) - <u64>least;
}

/** How long `writeDifferences` makes numbers; more than there is room for where they lie too far apart. `scale`: of the numbers that are meant. */
export function differencesLength<T>(count: u32, scale: u64): u32 {
  const most = (((<u64>1) << widthMax) - 1) / scale;
  let length: u32 = 8;
  for (let from: u32 = 1; from < count; from += blockRows) {
    const to = min(count, from + blockRows);
    const least = leastOf<T>(from, to);
    length += 8;
    for (let start = from; start < to; start += partRows) {
      const end = min(to, start + partRows);
      let greatest: u64 = 0;
      for (let row = start; row < end; row++) greatest = max(greatest, above<T>(row, least));
      if (greatest > most) return u32.MAX_VALUE;
      length += 4 * <u32>(64 - clz<u64>(greatest * scale));
    }
  }
  return length;
}

const sampleMax: u32 = 2048;

/** About how long numbers are as plain values of `width` bytes in a frame, from a sample of them. `stride`: how far apart they lie, 2 or 8 bytes. */
export function plainLength(values: usize, count: u32, stride: u32, scale: i64, width: u32): u32 {
  if (count == 0) return 0;
  memory.fill(changetype<usize>(counts), 0, 1024);
  const step = (count + sampleMax - 1) / sampleMax;
  let sampled: u32 = 0;
  for (let i: u32 = 0; i < count; i += step, sampled++) {
    const at = values + <usize>i * stride;
    let value = stride == 2 ? <u64>load<u16>(at) : <u64>(load<i64>(at) * scale);
    for (let byte: u32 = 0; byte < width; byte++, value >>= 8) {
      const its = <u32>value & 255;
      counts[its] = counts[its] + 1;
    }
  }
  const all = logarithm(sampled * width);
  let bits: u64 = 0;
  for (let byte: u32 = 0; byte < 256; byte++) {
    const its = counts[byte];
    // A code has one bit at least.
    if (its > 0) bits += <u64>its * max<u32>(256, all - logarithm(its));
  }
  return <u32>((bits * count) / ((<u64>sampled) << 11));
}

/** 256 times the logarithm to base 2, nearly. */
function logarithm(value: u32): u32 {
  const whole = 31 - clz<u32>(value);
  return (whole << 8) | (((value << clz<u32>(value)) >> 23) & 255);
}

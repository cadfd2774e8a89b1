/**
 * Bodies of data pages, which the kernel of pages writes: levels, then indexes of a dictionary as runs and packed groups.
 *
 * AssemblyScript, a part of kernel/pages/pages.ts. Source: Parquet format, "Run Length Encoding / Bit-Packing Hybrid".
 */
import { body, bodyLengthMax, dictionaryLengthMax, indexes, levels, result } from './memory';

export function setResult(present: u32, distinct: u32, dictionaryLength: usize, bodyLength: usize): void {
  assert(dictionaryLength <= dictionaryLengthMax && bodyLength <= bodyLengthMax);
  result.present = present;
  result.distinct = distinct;
  result.dictionaryLength = <u32>dictionaryLength;
  result.bodyLength = <u32>bodyLength;
  result.areDifferences = 0;
}

/** The same, for values as differences. */
export function setDifferences(present: u32, bodyLength: usize): void {
  setResult(present, 0, 0, bodyLength);
  result.areDifferences = 1;
}

export function setRange(least: i64, greatest: i64): void {
  result.least = least;
  result.greatest = greatest;
}

export function setIpv6(count: u32): void {
  result.ipv6 = count;
}

export function bitWidth(greatest: u32): u32 {
  return 32 - clz<u32>(greatest);
}

export function writeVarint(at: usize, value: u32): usize {
  while (value > 127) {
    store<u8>(at++, <u8>(value & 127) | 128);
    value >>= 7;
  }
  store<u8>(at, <u8>value);
  return at + 1;
}

export function writeRun(at: usize, value: u32, count: u32, width: u32): usize {
  at = writeVarint(at, count << 1);
  store<u32>(at, value);
  return at + ((width + 7) >> 3);
}

/** Levels at the beginning of a body: which of `count` rows have a value. */
export function writeLevels(count: u32, present: u32): usize {
  const start = changetype<usize>(body);
  let at = start + 4;
  if (present == count || present == 0) at = writeRun(at, <u32>(present > 0), count, 1);
  else at = writeHybrid8(at, changetype<usize>(levels), count, 1);
  store<u32>(start, <u32>(at - start - 4));
  return at;
}

/** Indexes of a dictionary of `distinct` entries behind the levels. `aligned`: in whole bytes, which a skewed distribution is coded better in. */
export function writeIndexes(at: usize, count: u32, distinct: u32, aligned: bool): usize {
  let width = bitWidth(distinct - 1);
  if (aligned && width > 4) {
    if (width <= 8) width = 8;
    else if (width <= 16) width = 16;
  }
  store<u8>(at++, <u8>width);
  return width == 0 ? writeRun(at, 0, count, 0) : writeHybrid32(at, changetype<usize>(indexes), count, width);
}

/** Runs of eight or more equal values, and groups of eight others, of words. */
export function writeHybrid32(at: usize, values: usize, count: u32, width: u32): usize {
  let packedFrom: u32 = 0;
  let i: u32 = 0;
  while (i < count) {
    const value = load<u32>(values + (i << 2));
    let end = i + 1;
    while (end < count && load<u32>(values + (end << 2)) == value) end++;
    const run = end - i;
    // A run begins where a whole number of groups of eight lies before it.
    const short: u32 = (8 - ((i - packedFrom) & 7)) & 7;
    if (run < <u32>(short + 8)) {
      i = min(count, i + (short == 0 ? 8 : short));
      continue;
    }
    i += short;
    if (i > packedFrom) at = packWords(at, values, packedFrom, i, width);
    at = writeRun(at, value, end - i, width);
    i = end;
    packedFrom = end;
  }
  return packedFrom < count ? packWords(at, values, packedFrom, count, width) : at;
}

function packWords(at: usize, values: usize, from: u32, to: u32, width: u32): usize {
  const groups = (to - from + 7) >> 3;
  at = writeVarint(at, (groups << 1) | 1);
  const end = at + groups * width;
  let next = values + (from << 2);
  const behind = values + (to << 2);
  if (width == 16) {
    for (; next < behind; next += 4, at += 2) store<u16>(at, <u16>load<u32>(next));
    for (; at < end; at += 2) store<u16>(at, 0);
    return end;
  }
  let buffer: u64 = 0;
  let bits: u64 = 0;
  for (; next < behind; next += 4) {
    buffer |= (<u64>load<u32>(next)) << bits;
    bits += width;
    if (bits < 32) continue;
    store<u32>(at, <u32>buffer);
    at += 4;
    buffer >>= 32;
    bits -= 32;
  }
  for (; at < end; at++) {
    store<u8>(at, <u8>buffer);
    buffer >>= 8;
  }
  return end;
}

/** Groups of eight equal bytes from which on a run is shorter than packing them. */
const runGroupsMin: u32 = 4;

/** The same of bytes: runs begin at whole groups of eight, so that no byte is looked at by itself. */
export function writeHybrid8(at: usize, values: usize, count: u32, width: u32): usize {
  const whole = count & ~7;
  let packedFrom: u32 = 0;
  let i: u32 = 0;
  while (i < whole) {
    const value = load<u8>(values + i);
    const eight = <u64>value * 0x0101010101010101;
    if (load<u64>(values + i) != eight) {
      i += 8;
      continue;
    }
    let end = i + 8;
    while (end < whole && load<u64>(values + end) == eight) end += 8;
    if (end == whole) while (end < count && load<u8>(values + end) == value) end++;
    if (end - i >= 8 * runGroupsMin) {
      if (i > packedFrom) at = packBytes(at, values, packedFrom, i, width);
      at = writeRun(at, value, end - i, width);
      packedFrom = end;
      if (end > whole) return end < count ? packBytes(at, values, end, count, width) : at;
    }
    i = end;
  }
  return packedFrom < count ? packBytes(at, values, packedFrom, count, width) : at;
}

function packBytes(at: usize, values: usize, from: u32, to: u32, width: u32): usize {
  const groups = (to - from + 7) >> 3;
  at = writeVarint(at, (groups << 1) | 1);
  const end = at + groups * width;
  let next = values + from;
  const behind = values + to;
  if (width == 1)
    for (; next + 8 <= behind; next += 8)
      // Multiplied by this, the lowest bits of eight bytes come together in the highest byte.
      store<u8>(at++, <u8>((load<u64>(next) * 0x0102040810204080) >> 56));
  else if (width == 2)
    for (; next + 8 <= behind; next += 8, at += 2) {
      let eight = load<u64>(next);
      eight = (eight | (eight >> 6)) & 0x000f000f000f000f;
      eight = (eight | (eight >> 12)) & 0x000000ff000000ff;
      store<u16>(at, <u16>(eight | (eight >> 24)));
    }
  let buffer: u64 = 0;
  let bits: u64 = 0;
  for (; next < behind; next++) {
    buffer |= (<u64>load<u8>(next)) << bits;
    bits += width;
    if (bits < 32) continue;
    store<u32>(at, <u32>buffer);
    at += 4;
    buffer >>= 32;
    bits -= 32;
  }
  for (; at < end; at++) {
    store<u8>(at, <u8>buffer);
    buffer >>= 8;
  }
  return end;
}

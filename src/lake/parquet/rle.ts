/**
 * Parquet's run-length and bit-packing hybrid: the indexes of a dictionary, and where values are absent.
 *
 *   run      varint(count << 1), the value in whole bytes
 *   packed   varint(groups << 1 | 1), groups of eight values, each value `width` bits, least significant first
 *
 * Source: Parquet format, "Encodings", RLE = 3.
 */

/** Bits that the numbers 0 to `max` need; 0 where there is only 0. */
export function bitWidth(max: number): number {
  return 32 - Math.clz32(max);
}

/** Room that `encodeHybrid` needs at the most. */
export function hybridBytesMax(count: number, width: number): number {
  return Math.ceil(count / 8) * (width + 5) + 16;
}

/** Writes `count` equal values at `at`. @returns the position behind */
export function encodeRun(value: number, count: number, width: number, out: Uint8Array, at: number): number {
  at = writeVarint(count * 2, out, at);
  for (let shift = 0; shift < width; shift += 8) out[at++] = (value >>> shift) & 0xff;
  return at;
}

/** Writes `count` values of at most 24 bits at `at`. @returns the position behind */
export function encodeHybrid(
  values: Uint32Array | Uint8Array,
  count: number,
  width: number,
  out: Uint8Array,
  at: number,
): number {
  if (width === 0) return encodeRun(0, count, 0, out, at);
  let packedFrom = 0;
  let i = 0;
  while (i < count) {
    const value = values[i];
    let end = i + 1;
    while (end < count && values[end] === value) end++;
    const run = end - i;
    // A run begins where a whole number of groups of eight lies before it.
    const short = (8 - ((i - packedFrom) & 7)) & 7;
    if (run - short < 8) {
      i = Math.min(count, i + (short === 0 ? 8 : short));
      continue;
    }
    i += short;
    if (i > packedFrom) at = packGroups(values, packedFrom, i, width, out, at);
    at = encodeRun(value, end - i, width, out, at);
    i = end;
    packedFrom = end;
  }
  return packedFrom < count ? packGroups(values, packedFrom, count, width, out, at) : at;
}

function packGroups(
  values: Uint32Array | Uint8Array,
  from: number,
  to: number,
  width: number,
  out: Uint8Array,
  at: number,
): number {
  const groups = Math.ceil((to - from) / 8);
  at = writeVarint(groups * 2 + 1, out, at);
  const end = at + groups * width;
  let bits = 0;
  let word = 0;
  for (let i = from; i < to; i++) {
    const value = values[i];
    word |= value << bits;
    bits += width;
    if (bits < 32) continue;
    out[at] = word;
    out[at + 1] = word >>> 8;
    out[at + 2] = word >>> 16;
    out[at + 3] = word >>> 24;
    at += 4;
    bits -= 32;
    word = bits === 0 ? 0 : value >>> (width - bits);
  }
  while (at < end) {
    out[at++] = word;
    word >>>= 8;
  }
  return at;
}

function writeVarint(value: number, out: Uint8Array, at: number): number {
  while (value > 127) {
    out[at++] = (value & 127) | 128;
    value >>>= 7;
  }
  out[at++] = value;
  return at;
}

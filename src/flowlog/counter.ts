/**
 * Counters in columns of doubles, exact up to 2^63 - 1, the largest number of the lake's 64-bit columns. A double is exact
 * for whole numbers up to 2^53 - 1. A larger counter is stored as a negative double: its other 63 bits are the counter less
 * 2^53 - 1. It can be used as any double, and is never NaN or -0.
 *
 *   9007199254740991   0x433fffffffffffff    9007199254740991
 *   9007199254740992   0x8000000000000001   -5e-324
 *   2^63 - 1           0xffe0000000000000   -8.98…e+307
 *
 * kernel/tuples/tuples.ts and kernel/pages/pages.ts use the same encoding.
 */
export const counterMax = 2n ** 63n - 1n;

const packedBase = 2n ** 53n - 1n;
const signBit = 2n ** 63n;

/** @param value 0 to 2^63 - 1 */
export function packCounter(value: bigint): number {
  if (value <= packedBase) return Number(value);
  bits[0] = (value - packedBase) | signBit;
  return double[0];
}

/** The counter of a column value, which must not be NaN. */
export function unpackCounter(packed: number): bigint {
  if (packed >= 0) return BigInt(packed);
  double[0] = packed;
  return (bits[0] & ~signBit) + packedBase;
}

const bits = new BigUint64Array(1);
const double = new Float64Array(bits.buffer);

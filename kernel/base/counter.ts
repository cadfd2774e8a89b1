/** Counters as doubles, for the kernels that write tuples and pages: what unpackCounter of src/flowlog/counter.ts gives. */

const packedBase: u64 = 0x1fffffffffffff;
const signBit: u64 = 0x8000000000000000;

/** A counter that is not NaN. */
// @inline
export function counterOf(value: f64): i64 {
  return value < 0 ? <i64>((reinterpret<u64>(value) ^ signBit) + packedBase) : <i64>value;
}

/** The sum of two counters as src/flowlog/counter.ts packs them; NaN counts nothing, and what is more than the greatest counter is that. */
// @inline
export function addCounters(a: f64, b: f64): f64 {
  if (a != a) return b;
  if (b != b) return a;
  const sum = a + b;
  return a >= 0 && b >= 0 && sum <= <f64>packedBase ? sum : addLarge(a, b);
}

function addLarge(a: f64, b: f64): f64 {
  const sum = <u64>counterOf(a) + <u64>counterOf(b);
  if (sum <= packedBase) return <f64>sum;
  const counter = min<u64>(sum, <u64>i64.MAX_VALUE);
  return reinterpret<f64>((counter - packedBase) | signBit);
}

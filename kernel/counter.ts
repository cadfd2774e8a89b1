/** Counters as doubles, for the kernels that write tuples and pages: what unpackCounter of src/flowlog/counter.ts gives. */

const packedBase: u64 = 0x1fffffffffffff;
const signBit: u64 = 0x8000000000000000;

/** A counter that is not NaN. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function counterOf(value: f64): i64 {
  return value < 0 ? <i64>((reinterpret<u64>(value) ^ signBit) + packedBase) : <i64>value;
}

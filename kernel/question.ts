/**
 * What is asked, as src/lake/stitch-kernel.ts writes it at `questionAt`:
 *
 *   0  i64 first microsecond, 8 the one behind the last      16 u32 columns of groups, 20 u32 values
 *   24 u32 texts: `deny`, 28 `outbound`, 32 `begin`, 36 `denied`
 *   40 u32 by what groups are ordered, as `sizeOf` reads it
 *   44 slots of the columns of groups, up to 12; 56 slots of the values, two each: the second is 255 where there is none
 *
 * AssemblyScript, a part of kernel/stitch.ts.
 */
import { questionAt } from '../src/lake/stitch-kernel-layout';
import { absent, column } from './page-values';
import { counterSlot } from './slots';

/** Where the columns of each value begin; the second is 0 where there is none. */
const valueColumnsAt: usize = questionAt + 128;

export let firstMicros: i64 = 0;
export let endMicros: i64 = 0;
export let groupColumns: u32 = 0;
export let valueColumns: u32 = 0;
export let denyText: u32 = 0;
export let outboundText: u32 = 0;
export let orderedBy: u32 = 0;
let beginText: u32 = 0;
let deniedText: u32 = 0;

export function readQuestion(): void {
  firstMicros = load<i64>(questionAt);
  endMicros = load<i64>(questionAt, 8);
  groupColumns = load<u32>(questionAt, 16);
  valueColumns = load<u32>(questionAt, 20);
  denyText = load<u32>(questionAt, 24);
  outboundText = load<u32>(questionAt, 28);
  beginText = load<u32>(questionAt, 32);
  deniedText = load<u32>(questionAt, 36);
  orderedBy = load<u32>(questionAt, 40);
  for (let i: u32 = 0; i < valueColumns; i++) {
    const slots = questionAt + (<usize>i << 1);
    const second: u32 = load<u8>(slots, 57);
    store<u32>(valueColumnsAt + (<usize>i << 3), <u32>column(load<u8>(slots, 56)));
    store<u32>(valueColumnsAt + (<usize>i << 3), second == 255 ? 0 : <u32>column(second), 4);
  }
}

// @ts-ignore: a decorator of AssemblyScript
@inline
export function groupSlot(i: u32): u32 {
  return load<u8>(questionAt + i, 44);
}

/** Whether a tuple of this state opens a flow: a begin, a denied one, one without state. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function opens(state: u32): bool {
  return state == 0 || state == beginText || state == deniedText;
}

/** The ith value of a row: a counter, or the sum of two; `absent` where none was counted. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function valueOf(row: u32, i: u32): i64 {
  const columns = valueColumnsAt + (<usize>i << 3);
  const value = load<i64>(<usize>load<u32>(columns) + (<usize>row << 3));
  const second: usize = load<u32>(columns, 4);
  if (second == 0) return value;
  const other = load<i64>(second + (<usize>row << 3));
  return value == absent ? other : other == absent ? value : value + other;
}

/** Whether a tuple carries a counter. */
// @ts-ignore: a decorator of AssemblyScript
@inline
export function isCounted(row: u32): bool {
  for (let k: u32 = 0; k < 4; k++) if (load<i64>(column(counterSlot + k) + (<usize>row << 3)) != absent) return true;
  return false;
}

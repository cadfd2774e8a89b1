/**
 * The largest groups: by what was added up, then by their values, of which none is last.
 *
 * AssemblyScript, a part of kernel/stitch.ts.
 */
import { matchAt, textsAt } from '../src/lake/stitch-kernel-layout';
import { addedAt, countGroups, groupAt } from './flow-groups';
import { sink, sortPart } from './heap-sort';
import { groupColumns, groupSlot, orderedBy } from './question';
import { destinationPortSlot, sourcePortSlot } from './slots';

/** What a group is ordered by: 0 flows, 1 denied, 2 tuples, 3 first time, 4 last time, 5 and on a sum; -1 where there is none. */
function sizeOf(group: u32): i64 {
  const at = groupAt(group) + addedAt;
  if (orderedBy < 5) return load<i64>(at + (<usize>orderedBy << 3));
  const i = orderedBy - 5;
  return (load<u32>(at, 40) & (1 << i)) == 0 ? -1 : load<i64>(at + 48 + (<usize>i << 3));
}

function isLarger(a: u32, b: u32): bool {
  const left = sizeOf(a);
  const right = sizeOf(b);
  if (left != right) return left > right;
  for (let i: u32 = 0; i < groupColumns; i++) {
    const one = load<u32>(groupAt(a) + (<usize>i << 2));
    const other = load<u32>(groupAt(b) + (<usize>i << 2));
    if (one == other) continue;
    const slot = groupSlot(i);
    if (slot == sourcePortSlot || slot == destinationPortSlot) return one < other;
    if (one == 0 || other == 0) return other == 0;
    return isTextBefore(one, other);
  }
  return false;
}

/** In order of their bytes. */
function isTextBefore(a: u32, b: u32): bool {
  const left = textsAt + (<usize>a << 3);
  const right = textsAt + (<usize>b << 3);
  const one: usize = load<u32>(left);
  const other: usize = load<u32>(right);
  const lengths = load<u32>(left, 4) < load<u32>(right, 4);
  const shorter = lengths ? load<u32>(left, 4) : load<u32>(right, 4);
  for (let i: usize = 0; i < <usize>shorter; i++) {
    const x = load<u8>(one + i);
    const y = load<u8>(other + i);
    if (x != y) return x < y;
  }
  return lengths;
}

/** Puts the numbers of the `limit` largest groups at `matchAt`, in order; `limit` is no more than there is room for. @returns how many */
export function largestGroups(limit: u32): u32 {
  const all = countGroups();
  let n: u32 = 0;
  for (let group: u32 = 0; group < all; group++) {
    if (load<u64>(groupAt(group) + addedAt) == 0) continue;
    if (n < limit) {
      store<u32>(matchAt + (<usize>n << 2), group);
      n++;
      if (n == limit) for (let root = n >> 1; root > 0; root--) sink(0, root - 1, n, isLarger);
    } else if (n > 0 && isLarger(group, load<u32>(matchAt))) {
      store<u32>(matchAt, group);
      sink(0, 0, n, isLarger);
    }
  }
  sortPart(0, n, isLarger);
  return n;
}

/** Sorts numbers of what is compared, in place. AssemblyScript, a part of kernel/stitch.ts. */
import { matchAt } from '../src/lake/stitch-kernel-layout';

// @ts-ignore: a decorator of AssemblyScript
@inline
function at(i: u32): usize {
  return matchAt + (<usize>i << 2);
}

/** Sorts the numbers `from` to before `end` of those at `matchAt`. */
export function sortPart(from: u32, end: u32, isBefore: (a: u32, b: u32) => bool): void {
  const n = end - from;
  if (n < 2) return;
  for (let root = n >> 1; root > 0; root--) sink(from, root - 1, n, isBefore);
  for (let last = n - 1; last > 0; last--) {
    const greatest = load<u32>(at(from));
    store<u32>(at(from), load<u32>(at(from + last)));
    store<u32>(at(from + last), greatest);
    sink(from, 0, last, isBefore);
  }
}

/** Puts the value at `root` in its place below it, in a heap of `n` from `from` on, the first of which comes last. */
export function sink(from: u32, root: u32, n: u32, isBefore: (a: u32, b: u32) => bool): void {
  const value = load<u32>(at(from + root));
  for (;;) {
    let child: u32 = 2 * root + 1;
    if (child >= n) break;
    if (child + 1 < n && isBefore(load<u32>(at(from + child)), load<u32>(at(from + child + 1)))) child++;
    if (!isBefore(value, load<u32>(at(from + child)))) break;
    store<u32>(at(from + root), load<u32>(at(from + child)));
    root = child;
  }
  store<u32>(at(from + root), value);
}

/** The largest boxes of a function, without going through all of them. */
import type { AddressRange } from '../address-ranges.ts';
import type { Node } from './decision-diagram.ts';
import { leafValue, nothing } from './decision-diagram.ts';
import type { AxisName, Box, HeaderProtocol, HeaderSpace } from './header.ts';

export interface ValueBox {
  readonly box: Box;
  /** The function's value there. */
  readonly value: number;
  readonly headers: bigint;
}

/** A box whose first axes are cut; the function of the others is below it. */
interface Part {
  readonly node: Node;
  readonly ranges: Partial<Record<AxisName, readonly AddressRange[]>>;
  readonly cutAxes: number;
  /** Of all boxes in it. */
  readonly headers: bigint;
}

const zeroPort: readonly AddressRange[] = [{ start: 0n, end: 1n }];

/** Disjoint boxes where a function is not 0, the largest first; together they are all such headers where there are at most `most`. */
export function largestBoxes(space: HeaderSpace, protocol: HeaderProtocol, node: Node, most: number): ValueBox[] {
  const axes = space.axesOf(protocol);
  const parts = new LargestFirst();
  const add = (part: Omit<Part, 'headers'>): void => {
    if (part.node !== nothing) parts.push({ ...part, headers: headersIn(space, protocol, part) });
  };
  add({ node, ranges: {}, cutAxes: 0 });
  const boxes: ValueBox[] = [];
  for (let part = parts.pop(); part !== undefined && boxes.length < most; part = parts.pop()) {
    const { ranges, cutAxes, headers } = part;
    if (cutAxes === axes.length) {
      boxes.push({
        box: { dport: zeroPort, sport: zeroPort, dst: [], src: [], ...ranges },
        value: leafValue(part.node),
        headers,
      });
      continue;
    }
    const axis = axes[cutAxes];
    for (const [child, own] of space.cut(axis, part.node))
      add({ node: child, ranges: { ...ranges, [axis.name]: own }, cutAxes: cutAxes + 1 });
  }
  return boxes;
}

/** How many headers lie in the ranges cut so far, times those of the function below. */
function headersIn(
  space: HeaderSpace,
  protocol: HeaderProtocol,
  { node, ranges, cutAxes }: Omit<Part, 'headers'>,
): bigint {
  const axes = space.axesOf(protocol);
  let headers = space.count(protocol, node);
  for (const axis of axes.slice(0, cutAxes)) {
    const size = (ranges[axis.name] ?? []).reduce((sum, { start, end }) => sum + end - start, 0n);
    headers = (headers >> BigInt(axis.bits)) * size;
  }
  return headers;
}

/** A heap of parts. */
class LargestFirst {
  readonly #parts: Part[] = [];

  push(part: Part): void {
    const parts = this.#parts;
    let at = parts.push(part) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (parts[above].headers >= parts[at].headers) break;
      [parts[above], parts[at]] = [parts[at], parts[above]];
      at = above;
    }
  }

  pop(): Part | undefined {
    const parts = this.#parts;
    const top = parts[0] as Part | undefined;
    const last = parts.pop();
    if (last === undefined || parts.length === 0) return top;
    parts[0] = last;
    for (let at = 0; ;) {
      let larger = 2 * at + 1;
      if (larger >= parts.length) break;
      if (larger + 1 < parts.length && parts[larger + 1].headers > parts[larger].headers) larger++;
      if (parts[at].headers >= parts[larger].headers) break;
      [parts[at], parts[larger]] = [parts[larger], parts[at]];
      at = larger;
    }
    return top;
  }
}

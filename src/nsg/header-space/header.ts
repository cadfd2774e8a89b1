/**
 * Sets of headers of one family: the ports and addresses of packets, by protocol. A protocol without ports has headers of two addresses, as rules see it:
 * its ports are 0. Bits stand in the order destination port, destination, source, source port, which keeps diagrams small.
 */
import { limits } from '../../base/limits.ts';
import type { Family } from '../../net/address.ts';
import type { AddressRange } from '../address-ranges.ts';
import { familyEnd, mergeRanges } from '../address-ranges.ts';
import type { Rule } from '../rule.ts';
import { portCount, protocolMatches } from '../rule.ts';
import type { Node } from './decision-diagram.ts';
import { DecisionDiagram, everything, isLeaf, leafValue, nothing } from './decision-diagram.ts';

/** The protocols that rules can name, and one that only `*` means. */
export const headerProtocols = ['tcp', 'udp', 'icmp', 'esp', 'ah', 'other'] as const;
export type HeaderProtocol = (typeof headerProtocols)[number];

/** An IANA number of each: that of `other` stands for all that no rule can name. */
export function protocolNumber(protocol: HeaderProtocol, family: Family): number {
  return { tcp: 6, udp: 17, icmp: family === 4 ? 1 : 58, esp: 50, ah: 51, other: 47 }[protocol];
}

export function protocolHasPorts(protocol: HeaderProtocol): boolean {
  return protocol === 'tcp' || protocol === 'udp';
}

export type AxisName = 'dport' | 'dst' | 'src' | 'sport';

/** Some bits of a header, most significant first. */
export interface Axis {
  readonly name: AxisName;
  readonly firstBit: number;
  readonly bits: number;
}

/** The ranges of a set on each axis: it holds every header whose parts lie in them. */
export type Box = Readonly<Record<AxisName, readonly AddressRange[]>>;

/** Functions of the headers of one family. */
export class HeaderSpace {
  readonly family: Family;
  readonly diagram = new DecisionDiagram();
  readonly #axes: readonly Axis[];
  readonly #addressAxes: readonly Axis[];
  readonly #built = new Map<string, Node>();
  readonly #counts = new Map<number, Map<Node, bigint>>();
  readonly #rangeNumbers = new Map<string, number>();
  readonly #numberOf = new WeakMap<readonly AddressRange[], number>();

  constructor(family: Family) {
    this.family = family;
    const address = family === 4 ? 32 : 128;
    const bits: readonly [AxisName, number][] = [
      ['dport', 16],
      ['dst', address],
      ['src', address],
      ['sport', 16],
    ];
    let firstBit = 0;
    this.#axes = bits.map(([name, count]) => {
      const axis = { name, firstBit, bits: count };
      firstBit += count;
      return axis;
    });
    this.#addressAxes = this.#axes.slice(1, 3);
  }

  /** The axes of a protocol's headers, in the order of their bits. */
  axesOf(protocol: HeaderProtocol): readonly Axis[] {
    return protocolHasPorts(protocol) ? this.#axes : this.#addressAxes;
  }

  /** A function that is `value` at the headers of a box and 0 elsewhere. */
  box(protocol: HeaderProtocol, box: Box, value: Node = everything): Node {
    const hasPorts = protocolHasPorts(protocol);
    if (!hasPorts && !(holdsZero(box.sport) && holdsZero(box.dport))) return nothing;
    let node = value;
    for (const axis of this.axesOf(protocol).toReversed()) {
      node = this.#onAxis(axis, box[axis.name], node);
      if (node === nothing) return nothing;
    }
    return node;
  }

  /** Equal ranges have one number. */
  numberOf(ranges: readonly AddressRange[]): number {
    let number = this.#numberOf.get(ranges);
    if (number === undefined) {
      const key = ranges.map(({ start, end }) => `${start.toString(36)} ${end.toString(36)}`).join();
      number = this.#rangeNumbers.get(key) ?? this.#rangeNumbers.size;
      this.#rangeNumbers.set(key, number);
      this.#numberOf.set(ranges, number);
    }
    return number;
  }

  #onAxis(axis: Axis, ranges: readonly AddressRange[], inside: Node): Node {
    const key = `${axis.firstBit} ${this.numberOf(ranges)} ${inside}`;
    const known = this.#built.get(key);
    if (known !== undefined) return known;
    const node = this.#part(axis, ranges, inside, 0, 0n, 0, ranges.length);
    this.#built.set(key, node);
    return node;
  }

  /** The part of a set of ranges in a block that `depth` bits of the axis select; ranges from `from` to `to` can meet it. */
  #part(
    axis: Axis,
    ranges: readonly AddressRange[],
    inside: Node,
    depth: number,
    start: bigint,
    from: number,
    to: number,
  ): Node {
    const end = start + (1n << BigInt(axis.bits - depth));
    let first = from;
    while (first < to && ranges[first].end <= start) first++;
    let last = to;
    while (last > first && ranges[last - 1].start >= end) last--;
    if (first === last) return nothing;
    if (ranges[first].start <= start && ranges[first].end >= end) return inside;
    const half = start + (1n << BigInt(axis.bits - depth - 1));
    const low = this.#part(axis, ranges, inside, depth + 1, start, first, last);
    const high = this.#part(axis, ranges, inside, depth + 1, half, first, last);
    return this.diagram.node(axis.firstBit + depth, low, high);
  }

  /** At how many headers of a protocol a function is not 0. */
  count(protocol: HeaderProtocol, set: Node): bigint {
    const axes = this.axesOf(protocol);
    const { firstBit } = axes[0];
    const end = axes.reduce((sum, axis) => sum + axis.bits, firstBit);
    const counts = this.#countsTo(end);
    /** Headers of the bits from the node's own on. */
    const countOf = (node: Node): bigint => {
      if (isLeaf(node)) return leafValue(node) === 0 ? 0n : 1n;
      const known = counts.get(node);
      if (known !== undefined) return known;
      const bit = this.diagram.bitOf(node);
      const below = (child: Node): bigint => countOf(child) << BigInt(this.#bitAt(child, end) - bit - 1);
      const count = below(this.diagram.lowOf(node)) + below(this.diagram.highOf(node));
      counts.set(node, count);
      return count;
    };
    return countOf(set) << BigInt(this.#bitAt(set, end) - firstBit);
  }

  /** Counts of nodes whose last bit is in front of `end`, as long as they are not too many. */
  #countsTo(end: number): Map<Node, bigint> {
    const known = this.#counts.get(end);
    if (known !== undefined && known.size < limits.headerCountsHeld) return known;
    const counts = new Map<Node, bigint>();
    this.#counts.set(end, counts);
    return counts;
  }

  #bitAt(node: Node, end: number): number {
    return isLeaf(node) ? end : this.diagram.bitOf(node);
  }

  /** The different functions behind an axis, with the values of the axis that lead to each; not those that are 0 everywhere. */
  cut(axis: Axis, node: Node): Map<Node, AddressRange[]> {
    const found = new Map<Node, { start: bigint; end: bigint }[]>();
    const borderBit = axis.firstBit + axis.bits;
    const walk = (at: Node, depth: number, start: bigint): void => {
      if (at === nothing) return;
      if (isLeaf(at) || this.diagram.bitOf(at) >= borderBit) {
        const ranges = found.get(at);
        const end = start + (1n << BigInt(axis.bits - depth));
        const last = ranges?.at(-1);
        if (ranges === undefined) found.set(at, [{ start, end }]);
        else if (last?.end === start) last.end = end;
        else ranges.push({ start, end });
        return;
      }
      const bit = this.diagram.bitOf(at) - axis.firstBit;
      for (const half of [0n, 1n]) {
        const child = half === 0n ? this.diagram.lowOf(at) : this.diagram.highOf(at);
        // Bits between that do not matter: every value of theirs leads to the same children.
        const free = bit - depth;
        if (free === 0) walk(child, depth + 1, start + (half << BigInt(axis.bits - depth - 1)));
        else skip(child, half, depth, free, start);
      }
    };
    const skip = (child: Node, half: bigint, depth: number, free: number, start: bigint): void => {
      const step = 1n << BigInt(axis.bits - depth - free);
      for (let i = 0n; i < 1n << BigInt(free); i++)
        walk(child, depth + free + 1, start + i * step + half * (step / 2n));
    };
    walk(node, 0, 0n);
    for (const [child, ranges] of found) found.set(child, mergeRanges(ranges));
    return found;
  }
}

/** All addresses and ports. */
export function wholeBox(family: Family): Box {
  const address = [{ start: 0n, end: familyEnd(family) }];
  const port = [{ start: 0n, end: BigInt(portCount) }];
  return { dport: port, dst: address, src: address, sport: port };
}

export function ruleMeets(rule: Rule, protocol: HeaderProtocol, family: Family): boolean {
  return protocolMatches(rule.protocol, protocolNumber(protocol, family));
}

function holdsZero(ranges: readonly AddressRange[]): boolean {
  return ranges[0]?.start === 0n;
}

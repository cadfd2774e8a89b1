/**
 * Reduced ordered decision diagrams: functions of numbered bits to small whole numbers, each function once. A set is a function to 0 and 1. Nodes are rows
 * of typed arrays; leaves are negative, so that a function is one number, and two functions are equal where their numbers are.
 * Source: Bryant, Graph-based algorithms for Boolean function manipulation, 1986; with leaves of any number, Fujita, McGeer and Yang, 1997.
 */
import { FlowError } from '../../base/errors.ts';
import { limits } from '../../base/limits.ts';

/** A function of a diagram. */
export type Node = number;

/** The function that is everywhere this whole number, 0 or above. */
export function leaf(value: number): Node {
  return ~value;
}

/** The value of a leaf. */
export function leafValue(node: Node): number {
  return ~node;
}

export function isLeaf(node: Node): boolean {
  return node < 0;
}

/** The empty set, and the set of everything. */
export const nothing = leaf(0);
export const everything = leaf(1);

/** Combines the values of two functions at each point. */
export interface Operation {
  /** The result where it needs no look below these nodes; else undefined. For two leaves always a result. */
  readonly shortcut: (a: Node, b: Node) => Node | undefined;
}

/** The first function, and where that is 0 the second. Of sets, the union. */
export const first: Operation = {
  shortcut: (a, b) => (a === nothing || a === b ? b : isLeaf(a) || b === nothing ? a : undefined),
};

/** The first function within a set, 0 elsewhere. Of sets, the intersection. */
export const within: Operation = {
  shortcut: (a, b) =>
    a === nothing || b === nothing ? nothing : b === everything || a === b ? a : isLeaf(b) ? a : undefined,
};

/** The first function outside of a set, 0 in it. Of sets, the difference. */
export const outside: Operation = {
  shortcut: (a, b) => (a === nothing || b === nothing ? a : isLeaf(b) || a === b ? nothing : undefined),
};

const nodesAtFirst = 1 << 12;
/** Results kept of a large diagram. */
const cachedMost = 1 << 20;

export class DecisionDiagram {
  #bits = new Uint16Array(nodesAtFirst);
  #lows = new Int32Array(nodesAtFirst);
  #highs = new Int32Array(nodesAtFirst);
  #count = 0;
  /** Open addressing: a node's index plus one, 0 where free. */
  #table = new Int32Array(nodesAtFirst * 2);
  /** Results of operations, each in one place: a later one replaces an earlier one. */
  #cache = new Int32Array(4 * nodesAtFirst);
  readonly #operations = new Map<Operation, number>();

  get nodes(): number {
    return this.#count;
  }

  /** The bit that decides; bits in front of it do not matter. */
  bitOf(node: Node): number {
    return this.#bits[node];
  }

  lowOf(node: Node): Node {
    return this.#lows[node];
  }

  highOf(node: Node): Node {
    return this.#highs[node];
  }

  /** @throws rules-too-large beyond limits.headerSpaceNodesMax */
  node(bit: number, low: Node, high: Node): Node {
    if (low === high) return low;
    const mask = this.#table.length - 1;
    let at = hash(low, high, bit) & mask;
    for (let found = this.#table[at]; found !== 0; found = this.#table[at]) {
      const known = found - 1;
      if (this.#lows[known] === low && this.#highs[known] === high && this.#bits[known] === bit) return known;
      at = (at + 1) & mask;
    }
    const made = this.#count;
    if (made >= limits.headerSpaceNodesMax) throw tooLarge();
    if (made === this.#bits.length) this.#grow();
    this.#bits[made] = bit;
    this.#lows[made] = low;
    this.#highs[made] = high;
    this.#count++;
    if (this.#count * 2 > this.#table.length) this.#index();
    else this.#table[at] = made + 1;
    return made;
  }

  combine(operation: Operation, a: Node, b: Node): Node {
    let number = this.#operations.get(operation);
    if (number === undefined) {
      number = this.#operations.size + 1;
      this.#operations.set(operation, number);
    }
    return this.#combine(operation, number, a, b);
  }

  #combine(operation: Operation, number: number, a: Node, b: Node): Node {
    const short = operation.shortcut(a, b);
    if (short !== undefined) return short;
    let cache = this.#cache;
    let slot = (hash(a, b, number) << 2) & (cache.length - 1);
    if (cache[slot] === a && cache[slot + 1] === b && cache[slot + 2] === number) return cache[slot + 3];
    const bitA = a < 0 ? leafBit : this.#bits[a];
    const bitB = b < 0 ? leafBit : this.#bits[b];
    const bit = bitA < bitB ? bitA : bitB;
    const [lowA, highA] = bitA === bit ? [this.#lows[a], this.#highs[a]] : [a, a];
    const [lowB, highB] = bitB === bit ? [this.#lows[b], this.#highs[b]] : [b, b];
    const low = this.#combine(operation, number, lowA, lowB);
    const result = this.node(bit, low, this.#combine(operation, number, highA, highB));
    if (cache !== this.#cache) {
      cache = this.#cache;
      slot = (hash(a, b, number) << 2) & (cache.length - 1);
    }
    cache[slot] = a;
    cache[slot + 1] = b;
    cache[slot + 2] = number;
    cache[slot + 3] = result;
    return result;
  }

  /** The function with each of its values replaced. */
  map(node: Node, value: (value: number) => number, done = new Map<Node, Node>()): Node {
    if (isLeaf(node)) return leaf(value(leafValue(node)));
    const known = done.get(node);
    if (known !== undefined) return known;
    const low = this.map(this.#lows[node], value, done);
    const result = this.node(this.#bits[node], low, this.map(this.#highs[node], value, done));
    done.set(node, result);
    return result;
  }

  /** The values that a function has, 0 among them. */
  valuesOf(node: Node): Set<number> {
    const values = new Set<number>();
    const seen = new Set<Node>();
    const walk = (at: Node): void => {
      if (seen.has(at)) return;
      seen.add(at);
      if (isLeaf(at)) return void values.add(leafValue(at));
      walk(this.#lows[at]);
      walk(this.#highs[at]);
    };
    walk(node);
    return values;
  }

  #grow(): void {
    const size = Math.min(this.#bits.length * 2, limits.headerSpaceNodesMax);
    const grown = <T extends Uint16Array | Int32Array>(from: T, to: T): T => (to.set(from), to);
    this.#bits = grown(this.#bits, new Uint16Array(size));
    this.#lows = grown(this.#lows, new Int32Array(size));
    this.#highs = grown(this.#highs, new Int32Array(size));
    if (size <= cachedMost) this.#cache = new Int32Array(4 * size);
  }

  #index(): void {
    const table = new Int32Array(this.#table.length * 2);
    const mask = table.length - 1;
    for (let node = 0; node < this.#count; node++) {
      let at = hash(this.#lows[node], this.#highs[node], this.#bits[node]) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = node + 1;
    }
    this.#table = table;
  }
}

/** Behind every bit. */
const leafBit = 0xffff;

function hash(a: number, b: number, c: number): number {
  let mixed = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca6b) ^ Math.imul(c, 0xc2b2ae35);
  mixed ^= mixed >>> 15;
  mixed = Math.imul(mixed, 0x2c1b3c6d);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function tooLarge(): FlowError {
  return new FlowError('rules-too-large', `these rules need more than ${limits.headerSpaceNodesMax} nodes to compare`);
}

/**
 * Values by address prefix, longest prefix first. The prefixes of each family are cut into intervals that do not overlap: a look-up is a binary search
 * among their starts, for IPv4 among those of its first 16 bits.
 */
import type { Address, Family } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';

/** A prefix that has values, and the next shorter one around it. */
export interface PrefixNode<T> {
  readonly prefix: Prefix;
  readonly values: readonly T[];
  readonly within: PrefixNode<T> | undefined;
}

export class PrefixTable<T> {
  readonly #ipv4: Intervals<T>;
  readonly #ipv6: Intervals<T>;
  /** Of IPv4: the last interval that begins before or at the first address of each block of 2^16. */
  readonly #blocks: Uint32Array;
  readonly #groups: Groups;

  /** Values of equal prefixes keep their order. */
  constructor(entries: Iterable<readonly [Prefix, T]>) {
    const byFamily: Record<Family, Map<string, Entry<T>>> = { 4: new Map(), 6: new Map() };
    for (const [prefix, value] of entries) {
      const known = byFamily[prefix.family];
      const key = `${prefix.words.join(' ')}/${prefix.length}`;
      const entry = known.get(key);
      if (entry === undefined) known.set(key, { prefix, values: [value], ...boundsOf(prefix) });
      else entry.values.push(value);
    }
    this.#ipv4 = intervalsOf([...byFamily[4].values()]);
    this.#ipv6 = intervalsOf([...byFamily[6].values()]);
    this.#blocks = blocksOf(this.#ipv4.words[3]);
    this.#groups = groupsOf(this.#ipv6.words[0]);
  }

  /** The longest prefix that holds an address. */
  find({ family, words: [a, b, c, d] }: Address): PrefixNode<T> | undefined {
    return family === 4 ? this.findIpv4(d) : this.findIpv6(a, b, c, d);
  }

  findIpv4(word: number): PrefixNode<T> | undefined {
    const { words, nodes } = this.#ipv4;
    const starts = words[3];
    const block = word >>> 16;
    let low = this.#blocks[block];
    let high = this.#blocks[block + 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (starts[middle] <= word) low = middle;
      else high = middle - 1;
    }
    return nodes[low];
  }

  findIpv6(a: number, b: number, c: number, d: number): PrefixNode<T> | undefined {
    const {
      words: [first, second, third, fourth],
      nodes,
    } = this.#ipv6;
    const { least, shift, before } = this.#groups;
    const group = a < least ? -1 : Math.min((a - least) >>> shift, before.length - 2);
    let low = group < 0 ? 0 : before[group];
    let high = before[group + 1];
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      const isBefore =
        first[middle] !== a
          ? first[middle] < a
          : second[middle] !== b
            ? second[middle] < b
            : third[middle] !== c
              ? third[middle] < c
              : fourth[middle] <= d;
      if (isBefore) low = middle;
      else high = middle - 1;
    }
    return nodes[low];
  }
}

/** First address, and the one behind the last: numbers of IPv4, 128 bits of IPv6. */
interface Bounds {
  readonly start: number | bigint;
  readonly end: number | bigint;
}

interface Entry<T> extends Bounds {
  readonly prefix: Prefix;
  readonly values: T[];
}

/** Starts in order, as four words each, and the longest prefix that holds each interval. The first one begins at 0. */
interface Intervals<T> {
  readonly words: readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array];
  readonly nodes: readonly (PrefixNode<T> | undefined)[];
}

function boundsOf({ family, words, length }: Prefix): Bounds {
  if (family === 4) return { start: words[3], end: words[3] + 2 ** (32 - length) };
  const start = words.reduce((sum, word) => (sum << 32n) | BigInt(word), 0n);
  return { start, end: start + (1n << BigInt(128 - length)) };
}

function intervalsOf<T>(entries: Entry<T>[]): Intervals<T> {
  entries.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : a.prefix.length - b.prefix.length));
  const starts: (number | bigint)[] = [0];
  const nodes: (PrefixNode<T> | undefined)[] = [undefined];
  const begin = (start: number | bigint, node: PrefixNode<T> | undefined): void => {
    if (starts.at(-1) === start || (start === 0n && starts.length === 1)) nodes[nodes.length - 1] = node;
    else {
      starts.push(start);
      nodes.push(node);
    }
  };
  const open: { readonly end: number | bigint; readonly node: PrefixNode<T> }[] = [];
  /** Closes prefixes that end at `start` or before; all without one. */
  const closeUntil = (start: number | bigint | undefined): void => {
    for (;;) {
      const last = open.at(-1);
      if (last === undefined || (start !== undefined && last.end > start)) return;
      open.pop();
      if (last.end < (typeof last.end === 'bigint' ? 1n << 128n : 2 ** 32)) begin(last.end, open.at(-1)?.node);
    }
  };
  for (const { prefix, values, start, end } of entries) {
    closeUntil(start);
    const node = { prefix, values, within: open.at(-1)?.node };
    begin(start, node);
    open.push({ end, node });
  }
  closeUntil(undefined);
  const words = [0, 1, 2, 3].map((i) =>
    Uint32Array.from(starts, (start) =>
      typeof start === 'number' ? (i === 3 ? start : 0) : Number((start >> BigInt(96 - 32 * i)) & 0xffff_ffffn),
    ),
  );
  return { words: [words[0], words[1], words[2], words[3]], nodes };
}

/** Starts of IPv6 by their first word, in groups of equal size between the least and the greatest one: prefixes in use lie close together. */
interface Groups {
  readonly least: number;
  readonly shift: number;
  /** Of each group and of the end: the last interval whose first word is below it. */
  readonly before: Uint32Array;
}

function groupsOf(words: Uint32Array): Groups {
  // The first interval begins at 0.
  const least = words[1] ?? 0;
  const span = (words[words.length - 1] - least) >>> 0;
  const shift = Math.max(0, 32 - Math.clz32(span) - 16);
  const before = new Uint32Array((span >>> shift) + 2);
  let at = 0;
  for (let group = 0; group < before.length - 1; group++) {
    while (at + 1 < words.length && words[at + 1] < least + group * 2 ** shift) at++;
    before[group] = at;
  }
  before[before.length - 1] = words.length - 1;
  return { least, shift, before };
}

function blocksOf(starts: Uint32Array): Uint32Array {
  const blocks = new Uint32Array(2 ** 16 + 1);
  let at = 0;
  for (let block = 0; block < 2 ** 16; block++) {
    while (at + 1 < starts.length && starts[at + 1] <= (block << 16) >>> 0) at++;
    blocks[block] = at;
  }
  blocks[2 ** 16] = starts.length - 1;
  return blocks;
}

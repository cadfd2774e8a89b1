/**
 * Which private address a packet gets to that is addressed to a public one. Of backends that share a port of a load balancer a hash picks one: that of
 * the highest number among hashes of what the balancer looks at and of each backend, so that a pool that grows or shrinks moves few flows. Both
 * directions of a flow have one backend. Source: Azure Load Balancer's distribution modes; its hash function is not documented.
 */
import type { Address } from '../net/address.ts';
import { sameAddress } from '../net/address.ts';
import type { PacketBatch } from '../net/packet.ts';
import type { Translation } from './network.ts';

export type PacketEnd = 'source' | 'destination';

/** The private address and port behind a public one. */
export interface PrivateTarget {
  readonly inside: Address;
  /** `undefined` keeps the packet's. */
  readonly port: number | undefined;
  /** From within the network: the far end keeps its private address. */
  readonly isInternal: boolean;
  /** Others share the port. */
  readonly isShared: boolean;
}

interface Entry {
  readonly translation: Translation;
  /** One for each of `privates`. */
  readonly targets: readonly PrivateTarget[];
}

/** All public addresses of a network, with what is behind them. */
export class TranslationTable {
  /** By the last word of the public address; those of a port before those of all ports. */
  readonly #entries = new Map<number, Entry[]>();
  /** By the last word of the private address: those with a public address of their own. */
  readonly #owned = new Map<number, Translation[]>();

  /** @param isBalanced false leaves out what several backends share */
  constructor(translations: readonly Translation[], isBalanced: boolean) {
    const usable = translations.filter(({ privates }) => privates.length === 1 || isBalanced);
    for (const translation of usable.filter(isOfPort)) this.#add(translation);
    for (const translation of usable.filter((one) => !isOfPort(one))) this.#add(translation);
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /** What is behind a packet's end; `undefined` where its address is no public one of the network. Of several for one port the first counts. */
  of(packets: PacketBatch, row: number, end: PacketEnd): PrivateTarget | undefined {
    const at = 4 * row;
    const words = packets[end];
    const port = packets[`${end}Port`][row];
    for (const { translation, targets } of this.#entries.get(words[at + 3]) ?? []) {
      const { public: outside, protocol, publicPort } = translation;
      if (!isAt(outside, packets.family[row], words, at)) continue;
      if (protocol !== undefined && (protocol !== packets.protocol[row] || publicPort !== port)) continue;
      return targets.length === 1 ? targets[0] : pick(targets, affinityHash(translation, packets, row, end));
    }
    return undefined;
  }

  /** Gives a packet's end, a private address, the public one of its own, if it has one. */
  translateOut(packets: PacketBatch, row: number, end: PacketEnd): void {
    const words = packets[end].subarray(4 * row, 4 * row + 4);
    const owned = this.#owned
      .get(words[3])
      ?.find(({ privates: [inside] }) => isAt(inside, packets.family[row], words, 0));
    if (owned !== undefined) words.set(owned.public.words);
  }

  #add(translation: Translation): void {
    const { public: outside, privates, protocol, privatePort, isInternal } = translation;
    const targets = privates.map((inside) => ({
      inside,
      port: protocol === undefined ? undefined : privatePort,
      isInternal,
      isShared: privates.length > 1,
    }));
    addTo(this.#entries, outside.words[3], { translation, targets });
    if (protocol === undefined && privates.length === 1 && !isInternal)
      addTo(this.#owned, privates[0].words[3], translation);
  }
}

function addTo<Value>(lists: Map<number, Value[]>, key: number, value: Value): void {
  lists.set(key, [...(lists.get(key) ?? []), value]);
}

function isAt(address: Address, family: number, words: Uint32Array, at: number): boolean {
  return address.family === family && address.words.every((word, index) => word === words[at + index]);
}

function isOfPort({ protocol }: Translation): boolean {
  return protocol !== undefined;
}

/** Hash of what decides among backends. `end` is the balancer's. */
function affinityHash({ affinity }: Translation, packets: PacketBatch, row: number, end: PacketEnd): number {
  const far = end === 'source' ? 'destination' : 'source';
  let hash = 0;
  for (let i = 4 * row; i < 4 * row + 4; i++) hash = mix(mix(hash, packets[end][i]), packets[far][i]);
  if (affinity === 'client') return hash;
  hash = mix(hash, packets.protocol[row]);
  if (affinity === 'client-protocol') return hash;
  return mix(mix(hash, packets[`${end}Port`][row]), packets[`${far}Port`][row]);
}

function pick(targets: readonly PrivateTarget[], hash: number): PrivateTarget {
  let best = targets[0];
  let most = -1;
  for (const target of targets) {
    const weight = target.inside.words.reduce(mix, hash) >>> 0;
    if (weight <= most) continue;
    best = target;
    most = weight;
  }
  return best;
}

function mix(hash: number, word: number): number {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1);
  return Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b) ^ (mixed >>> 13);
}

/** The end as one of these addresses has it behind a public one; the end itself where nothing leads from there to any of them. */
export function privateEnd(
  translations: readonly Translation[],
  addresses: readonly Address[],
  protocol: number,
  end: FlowEnd,
): FlowEnd {
  const insideOf = ({ privates }: Translation): Address | undefined =>
    privates.find((inside) => addresses.some((own) => sameAddress(own, inside)));
  const fits = translations.filter((one) => sameAddress(one.public, end.address) && insideOf(one) !== undefined);
  const found =
    fits.find((one) => one.protocol === protocol && one.publicPort === end.port) ??
    fits.find((one) => one.protocol === undefined);
  const address = found && insideOf(found);
  if (found === undefined || address === undefined) return end;
  return { address, port: found.protocol === undefined ? end.port : found.privatePort };
}

/** One end of a flow. */
export interface FlowEnd {
  readonly address: Address;
  readonly port: number;
}

/**
 * Maps public addresses to private ones. If backends share a port of a load balancer, rendezvous hashing selects one:
 * the backend with the highest hash of itself and of the packet's affinity fields. So few flows move when a pool grows
 * or shrinks. Both directions of a flow use the same backend. Source: Azure Load Balancer's distribution modes; its
 * hash function is not documented.
 */
import type { Address } from '../net/address.ts';
import { sameAddress } from '../net/address.ts';
import type { PacketBatch } from '../net/packet.ts';
import type { Translation } from './network.ts';

export type PacketEnd = 'source' | 'destination';

/** The private address and port behind a public one. */
export interface PrivateTarget {
  readonly inside: Address;
  /** `undefined` keeps the packet's port. */
  readonly port: number | undefined;
  /** Whether it is inside the network: then the far end keeps its private address. */
  readonly isInternal: boolean;
  /** Whether other backends share the port. */
  readonly isShared: boolean;
}

interface Entry {
  readonly translation: Translation;
  /** One for each of `privates`. */
  readonly targets: readonly PrivateTarget[];
}

/** All public addresses of a network, with the targets behind them. */
export class TranslationTable {
  /** By the last word of the public address; entries with a port come before entries for all ports. */
  readonly #entries = new Map<number, Entry[]>();
  /** By the last word of the private address: translations of NICs with their own public address. */
  readonly #owned = new Map<number, Translation[]>();

  /** @param isBalanced false: translations with several backends are left out */
  constructor(translations: readonly Translation[], isBalanced: boolean) {
    const usable = translations.filter(({ privates }) => privates.length === 1 || isBalanced);
    for (const translation of usable.filter(isOfPort)) this.#add(translation);
    for (const translation of usable.filter((one) => !isOfPort(one))) this.#add(translation);
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  /**
   * The target of a packet's end; `undefined` if its address is not a public one of the network. If there are several
   * for one port, the first is used.
   */
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

  /** Replaces the private address of a packet's end by its own public address, if it has one. */
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

/** Hash of the fields that select a backend. `end` is the load balancer's end. */
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

/** The private end behind a public one, if it leads to one of these addresses; otherwise the end itself. */
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

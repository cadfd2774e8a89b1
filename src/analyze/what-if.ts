/**
 * What a change of a network changes for packets, exactly: at each NIC that both networks have, by its whole chain of rules, and in each NSG that is used
 * nowhere. NICs with the same rules are compared once and counted each.
 */
import { resourceKey } from '../arm-template/resource-id.ts';
import type { AddressRange } from '../nsg/address-ranges.ts';
import type { Change, ChangeKind } from '../nsg/header-space/compare.ts';
import { changeKinds, compareRules } from '../nsg/header-space/compare.ts';
import { nothing } from '../nsg/header-space/decision-diagram.ts';
import type { HeaderProtocol } from '../nsg/header-space/header.ts';
import { HeaderSpace, headerProtocols } from '../nsg/header-space/header.ts';
import type { ValueBox } from '../nsg/header-space/largest-boxes.ts';
import { largestBoxes } from '../nsg/header-space/largest-boxes.ts';
import { placesOfNsg } from '../nsg/header-space/nsg-place.ts';
import type { RulesAtPlace } from '../nsg/header-space/place-rules.ts';
import { PlacedRules } from '../nsg/header-space/place-rules.ts';
import type { Volume } from '../nsg/header-space/volume.ts';
import { VolumeSum } from '../nsg/header-space/volume.ts';
import type { Network, Nic, Nsg } from '../nsg/network.ts';
import type { Direction } from '../nsg/rule.ts';
import { tagPlace } from '../nsg/virtual-network-tag.ts';

/** A NIC with its chain, or an NSG on its own. */
export interface Place {
  readonly kind: 'nic' | 'nsg';
  readonly name: string;
}

/** Headers of one protocol that change in the same way. */
export interface ChangedBox extends Pick<ValueBox, 'box' | 'headers'> {
  readonly protocol: HeaderProtocol;
  readonly family: 4 | 6;
  readonly direction: Direction;
  /** All places where they change so. */
  readonly places: readonly Place[];
  readonly change: Change;
}

export interface WhatIf {
  /** Sums over all places and directions. */
  readonly volumes: Readonly<Record<ChangeKind, Volume>>;
  /** The largest ones first. */
  readonly boxes: Readonly<Record<ChangeKind, readonly ChangedBox[]>>;
  /** How many boxes were left out, or more. */
  readonly isCut: Readonly<Record<ChangeKind, boolean>>;
  /** Places that were compared. */
  readonly places: number;
  /** NICs of one of both networks, which are not compared. */
  readonly onlyBefore: readonly string[];
  readonly onlyAfter: readonly string[];
}

export interface WhatIfSettings {
  readonly directions: readonly Direction[];
  /** Boxes of each kind. */
  readonly boxesMost: number;
  /** Only the NIC, or only the NSG by itself, with this name or id. */
  readonly only?: Place;
}

/** @throws rules-too-large */
export function whatIf(before: Network, after: Network, settings: WhatIfSettings): WhatIf {
  const { pairs, onlyBefore, onlyAfter } = pairsOf(before, after, settings.only);
  const sums = { newly_allowed: new VolumeSum(), newly_denied: new VolumeSum(), rule_changed: new VolumeSum() };
  const boxes: Record<ChangeKind, ChangedBox[]> = { newly_allowed: [], newly_denied: [], rule_changed: [] };
  for (const family of [4, 6] as const) {
    const rules = { before: new RulesOf(before, family), after: new RulesOf(after, family) };
    for (const { old, next, places } of pairs)
      for (const direction of settings.directions) {
        const space = new HeaderSpace(family);
        const [from, to] = [rules.before.at(old, direction), rules.after.at(next, direction)];
        for (const protocol of headerProtocols) {
          const { node, changeOf } = compareRules(space, protocol, from, to);
          if (node === nothing) continue;
          for (const kind of changeKinds) {
            const own = space.diagram.map(node, (value) => (value !== 0 && changeOf(value).kind === kind ? value : 0));
            if (own === nothing) continue;
            sums[kind].add(family, protocol, space.count(protocol, own) * BigInt(places.length));
            for (const { box, value, headers } of largestBoxes(space, protocol, own, settings.boxesMost + 1))
              boxes[kind].push({ box, headers, protocol, family, direction, places, change: changeOf(value) });
          }
        }
      }
  }
  const largest = (kind: ChangeKind): ChangedBox[] =>
    boxes[kind].toSorted((a, b) => (a.headers > b.headers ? -1 : a.headers < b.headers ? 1 : 0));
  const byKind = <T>(value: (kind: ChangeKind) => T): Record<ChangeKind, T> => ({
    newly_allowed: value('newly_allowed'),
    newly_denied: value('newly_denied'),
    rule_changed: value('rule_changed'),
  });
  return {
    volumes: byKind((kind) => sums[kind].volume),
    boxes: byKind((kind) => largest(kind).slice(0, settings.boxesMost)),
    isCut: byKind((kind) => boxes[kind].length > settings.boxesMost),
    places: pairs.reduce((sum, { places }) => sum + places.length, 0),
    onlyBefore,
    onlyAfter,
  };
}

/** Where to look before and after, for places that have the same rules. */
interface Pair {
  readonly old: Where;
  readonly next: Where;
  readonly places: Place[];
}

/** A NIC, or an NSG by itself as at this NIC. */
interface Where {
  readonly nic: Nic;
  readonly nsg?: Nsg;
}

function pairsOf(
  before: Network,
  after: Network,
  only: Place | undefined,
): { pairs: Pair[]; onlyBefore: string[]; onlyAfter: string[] } {
  const pairs = new Map<string, Pair>();
  const numbers = new Map<unknown, number>();
  const numberOf = (value: unknown): number =>
    numbers.get(value) ?? (numbers.set(value, numbers.size), numbers.size - 1);
  const keyOf = ({ nic, nsg }: Where): string =>
    [tagPlace(nic), nic.subnet?.nsg, nic.subnet?.virtualNetwork.adminRules, nic.nsg, nsg].map(numberOf).join(' ');
  const add = (old: Where, next: Where, place: Place): void => {
    const key = `${keyOf(old)}, ${keyOf(next)}`;
    const known = pairs.get(key);
    if (known === undefined) pairs.set(key, { old, next, places: [place] });
    else known.places.push(place);
  };
  const wanted = (kind: Place['kind'], { id, name }: { id: string; name: string }): boolean =>
    only === undefined || (only.kind === kind && [resourceKey(id), name.toLowerCase()].includes(nameKey(only.name)));
  const nics = { before: byId(before.nics), after: byId(after.nics) };
  for (const [key, nic] of nics.before) {
    const next = nics.after.get(key);
    if (next !== undefined && wanted('nic', nic)) add({ nic }, { nic: next }, { kind: 'nic', name: nic.name });
  }
  const nsgs = { before: byId(before.nsgs), after: byId(after.nsgs) };
  for (const [key, nsg] of nsgs.before) {
    const next = nsgs.after.get(key);
    if (next === undefined || !wanted('nsg', nsg)) continue;
    if (only === undefined && (isUsed(before, nsg) || isUsed(after, next))) continue;
    const [old] = placesOfNsg(before, nsg);
    const [then] = placesOfNsg(after, next);
    add({ nic: old, nsg }, { nic: then, nsg: next }, { kind: 'nsg', name: nsg.name });
  }
  const missing = (from: Map<string, Nic>, in_: Map<string, Nic>): string[] =>
    [...from].flatMap(([key, nic]) => (in_.has(key) || !wanted('nic', nic) ? [] : nic.name));
  return {
    pairs: [...pairs.values()],
    onlyBefore: missing(nics.before, nics.after),
    onlyAfter: missing(nics.after, nics.before),
  };
}

function nameKey(name: string): string {
  return name.startsWith('/') ? resourceKey(name) : name.toLowerCase();
}

function byId<T extends { readonly id: string }>(resources: readonly T[]): Map<string, T> {
  return new Map(resources.map((resource) => [resourceKey(resource.id), resource]));
}

/** Whether the chain of a NIC has the NSG. */
function isUsed(network: Network, nsg: Nsg): boolean {
  return network.nics.some((nic) => nic.nsg === nsg || nic.subnet?.nsg === nsg);
}

/** The rules of one network as sets of one family. */
class RulesOf {
  readonly #network: Network;
  readonly #family: 4 | 6;
  readonly #tagRanges = new Map<string, AddressRange[]>();

  constructor(network: Network, family: 4 | 6) {
    this.#network = network;
    this.#family = family;
  }

  at({ nic, nsg }: Where, direction: Direction): RulesAtPlace {
    const placed = new PlacedRules(this.#network, nic, this.#family, this.#tagRanges);
    return nsg === undefined ? placed.chain(direction) : { direction, levels: [placed.level('nic', nsg, direction)] };
  }
}

/**
 * What is known of addresses, from all sources together. Look-ups are pure: an address and a period give texts, and nothing leaves the machine.
 *
 *   const names = await openNames({ tags: ['ServiceTags_Public_20260601.json'] });
 *   names.look('203.0.113.7', 0)            // {country: 'AU', continent: 'OC', place: 'public'}
 */
import { stat } from 'node:fs/promises';
import type { Address } from '../net/address.ts';
import { parseAddress } from '../net/address.ts';
import type { Applications } from './applications.ts';
import { readApplications } from './applications.ts';
import type { Dated } from './dated.ts';
import { dateOfFile, datesOf, heldAt } from './dated.ts';
import type { GeoFile } from './place.ts';
import { openGeoFile } from './geo-file.ts';
import type { Inventory } from './inventory/inventory.ts';
import { entriesOf, inventoryOf } from './inventory/inventory.ts';
import { resourcesIn } from './inventory/resource.ts';
import { readInventory } from './inventory/read-inventory.ts';
import type { OwnTable } from './own-table.ts';
import { readOwnTable } from './own-table.ts';
import { packedCountryFile } from './packed-file.ts';
import { PrefixTable } from './prefix-table.ts';
import { isPublic } from './public-address.ts';
import { fileError } from '../base/errors.ts';
import { parseNamesJson, readNamesFile, readNamesFileSync } from './read-file.ts';
import type { TagTable } from './service-tags.ts';
import { namesOfTags, platformTags, readTagList, tagTable } from './service-tags.ts';
import type { Threat } from './threat-list.ts';
import { readThreatList } from './threat-list.ts';
import type { AddressNames } from './attribute.ts';
import { listSeparator } from './attribute.ts';

export interface Names {
  /** Times, ascending, in epoch milliseconds, at which what is known changes: before the first lies period 0, from there on period 1. */
  readonly changes: readonly number[];
  /** Read at their first use. @throws usage */
  applications(): Promise<Applications>;
  /** @throws names-invalid where a file turns out to be damaged */
  look(address: string, period: number): AddressNames;
}

/** Files that a user names. Those of tags and inventories hold from the date in their name on. */
export interface NameFiles {
  /** MMDB files or CSV of ip-location-db; what the first one lacks comes from the next ones, and countries from the packed file. */
  readonly geo?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly inventory?: readonly string[] | undefined;
  /** Inventories with their times, behind those of `inventory`. */
  readonly resources?: readonly { readonly path: string; readonly fromMillis: number }[] | undefined;
  readonly threats?: readonly string[] | undefined;
  readonly tables?: readonly string[] | undefined;
  /** Names of ports, such as `8443=admin`. */
  readonly applications?: readonly string[] | undefined;
}

/** Names that are opened at their first use. */
export type NameSource = () => Promise<Names>;

/** @throws not-found, permission, io, names-invalid */
export async function openNames(files: NameFiles = {}): Promise<Names> {
  const [geo, tags, inventories, threats, tables] = await Promise.all([
    Promise.all([...(files.geo ?? []), packedCountryFile()].map(openGeoFile)),
    Promise.all((files.tags ?? []).map(openTags)),
    openInventories(files.inventory ?? []),
    openThreats(files.threats ?? []),
    Promise.all((files.tables ?? []).map(openOwnTable)),
  ]);
  const kept = (files.resources ?? []).map(openResources);
  const changes = changesOf([tags, inventories, kept]);
  const periods = [-Infinity, ...changes].map((fromMillis): Period => ({
    tags: heldAt(tags, fromMillis),
    inventories: [...heldAt(inventories, fromMillis).map((one) => () => one), ...heldAt(kept, fromMillis)],
  }));
  const sources: Sources = { geo, threats, tables };
  let applications: Promise<Applications> | undefined;
  return {
    changes,
    applications: () => (applications ??= readApplications(files.applications ?? [])),
    look: (text, period) => {
      const address = parseAddress(text);
      return address === undefined ? {} : namesOf(address, text, periods[period], sources);
    },
  };
}

/** @throws the same, at the first use */
export function lazyNames(files?: NameFiles): NameSource {
  let opened: Promise<Names> | undefined;
  return () => (opened ??= openNames(files));
}

/** What is known without any file of the user's. */
export const packedNames: NameSource = lazyNames();

/** The first one of a kind also holds before its date. */
function changesOf(kinds: readonly (readonly Dated<unknown>[])[]): number[] {
  return [...new Set(kinds.flatMap((all) => datesOf(all).slice(1)))].sort((a, b) => a - b);
}

interface Sources {
  readonly geo: readonly GeoFile[];
  readonly threats: PrefixTable<Threat>;
  readonly tables: readonly OwnTable[];
}

interface Period {
  readonly tags: readonly (() => TagTable)[];
  readonly inventories: readonly (() => Inventory)[];
}

function namesOf(address: Address, text: string, period: Period, { geo, threats, tables }: Sources): AddressNames {
  const isOutside = isPublic(address);
  const inventory = firstOf(period.inventories, (one) => one().look(address));
  const tags = firstOf(period.tags, (one) => namesOfTags(one(), address)) ?? namesOfTags(platformTags, address);
  const threat = threatNames(threats, address);
  const where = isOutside ? placeIn(geo, text) : undefined;
  const place = placeOf(isOutside, inventory, tags, threat);
  let names =
    inventory === undefined && threat === undefined
      ? sharedNames(where, tags, place)
      : { ...where, ...tags, ...inventory, ...threat, place };
  for (const table of tables) {
    const own = table.look(address, names);
    if (own !== undefined) names = { ...own, ...names };
  }
  return names;
}

/** By place and tags, which many addresses share. */
const shared = new WeakMap<object, WeakMap<object, Map<string, AddressNames>>>();
const nothing = {};

/** What places and tags say: the same object for all addresses that share them. */
function sharedNames(where: AddressNames | undefined, tags: AddressNames | undefined, place: string): AddressNames {
  let byTags = shared.get(where ?? nothing);
  if (byTags === undefined) shared.set(where ?? nothing, (byTags = new WeakMap()));
  let byPlace = byTags.get(tags ?? nothing);
  if (byPlace === undefined) byTags.set(tags ?? nothing, (byPlace = new Map()));
  let names = byPlace.get(place);
  if (names === undefined) byPlace.set(place, (names = { ...where, ...tags, place }));
  return names;
}

/** A resource of the inventory is known, whatever lists say of its address. */
function placeOf(
  isOutside: boolean,
  inventory: AddressNames | undefined,
  tags: AddressNames | undefined,
  threat: AddressNames | undefined,
): string {
  const known = inventory?.['place'];
  if (known !== undefined) return known;
  if (threat !== undefined) return 'malicious';
  if (tags !== undefined && inventory === undefined) return 'azure';
  return isOutside ? 'public' : 'private';
}

function firstOf<T, R>(all: readonly T[], look: (one: T) => R | undefined): R | undefined {
  for (const one of all) {
    const found = look(one);
    if (found !== undefined) return found;
  }
  return undefined;
}

function placeIn(files: readonly GeoFile[], address: string): AddressNames | undefined {
  if (files.length === 1) return files[0].look(address);
  return Object.assign({}, ...files.map((file) => file.look(address) ?? {}).reverse()) as AddressNames;
}

function threatNames(threats: PrefixTable<Threat>, address: Address): AddressNames | undefined {
  const found: Threat[] = [];
  for (let node = threats.find(address); node !== undefined; node = node.within) found.push(...node.values);
  if (found.length === 0) return undefined;
  const all = (of: (threat: Threat) => string, separator = listSeparator): string | undefined =>
    [...new Set(found.map(of).filter((one) => one !== ''))].join(separator) || undefined;
  return {
    threat: all(({ list }) => list),
    threat_type: all(({ type }) => type),
    threat_description: all(({ description }) => description, '; '),
    threat_date: all(({ date }) => date),
  };
}

/** A list is read when the first flow of its time is looked up: there may be one a week. */
async function openTags(path: string): Promise<Dated<() => TagTable>> {
  await stat(path).catch((error: unknown) => {
    throw fileError(error, `read ${path}`);
  });
  let table: TagTable | undefined;
  const read = (): TagTable => tagTable(readTagList(readNamesFileSync(path), path), path);
  return { fromMillis: dateOfFile(path), value: () => (table ??= read()) };
}

/** Files of one date are one inventory. */
async function openInventories(paths: readonly string[]): Promise<Dated<Inventory>[]> {
  const byDate = new Map<number | undefined, string[]>();
  for (const path of paths) byDate.set(dateOfFile(path), [...(byDate.get(dateOfFile(path)) ?? []), path]);
  return Promise.all([...byDate].map(async ([fromMillis, some]) => ({ fromMillis, value: await readInventory(some) })));
}

/** Read when the first flow of its time is looked up: there may be many. */
function openResources({ path, fromMillis }: { path: string; fromMillis: number }): Dated<() => Inventory> {
  let inventory: Inventory | undefined;
  const read = (): Inventory =>
    inventoryOf(entriesOf(resourcesIn(parseNamesJson(readNamesFileSync(path), path), path)));
  return { fromMillis, value: () => (inventory ??= read()) };
}

async function openThreats(paths: readonly string[]): Promise<PrefixTable<Threat>> {
  const lists = await Promise.all(
    paths.map(async (path) => readThreatList(await readNamesFile(path), path, (await stat(path)).mtimeMs)),
  );
  return new PrefixTable(lists.flat());
}

async function openOwnTable(path: string): Promise<OwnTable> {
  return readOwnTable(await readNamesFile(path), path);
}

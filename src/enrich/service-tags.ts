/** Service tags of addresses, from Microsoft's ServiceTags file, the API's answer, or `az network list-service-tags`. */
import { FlowError } from '../base/errors.ts';
import type { Address } from '../net/address.ts';
import type { Prefix } from '../net/prefix.ts';
import { parsePrefix } from '../net/prefix.ts';
import { platformServiceTags } from '../nsg/service-tag.ts';
import type { AddressNames } from './attribute.ts';
import { PrefixTable } from './prefix-table.ts';
import { listSeparator } from './attribute.ts';
import { parseNamesJson } from './read-file.ts';

export interface Tag {
  readonly name: string;
  /** '' for a global tag. */
  readonly region: string;
  /** '' where the file has none. */
  readonly service: string;
}

export interface TagList {
  readonly cloud: string;
  readonly changeNumber: number;
  readonly tags: readonly (Tag & { readonly prefixes: readonly string[] })[];
}

/** @throws names-invalid */
export function readTagList(text: string, path: string): TagList {
  const json = parseNamesJson(text, path);
  const values = Array.isArray(json) ? undefined : (json as { values?: unknown } | null)?.values;
  if (!Array.isArray(values))
    throw new FlowError(
      'names-invalid',
      `${path}: no list of service tags: {"changeNumber": …, "values": […]} is wanted`,
    );
  const { cloud, changeNumber } = json as { cloud?: unknown; changeNumber?: unknown };
  const tags = values.flatMap((value: unknown) => {
    const own = (value ?? {}) as Record<string, unknown>;
    const { region, systemService, addressPrefixes } = (own['properties'] ?? own) as Record<string, unknown>;
    const { name } = own;
    if (typeof name !== 'string' || !Array.isArray(addressPrefixes)) return [];
    return [{ name, region: textOf(region), service: textOf(systemService), prefixes: addressPrefixes.map(String) }];
  });
  // It would take the place of a good list.
  if (tags.length === 0)
    throw new FlowError('names-invalid', `${path}: the list has no service tag with a name and addressPrefixes`);
  return { cloud: textOf(cloud), changeNumber: Number(changeNumber ?? 0) || 0, tags };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export type TagTable = PrefixTable<Tag>;

/** The tags of a list, and those of platform addresses, which no list has. @throws names-invalid */
export function tagTable({ tags }: Pick<TagList, 'tags'>, path: string): TagTable {
  const entries: (readonly [Prefix, Tag])[] = [];
  for (const { name, prefixes } of platformServiceTags().values())
    for (const prefix of prefixes) entries.push([prefix, { name, region: '', service: '' }]);
  for (const { prefixes, name, region, service } of tags) {
    const tag = { name, region, service };
    for (const text of prefixes) {
      const prefix = parsePrefix(text);
      if (prefix === undefined)
        throw new FlowError(
          'names-invalid',
          `${path}: service tag ${name}: ${JSON.stringify(text)} is no address prefix`,
        );
      entries.push([prefix, tag]);
    }
  }
  return new PrefixTable(entries);
}

/** Without a list. */
export const platformTags: TagTable = tagTable({ tags: [] }, '');

/** A prefix that holds an address, with its tags. */
export interface TagHit {
  readonly prefix: Prefix;
  readonly tags: readonly Tag[];
}

/** All prefixes with tags that hold an address, the longest first; of one prefix, tags of a service come before those of the cloud. */
export function tagHits(table: TagTable, address: Address): TagHit[] {
  const hits: TagHit[] = [];
  for (let node = table.find(address); node !== undefined; node = node.within)
    hits.push({ prefix: node.prefix, tags: [...node.values].sort((a, b) => rank(a) - rank(b)) });
  return hits;
}

function rank({ name }: Tag): number {
  return (name.startsWith('AzureCloud') ? 2 : 0) + (name.includes('.') ? 1 : 0);
}

const answers = new WeakMap<object, AddressNames>();

/** What the tags say of an address; the same object for all addresses of one prefix. */
export function namesOfTags(table: TagTable, address: Address): AddressNames | undefined {
  const node = table.find(address);
  if (node === undefined) return undefined;
  let answer = answers.get(node);
  if (answer === undefined) answers.set(node, (answer = namesOfHits(tagHits(table, address))));
  return answer;
}

function namesOfHits(hits: readonly TagHit[]): AddressNames {
  const all = hits.flatMap(({ tags }) => tags);
  const listOf = (tags: readonly Tag[]): string => [...new Set(tags.map(({ name }) => name))].join(listSeparator);
  return {
    tag: listOf(hits[0].tags),
    tags: listOf(all),
    service: all.find(({ service }) => service !== '')?.service,
    region: all.find(({ region }) => region !== '')?.region,
  };
}

import { compareNames } from '../../blob/name.ts';

/** The items of a page of a listing: blobs, and with a delimiter, the prefixes of blobs. */
export interface ListPage<T> {
  readonly items: readonly (T | CommonPrefix)[];
  /** Marker of the next page; `undefined` on the last one. */
  readonly nextMarker: string | undefined;
}

export interface CommonPrefix {
  readonly prefix: string;
}

export interface ListRequest {
  readonly prefix: string;
  /** Empty for none. */
  readonly delimiter: string;
  /** An earlier `nextMarker`; empty for the first page. */
  readonly marker: string;
  /** Items of a page, 1 to `pageItemsMax`. */
  readonly itemsMax: number;
}

/** Source: Azure Storage, "List Blobs". */
export const pageItemsMax = 5000;

/**
 * One page of items that are sorted by name and have the prefix. The next page begins after the last item of this one,
 * so no item is missed or repeated if the container changes between the two.
 * @returns `undefined` for an invalid marker
 */
export async function listPage<T extends { readonly name: string }>(
  things: AsyncIterable<T>,
  { prefix, delimiter, marker, itemsMax }: ListRequest,
): Promise<ListPage<T> | undefined> {
  const after = readMarker(marker);
  if (after === undefined) return undefined;
  const items: (T | CommonPrefix)[] = [];
  let last = after;
  for await (const thing of things) {
    const end = delimiter === '' ? -1 : thing.name.indexOf(delimiter, prefix.length);
    const name = end < 0 ? thing.name : thing.name.slice(0, end + delimiter.length);
    if (last !== '' && compareNames(name, last) <= 0) continue;
    if (items.length === itemsMax) return { items, nextMarker: writeMarker(last) };
    items.push(end < 0 ? thing : { prefix: name });
    last = name;
  }
  return { items, nextMarker: undefined };
}

const markerVersion = '2!';

function writeMarker(name: string): string {
  return markerVersion + Buffer.from(name, 'utf8').toString('base64url');
}

function readMarker(marker: string): string | undefined {
  if (marker === '') return '';
  if (!marker.startsWith(markerVersion)) return undefined;
  const name = Buffer.from(marker.slice(markerVersion.length), 'base64url').toString('utf8');
  return name === '' ? undefined : name;
}

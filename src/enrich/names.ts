/**
 * What is known of addresses, from all sources together. Look-ups are pure: an address and a period give texts, and nothing leaves the machine.
 *
 *   const names = await openNames();
 *   names.look('203.0.113.7', 0)            // {country: 'AU', continent: 'OC'}
 */
import { parseAddress } from '../net/address.ts';
import { isPublic } from './public-address.ts';
import type { GeoFile } from './geo-file.ts';
import { openGeoFile } from './geo-file.ts';
import { packedCountryFile } from './packed-file.ts';

/** By name of an attribute (attribute.ts); what is not known is absent. */
export type AddressNames = Readonly<Record<string, string | undefined>>;

export interface Names {
  /** Times, ascending, in epoch milliseconds, at which what is known changes: before the first lies period 0, from there on period 1. */
  readonly changes: readonly number[];
  /** @throws names-invalid where a file turns out to be damaged */
  look(address: string, period: number): AddressNames;
}

/** Files that a user names. */
export interface NameFiles {
  /** MMDB files; what the first one lacks comes from the next ones. Without any, countries come from the packed file. */
  readonly geo?: readonly string[] | undefined;
}

/** @throws not-found, permission, io, names-invalid */
export async function openNames({ geo = [] }: NameFiles = {}): Promise<Names> {
  const files = await Promise.all([...geo, packedCountryFile()].map(openGeoFile));
  return {
    changes: [],
    look: (text) => {
      const address = parseAddress(text);
      return address !== undefined && isPublic(address) ? placeIn(files, text) : nothing;
    },
  };
}

function placeIn(files: readonly GeoFile[], address: string): AddressNames {
  if (files.length === 1) return files[0].look(address) ?? nothing;
  return Object.assign({}, ...files.map((file) => file.look(address) ?? nothing).reverse()) as AddressNames;
}

const nothing: AddressNames = {};

/** Names that are opened at their first use. */
export type NameSource = () => Promise<Names>;

/** @throws the same, at the first use */
export function lazyNames(files?: NameFiles): NameSource {
  let opened: Promise<Names> | undefined;
  return () => (opened ??= openNames(files));
}

/** What is known without any file of the user's. */
export const packedNames: NameSource = lazyNames();

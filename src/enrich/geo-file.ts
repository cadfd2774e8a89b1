/** Files of the format MMDB: countries and, where a file has them, cities and networks. Each maker has keys of its own. */
import { readFile } from 'node:fs/promises';
import type { Response } from 'maxmind';
import { Reader } from 'maxmind';
import { FlowError, fileError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { GeoFile, Place } from './place.ts';
import { placeFrom } from './place.ts';
import { readGeoCsv } from './geo-csv.ts';
import { readNamesFile } from './read-file.ts';

/** An MMDB file, or CSV as ip-location-db writes it. @throws not-found, permission, io, names-invalid */
export async function openGeoFile(path: string): Promise<GeoFile> {
  if (/\.(?:csv|tsv|txt)$/i.test(path)) return readGeoCsv(await readNamesFile(path), path);
  const bytes = await readFile(path).catch((error: unknown) => {
    throw fileError(error, `read ${path}`);
  });
  const damaged = (cause: unknown): FlowError =>
    new FlowError('names-invalid', `${path} is no MMDB file, or a damaged one`, { cause });
  let reader: Reader<Response>;
  try {
    reader = new Reader<Response>(bytes, { cache: recordCache() });
  } catch (error) {
    throw damaged(error);
  }
  // Records are shared by many addresses.
  const places = new WeakMap<object, Place>();
  return {
    path,
    look: (address) => {
      // A file of IPv4 knows nothing of other addresses.
      if (reader.metadata.ipVersion === 4 && address.includes(':')) return undefined;
      let record: object | null;
      try {
        record = reader.get(address);
      } catch (error) {
        throw damaged(error);
      }
      if (record === null) return undefined;
      let place = places.get(record);
      if (place === undefined) places.set(record, (place = placeOf(record)));
      return place;
    },
  };
}

/** Decoded records by their place in the file. */
function recordCache(): { get(key: string | number): unknown; set(key: string | number, value: unknown): void } {
  const known = new Map<string | number, unknown>();
  return {
    get: (key) => known.get(key),
    set: (key, value) => {
      if (known.size >= limits.geoRecordsKeptMax) known.clear();
      known.set(key, value);
    },
  };
}

/** Keys of MaxMind and DB-IP (`country.iso_code`), of ip-location-db (`country_code`), of IPinfo (`country`). */
function placeOf(record: object): Place {
  const asn = firstText(record, ['autonomous_system_number'], ['asn'], ['as_number']);
  return placeFrom({
    country: firstText(record, ['country', 'iso_code'], ['country_code'], ['country']),
    continent: firstText(record, ['continent', 'code'], ['continent_code'], ['continent']),
    city: firstText(record, ['city', 'names', 'en'], ['city', 'name'], ['city']),
    asn,
    organization: firstText(record, ['autonomous_system_organization'], ['as_name'], ['as_organization'], ['name']),
  });
}

/** The first of these paths of keys at which a record has a text. */
function firstText(record: object, ...paths: readonly (readonly string[])[]): string | undefined {
  for (const path of paths) {
    const found = path.reduce<unknown>(
      (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
      record,
    );
    if (typeof found === 'string' && found !== '') return found;
    if (typeof found === 'number') return String(found);
  }
  return undefined;
}

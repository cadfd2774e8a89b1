/**
 * CSV of ip-location-db, without a heading: first and last address of a range, then `country`; or `asn, organization`; or `country, state, state, city,
 * postcode, latitude, longitude, timezone`. Source: the README of ip-location-db.
 */
import { FlowError } from '../base/errors.ts';
import { parseAddress } from '../net/address.ts';
import { readCsv } from './csv.ts';
import type { GeoFile, Place } from './place.ts';
import { placeFrom } from './place.ts';
import { prefixesBetween } from './prefix-text.ts';
import { PrefixTable } from './prefix-table.ts';

/** @throws names-invalid */
export function readGeoCsv(text: string, path: string): GeoFile {
  const places = new Map<string, Place>();
  const table = new PrefixTable(
    readCsv(text, path).flatMap(({ line, cells: [first, last = '', ...values] }) => {
      const prefixes = prefixesBetween(first, last);
      if (prefixes === undefined || values.length === 0)
        throw new FlowError(
          'names-invalid',
          `${path}:${line}: this is no range of addresses with a country, city or network`,
          {
            hint: 'CSV of ip-location-db is wanted, or an MMDB file. A table of your own is given by --names.',
          },
        );
      const key = values.join('\n');
      let place = places.get(key);
      if (place === undefined) places.set(key, (place = placeOf(values)));
      return prefixes.map((prefix) => [prefix, place] as const);
    }),
  );
  return {
    path,
    look: (text) => {
      const address = parseAddress(text);
      return address === undefined ? undefined : table.find(address)?.values[0];
    },
  };
}

function placeOf([first, second, ...more]: readonly string[]): Place {
  if (more.length > 0) return placeFrom({ country: first, city: more[1] });
  if (/^(?:AS)?\d+$/i.test(first)) return placeFrom({ asn: first, organization: second });
  return placeFrom({ country: first });
}

/** Where an address is, and whose network it is in. */
import { continentOf } from './continent.ts';

/** What a file says of an address, by attribute; what it lacks is absent. */
export type Place = Readonly<
  Partial<Record<'country' | 'continent' | 'city' | 'asn' | 'organization', string | undefined>>
>;

export interface GeoFile {
  readonly path: string;
  /** @throws names-invalid where the file is damaged */
  look(address: string): Place | undefined;
}

/** What is given, with the continent of the country and the bare number of the system. */
export function placeFrom({ country, continent, city, asn, organization }: Place): Place {
  const code = country?.toUpperCase();
  const place = {
    country: code,
    continent: code === undefined ? continent : (continentOf(code) ?? continent),
    city,
    asn: asn?.replace(/^AS(?=\d)/i, ''),
    organization,
  };
  return Object.fromEntries(Object.entries(place).filter(([, value]) => value !== undefined && value !== ''));
}

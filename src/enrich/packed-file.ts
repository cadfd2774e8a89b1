/** The file of countries that is part of an installation: scripts/bundle.mjs puts it beside the bundled modules. */
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const name = 'geo-whois-asn-country.mmdb';

/** Its path. In a working tree it lies in its package. */
export function packedCountryFile(): string {
  const beside = fileURLToPath(new URL(name, import.meta.url));
  return existsSync(beside)
    ? beside
    : createRequire(import.meta.url).resolve(`@ip-location-db/geo-whois-asn-country-mmdb/${name}`);
}

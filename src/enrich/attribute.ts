/**
 * The table of what names say of an address. An entry gives a column, a filter field and a group of either side (`src.country`, `dst.country`) and of
 * both (`country`): query/names/columns.ts. All values are texts; null where nothing is known.
 */
export interface AddressAttribute {
  /** A lower-case word: the column is `src_` or `dst_` and this. */
  readonly name: string;
  readonly label: string;
  /** For the documents: "The country of an address, …" */
  readonly meaning: string;
  /** All values, where they are few. */
  readonly values?: readonly string[];
}

export const continents = ['AF', 'AN', 'AS', 'EU', 'NA', 'OC', 'SA'] as const;

export const addressAttributes: readonly AddressAttribute[] = [
  {
    name: 'country',
    label: 'Country',
    meaning: 'Country of a public address: two letters of ISO 3166, from the packed file or `--geo`.',
  },
  {
    name: 'continent',
    label: 'Continent',
    meaning: 'Continent of a public address: AF, AN, AS, EU, NA (North America), OC or SA.',
    values: continents,
  },
];

/** What a page shows, as readable parameters of its address: `?v=1&from=-6h&q=access+%3D+deny&by=dst,dst.port`. */

/** Parameters with their defaults, which are left out of addresses. */
export const defaults = {
  /** Range: `-6h`, or a time; `to` is empty while the range ends now. */
  from: '-6h',
  to: '',
  /** Filter, or the text of a KQL or SQL query. */
  q: '',
  lang: 'filter',
  /** `before`: compare with the period before. */
  cmp: '',
  by: 'dst,dst.port',
  /** Measure. */
  m: 'flows',
  top: '8',
  chart: 'stacked',
  /** How relations are drawn. */
  rel: 'sankey',
  /** Column, with `-` the largest first. */
  sort: '',
  /** Rows of the page Flows. */
  rows: 'conversations',
  /** The selected row. */
  sel: '',
  rule: '',
  show: 'all',
  /** Range of the calendar of the page Sources, in days. */
  days: '1',
} as const;

export type Parameter = keyof typeof defaults;
export type Parameters = Readonly<Record<Parameter, string>>;

/** Those that links between pages keep. */
export const sharedParameters: readonly Parameter[] = ['from', 'to', 'q', 'lang', 'cmp'];

const version = '1';

export interface ReadParameters {
  readonly values: Parameters;
  /** Names that this version does not know, and versions that it cannot read: said to the reader, not dropped in silence. */
  readonly unknown: readonly string[];
}

export function readParameters(search: string): ReadParameters {
  const given = new URLSearchParams(search);
  const values: Record<Parameter, string> = { ...defaults };
  const unknown: string[] = [];
  for (const [name, value] of given)
    if (isParameter(name)) values[name] = value;
    else if (name !== 'v') unknown.push(name);
    else if (value !== version) unknown.push(`v=${value}`);
  return { values, unknown };
}

/** The search part of an address, `''` where everything is the default. Spaces are `+`; signs that need no escape stay readable. */
export function writeParameters(values: Partial<Parameters>): string {
  const parts = Object.entries(values).flatMap(([name, value]) =>
    isParameter(name) && value !== defaults[name] ? [`${name}=${readable(value)}`] : [],
  );
  return parts.length === 0 ? '' : `?v=${version}&${parts.join('&')}`;
}

/** The address of a page that keeps what all pages share. */
export function pageAddress(path: string, from: Parameters, changes: Partial<Parameters> = {}): string {
  const kept = Object.fromEntries(sharedParameters.map((name) => [name, from[name]]));
  return path + writeParameters({ ...kept, ...changes });
}

function isParameter(name: string): name is Parameter {
  return Object.hasOwn(defaults, name);
}

function readable(value: string): string {
  return encodeURIComponent(value)
    .replaceAll('%20', '+')
    .replace(/%(?:2C|3A|2F|40)/g, decodeURIComponent);
}

/** Names of made-up addresses, from a small world that changes twice: the same for an engine, for the interpreter and in plain words. */
import { addressAttributes } from '../../src/enrich/attribute.ts';
import type { AddressNames } from '../../src/enrich/attribute.ts';
import type { Names } from '../../src/enrich/names.ts';
import type { NameLookup } from '../../src/query/relation/interpret.ts';
import type { PlainRow } from '../lake/plain-rows.ts';

/** Within the times of arbitrary.ts and lower/arbitrary-flows.ts. */
const changes = ['2023-11-15T00:00:00Z', '2023-11-15T00:00:20Z'].map((text) => Date.parse(text));
const applications = new Map([
  ['tcp/443', 'https'],
  ['udp/53', 'domain'],
  ['tcp/22', 'ssh'],
]);

export const madeNames: Names = {
  changes,
  applications: () => Promise.resolve(applications),
  look: (address, period): AddressNames =>
    Object.fromEntries(
      addressAttributes.map(
        ({ name, isList, values = isList === true ? ['AU, Web', 'us'] : ['AU', 'us', 'Web'] }, i) => {
          const sum = [...`${address}${i}`].reduce((total, one) => total + one.codePointAt(0)!, period);
          return [name, sum % 4 === 0 ? undefined : values[sum % values.length]];
        },
      ),
    ),
};

export const madeLookup: NameLookup = (attribute, key, micros) =>
  (attribute === 'app' ? applications.get(key) : namesAt(key, Number(micros) / 1000)[attribute]) ?? null;

export function namesAt(address: string, millis: number): AddressNames {
  return madeNames.look(address, changes.filter((change) => millis >= change).length);
}

export function applicationOf(row: PlainRow): string | null {
  return applications.get(`${row['protocol']}/${row['dst_port']}`) ?? null;
}

/** The type of a flow in plain words; null where nothing is known of the source. */
export function plainFlowType(src: AddressNames, dst: AddressNames): string | null {
  const places = [src['place'], dst['place']];
  if (places.includes('malicious')) return 'MaliciousFlow';
  if (places.includes('azure')) return 'AzurePublic';
  if (places.includes('public')) return 'ExternalPublic';
  const pair = places.map(String).sort().join(' ');
  if (pair === 'vnet vnet') {
    const [a, b] = [src, dst].map((one) => (one['vnet_id'] ?? one['vnet'])?.toLowerCase());
    if (a !== undefined && b !== undefined) return a === b ? 'IntraVNet' : 'InterVNet';
  }
  if (pair === 'site vnet') return 'S2S';
  if (pair === 'client vnet') return 'P2S';
  if (places.includes('private')) return 'UnknownPrivate';
  return src['place'] === undefined ? null : 'Unknown';
}

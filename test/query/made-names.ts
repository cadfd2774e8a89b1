/** Names of made-up addresses, from a small world that changes twice: the same for an engine, for the interpreter and in plain words. */
import { addressAttributes } from '../../src/enrich/attribute.ts';
import type { AddressNames, Names } from '../../src/enrich/names.ts';
import type { NameLookup } from '../../src/query/relation/interpret.ts';

/** Within the times of arbitrary.ts and lower/arbitrary-flows.ts. */
const changes = ['2023-11-15T00:00:00Z', '2023-11-15T00:00:20Z'].map((text) => Date.parse(text));

export const madeNames: Names = {
  changes,
  look: (address, period): AddressNames =>
    Object.fromEntries(
      addressAttributes.map(({ name, values = ['AU', 'us', 'Web'] }, i) => {
        const sum = [...`${address}${i}`].reduce((total, one) => total + one.codePointAt(0)!, period);
        return [name, sum % 4 === 0 ? undefined : values[sum % values.length]];
      }),
    ),
};

export const madeLookup: NameLookup = (attribute, address, micros) =>
  namesAt(address, Number(micros) / 1000)[attribute] ?? null;

export function namesAt(address: string, millis: number): AddressNames {
  return madeNames.look(address, changes.filter((change) => millis >= change).length);
}

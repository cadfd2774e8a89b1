import type { Command } from 'commander';
import { resourceKey } from '../../arm-template/resource-id.ts';
import { effectiveRules } from '../../nsg/effective-rules.ts';
import type { Network, Nsg } from '../../nsg/network.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print } from '../output/print.ts';
import type { NetworkOptions } from '../options/network.ts';
import { addNetwork, findNsg, requireNetwork } from '../options/network.ts';
import { resultOf } from '../output/output.ts';
import { tell } from '../output/printable.ts';
import { snakeName } from '../output/snake-keys.ts';

export function define(command: Command): void {
  command.argument('[nsg]', 'name or id of an NSG; all without it');
  addNetwork(command);
  addOutput(command);
  command.action(async (name: string | undefined, options: NetworkOptions & OutputOptions) => {
    const format = formatOf(options);
    const network = await requireNetwork(options);
    const nsgs = name === undefined ? network.nsgs : [findNsg(network, name)];
    for (const nsg of nsgs) tell(describe(network, nsg));
    const rows = nsgs.flatMap((nsg) => effectiveRules(nsg).map((row) => ({ nsg: nsg.name, ...renamed(row) })));
    const names = Object.keys(rows[0] ?? {}).filter(
      (column) => column !== 'nsg' || nsgs.length > 1 || format !== 'table',
    );
    await print({ ...resultOf(rows, names), keep: ['direction'] }, format);
  });
}

function renamed(row: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [snakeName(name), value]));
}

/** Places that are named; of more only the number is told. */
const placesNamed = 8;

/**
 * `nsg-web (westeurope): on subnet web, NIC web-1`, and another sentence about places that the NSG itself names and no file holds: then it is not known
 * which addresses they have.
 */
function describe(network: Network, nsg: Nsg): string {
  const subnets = network.subnets.filter((subnet) => subnet.nsg === nsg);
  const nics = network.nics.filter((nic) => nic.nsg === nsg);
  const places = [...subnets.map((subnet) => `subnet ${subnet.name}`), ...nics.map((nic) => `NIC ${nic.name}`)];
  const found = new Set([...network.subnets, ...network.nics].map(({ id }) => resourceKey(id)));
  const elsewhere = nsg.listedPlaces.filter((id) => !found.has(resourceKey(id))).map(placeName);
  const all = [...places, ...elsewhere];
  const on = all.length === 0 ? 'on no subnet or NIC' : `on ${listOf(all)}`;
  if (elsewhere.length === 0) return `${nsg.name} (${nsg.location}): ${on}`;
  const which = places.length > 0 ? listOf(elsewhere) : elsewhere.length === 1 ? 'it' : 'they';
  const [are, their] = elsewhere.length === 1 ? ['is', 'its'] : ['are', 'their'];
  return `${nsg.name} (${nsg.location}): ${on}; ${which} ${are} in no file, so ${their} addresses are not known`;
}

function listOf(places: readonly string[]): string {
  const more = places.length - placesNamed;
  return more > 0 ? `${places.slice(0, placesNamed).join(', ')} and ${more} more` : places.join(', ');
}

/** `subnet v/web`, of an id. */
function placeName(id: string): string {
  const parts = id.split('/');
  return /\/subnets\//i.test(id) ? `subnet ${parts.at(-3)}/${parts.at(-1)}` : `NIC ${parts.at(-1)}`;
}

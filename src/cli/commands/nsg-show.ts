import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { resourceKey } from '../../arm-template/resource-id.ts';
import { effectiveRules } from '../../nsg/effective-rules.ts';
import type { Network, Nsg } from '../../nsg/network.ts';
import type { OutputOptions } from '../asking.ts';
import { addOutput, formatOf, print } from '../asking.ts';
import type { NetworkOptions } from '../network.ts';
import { addNetwork, requireNetwork } from '../network.ts';
import { resultOf } from '../output.ts';
import { tell } from '../printable.ts';

export function define(command: Command): void {
  command.argument('[nsg]', 'name or id of an NSG; all without it');
  addNetwork(command);
  addOutput(command);
  command.action(async (name: string | undefined, options: NetworkOptions & OutputOptions) => {
    const format = formatOf(options);
    const network = await requireNetwork(options);
    const nsgs = name === undefined ? network.nsgs : [findNsg(network, name)];
    for (const nsg of nsgs) tell(describe(network, nsg));
    const rows = nsgs.flatMap((nsg) => effectiveRules(nsg).map((row) => ({ nsg: nsg.name, ...row })));
    const names = Object.keys(rows[0] ?? {}).filter(
      (column) => column !== 'nsg' || nsgs.length > 1 || format !== 'table',
    );
    await print(resultOf(rows, names), format);
  });
}

/** @throws not-found */
function findNsg(network: Network, name: string): Nsg {
  const key = resourceKey(name);
  const nsg = network.nsgs.find((known) => resourceKey(known.id) === key || known.name.toLowerCase() === key);
  if (nsg === undefined)
    throw new FlowError('not-found', `the network has no NSG ${JSON.stringify(name)}`, {
      hint:
        network.nsgs.length === 0 ? 'It has none.' : `It has ${network.nsgs.map((known) => known.name).join(', ')}.`,
    });
  return nsg;
}

/** `nsg-web (westeurope): on subnet web, NIC web-1` */
function describe(network: Network, nsg: Nsg): string {
  const subnets = network.subnets.filter((subnet) => subnet.nsg === nsg).map((subnet) => `subnet ${subnet.name}`);
  const nics = network.nics.filter((nic) => nic.nsg === nsg).map((nic) => `NIC ${nic.name}`);
  const places = [...subnets, ...nics];
  return `${nsg.name} (${nsg.location}): ${places.length === 0 ? 'on no subnet or NIC' : `on ${places.join(', ')}`}`;
}

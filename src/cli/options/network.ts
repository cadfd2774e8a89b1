import { type Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { resourceKey } from '../../arm-template/resource-id.ts';
import type { Network, Nsg } from '../../nsg/network.ts';
import { collect, readText } from './options.ts';
import { tell } from '../output/printable.ts';

/** Options that name a network, for every command that takes one. */
export interface NetworkOptions {
  readonly network?: readonly string[];
  readonly parameters?: string;
  readonly serviceTags?: string;
  readonly onPremises?: readonly string[];
}

export function addNetwork(command: Command): void {
  command
    .option('--network <file>', 'ARM template or export, REST answer, or az output; may be repeated', collect)
    .option('--parameters <file>', "the template's parameters file")
    .option('--service-tags <file>', 'ServiceTags JSON file')
    .option(
      '--on-premises <prefix>',
      'addresses that gateways reach, part of VirtualNetwork; may be repeated',
      collect,
    );
}

/** The network that the options name, `undefined` where they name none. @throws usage, not-found, network-invalid */
export async function readNetwork(options: NetworkOptions): Promise<Network | undefined> {
  if (options.network === undefined) {
    if ((options.parameters ?? options.serviceTags ?? options.onPremises) !== undefined)
      throw new FlowError('usage', '--parameters, --service-tags and --on-premises go with --network');
    return undefined;
  }
  const named = readNetworkFile;
  const { importNetwork } = await import('../../nsg/import.ts');
  return importNetwork({
    files: await Promise.all(options.network.map(named)),
    ...(options.parameters === undefined ? {} : { parameters: await named(options.parameters) }),
    onPremises: (options.onPremises ?? []).map((text) => {
      const prefix = parsePrefix(text);
      if (prefix === undefined)
        throw new FlowError(
          'usage',
          `--on-premises ${JSON.stringify(text)} is not an address prefix, such as 10.0.0.0/8`,
        );
      return prefix;
    }),
    ...(options.serviceTags === undefined ? {} : { serviceTags: await named(options.serviceTags) }),
  });
}

/** Text of a file of the network. @throws network-invalid for a packet capture; not-found */
export async function readNetworkFile(path: string): Promise<{ path: string; text: string }> {
  const text = await readText(path);
  if (captureStarts.test(text))
    throw new FlowError('network-invalid', `${path} is a packet capture, not a network`, {
      hint: 'Give it with --capture. --network takes an ARM template, a REST answer or az output.',
    });
  return { path, text };
}

/** pcap with microseconds or nanoseconds in either byte order, and pcapng, as UTF-8 decodes their first bytes. */
const captureStarts = /^(?:\ufffd\u00f2\ufffd|\ufffd{4}|M<\ufffd\ufffd|\ufffd\ufffd<M|\n\r\r\n)/;

/** As `readNetwork`, with its warnings on stderr. @throws usage where none is named */
export async function requireNetwork(options: NetworkOptions): Promise<Network> {
  const network = await readNetwork(options);
  if (network === undefined) throw new FlowError('usage', 'name a network: --network FILE');
  for (const warning of network.warnings) tell(`warning: ${warning}`);
  return network;
}

/** An NSG by name or id. @throws not-found */
export function findNsg(network: Network, name: string): Nsg {
  const key = resourceKey(name);
  const nsg = network.nsgs.find((known) => resourceKey(known.id) === key || known.name.toLowerCase() === key);
  if (nsg === undefined)
    throw new FlowError('not-found', `the network has no NSG ${JSON.stringify(name)}`, {
      hint:
        network.nsgs.length === 0 ? 'It has none.' : `It has ${network.nsgs.map((known) => known.name).join(', ')}.`,
    });
  return nsg;
}

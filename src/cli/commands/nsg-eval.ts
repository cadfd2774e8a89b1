import { type Command, Option } from 'commander';
import { resourceKey } from '../../arm-template/resource-id.ts';
import { FlowError } from '../../base/errors.ts';
import { formatAddress, sameAddress } from '../../net/address.ts';
import { formatProtocol } from '../../net/protocol.ts';
import type { Evaluation, Mismatch } from '../../nsg/evaluate.ts';
import { evaluate } from '../../nsg/evaluate.ts';
import type { Network, Nic } from '../../nsg/network.ts';
import type { Access, Direction } from '../../nsg/rule.ts';
import type { FlowEnd } from '../../nsg/translation-table.ts';
import { privateEnd } from '../../nsg/translation-table.ts';
import { isAdminRule } from '../../nsg/rule.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print, printObject } from '../output/print.ts';
import type { Endpoint } from '../options/endpoint.ts';
import { readEndpoint } from '../options/endpoint.ts';
import type { NetworkOptions } from '../options/network.ts';
import { addNetwork, requireNetwork } from '../options/network.ts';
import { resultOf } from '../output/output.ts';
import { tell } from '../output/printable.ts';
import { hasPorts, protocolHelp, readProtocol } from '../options/protocol-option.ts';

interface EvalOptions extends NetworkOptions, OutputOptions {
  readonly nic: string;
  readonly direction: Direction | 'in' | 'out';
  readonly src: string;
  readonly dst: string;
  readonly protocol: string;
  readonly expect?: Access;
}

/** Ports where none is given: an ephemeral one at the source, HTTPS at the destination. */
const sourcePortDefault = 50_000;
const destinationPortDefault = 443;

export function define(command: Command): void {
  addNetwork(command);
  command
    .requiredOption('--nic <name>', 'name or id of the NIC')
    .addOption(
      new Option('--direction <direction>', 'as the NIC sees it: inbound or in, outbound or out')
        .choices(['inbound', 'outbound', 'in', 'out'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--src <ip[:port]>',
      `source; the port is ${sourcePortDefault} if not given; IPv6 with a port: [2001:db8::1]:443`,
    )
    .requiredOption(
      '--dst <ip[:port]>',
      `destination; a number or a name such as ssh; the port is ${destinationPortDefault} if not given`,
    )
    .option('--protocol <protocol>', protocolHelp, 'tcp')
    .addOption(
      new Option('--expect <access>', 'end with exit code 1 if the answer is the other one').choices(['allow', 'deny']),
    );
  addOutput(command);
  command.addHelpText(
    'after',
    `
Examples:
  nsgflow nsg eval --network network.json --nic nic-web-1 --direction in --src 203.0.113.9 --dst 10.20.1.4:ssh
  nsgflow nsg eval --network network.json --nic nic-web-1 --direction out --src 10.20.1.4 --dst 10.20.2.4:5432 --expect allow
  nsgflow nsg eval --network network.json --nic nic-db-1 --direction in --src 10.20.1.4 --dst 10.20.2.4 --protocol icmp
`,
  );
  command.action(async (options: EvalOptions) => {
    const format = formatOf(options);
    const network = await requireNetwork(options);
    const nic = findNic(network, options.nic);
    const [src, dst] = [readEndpoint(options.src, '--src'), readEndpoint(options.dst, '--dst')];
    if (src.address.family !== dst.address.family)
      throw new FlowError('usage', '--src and --dst are of two families: no packet has both');
    const protocol = readProtocol(options.protocol, src.address.family);
    const withPort = (end: Endpoint, option: string, preset: number): FlowEnd => {
      if (end.port !== undefined && !hasPorts(protocol))
        throw new FlowError('usage', `${option} names a port, and packets of ${formatProtocol(protocol)} have none`);
      return { address: end.address, port: hasPorts(protocol) ? (end.port ?? preset) : 0 };
    };
    const direction = options.direction === 'in' || options.direction === 'inbound' ? 'inbound' : 'outbound';
    const isInbound = direction === 'inbound';
    const ends = [withPort(src, '--src', sourcePortDefault), withPort(dst, '--dst', destinationPortDefault)] as const;
    const [far, near] = isInbound ? ends : [ends[1], ends[0]];
    const own = behind(network, nic, protocol, near);
    const [source, destination] = isInbound ? [far, own] : [own, far];
    if (nic.addresses.length > 0 && !nic.addresses.some((address) => sameAddress(address, own.address)))
      tell(
        `warning: ${formatAddress(own.address)} is not an address of ${nic.name}: ${nic.addresses.map(formatAddress).join(', ')}`,
      );
    const evaluation = evaluate(network, nic, direction, {
      protocol,
      source: source.address,
      sourcePort: source.port,
      destination: destination.address,
      destinationPort: destination.port,
    });
    const trace = evaluation.trace.map(({ level, nsg, rule, mismatch, unresolvedTags }) => ({
      level,
      nsg: nsg?.name ?? (isAdminRule(rule) ? rule.configuration : ''),
      priority: rule.priority,
      rule: rule.name,
      access: isAdminRule(rule) ? rule.action : rule.access,
      verdict: verdictOf(mismatch, unresolvedTags),
    }));
    const { access, nsg, rule } = evaluation;
    if (format === 'json' || format === 'jsonl' || format === 'yaml') {
      const value = { access, nsg: nsg?.name ?? null, rule: rule?.name ?? null, logged: rule?.logName ?? null, trace };
      await printObject(value, resultOf(trace), format);
    } else {
      await print(resultOf(trace, ['level', 'nsg', 'priority', 'rule', 'access', 'verdict']), format);
      tell(describe(evaluation, nic));
    }
    if (options.expect !== undefined && options.expect !== access) {
      tell(`expected ${options.expect}, but the answer is ${access}`);
      process.exitCode = 1;
    }
  });
}

/** The end as the NIC has it, with a word about it where the end given is a public one. */
function behind(network: Network, nic: Nic, protocol: number, end: FlowEnd): FlowEnd {
  const inside = privateEnd(network.translations, nic.addresses, protocol, end);
  if (inside !== end)
    tell(`${describeEnd(end, protocol)} leads to ${describeEnd(inside, protocol)}, which rules and logs have`);
  return inside;
}

function describeEnd({ address, port }: FlowEnd, protocol: number): string {
  return hasPorts(protocol) ? `${formatAddress(address)} port ${port}` : formatAddress(address);
}

/** `source differs (service tag AzureCloud is not known)` */
function verdictOf(mismatch: Mismatch | undefined, unresolvedTags: readonly string[]): string {
  if (mismatch === undefined) return 'matches';
  const tags = unresolvedTags.length === 0 ? '' : ` (service tag ${unresolvedTags.join(', ')} is not known)`;
  return `${mismatch} differs${tags}`;
}

/** Two short lines, since names can be long. */
function describe({ access, nsg, rule, isPlatform }: Evaluation, nic: Nic): string {
  const outcome = access === 'allow' ? 'allowed' : 'denied';
  if (rule === undefined)
    return isPlatform
      ? 'allowed: a platform service, exempt from rules that do not name its tag\nVNet flow logs show it as PlatformRule'
      : `allowed: no NSG applies to ${nic.name}, so no NSG flow log shows it\nVNet flow logs show it as PlatformRule`;
  if (isAdminRule(rule))
    return `${outcome} by admin rule ${rule.name} of ${rule.configuration}\nVNet flow logs show it as ${rule.logName}, NSG flow logs do not show it`;
  return `${outcome} by ${rule.name} of ${nsg?.name}\nlogged as ${rule.logName}`;
}

/** @throws not-found */
function findNic(network: Network, name: string): Nic {
  const key = resourceKey(name);
  const nic = network.nics.find((known) => resourceKey(known.id) === key || known.name.toLowerCase() === key);
  if (nic === undefined)
    throw new FlowError('not-found', `the network has no NIC ${JSON.stringify(name)}`, {
      hint:
        network.nics.length === 0 ? 'It has none.' : `It has ${network.nics.map((known) => known.name).join(', ')}.`,
    });
  return nic;
}

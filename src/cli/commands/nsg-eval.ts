import { type Command, Option } from 'commander';
import { resourceKey } from '../../arm-template/resource-id.ts';
import { FlowError } from '../../base/errors.ts';
import type { Address } from '../../net/address.ts';
import { formatAddress, parseAddress, sameAddress } from '../../net/address.ts';
import { formatProtocol } from '../../net/protocol.ts';
import type { Evaluation, Mismatch } from '../../nsg/evaluate.ts';
import { evaluate } from '../../nsg/evaluate.ts';
import type { Network, Nic } from '../../nsg/network.ts';
import type { Direction } from '../../nsg/rule.ts';
import type { FlowEnd } from '../../nsg/translation-table.ts';
import { privateEnd } from '../../nsg/translation-table.ts';
import { isAdminRule } from '../../nsg/rule.ts';
import type { OutputOptions } from '../output/print.ts';
import { addOutput, formatOf, print, printObject } from '../output/print.ts';
import type { NetworkOptions } from '../options/network.ts';
import { addNetwork, requireNetwork } from '../options/network.ts';
import { resultOf } from '../output/output.ts';
import { tell } from '../output/printable.ts';
import { hasPorts, protocolHelp, readProtocol } from '../options/protocol-option.ts';

interface EvalOptions extends NetworkOptions, OutputOptions {
  readonly nic: string;
  readonly direction: Direction;
  readonly src: string;
  readonly dst: string;
  readonly protocol: string;
}

/** Ports where none is given: an ephemeral one at the source, HTTPS at the destination. */
const sourcePortDefault = 50_000;
const destinationPortDefault = 443;

export function define(command: Command): void {
  addNetwork(command);
  command
    .requiredOption('--nic <name>', 'name or id of the NIC')
    .addOption(
      new Option('--direction <direction>', 'as the NIC sees it')
        .choices(['inbound', 'outbound'])
        .makeOptionMandatory(),
    )
    .requiredOption(
      '--src <ip[:port]>',
      `source; port ${sourcePortDefault} where none is given; IPv6 with a port in brackets`,
    )
    .requiredOption('--dst <ip[:port]>', `destination; port ${destinationPortDefault} where none is given`)
    .requiredOption('--protocol <protocol>', protocolHelp);
  addOutput(command);
  command.action(async (options: EvalOptions) => {
    const format = formatOf(options);
    const network = await requireNetwork(options);
    const nic = findNic(network, options.nic);
    const [src, dst] = [readEnd('--src', options.src), readEnd('--dst', options.dst)];
    if (src.address.family !== dst.address.family)
      throw new FlowError('usage', '--src and --dst are of two families: no packet has both');
    const protocol = readProtocol(options.protocol, src.address.family);
    const withPort = (end: ReadEnd, preset: number): FlowEnd => {
      if (end.port !== undefined && !hasPorts(protocol))
        throw new FlowError(
          'usage',
          `${end.option} names a port, and packets of ${formatProtocol(protocol)} have none`,
        );
      return { address: end.address, port: hasPorts(protocol) ? (end.port ?? preset) : 0 };
    };
    const isInbound = options.direction === 'inbound';
    const ends = [withPort(src, sourcePortDefault), withPort(dst, destinationPortDefault)] as const;
    const [far, near] = isInbound ? ends : [ends[1], ends[0]];
    const own = behind(network, nic, protocol, near);
    const [source, destination] = isInbound ? [far, own] : [own, far];
    if (nic.addresses.length > 0 && !nic.addresses.some((address) => sameAddress(address, own.address)))
      tell(
        `warning: ${formatAddress(own.address)} is not an address of ${nic.name}: ${nic.addresses.map(formatAddress).join(', ')}`,
      );
    const evaluation = evaluate(network, nic, options.direction, {
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

function describe({ access, nsg, rule, isPlatform }: Evaluation, nic: Nic): string {
  const outcome = access === 'allow' ? 'allowed' : 'denied';
  if (rule === undefined)
    return isPlatform
      ? 'allowed: a service of the platform, exempt from rules that do not name its tag; VNet flow logs show it as PlatformRule'
      : `allowed: no NSG applies to ${nic.name}, so no NSG flow log shows it; VNet flow logs show it as PlatformRule`;
  if (isAdminRule(rule))
    return `${outcome} by admin rule ${rule.name} of ${rule.configuration}; VNet flow logs show it as ${rule.logName}, NSG flow logs do not`;
  return `${outcome} by ${rule.name} of ${nsg?.name}, which logs it as ${rule.logName}`;
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

/** One end as an option names it; `undefined` without a port. */
interface ReadEnd {
  readonly option: string;
  readonly address: Address;
  readonly port: number | undefined;
}

/** Reads `10.0.0.4:443`, `10.0.0.4`, `[2001:db8::1]:443` or `2001:db8::1`. @throws usage */
function readEnd(option: string, text: string): ReadEnd {
  const match = /^(?:\[([^\]]+)\]|([^:]+)|([^[\]]*:[^[\]]*:[^[\]]*))(?::(\d{1,5}))?$/.exec(text);
  const address = match === null ? undefined : parseAddress(match[1] ?? match[2] ?? match[3]);
  const port = match?.[4] === undefined ? undefined : Number(match[4]);
  if (address === undefined || (port ?? 0) > 65_535)
    throw new FlowError('usage', `${option} ${JSON.stringify(text)} is neither an address nor an address with a port`, {
      hint: 'Such as 10.0.0.4:443, 10.0.0.4, [2001:db8::1]:443 or 2001:db8::1.',
    });
  return { option, address, port };
}

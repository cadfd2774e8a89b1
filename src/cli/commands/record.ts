import type { Command } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { openStorage } from '../../blob/open.ts';
import type { FlowLogFormat } from '../../flowlog/tuple.ts';
import { parseMac } from '../../net/mac.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { record } from '../../pipeline/record.ts';
import type { RecordResult } from '../../pipeline/record.ts';
import { addStats, collect, parseFormat, parseWhole } from '../options.ts';
import { addNetwork, readNetwork } from '../network.ts';
import { createProgress, formatBytes } from '../progress.ts';

/** Addresses on the near side where no network is given: private, shared, link-local and loopback. */
const localDefault = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  '127.0.0.0/8',
  'fc00::/7',
  'fe80::/10',
  '::1/128',
];

interface RecordOptions {
  readonly capture: readonly string[];
  readonly network?: readonly string[];
  readonly parameters?: string;
  readonly serviceTags?: string;
  readonly to: string;
  readonly format?: readonly string[];
  readonly mac?: string;
  readonly local?: readonly string[];
  readonly flowTimeout?: string;
  readonly stats?: 'json';
}

export function define(command: Command): void {
  command.requiredOption('--capture <file>', 'pcap or pcapng, plain or gzip, - for stdin; may be repeated', collect);
  addNetwork(command);
  command
    .requiredOption('--to <storage>', 'a folder, or the URL of an Azure account or container')
    .option('--format <format>', 'nsg1, nsg2 or vnet; may be repeated (default: nsg2)', collect)
    .option('--mac <mac>', 'MAC address of the NIC, without --network')
    .option('--local <prefix>', 'addresses on the near side, without --network; may be repeated', collect)
    .option('--flow-timeout <minutes>', 'idle timeout of flows, 1 to 1440; wins over the VNet (default: 4)');
  addStats(command);
  command.addHelpText(
    'after',
    '\nWithout --network, all traffic belongs to one NIC behind one NSG that allows everything.\n' +
      'Recording the same capture again adds nothing.\n',
  );
  command.action(async (options: RecordOptions) => {
    const network = await readNetwork(options);
    if (network !== undefined && (options.mac !== undefined || options.local !== undefined))
      throw new FlowError('usage', '--mac and --local describe the one NIC of a recording without --network');
    for (const warning of network?.warnings ?? []) process.stderr.write(`warning: ${warning}\n`);
    const formats = [...new Set((options.format ?? ['nsg2']).map(parseFormat))];
    const to = await openStorage(options.to);
    const progress = createProgress('recording');
    let result: RecordResult;
    try {
      result = await record({
        captures: options.capture,
        network,
        mac: options.mac === undefined ? undefined : readMac(options.mac),
        local: (options.local ?? localDefault).map(readPrefix),
        to,
        formats,
        flowTimeoutMinutes:
          options.flowTimeout === undefined ? undefined : parseWhole('--flow-timeout', options.flowTimeout, 1, 1440),
        onProgress: (done, total, packets) =>
          progress.update(done, total, () => `${packets.toLocaleString('en-US')} packets`),
      });
    } finally {
      progress.end();
    }
    if (options.stats === 'json') process.stdout.write(`${JSON.stringify(result)}\n`);
    else process.stdout.write(describe(result, formats, to.location));
  });
}

function readMac(text: string): string {
  const mac = parseMac(text);
  if (mac === undefined) throw new FlowError('usage', `${JSON.stringify(text)} is no MAC address`);
  return mac;
}

function readPrefix(text: string): NonNullable<ReturnType<typeof parsePrefix>> {
  const prefix = parsePrefix(text);
  if (prefix === undefined)
    throw new FlowError('usage', `${JSON.stringify(text)} is no address prefix, such as 10.0.0.0/8`);
  return prefix;
}

function describe(result: RecordResult, formats: readonly FlowLogFormat[], to: string): string {
  const { packets, flows } = result;
  const number = (value: number): string => value.toLocaleString('en-US');
  const lines = [
    `packets read     ${number(packets.read)}`,
    `  counted        ${number(packets.counted)} (${formatBytes(result.bytes)} of IP)`,
  ];
  for (const [reason, count] of Object.entries(packets.refused)) lines.push(`  ${reason.padEnd(14)} ${number(count)}`);
  for (const [reason, count] of Object.entries(result.damage)) lines.push(`damage: ${reason} ${number(count)}`);
  lines.push(`flows allowed    ${number(flows.allowed)}`, `flows denied     ${number(flows.denied)}`);
  if (flows.evicted > 0) lines.push(`  ended early    ${number(flows.evicted)}`);
  lines.push(
    `tuples           ${number(result.tuples)} (${formats.join(', ')}) in ${number(result.blobs)} blobs`,
    `newly written    ${number(result.written)} to ${to}`,
  );
  return `${lines.join('\n')}\n`;
}

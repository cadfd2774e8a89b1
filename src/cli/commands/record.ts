import { setFlagsFromString } from 'node:v8';
import { type Command, Option } from 'commander';
import { FlowError } from '../../base/errors.ts';
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { openStorage } from '../../blob/open.ts';
import { isPipe } from '../../capture/chunks.ts';
import { formatLinkType } from '../../capture/link-type.ts';
import type { LiveSettings } from '../../capture/live.ts';
import type { FlowLogFormat } from '../../flowlog/tuple.ts';
import { parseMac } from '../../net/mac.ts';
import { parsePrefix } from '../../net/prefix.ts';
import { singleNicNetwork } from '../../nsg/network.ts';
import { nothingCounted } from '../../record/nothing-counted.ts';
import { captureInput, interfaceInput } from '../../record/packet-input.ts';
import { parseQuirks } from '../../record/quirks.ts';
import { record } from '../../record/record.ts';
import type { RecordResult } from '../../record/record.ts';
import { parseBytes, parseDuration } from '../options/amount.ts';
import { stopGently } from '../interrupt.ts';
import { addStats, collect, parseWhole } from '../options/options.ts';
import type { NetworkOptions } from '../options/network.ts';
import { addNetwork, readNetwork } from '../options/network.ts';
import { createChanger, readNetworkChanges } from '../options/network-change.ts';
import type { FlowLogOptions } from '../options/flow-logs.ts';
import { readFlowLogChoice } from '../options/flow-logs.ts';
import { show, showFigures, tell } from '../output/printable.ts';
import { createProgress, formatBytes } from '../output/progress.ts';
import type { SpoolOptions } from '../options/spool-folder.ts';
import { addSpool, describeDelivery, describeSpooling, readSpool, readWait } from '../options/spool-folder.ts';

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

interface RecordOptions extends SpoolOptions, NetworkOptions, FlowLogOptions {
  readonly capture?: readonly string[];
  readonly interface?: string;
  readonly filter?: string;
  readonly snapLength?: string;
  readonly maxTime?: string;
  readonly maxBytes?: string;
  readonly change?: readonly string[];
  readonly quirk?: readonly string[];
  readonly to: string;
  readonly mac?: string;
  readonly local?: readonly string[];
  readonly flowTimeout?: string;
  readonly tunnel?: 'outer' | 'inner';
  readonly vxlanPort?: readonly string[];
  readonly stats?: 'json';
}

/**
 * What is hot here is WebAssembly, the rest runs a few thousand times a second at the most: V8 need not compile it as far as it does for a server, and
 * what it makes and drops fits into the processor's cache. Measured: docs/how-it-works/decisions/0011-speed-of-recording.md.
 */
function spareCompiling(): void {
  setFlagsFromString('--max-inlined-bytecode-size-cumulative=200');
  setFlagsFromString('--semi-space-growth-factor=1');
}

export function define(command: Command): void {
  command
    .option('--capture <file>', 'pcap or pcapng, plain or gzip, - for stdin; may be repeated', collect)
    .option('--interface <name>', 'capture live on this interface, until Ctrl-C or SIGTERM (Linux, with tcpdump)')
    .option('--filter <bpf>', 'with --interface: capture only these packets, in the language of tcpdump')
    .option('--snap-length <bytes>', 'with --interface: bytes captured of each packet, 64 to 65535 (default: 128)')
    .option('--max-time <duration>', 'with --interface: stop after so long, such as 30s, 5m or 2h')
    .option('--max-bytes <bytes>', 'with --interface: stop once packets of so many bytes were captured, such as 50MB');
  addNetwork(command);
  command
    .option('--change <time=file>', 'from TIME on, FILE is the network in place of --network; may be repeated', collect)
    .requiredOption('--to <storage>', 'a folder, or the URL of an Azure account or container')
    .option('--format <format>', 'nsg1, nsg2 or vnet; may be repeated (default: nsg2)', collect)
    .option('--flow-logs <file>', 'flow logs as az lists them, in place of --format: NSGs, VNets, subnets, NICs')
    .option('--filtering-criteria <criteria>', 'with --format vnet: only these flows, in the language of Azure')
    .option('--record-types <types>', 'with --format vnet: only these flow states, such as B,E')
    .option('--quirk <name=value>', `how Azure is imitated, see docs/reference/quirks.md; may be repeated`, collect)
    .option('--mac <mac>', 'MAC address of the NIC, without --network')
    .option('--local <prefix>', 'addresses on the near side, without --network; may be repeated', collect)
    .option('--flow-timeout <minutes>', 'idle timeout of flows, 1 to 1440; wins over the VNet (default: 4)')
    .addOption(
      new Option('--tunnel <end>', 'whose addresses are logged of packets in tunnels (default: outer)').choices([
        'outer',
        'inner',
      ]),
    )
    .option('--vxlan-port <port>', 'with --tunnel inner: a UDP port of VXLAN beside 4789; may be repeated', collect);
  addSpool(command);
  addStats(command);
  command.addHelpText(
    'after',
    '\nWithout --network, all traffic belongs to one NIC behind one NSG that allows everything.\n' +
      'Recording the same capture again adds nothing.\n',
  );
  command.action(async (options: RecordOptions) => {
    spareCompiling();
    const live = readLive(options);
    const network = await readNetwork(options);
    if (network !== undefined && (options.mac !== undefined || options.local !== undefined))
      throw new FlowError('usage', '--mac and --local describe the one NIC of a recording without --network');
    for (const warning of network?.warnings ?? []) tell(`warning: ${warning}`);
    const mac = options.mac === undefined ? undefined : readMac(options.mac);
    const flowLogs = await readFlowLogChoice(options, network);
    const logsOf = flowLogs.on;
    const changes = createChanger(network, await readNetworkChanges(options.change ?? [], options));
    const vxlanPorts = readVxlanPorts(options);
    const to = await openStorage(options.to);
    const progress = createProgress('recording');
    const startMillis = performance.now();
    const stop = new AbortController();
    const isGentle = live !== undefined || (await Promise.all((options.capture ?? []).map(isPipe))).includes(true);
    const stopped = isGentle
      ? stopGently(() => {
          tell('stopping; Ctrl-C again aborts');
          stop.abort();
        })
      : undefined;
    let result: RecordResult;
    try {
      result = await record({
        input:
          live === undefined
            ? captureInput(options.capture ?? [])
            : interfaceInput({ ...live, stop: stop.signal, onStart: sayStart }),
        stop: stop.signal,
        network,
        mac,
        local: (options.local ?? localDefault).map(readPrefix),
        accountOf: () => to,
        spool: readSpool(options, live && { interface: live.interface, filter: live.filter, to: to.location }),
        waitMillis: readWait(options, live !== undefined),
        onDelivery: (sentence) => {
          progress.end();
          tell(`warning: ${sentence}`);
        },
        formats: flowLogs.formats,
        flowLogs: logsOf(network ?? singleNicNetwork(mac)),
        ...(options.change === undefined
          ? {}
          : {
              configure: (minuteMillis: number) => {
                const changed = changes(minuteMillis);
                return changed === undefined ? undefined : { network: changed, flowLogs: logsOf(changed) };
              },
            }),
        quirks: parseQuirks(options.quirk ?? []),
        flowTimeoutMinutes:
          options.flowTimeout === undefined ? undefined : parseWhole('--flow-timeout', options.flowTimeout, 1, 1440),
        ...(options.tunnel === undefined ? {} : { tunnel: options.tunnel }),
        vxlanPorts,
        onProgress: (done, total, packets, flows, delivery) =>
          progress.update(done, total, () => {
            const read = `${formatCount(packets)} packets${describeSpooling(delivery())}`;
            if (live === undefined) return read;
            const seconds = Math.floor((performance.now() - startMillis) / 1000);
            return `${read}  ${formatCount(flows())} flows  ${formatElapsed(seconds)}`;
          }),
      });
    } finally {
      stopped?.();
      progress.end();
    }
    const nothing = nothingCounted(result);
    if (nothing !== undefined) tell(`warning: ${nothing}`);
    const failure = result.failure === null ? undefined : failureOf(result.failure, result);
    process.exitCode = failure?.exitCode;
    if (options.stats === 'json') showFigures(result);
    else show(describe(result, flowLogs.formats, to.location));
    if (failure !== undefined) throw failure;
  });
}

function failureOf(sentence: string, { delivery }: RecordResult): FlowError {
  return new FlowError('unavailable', sentence, {
    hint:
      (delivery?.spoolBytes ?? 0) > 0
        ? 'Record with the same spool again, and it is delivered first.'
        : 'What came until then is recorded.',
  });
}

type LiveOptions = Omit<LiveSettings, 'stop' | 'onStart'>;

const snapLengthDefault = 128;

/** @throws usage */
function readLive(options: RecordOptions): LiveOptions | undefined {
  if ((options.capture === undefined) === (options.interface === undefined))
    throw new FlowError(
      'usage',
      'record takes its packets from --capture FILE or from --interface NAME: name one of them',
    );
  if (options.interface === undefined) {
    const name = (['filter', 'snapLength', 'maxTime', 'maxBytes'] as const).find((key) => options[key] !== undefined);
    if (name === undefined) return undefined;
    const flag = name.replace(/[A-Z]/, (letter) => `-${letter.toLowerCase()}`);
    throw new FlowError('usage', `--${flag} goes with --interface only`);
  }
  return {
    interface: options.interface,
    filter: options.filter,
    snapLength:
      options.snapLength === undefined
        ? snapLengthDefault
        : parseWhole('--snap-length', options.snapLength, 64, 65_535),
    maxMillis: options.maxTime === undefined ? undefined : parseDuration('--max-time', options.maxTime),
    maxBytes: options.maxBytes === undefined ? undefined : parseBytes('--max-bytes', options.maxBytes),
  };
}

function sayStart(interfaceName: string, tool: string): void {
  tell(`recording ${interfaceName} with ${tool}; Ctrl-C stops and keeps everything`);
}

/** `0:07`, `12:34`, `1:02:03`. */
function formatElapsed(seconds: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** @throws usage */
function readVxlanPorts({ tunnel, vxlanPort = [] }: RecordOptions): number[] {
  if (vxlanPort.length > 0 && tunnel !== 'inner')
    throw new FlowError('usage', '--vxlan-port goes with --tunnel inner, which looks into tunnels');
  if (vxlanPort.length > limits.vxlanPortsMax)
    throw new FlowError(
      'usage',
      `--vxlan-port is given ${vxlanPort.length} times; at most ${limits.vxlanPortsMax} are taken`,
    );
  return vxlanPort.map((text) => parseWhole('--vxlan-port', text, 1, 65_535));
}

function readMac(text: string): string {
  const mac = parseMac(text);
  if (mac === undefined) throw new FlowError('usage', `${JSON.stringify(text)} is not a MAC address`);
  return mac;
}

function readPrefix(text: string): NonNullable<ReturnType<typeof parsePrefix>> {
  const prefix = parsePrefix(text);
  if (prefix === undefined)
    throw new FlowError('usage', `${JSON.stringify(text)} is not an address prefix, such as 10.0.0.0/8`);
  return prefix;
}

function describeCount(reason: string, count: number, linkTypes: readonly number[]): string {
  return reason === 'link-type'
    ? `${formatCount(count)} (${linkTypes.map(formatLinkType).join(', ')})`
    : formatCount(count);
}

function describe(result: RecordResult, formats: readonly FlowLogFormat[], to: string): string {
  const { packets, flows } = result;
  const lines = [
    `packets read     ${formatCount(packets.read)}`,
    `  counted        ${formatCount(packets.counted)} (${formatBytes(result.bytes)} of IP)`,
  ];
  if (result.balanced > 0) lines.push(`    balanced     ${formatCount(result.balanced)}: a hash picked the backend`);
  for (const [reason, count] of Object.entries(packets.refused))
    lines.push(`  ${reason.padEnd(14)} ${describeCount(reason, count, packets.linkTypes)}`);
  for (const [reason, count] of Object.entries(result.damage)) lines.push(`damage: ${reason} ${formatCount(count)}`);
  if (result.dropped !== 0)
    lines.push(`dropped          ${result.dropped === null ? 'unknown' : formatCount(result.dropped)}`);
  lines.push(`flows allowed    ${formatCount(flows.allowed)}`, `flows denied     ${formatCount(flows.denied)}`);
  if (flows.evicted > 0) lines.push(`  ended early    ${formatCount(flows.evicted)}`);
  for (const [format, reasons] of Object.entries(result.uncounted))
    for (const [reason, count] of Object.entries(reasons))
      lines.push(`not in ${format.padEnd(9)} ${formatCount(count)} packets: ${reason}`);
  lines.push(
    `tuples           ${formatCount(result.tuples)} (${formats.join(', ')}) in ${formatCountOf(result.blobs, 'blob')}`,
    `newly written    ${formatCount(result.written)} to ${to}`,
    ...describeDelivery(result.delivery),
  );
  return `${lines.join('\n')}\n`;
}

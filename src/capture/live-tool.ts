import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

/**
 * The two programs for live capture: their arguments and their messages. Both write a capture to standard output, and at
 * the end the kernel's counters to standard error:
 *
 *     tcpdump   12 packets captured                            dumpcap   Packets captured: 12
 *               14 packets received by filter                            Packets received/dropped on interface 'eth0':
 *               2 packets dropped by kernel                              12/2 (pcap:2/dumpcap:0/flushed:0/ps_ifdrop:0) (85.7%)
 */
export type LiveTool = 'tcpdump' | 'dumpcap';

/**
 * In the order in which they are tried. tcpdump costs less per packet and records nanoseconds: docs/how-it-works/live-capture.md.
 */
export const liveTools: readonly LiveTool[] = ['tcpdump', 'dumpcap'];

export interface ToolSettings {
  readonly interface: string;
  /** In libpcap's filter language; `undefined` captures all packets. */
  readonly filter: string | undefined;
  /** Bytes captured per packet. */
  readonly snapLength: number;
}

/**
 * From this packet rate on, tcpdump writes full buffers instead of single packets. A write per packet costs 0.7 µs
 * each, a buffer 0.2 µs per packet, but up to 4 KiB (about 28 packets) then wait for the next packets.
 */
const bufferedPacketsPerSecondMin = 250_000;

/**
 * The command line of the tool. User input never stands where an option is possible.
 * @param packetsPerSecond current packet rate of the interface
 */
export function toolArguments(tool: LiveTool, settings: ToolSettings, packetsPerSecond: number): string[] {
  const { filter } = settings;
  const snapLength = String(settings.snapLength);
  const buffer = limits.captureKernelBufferBytes;
  if (tool === 'dumpcap') {
    const common = ['-i', settings.interface, '-s', snapLength, '-B', String(buffer >> 20), '-P', '-q', '-w', '-'];
    return filter === undefined ? common : [...common, '-f', filter];
  }
  const common = ['-i', settings.interface, '-n', '-s', snapLength, '-B', String(buffer >> 10), '--nano', '-w', '-'];
  if (packetsPerSecond < bufferedPacketsPerSecondMin) common.push('-U');
  return filter === undefined ? common : [...common, '--', filter];
}

/**
 * Accepts Linux interface names and libpcap's own names: `any`, `nflog:5`.
 * @throws usage
 */
export function checkInterfaceName(name: string): void {
  if (/^[^\s/\-\p{Cc}][^\s/\p{Cc}]*$/u.test(name) && Buffer.byteLength(name) <= interfaceNameBytesMax) return;
  throw new FlowError('usage', `${JSON.stringify(name)} is not the name of a network interface`, {
    hint: 'List the interfaces with: ip link',
  });
}

/**
 * Alternative names are the longest names. Source: IFALIASZ and ALTIFNAMSIZ of linux/if.h (128 with the closing zero).
 */
const interfaceNameBytesMax = 127;

/** Whether a line of the tool's standard error says that capturing has started. */
export function saysReady(tool: LiveTool, line: string): boolean {
  return tool === 'tcpdump' ? /(^|: )listening on /.test(line) : line.startsWith('File: ');
}

/** The counters that a tool prints at its end. */
export interface ToolFigures {
  /** Packets written. */
  readonly captured: number;
  /** Packets that passed the filter, including dropped ones; `undefined` if the tool does not print it. */
  readonly received: number | undefined;
  /** Packets dropped by the kernel because the tool read too slowly. */
  readonly dropped: number;
}

/** The counters in a tool's standard error; `undefined` if it ended without printing them. */
export function readFigures(tool: LiveTool, text: string): ToolFigures | undefined {
  const figure = (pattern: RegExp): number | undefined => {
    const match = pattern.exec(text);
    return match === null ? undefined : Number(match[1]);
  };
  if (tool === 'dumpcap') {
    const captured = figure(/^Packets captured: (\d+)/m);
    const dropped = figure(/^Packets received\/dropped on interface .*: \d+\/(\d+) \(/m);
    return captured === undefined || dropped === undefined ? undefined : { captured, received: undefined, dropped };
  }
  const captured = figure(/^(\d+) packets? captured/m);
  const dropped = figure(/^(\d+) packets? dropped by kernel/m);
  if (captured === undefined || dropped === undefined) return undefined;
  return { captured, received: figure(/^(\d+) packets? received by filter/m), dropped };
}

/** The error for a tool that captured nothing. `text` is its standard error. */
export function explainFailure(tool: LiveTool, settings: ToolSettings, text: string): FlowError {
  const name = settings.interface;
  const said = complaintOf(tool, text);
  if (/permission|not permitted/i.test(text))
    return new FlowError('permission', `${tool} has no permission to capture on interface ${name}`, {
      hint: `Run nsgflow as root, or grant it once: sudo setcap cap_net_raw,cap_net_admin=eip "$(command -v ${tool})"`,
    });
  if (/no such device|there is no device|that device doesn't exist/i.test(text))
    return new FlowError('not-found', `there is no network interface ${name}`, {
      hint: 'List the interfaces with: ip link',
    });
  if (/is not up|network is down/i.test(text))
    return new FlowError('unavailable', `the network interface ${name} is down`, {
      hint: `Bring it up: ip link set ${name} up`,
    });
  if (
    settings.filter !== undefined &&
    /filter|syntax|token|expression|unknown (host|port|network|ether|proto)/i.test(text)
  )
    return new FlowError('usage', `the filter ${JSON.stringify(settings.filter)} cannot be used: ${said}`, {
      hint: 'For the syntax of --filter see: man pcap-filter',
    });
  return new FlowError('unavailable', `${tool} could not capture on ${name}: ${said}`, {
    hint: `Try it by hand: ${tool} -i ${name} -c 1`,
  });
}

/** The line in which a tool reports an error, without the tool's name. */
export function complaintOf(tool: LiveTool, text: string): string {
  const lines = text.split('\n').filter((line) => line.startsWith(`${tool}: `) && !saysReady(tool, line));
  return (lines.at(-1)?.slice(tool.length + 2) ?? 'it ended without a message').replace(/\.$/, '');
}

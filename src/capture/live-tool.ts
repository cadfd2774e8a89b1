import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';

/**
 * The two programs that capture for a live recording: how each is called, and what its messages mean. Both write a capture to their
 * standard output, and at their end the kernel's figures to standard error:
 *
 *     tcpdump   12 packets captured                            dumpcap   Packets captured: 12
 *               14 packets received by filter                            Packets received/dropped on interface 'eth0':
 *               2 packets dropped by kernel                              12/2 (pcap:2/dumpcap:0/flushed:0/ps_ifdrop:0) (85.7%)
 */
export type LiveTool = 'tcpdump' | 'dumpcap';

/** In the order in which they are tried. tcpdump costs less per packet and has nanoseconds: docs/live-capture.md. */
export const liveTools: readonly LiveTool[] = ['tcpdump', 'dumpcap'];

export interface ToolSettings {
  readonly interface: string;
  /** In libpcap's filter language; `undefined` captures all. */
  readonly filter: string | undefined;
  /** Bytes captured of each packet. */
  readonly snapLength: number;
}

/**
 * From this many packets a second, tcpdump writes by the buffer instead of by the packet. Writing by the packet costs it 0.7 µs
 * each, by the buffer 0.2 µs, but then up to 4 KiB (about 28 packets) wait for the next ones.
 */
const bufferedPacketsPerSecondMin = 250_000;

/** `packetsPerSecond` is what the interface carries now. What the user typed never stands where an option could. */
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

/** A name that Linux gives to interfaces, or one of libpcap's own: `any`, `nflog:5`. @throws usage */
export function checkInterfaceName(name: string): void {
  if (/^[^\s/\-\p{Cc}][^\s/\p{Cc}]*$/u.test(name) && Buffer.byteLength(name) <= interfaceNameBytesMax) return;
  throw new FlowError('usage', `${JSON.stringify(name)} is no name of a network interface`, {
    hint: 'The interfaces of this machine: ip link',
  });
}

/** Alternative names are the longest. Source: IFALIASZ and ALTIFNAMSIZ of linux/if.h (128 with the closing zero). */
const interfaceNameBytesMax = 127;

/** Whether a line of the tool's standard error says that it is capturing from now on. */
export function saysReady(tool: LiveTool, line: string): boolean {
  return tool === 'tcpdump' ? /(^|: )listening on /.test(line) : line.startsWith('File: ');
}

/** The closing figures of a tool. */
export interface ToolFigures {
  /** Packets that it wrote. */
  readonly captured: number;
  /** Packets that passed the filter, those dropped among them; `undefined` where the tool does not tell. */
  readonly received: number | undefined;
  /** Packets that the kernel dropped since the tool read too slowly. */
  readonly dropped: number;
}

/** The figures in a tool's standard error; `undefined` where it ended without telling them. */
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

/** What a tool that captured nothing complains about, as a sentence for the user. `text` is its standard error. */
export function explainFailure(tool: LiveTool, settings: ToolSettings, text: string): FlowError {
  const name = settings.interface;
  const said = complaintOf(tool, text);
  if (/permission|not permitted/i.test(text))
    return new FlowError('permission', `${tool} is not permitted to capture on the interface ${name}`, {
      hint: `Run nsgflow as root, or grant it once: sudo setcap cap_net_raw,cap_net_admin=eip "$(command -v ${tool})"`,
    });
  if (/no such device|there is no device|that device doesn't exist/i.test(text))
    return new FlowError('not-found', `there is no network interface ${name}`, {
      hint: 'The interfaces of this machine: ip link',
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
      hint: 'The language of --filter: man pcap-filter',
    });
  return new FlowError('unavailable', `${tool} could not capture on ${name}: ${said}`, {
    hint: `Try it by hand: ${tool} -i ${name} -c 1`,
  });
}

/** The line in which a tool says what is wrong, without its name. */
export function complaintOf(tool: LiveTool, text: string): string {
  const lines = text.split('\n').filter((line) => line.startsWith(`${tool}: `) && !saysReady(tool, line));
  return (lines.at(-1)?.slice(tool.length + 2) ?? 'it ended without saying why').replace(/\.$/, '');
}

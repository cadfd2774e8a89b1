import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import {
  checkInterfaceName,
  explainFailure,
  liveTools,
  readFigures,
  saysReady,
  toolArguments,
} from '../../src/capture/live-tool.ts';

/** What tcpdump 4.99.3 and dumpcap 4.0.17 wrote on Debian 12. */
const settings = { interface: 'eth0', filter: undefined, snapLength: 128 };
const quiet = 100;
const busy = 1_000_000;

function codeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof FlowError) return error.code;
    throw error;
  }
  return 'none';
}

describe('a tool is called', () => {
  test('by the packet on a quiet interface, by the buffer on a busy one', () => {
    expect(toolArguments('tcpdump', settings, quiet)).toContain('-U');
    expect(toolArguments('tcpdump', settings, busy)).not.toContain('-U');
  });

  test.each(liveTools)('%s: a filter is one argument that is never taken for an option', (tool) => {
    for (const filter of ['-w/tmp/x', '--help', 'tcp port 80; rm -rf /', '']) {
      const args = toolArguments(tool, { ...settings, filter }, quiet);
      const at = args.indexOf(filter);
      expect(at).toBe(args.length - 1);
      expect(args[at - 1]).toBe(tool === 'tcpdump' ? '--' : '-f');
    }
  });

  test.each(['-w', '--help', '', ' eth0', 'eth0 -w', 'a/b', '../x', 'a\nb', 'a\0b', 'é'.repeat(64)])(
    'never with the interface %j',
    (name) => expect(codeOf(() => checkInterfaceName(name))).toBe('usage'),
  );

  test.each(['eth0', 'any', 'nflog:5', 'br-1a2b', 'eth0.100', 'wg0', 'veth@x', 'lo'])('with the interface %s', (name) =>
    expect(codeOf(() => checkInterfaceName(name))).toBe('none'),
  );
});

describe('the closing figures', () => {
  const closing = (captured: string, received: string, dropped: string): string =>
    `tcpdump: listening on eth0, link-type EN10MB (Ethernet), snapshot length 128 bytes\n${captured}\n${received}\n${dropped}\n`;

  test('of tcpdump, one packet and many', () => {
    expect(
      readFigures(
        'tcpdump',
        closing('12 packets captured', '17 packets received by filter', '2 packets dropped by kernel'),
      ),
    ).toEqual({ captured: 12, received: 17, dropped: 2 });
    expect(
      readFigures(
        'tcpdump',
        closing('1 packet captured', '1 packet received by filter', '0 packets dropped by kernel'),
      ),
    ).toEqual({ captured: 1, received: 1, dropped: 0 });
  });

  test('of dumpcap', () => {
    const text =
      "Capturing on 'nfv1'\nFile: -\nPackets captured: 480\n" +
      "Packets received/dropped on interface 'nfv1': 480/20 (pcap:19/dumpcap:0/flushed:1/ps_ifdrop:0) (96.0%)\n";
    expect(readFigures('dumpcap', text)).toEqual({ captured: 480, received: undefined, dropped: 20 });
  });

  test.each(liveTools)('of a %s that was killed are not there, which is not zero', (tool) => {
    expect(readFigures(tool, `${tool}: listening on eth0\nFile: -\n`)).toBeUndefined();
    expect(readFigures(tool, '')).toBeUndefined();
  });
});

describe('readiness', () => {
  test('is told by each tool in its own words', () => {
    expect(saysReady('tcpdump', 'tcpdump: listening on eth0, link-type EN10MB (Ethernet)')).toBe(true);
    expect(saysReady('tcpdump', 'tcpdump: eth0: No such device exists')).toBe(false);
    expect(saysReady('dumpcap', "Capturing on 'eth0'")).toBe(false);
    expect(saysReady('dumpcap', 'File: -')).toBe(true);
  });
});

describe('a failure to capture is told as what it is', () => {
  test.each([
    [
      'tcpdump',
      "tcpdump: eth0: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)",
      'permission',
    ],
    [
      'dumpcap',
      'dumpcap: You do not have permission to capture on device "eth0".\n(socket: Operation not permitted)',
      'permission',
    ],
    ['tcpdump', 'tcpdump: eth0: No such device exists\n(No such device exists)', 'not-found'],
    [
      'dumpcap',
      'Capturing on \'eth0\'\ndumpcap: There is no device named "eth0".\n(No such device exists)',
      'not-found',
    ],
    ['tcpdump', 'tcpdump: eth0: That device is not up', 'unavailable'],
    ['tcpdump', 'tcpdump: something new', 'unavailable'],
    ['tcpdump', '', 'unavailable'],
  ] as const)('%s: %j', (tool, text, code) => {
    const error = explainFailure(tool, settings, text);
    expect(error.code).toBe(code);
    expect(error.message).toContain('eth0');
  });

  test('a filter that cannot be read is the user to mend', () => {
    const error = explainFailure(
      'tcpdump',
      { ...settings, filter: 'foo(' },
      "tcpdump: can't parse filter expression: syntax error",
    );
    expect(error.code).toBe('usage');
    expect(error.message).toBe('the filter "foo(" cannot be used: can\'t parse filter expression: syntax error');
  });
});

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { memoryAccount } from '../../src/blob/memory.ts';
import { nothingCounted } from '../../src/record/nothing-counted.ts';
import type { RecordResult } from '../../src/record/record.ts';
import { captureInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import { buildPcap } from '../capture/build-capture.ts';
import { nsgflow } from '../cli/nsgflow.ts';
import { concat, ethernet, hex, ipv4, tcp, udp } from '../wire/build-packet.ts';
import { readWritten } from './traffic.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-refused-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Frame {
  readonly bytes: Uint8Array;
  readonly seconds: number;
}

function capture(name: string, linkType: number, frames: readonly Frame[]): string {
  const path = join(folder, name);
  writeFileSync(
    path,
    buildPcap(
      frames.map((frame) => ({ ...frame, nanos: 0 })),
      { linkType },
    ),
  );
  return path;
}

async function recordOf(...captures: string[]): Promise<{ result: RecordResult; tuples: string[] }> {
  const to = memoryAccount();
  const result = await record({
    input: captureInput(captures),
    network: undefined,
    mac: undefined,
    local: [],
    accountOf: () => to,
    formats: ['vnet'],
    flowTimeoutMinutes: undefined,
  });
  return { result, tuples: (await readWritten(to)).map(({ tuple }) => tuple) };
}

const frame: Frame = { bytes: new Uint8Array(60), seconds: 1000 };
const usb = capture('usb.pcap', 249, [frame, frame]);
const unknown = capture('unknown.pcap', 147, [{ ...frame, seconds: 1100 }]);
/** USBPCAP within per-packet information. */
const ppi = capture('ppi.pcap', 192, [{ bytes: concat(hex('00000800 f9000000'), new Uint8Array(40)), seconds: 1200 }]);
const arp = capture('arp.pcap', 1, [{ bytes: ethernet(0x0806, new Uint8Array(28)), seconds: 1300 }]);
const web = capture('web.pcap', 101, [{ bytes: ipv4(tcp()), seconds: 1400 }]);
const none = capture('none.pcap', 1, []);

describe('packets of link types that are not decoded', () => {
  test('are counted with the numbers of the link types, each once, in order', async () => {
    const { result } = await recordOf(usb, unknown, ppi, web);
    expect(result.packets).toEqual({ read: 5, counted: 1, refused: { 'link-type': 4 }, linkTypes: [249, 147] });
    expect(nothingCounted(result)).toBeUndefined();
  });

  test('name a few link types only, however many there are', async () => {
    const { result } = await recordOf(
      ...Array.from({ length: 12 }, (_, i) => capture(`${i}.pcap`, 147 + i, [{ ...frame, seconds: 1000 + i }])),
    );
    expect(result.packets.linkTypes).toEqual([147, 148, 149, 150, 151, 152, 153, 154]);
  });

  test('say what was in per-packet information', async () => {
    expect((await recordOf(ppi)).result.packets.linkTypes).toEqual([249]);
  });
});

describe('a recording that counts no packet', () => {
  test('says how many were refused, and why', async () => {
    expect(nothingCounted((await recordOf(usb, arp)).result)).toBe(
      'no packet is recorded: all 3 were refused: 2 link-type (USBPCAP (249)), 1 arp. See docs/reference/packets.md',
    );
    expect(nothingCounted((await recordOf(none)).result)).toBe('no packet was read, so nothing is recorded');
  });

  test('warns on stderr, and the table has name and number of the link type', async () => {
    const ran = await nsgflow(['record', '--capture', usb, '--to', join(folder, 'out')]);
    expect([ran.code, ran.err]).toEqual([
      0,
      'warning: no packet is recorded: all 2 were refused: 2 link-type (USBPCAP (249)). See docs/reference/packets.md\n',
    ]);
    expect(ran.out).toContain('  link-type      2 (USBPCAP (249))\n');
    const json = await nsgflow(['record', '--capture', usb, '--to', join(folder, 'out'), '--stats', 'json']);
    expect((JSON.parse(json.out) as { packets: { link_types: number[] } }).packets.link_types).toEqual([249]);
  });
});

describe('record --vxlan-port', () => {
  const inner = ethernet(0x0800, ipv4(udp({ source: 1000, destination: 53 }), { protocol: 17 }));
  const datagram = concat(hex('c000 2118'), hex('0000 0000'), hex('08000000 00002a00'), inner);
  const tunneled = capture('vxlan.pcap', 101, [{ bytes: ipv4(datagram, { protocol: 17 }), seconds: 1500 }]);
  const run = (...args: string[]) =>
    nsgflow(['record', '--capture', tunneled, '--to', join(folder, 'tunnels'), '--stats', 'json', ...args]);

  test('records what is in a tunnel at the port, as an input of its own', async () => {
    const tuplesOf = async (...args: string[]): Promise<number> =>
      (JSON.parse((await run(...args)).out) as RecordResult).written;
    expect(await tuplesOf('--tunnel', 'inner')).toBe(2);
    expect(await tuplesOf('--tunnel', 'inner', '--vxlan-port', '8472')).toBe(2);
    expect(await tuplesOf('--tunnel', 'inner', '--vxlan-port', '8472', '--vxlan-port', '8472')).toBe(0);
  });

  test.each([
    [['--vxlan-port', '8472'], /goes with --tunnel inner/],
    [['--tunnel', 'inner', '--vxlan-port', '0'], /--vxlan-port/],
    [['--tunnel', 'inner', '--vxlan-port', '70000'], /--vxlan-port/],
    [['--tunnel', 'inner', '--vxlan-port', 'dns'], /--vxlan-port/],
    [
      ['--tunnel', 'inner', ...Array.from({ length: 17 }, (_, i) => ['--vxlan-port', `${9000 + i}`]).flat()],
      /at most 16/,
    ],
  ])('refuses %j', async (args, message) => {
    const ran = await run(...args);
    expect([ran.code, ran.out]).toEqual([2, '']);
    expect(ran.err).toMatch(message);
  });
});

test('a flow begins with the fragment that has its ports, though a later one came before', async () => {
  const about = { protocol: 17, id: 7 };
  const later = { bytes: ipv4(new Uint8Array(64), { ...about, fragmentOffset: 1 }), seconds: 1600 };
  const first = {
    bytes: ipv4(udp({ source: 1000, destination: 53 }), { ...about, moreFragments: true }),
    seconds: 1603,
  };
  const { tuples } = await recordOf(capture('fragments.pcap', 101, [later, first]));
  expect(tuples.map((tuple) => tuple.split(','))).toEqual([
    expect.arrayContaining(['0000001603000', '1000', '53', 'B']),
    expect.arrayContaining(['0000001603000', '1000', '53', 'E', '2', String(first.bytes.length + later.bytes.length)]),
  ]);
});

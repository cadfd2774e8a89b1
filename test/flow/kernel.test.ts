import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import { linkTypeEthernet } from '../../src/capture/link-type.ts';
import type { FlowKernel } from '../../src/flow/kernel.ts';
import { createKernel } from '../../src/flow/kernel.ts';
import { FlowMeter } from '../../src/flow/observe.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { PacketBatch } from '../../src/net/packet.ts';
import { createPacketBatch } from '../../src/net/packet.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import { createNsg, singleNicNetwork } from '../../src/nsg/network.ts';
import { anySide, ruleLogName } from '../../src/nsg/rule.ts';
import { decodeBatch } from '../../src/wire/decode-packet.ts';
import { createRefusals } from '../../src/wire/refusals.ts';
import { concat, ethernet, extension, hex, ipv4, ipv6, tcp, udp } from '../wire/build-packet.ts';
import { describeEvents } from './drive.ts';
import type { SketchedPacket } from './packets.ts';
import { batchOf } from './packets.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const kernel = createKernel() as FlowKernel;

test('the committed module is what its sources give', () => {
  const how = long ? ['--check', '--compile'] : ['--check'];
  execFileSync(process.execPath, ['scripts/build-kernel.mjs', ...how], { stdio: 'pipe' });
});

function rowsOf(packets: PacketBatch): unknown[] {
  return Array.from({ length: packets.count }, (_, row) => [
    packets.timeMillis[row],
    packets.family[row],
    ...packets.source.subarray(4 * row, 4 * row + 4),
    ...packets.destination.subarray(4 * row, 4 * row + 4),
    packets.sourcePort[row],
    packets.destinationPort[row],
    packets.protocol[row],
    packets.tcpFlags[row],
    packets.ipBytes[row],
  ]);
}

describe('decoding', () => {
  const frames = [
    ethernet(0x0800, ipv4(tcp({ flags: 0x18 }))),
    ethernet(0x0800, ipv4(udp(), { protocol: 17 })),
    ethernet(0x86dd, ipv6(tcp(), { next: 6 })),
    ethernet(0x86dd, ipv6(udp({ data: 30 }), { next: 17 })),
    ethernet(0x86dd, ipv6(extension(6, 1, tcp()), { next: 60 })),
    ethernet(0x0800, ipv4(tcp(), { options: hex('01010101') })),
    ethernet(0x8100, concat(hex('0005 0800'), ipv4(tcp()))),
    ethernet(0x0806, new Uint8Array(28)),
  ];
  const frame = fc.record({
    kind: fc.nat(frames.length - 1),
    changes: fc.array(fc.record({ at: fc.nat(70), value: fc.nat(255) }), { maxLength: 2 }),
    kept: fc.oneof({ weight: 3, arbitrary: fc.constant(200) }, fc.nat(90)),
    seconds: fc.nat(4_000_000_000),
    nanos: fc.nat(999_999_999),
  });

  test('gives the rows and the refusals of TypeScript, for any frames in any batch', () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 40 }), fc.boolean(), (sketches, inner) => {
        const captured = createCaptureBatch(256);
        const parts: Uint8Array[] = [new Uint8Array(7)];
        let at = 7;
        for (const { kind, changes, kept, seconds, nanos } of sketches) {
          const bytes = frames[kind].slice(0, Math.min(kept, frames[kind].length));
          for (const change of changes) if (change.at < bytes.length) bytes[change.at] = change.value;
          const row = captured.count++;
          captured.start[row] = at;
          captured.capturedLength[row] = bytes.length;
          captured.originalLength[row] = frames[kind].length;
          captured.timeSeconds[row] = seconds;
          captured.timeNanos[row] = nanos;
          captured.linkType[row] = linkTypeEthernet;
          parts.push(bytes, new Uint8Array(kind));
          at += bytes.length + kind;
        }
        captured.bytes = concat(...parts);
        const plain = createPacketBatch(256);
        const plainRefusals = createRefusals();
        const refusals = createRefusals();
        const tunnel = inner ? 'inner' : 'outer';
        decodeBatch(captured, plain, plainRefusals, { tunnel });
        decodeBatch(captured, kernel.packets, refusals, { tunnel, decodeRun: kernel.decodeRun });
        expect(rowsOf(kernel.packets)).toEqual(rowsOf(plain));
        expect([...refusals.counts]).toEqual([...plainRefusals.counts]);
      }),
      { seed: 11, numRuns: long ? 20_000 : 1000 },
    );
  });

  test('leaves a batch that its memory does not hold to TypeScript', () => {
    const captured = createCaptureBatch(256);
    captured.bytes = new Uint8Array(1_000_000);
    captured.count = 2;
    captured.start[1] = 900_000;
    captured.capturedLength.fill(60, 0, 2);
    expect(kernel.decodeRun(captured, 0, 0, true)).toBe(-1);
  });
});

/** NICs 10.0.0.4, 10.0.0.5 and fd00::4 behind NSGs that deny what goes to port 23, and at the second all that comes to port 80. */
function threeNics() {
  const base = singleNicNetwork();
  const nsgs = [[23], [23, 80], [23]].map((ports, index) => {
    const rules = (['inbound', 'outbound'] as const).flatMap((direction) => [
      ...ports.map((port) => ({ direction, name: `no-${port}`, access: 'deny' as const, from: port, to: port + 1 })),
      { direction, name: 'all', access: 'allow' as const, from: 0, to: 65_536 },
    ]);
    return createNsg(
      { id: `/nsgs/${index}`, name: `n${index}`, location: 'local' },
      rules.map(({ direction, name, access, from, to }, order) => ({
        name,
        logName: ruleLogName('user', name),
        kind: 'user' as const,
        description: '',
        priority: 100 + order,
        direction,
        access,
        protocol: '*',
        source: anySide,
        destination: { ...anySide, ports: [{ start: from, end: to }] },
      })),
    );
  });
  const nics = ['10.0.0.4', '10.0.0.5', 'fd00::4'].map((address, index) => ({
    ...base.nics[0],
    id: `/nics/${index}`,
    nsg: nsgs[index],
    addresses: [parseAddress(address)!],
  }));
  return compileNetwork({ ...base, nics, nsgs });
}

function observeAll(packets: readonly SketchedPacket[], isLocal: boolean, used: FlowKernel | undefined): unknown[] {
  const meter = new FlowMeter({
    network: threeNics(),
    idleTimeoutMillis: Float64Array.of(240_000, 300_000, 60_000),
    eventsMax: 256,
    flowsPerNicMax: 6,
    kernel: used,
    ...(isLocal ? { isLocal: (_: number, words: Uint32Array, at: number) => words[at + 3] % 2 === 0 } : {}),
  });
  const lines: string[] = [];
  const take = (): void => void lines.push(...describeEvents(meter, meter.boundaryMillis));
  for (let from = 0; from < packets.length; from += 200) {
    const batch = batchOf(packets.slice(from, from + 200));
    const observed = used === undefined ? batch : copyTo(used.packets, batch);
    let row = 0;
    while ((row = meter.observe(observed, row)) < observed.count) {
      if (observed.timeMillis[row] >= meter.boundaryMillis) {
        while (!meter.advance()) take();
        take();
        meter.nextMinute(observed.timeMillis[row]);
      } else take();
    }
  }
  while (!meter.finish()) take();
  take();
  return [...lines, JSON.stringify(meter.counts)];
}

function copyTo(to: PacketBatch, from: PacketBatch): PacketBatch {
  to.count = from.count;
  to.timeMillis.set(from.timeMillis);
  to.family.set(from.family);
  to.source.set(from.source);
  to.destination.set(from.destination);
  to.sourcePort.set(from.sourcePort);
  to.destinationPort.set(from.destinationPort);
  to.protocol.set(from.protocol);
  to.tcpFlags.set(from.tcpFlags);
  to.ipBytes.set(from.ipBytes);
  return to;
}

describe('observing', () => {
  const packet = fc.record({
    gapMillis: fc.oneof(
      { weight: 8, arbitrary: fc.integer({ min: 0, max: 3000 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 90_000 }) },
      { weight: 1, arbitrary: fc.integer({ min: -70_000, max: 400_000 }) },
    ),
    ends: fc.constantFrom(
      ['10.0.0.4:40000', '203.0.113.9:443'],
      ['10.0.0.4:40000', '10.0.0.5:443'],
      ['10.0.0.4:40000', '10.0.0.5:80'],
      ['10.0.0.5:40000', '10.0.0.4:23'],
      ['10.0.0.4:40000', '10.0.0.4:40000'],
      ['[fd00::4]:50000', '[2001:db8::9]:53'],
      ['203.0.113.9:1', '203.0.113.8:2'],
      ...Array.from({ length: 6 }, (_, i) => ['10.0.0.5:9', `203.0.113.${i}:7`]),
    ),
    back: fc.boolean(),
    flags: fc.constantFrom('S', 'SA', 'A', 'A', 'A', 'FA', 'R', 'udp', 'udp', '-'),
    ipBytes: fc.oneof({ weight: 4, arbitrary: fc.integer({ min: 28, max: 1500 }) }, fc.constant(4_294_967_295)),
  });

  test('gives the events and counts of TypeScript, for any packets', () => {
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 500 }), fc.boolean(), (sketches, isLocal) => {
        let time = Date.UTC(2026, 10, 20, 10, 3, 0);
        const packets = sketches.map(({ gapMillis, ends, back, flags, ipBytes }) => {
          time += gapMillis;
          const [from, to] = back ? [ends[1], ends[0]] : ends;
          return { timeMillis: time, line: `${from} > ${to} ${flags}`, ipBytes };
        });
        expect(observeAll(packets, isLocal, kernel)).toEqual(observeAll(packets, isLocal, undefined));
      }),
      { seed: 12, numRuns: long ? 1200 : 100 },
    );
  });
});

import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import { Counters } from '../../src/base/counters.ts';
import { copyBatch, createCaptureBatch } from '../../src/capture/batch.ts';
import { CaptureDecoder } from '../../src/capture/decode-capture.ts';
import { linkTypeEthernet } from '../../src/capture/link-type.ts';
import { pcapMagicMicros, pcapMagicModified, pcapMagicNanos } from '../../src/capture/pcap.ts';
import type { CaptureDamage, CaptureReason } from '../../src/capture/reason.ts';
import type { FlowKernel } from '../../src/flow/kernel.ts';
import { createKernel } from '../../src/flow/kernel.ts';
import { Judge } from '../../src/flow/judge.ts';
import type { MeterSettings } from '../../src/flow/observe.ts';
import { FlowMeter } from '../../src/flow/observe.ts';
import { FlowTable, keyKind, kindOutbound, kindWord, rowWords } from '../../src/flow/table.ts';
import { parseAddress } from '../../src/net/address.ts';
import type { PacketBatch } from '../../src/net/packet.ts';
import { createPacketBatch } from '../../src/net/packet.ts';
import { compileNetwork } from '../../src/nsg/compile.ts';
import { createNsg, singleNicNetwork } from '../../src/nsg/network.ts';
import { anySide, ruleLogName } from '../../src/nsg/rule.ts';
import type { DecodeRun } from '../../src/wire/decode-packet.ts';
import { decodeBatch } from '../../src/wire/decode-packet.ts';
import { createRefusals } from '../../src/wire/refusals.ts';
import { concat, ethernet, extension, hex, ipv4, ipv6, tcp, udp } from '../wire/build-packet.ts';
import { anyFiveTuple, anyNetwork } from '../nsg/generate-network.ts';
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

describe('reading records', () => {
  const odd = { captured: 0xfffffff0, fraction: 1_000_000_000, original: 3 };
  const record = fc.record({
    length: fc.nat(120),
    more: fc.nat(40),
    seconds: fc.nat(0xffffffff),
    fraction: fc.nat(999_999),
    oddity: fc.oneof(
      { weight: 20, arbitrary: fc.constant('none') },
      { weight: 1, arbitrary: fc.constantFrom('captured', 'fraction', 'original') },
    ),
  });

  test('gives the packets and the damage of TypeScript, for any records, chunks and byte orders', () => {
    let byKernel = 0;
    let all = 0;
    const read = kernel.captured.readRecords!;
    vi.spyOn(kernel.captured, 'readRecords').mockImplementation((...args) => {
      const before = kernel.captured.count;
      const end = read(...args);
      byKernel += kernel.captured.count - before;
      return end;
    });
    fc.assert(
      fc.property(
        fc.array(record, { maxLength: 60 }),
        fc.integer({ min: 24, max: 3000 }),
        fc.constantFrom(pcapMagicMicros, pcapMagicNanos, pcapMagicModified),
        fc.boolean(),
        fc.constantFrom(2, 3, 4, 4, 4, 4),
        (records, chunkLength, magic, little, minor) => {
          const header = new DataView(new ArrayBuffer(24));
          header.setUint32(0, magic, little);
          header.setUint16(4, 2, little);
          header.setUint16(6, minor, little);
          header.setUint32(20, 1, little);
          const parts = [new Uint8Array(header.buffer)];
          records.forEach(({ length, more, seconds, fraction, oddity }, index) => {
            const head = new DataView(new ArrayBuffer(magic === pcapMagicModified ? 24 : 16));
            head.setUint32(0, seconds, little);
            head.setUint32(4, oddity === 'fraction' ? odd.fraction : fraction, little);
            head.setUint32(8, oddity === 'captured' ? odd.captured : length, little);
            head.setUint32(12, oddity === 'original' ? odd.original : length + more, little);
            parts.push(new Uint8Array(head.buffer), new Uint8Array(length).fill(index));
          });
          const bytes = concat(...parts);
          expect(readAll(bytes, chunkLength, kernel)).toEqual(readAll(bytes, chunkLength, undefined));
          all += records.length;
        },
      ),
      { seed: 13, numRuns: long ? 20_000 : 250 },
    );
    vi.restoreAllMocks();
    expect(byKernel).toBeGreaterThan(all / 10);
  });

  function readAll(bytes: Uint8Array, chunkLength: number, used: FlowKernel | undefined): unknown[] {
    const counters = { refused: new Counters<CaptureReason>(), damage: new Counters<CaptureDamage>() };
    const decoder = new CaptureDecoder('made.pcap', counters);
    const batch = used?.captured ?? createCaptureBatch(256);
    const rows: unknown[] = [];
    for (let at = 0; at < bytes.length; at += chunkLength) {
      let chunk = bytes.slice(at, at + chunkLength);
      if (used !== undefined) {
        used.chunk.set(chunk);
        chunk = used.chunk.subarray(0, chunk.length) as Uint8Array<ArrayBuffer>;
      }
      decoder.push(chunk);
      while (decoder.next(batch)) {
        for (let row = 0; row < batch.count; row++) {
          const start = batch.start[row];
          rows.push([
            batch.timeSeconds[row],
            batch.timeNanos[row],
            batch.originalLength[row],
            batch.linkType[row],
            ...batch.bytes.subarray(start, start + batch.capturedLength[row]),
          ]);
        }
      }
    }
    decoder.end();
    return [...rows, counters.refused.toJSON(), counters.damage.toJSON()];
  }
});

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
    let byKernel = 0;
    let all = 0;
    const decodeRun: DecodeRun = (...args) => {
      const rows = kernel.decodeRun(...args);
      byKernel += rows;
      return rows;
    };
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
        decodeBatch(captured, kernel.packets, refusals, { tunnel, decodeRun });
        expect(rowsOf(kernel.packets)).toEqual(rowsOf(plain));
        expect([...refusals.counts]).toEqual([...plainRefusals.counts]);
        kernel.chunk.set(captured.bytes);
        copyBatch(captured, kernel.captured);
        kernel.captured.bytes = kernel.chunk.subarray(0, captured.bytes.length);
        decodeBatch(kernel.captured, kernel.packets, createRefusals(), { tunnel, decodeRun });
        expect(rowsOf(kernel.packets)).toEqual(rowsOf(plain));
        all += 2 * captured.count;
      }),
      { seed: 11, numRuns: long ? 20_000 : 500 },
    );
    expect(byKernel).toBeGreaterThan(all / 10);
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

/** Packets of the kernel's batches so far, and those of them that the kernel observed itself. */
function countObserved(): { byKernel: number; all: number } {
  const counts = { byKernel: 0, all: 0 };
  const observe = kernel.observe.bind(kernel);
  const prepare = kernel.prepare.bind(kernel);
  vi.spyOn(kernel, 'observe').mockImplementation((from, ...rest) => {
    const end = observe(from, ...rest);
    counts.byKernel += end - from;
    return end;
  });
  vi.spyOn(kernel, 'prepare').mockImplementation((count) => {
    counts.all += count;
    prepare(count);
  });
  return counts;
}

function observeAll(
  packets: readonly SketchedPacket[],
  isLocal: boolean,
  used: FlowKernel | undefined,
  limits: Partial<MeterSettings> = { eventsMax: 256, flowsPerNicMax: 6 },
): unknown[] {
  const meter = new FlowMeter({
    network: threeNics(),
    idleTimeoutMillis: Float64Array.of(240_000, 300_000, 60_000),
    ...limits,
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

describe('judging', () => {
  test('gives the decisions of TypeScript, on generated networks', () => {
    const decisions = new Set<number>();
    let asked = 0;
    let all = 0;
    fc.assert(
      fc.property(
        anyNetwork,
        fc.array(fc.tuple(fc.nat(4), fc.boolean(), anyFiveTuple()), { minLength: 50, maxLength: 50 }),
        (network, flows) => {
          const compiled = compileNetwork(network);
          const table = new FlowTable(kernel.growTable);
          const judge = new Judge(table, compiled, undefined);
          kernel.setJudge((row) => {
            asked++;
            return judge.judge(row);
          });
          kernel.setRules(compiled);
          all += flows.length;
          for (const [nic, isOutbound, { protocol, source, sourcePort, destination, destinationPort }] of flows) {
            const kind = keyKind(nic, source.family, protocol === 6) | (isOutbound ? kindOutbound : 0);
            const [from, to] = [source, destination].map(({ words }) => Uint32Array.from(words));
            const ports = ((sourcePort << 16) | destinationPort) >>> 0;
            const row = table.insert(0, from, to, 0, ports, kind, 0);
            const { words, decisions: decided } = table.columns;
            const denied = judge.judge(row);
            const expected = [denied, decided[row], words[row * rowWords + kindWord]];
            words[row * rowWords + kindWord] = kind;
            decided[row] = 0xffffffff;
            expect([kernel.judge(row), decided[row], words[row * rowWords + kindWord]]).toEqual(expected);
            decisions.add(decided[row]);
            table.remove(row);
          }
        },
      ),
      { seed: 14, numRuns: long ? 3000 : 150 },
    );
    expect(decisions.size).toBeGreaterThan(10);
    expect(asked, 'flows that the kernel leaves to TypeScript').toBeLessThan(all / 2);
  });

  test('asks TypeScript where the rules do not fit into memory, or there are none', () => {
    const table = new FlowTable(kernel.growTable);
    const row = table.insert(0, new Uint32Array(4), new Uint32Array(4), 0, 0, keyKind(0, 4, true), 0);
    const asked: number[] = [];
    kernel.setJudge((of) => asked.push(of) === 1);
    kernel.setRules({ ...compileNetwork(singleNicNetwork()), pack: () => undefined });
    expect(kernel.judge(row)).toBe(true);
    kernel.setRules(undefined);
    expect(kernel.judge(row)).toBe(false);
    expect(asked).toEqual([row, row]);
    table.remove(row);
    expect(compileNetwork(singleNicNetwork()).pack(100)).toBeUndefined();
  });
});

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
    const observed = countObserved();
    fc.assert(
      fc.property(fc.array(packet, { minLength: 1, maxLength: 500 }), fc.boolean(), (sketches, isLocal) => {
        let time = Date.UTC(2026, 10, 20, 10, 3, 0);
        const packets = sketches.map(({ gapMillis, ends, back, flags, ipBytes }) => {
          time += gapMillis;
          const [from, to] = back ? [ends[1], ends[0]] : ends;
          return { timeMillis: time, line: `${from} > ${to} ${flags}`, ipBytes };
        });
        const events = observeAll(packets, isLocal, kernel);
        expect(events).toEqual(observeAll(packets, isLocal, undefined));
        const seeded = { eventsMax: 256, flowsPerNicMax: 6, seeds: [1, 3, 5, 7, 0xfffffffb] as const };
        expect(observeAll(packets, isLocal, kernel, seeded)).toEqual(events);
        expect(observeAll(packets, isLocal, undefined, seeded)).toEqual(events);
      }),
      { seed: 12, numRuns: long ? 1200 : 100 },
    );
    vi.restoreAllMocks();
    expect(observed.all).toBeGreaterThan(1000);
    expect(observed.byKernel).toBeGreaterThan(observed.all / 4);
  });

  test('gives the events and counts of TypeScript while tables grow, shrink and clear their places', () => {
    let state = 1;
    const random = (end: number): number => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
      return (state >>> 8) % end;
    };
    let time = Date.UTC(2026, 10, 20, 10, 3, 0);
    const packets = Array.from({ length: long ? 60_000 : 8000 }, (_, i) => {
      time += random(i % 4000 < 2000 ? 20 : 200);
      const far = `203.0.113.${random(40)}:${1000 + random(60)}`;
      const near = `10.0.0.${4 + random(2)}:${[443, 23, 80][random(3)]}`;
      const [from, to] = random(3) === 0 ? [near, far] : [far, near];
      return { timeMillis: time, line: `${from} > ${to} ${['S', 'SA', 'A', 'A', 'FA', 'R', 'udp'][random(7)]}` };
    });
    const limits = { eventsMax: 300, flowsPerNicMax: 2000, flowsMax: 3000 };
    const observed = countObserved();
    expect(observeAll(packets, false, kernel, limits)).toEqual(observeAll(packets, false, undefined, limits));
    vi.restoreAllMocks();
    expect(observed.all).toBeGreaterThan(1000);
    expect(observed.byKernel).toBeGreaterThan(observed.all / 4);
  });
});

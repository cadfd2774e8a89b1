import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { CaptureReader } from '../../src/capture/merge-captures.ts';
import type { Network } from '../../src/nsg/network.ts';
import { readerInput } from '../../src/record/packet-input.ts';
import { defaultFlowLogs } from '../../src/record/recording-settings.ts';
import { nicBody, nsgBody, ruleBody, virtualNetworkBody } from '../nsg/bodies.ts';
import { ipv4, udp } from '../wire/build-packet.ts';
import type { Recorded, Sent } from './traffic.ts';
import { networkOf, recordPackets, start } from './traffic.ts';

function network(access: 'Allow' | 'Deny' = 'Allow'): Network {
  return networkOf(
    virtualNetworkBody('v', ['10.1.0.0/16'], [{ name: 'web', prefix: '10.1.1.0/24', nsg: undefined }]),
    nicBody('a', ['10.1.1.4'], { subnet: 'web', nsg: 'n' }),
    nsgBody('n', [ruleBody('all', { protocol: '*', direction: 'Outbound', access })]),
  );
}

function datagram(seconds: number, port: number): Sent {
  return [seconds, `10.1.1.4:${port}`, '203.0.113.9:53', 'U'];
}

/** `day hour seconds port access state packets`, in order of blobs. */
function lines({ written }: Recorded): string[] {
  return written.map(({ blob, tuple }) => {
    const [time, , , port, , , , access, state, packets] = tuple.split(',');
    const [, day, hour] = /d=(\d\d)\/h=(\d\d)/.exec(blob)!;
    return `${day} ${hour} ${Number(time) - start} ${port} ${access} ${state} ${packets}`.trim();
  });
}

/** As many datagrams of one time as set the clock back. */
function again(seconds: number, port: number): Sent[] {
  return Array.from({ length: limits.clockBackPacketsMin }, () => datagram(seconds, port));
}

/** A datagram two hours from now, as when a clock was set back behind it; then nothing. */
function earlyReader(): CaptureReader {
  const bytes = ipv4(udp({ source: 1, destination: 53 }), {
    source: '10.1.1.4',
    destination: '203.0.113.9',
    protocol: 17,
  });
  let batches = 0;
  return {
    identity: 'a'.repeat(64),
    bytesRead: 0,
    bytesTotal: undefined,
    next(batch) {
      batch.count = batches === 0 ? 1 : 0;
      batch.bytes = bytes;
      batch.start[0] = 0;
      batch.capturedLength[0] = batch.originalLength[0] = bytes.length;
      batch.timeSeconds[0] = Math.floor(Date.now() / 1000) + 2 * hour;
      batch.timeNanos[0] = 0;
      batch.linkType[0] = 101;
      return Promise.resolve(batches++ < 2);
    },
    close: () => Promise.resolve(),
  };
}

const hour = 3600;
const year = 365 * 24 * hour;

describe('the clock of a recording', () => {
  test('does not go back for packets of ten minutes ago', async () => {
    const recorded = await recordPackets([datagram(660, 1), datagram(61, 2)], { network: network() });
    expect(lines(recorded)).toEqual(['20 10 61 2 A B', '20 10 61 2 A E 1', '20 10 660 1 A B', '20 10 660 1 A E 1']);
    expect(recorded.result.damage).toEqual({});
  });

  test('does not go back for a few packets of a wrong time', async () => {
    const stray = Array.from({ length: limits.clockBackPacketsMin - 1 }, (_, index) => datagram(index, 2));
    const packets = [datagram(5 * hour, 1), ...stray, datagram(5 * hour + 1, 1), ...stray, datagram(5 * hour + 2, 1)];
    const recorded = await recordPackets(packets, { network: network() });
    expect(lines(recorded)).toEqual([
      '20 15 0 2 A B',
      `20 15 2 2 A E ${2 * stray.length}`,
      '20 15 18000 1 A B',
      '20 15 18002 1 A E 3',
    ]);
    expect(recorded.result.damage).toEqual({});
  });

  test('goes back after a packet of the future, and the minutes that come again have blocks of their own', async () => {
    const packets = [
      datagram(10, 1),
      datagram(70, 1),
      datagram(30 * year, 2),
      ...again(20, 3),
      datagram(80, 3),
      datagram(80 + 2 * hour, 4),
    ];
    const recorded = await recordPackets(packets, { network: network() });
    expect(lines(recorded).sort()).toEqual(
      [
        '20 10 10 1 A B',
        '20 10 300 1 A C 2',
        '20 10 310 1 A E 0',
        '12 10 20 3 A B',
        `12 10 20 3 A E ${limits.clockBackPacketsMin - 1}`,
        '20 10 20 3 A B',
        '20 10 300 3 A C 2',
        '20 10 320 3 A E 0',
        '20 12 7280 4 A B',
        '20 12 7280 4 A E 1',
        '12 10 946080000 2 A B',
        '12 10 946080000 2 A E 1',
      ].sort(),
    );
    expect(recorded.result.damage).toEqual({ 'time-back': 1 });
    expect(recorded.result.packets).toMatchObject({ read: packets.length, counted: packets.length, refused: {} });
    expect(recorded.result.written).toBe(12);
  });

  test('goes back wherever a batch ends', async () => {
    const before = (count: number): Sent[] =>
      Array.from({ length: count }, (_, index) => datagram(5 * hour + index / 1000, 1));
    const { batchPackets } = limits;
    for (const count of [1, batchPackets - 4, batchPackets - 3, batchPackets - 2, batchPackets - 1, batchPackets]) {
      const recorded = await recordPackets([...before(count), ...again(0, 2), datagram(1, 2)], { network: network() });
      expect(lines(recorded).filter((line) => line.startsWith('20 10 '))).toEqual(['20 10 0 2 A B', '20 10 1 2 A E 2']);
    }
  });

  test('goes back to the rules of that time', async () => {
    const configure = (minuteMillis: number) => {
      const now = network(minuteMillis < (start + hour) * 1000 ? 'Allow' : 'Deny');
      return { network: now, flowLogs: defaultFlowLogs(now, ['nsg2'], '') };
    };
    const packets = [datagram(0, 1), datagram(2 * hour, 2), ...again(60, 3), datagram(62, 4)];
    const recorded = await recordPackets(packets, { network: network(), configure });
    expect(lines(recorded).filter((line) => line.includes(' B'))).toEqual([
      '20 10 0 1 A B',
      '20 10 60 3 A B',
      '20 10 62 4 A B',
      '20 12 60 3 D B',
      '20 12 7200 2 D B',
    ]);
  });

  test('goes back by the clock of the machine while nothing comes', async () => {
    const recorded = await recordPackets([], { network: network(), input: readerInput(earlyReader()) });
    expect(recorded.result.damage).toEqual({ 'time-back': 1 });
    expect(recorded.result.packets.counted).toBe(1);
  });

  test('goes back so many times, and no more', async () => {
    const packets = Array.from({ length: limits.clockBacksMax + 10 }, (_, index) => [
      datagram(hour, index),
      ...again(0, index),
    ]).flat();
    const recorded = await recordPackets(packets, { network: network() });
    expect(recorded.result.damage).toEqual({ 'time-back': limits.clockBacksMax });
    expect(recorded.result.packets.counted).toBe(packets.length);
    expect(recorded.result.observed.allowed).toBe(packets.length);
  }, 600_000);
});

import { describe, expect, test } from 'vitest';
import { Counters } from '../../src/base/counters.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import { linkTypeEthernet, linkTypeRaw } from '../../src/capture/link-type.ts';
import { createPacketBatch } from '../../src/net/packet.ts';
import { decodeBatch } from '../../src/wire/decode-packet.ts';
import type { WireReason } from '../../src/wire/reason.ts';
import { refuse, wireReasonMeanings, wireReasons } from '../../src/wire/reason.ts';
import { createRefusals, drainRefusals } from '../../src/wire/refusals.ts';
import { concat, ethernet, extension, hex, ipv4, ipv6, tcp } from './build-packet.ts';

const kinds: readonly (readonly [number, (port: number) => Uint8Array])[] = [
  [linkTypeEthernet, (port) => ethernet(0x0800, ipv4(tcp({ source: port })))],
  [linkTypeEthernet, (port) => ethernet(0x86dd, ipv6(tcp({ source: port })))],
  [linkTypeEthernet, (port) => ethernet(0x86dd, ipv6(extension(6, 1, tcp({ source: port })), { next: 60 }))],
  [linkTypeRaw, (port) => ipv4(tcp({ source: port }))],
  [linkTypeEthernet, () => ethernet(0x0806, new Uint8Array(46))],
  [linkTypeEthernet, () => hex('0000')],
  [249, () => hex('1b00')],
];

/** A batch of packets of the given kinds; packet n has source port 1000 + n and the time n.5 seconds. */
function batchOf(order: readonly number[]) {
  const batch = createCaptureBatch(order.length);
  let length = 0;
  const packets = order.map((kind, row) => {
    const [linkType, build] = kinds[kind];
    const packet = build(1000 + row);
    batch.linkType[row] = linkType;
    batch.start[row] = length + 16;
    batch.capturedLength[row] = packet.length;
    batch.originalLength[row] = packet.length;
    batch.timeSeconds[row] = row;
    batch.timeNanos[row] = 500_000_000;
    length += 16 + packet.length;
    return concat(new Uint8Array(16), packet);
  });
  batch.bytes = concat(...packets);
  batch.count = order.length;
  return batch;
}

describe('a batch', () => {
  test('gives a row for each packet with a five-tuple, in order and with its time, and counts the others', () => {
    for (let seed = 0; seed < 200; seed++) {
      const order = Array.from({ length: 1 + (seed % 9) }, (_, at) => (seed * (at + 3) * 7 + at * at) % kinds.length);
      const packets = createPacketBatch(16);
      const refusals = createRefusals();
      decodeBatch(batchOf(order), packets, refusals);
      const expected = order.flatMap((kind, row) => (kind < 4 ? [row] : []));
      const rows = Array.from({ length: packets.count }, (_, row) => row);
      expect(rows.map((row) => packets.sourcePort[row] - 1000)).toEqual(expected);
      expect(rows.map((row) => packets.timeMillis[row])).toEqual(expected.map((row) => row * 1000 + 500));
      expect(refusals.counts.reduce((sum, count) => sum + count)).toBe(order.length - expected.length);
    }
  });

  test('that is empty leaves no rows of the one before', () => {
    const packets = createPacketBatch(4);
    decodeBatch(batchOf([0, 1]), packets, createRefusals());
    expect(packets.count).toBe(2);
    decodeBatch(batchOf([]), packets, createRefusals());
    expect(packets.count).toBe(0);
  });

  test('larger than the room for its packets is a fault of the program', () => {
    expect(() => decodeBatch(batchOf([0, 0]), createPacketBatch(1), createRefusals())).toThrow('has room');
  });
});

describe('refusals', () => {
  test('move to counters once, with the time of the first packet', () => {
    const refusals = createRefusals();
    decodeBatch(batchOf([0, 4, 6, 4]), createPacketBatch(4), refusals);
    const counters = new Counters<WireReason>();
    drainRefusals(refusals, counters);
    drainRefusals(refusals, counters);
    expect(counters.toJSON()).toEqual({ arp: 2, 'link-type': 1 });
    expect(counters.example('arp')).toBe('first at 1970-01-01T00:00:01.500Z');
    expect(counters.example('link-type')).toBe('first at 1970-01-01T00:00:02.500Z');
    expect(refusals.linkTypes.toJSON()).toEqual([249]);
  });

  test('have reasons that are numbered below zero, each once, and explained', () => {
    expect(wireReasons.map((reason) => refuse[reason])).toEqual(wireReasons.map((_, index) => -1 - index));
    expect(new Set(wireReasons).size).toBe(wireReasons.length);
    for (const reason of wireReasons) expect(wireReasonMeanings[reason]).toMatch(/\.$/);
  });
});

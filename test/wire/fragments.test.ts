import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import { linkTypeRaw } from '../../src/capture/link-type.ts';
import { createPacketBatch } from '../../src/net/packet.ts';
import { decodeBatch } from '../../src/wire/decode-packet.ts';
import { Fragments } from '../../src/wire/fragments.ts';
import { wireReasons } from '../../src/wire/reason.ts';
import { createRefusals } from '../../src/wire/refusals.ts';
import { concat, fragmentHeader, ipv4, ipv6, tcp, udp } from './build-packet.ts';

interface Timed {
  readonly timeSeconds: number;
  readonly packet: Uint8Array;
}

/** Decodes packets in batches of `size`: rows as text, in the order in which a recorder sees them, then the reasons of the rest. */
function decodeAll(
  stream: readonly Timed[],
  size: number = limits.batchPackets,
): { rows: string[]; refused: string[] } {
  const refusals = createRefusals();
  const fragments = new Fragments(refusals);
  const packets = createPacketBatch(size);
  const rows: string[] = [];
  for (let at = 0; at < stream.length; at += size) {
    const part = stream.slice(at, at + size);
    const captured = createCaptureBatch(size);
    captured.bytes = concat(...part.map(({ packet }) => packet));
    let start = 0;
    part.forEach(({ timeSeconds, packet }, row) => {
      captured.start[row] = start;
      captured.capturedLength[row] = packet.length;
      captured.originalLength[row] = packet.length;
      captured.timeSeconds[row] = timeSeconds;
      captured.linkType[row] = linkTypeRaw;
      start += packet.length;
    });
    captured.count = part.length;
    decodeBatch(captured, packets, refusals, { fragments });
    do {
      for (let row = 0; row < packets.count; row++) {
        const { timeMillis, protocol, sourcePort, destinationPort, tcpFlags, ipBytes, source } = packets;
        rows.push(
          `${timeMillis[row] / 1000}s ${protocol[row]} ${source[4 * row + 3] & 255}:${sourcePort[row]} > ${destinationPort[row]} flags ${tcpFlags[row]}, ${ipBytes[row]}`,
        );
      }
    } while (fragments.take(packets));
  }
  fragments.end();
  return { rows, refused: wireReasons.flatMap((reason, at) => Array<string>(refusals.counts[at]).fill(reason)) };
}

const at = (timeSeconds: number, packet: Uint8Array): Timed => ({ timeSeconds, packet });
const first4 = ipv4(tcp({ flags: 2 }), { moreFragments: true, id: 7 });
const later4 = ipv4(new Uint8Array(100), { fragmentOffset: 6, id: 7 });
const first6 = ipv6(fragmentHeader(17, 0, true, 9, udp()), { next: 44 });
const later6 = ipv6(fragmentHeader(17, 3, false, 9, new Uint8Array(50)), { next: 44 });

describe('a later fragment', () => {
  test('has the ports of its first one, its own time and length, and no flags', () => {
    expect(decodeAll([at(1, first4), at(2, later4), at(3, first6), at(4, later6)])).toEqual({
      rows: [
        '1s 6 4:50000 > 443 flags 2, 48',
        '2s 6 4:50000 > 443 flags 0, 120',
        '3s 17 4:50001 > 53 flags 0, 68',
        '4s 17 4:50001 > 53 flags 0, 98',
      ],
      refused: [],
    });
  });

  test.each([1, 2, 256])('that comes first is a row as soon as its first one comes, in batches of %d', (size) => {
    expect(decodeAll([at(1, later4), at(2, later6), at(3, first4), at(4, first6)], size).rows.sort()).toEqual([
      '1s 6 4:50000 > 443 flags 0, 120',
      '2s 17 4:50001 > 53 flags 0, 98',
      '3s 6 4:50000 > 443 flags 2, 48',
      '4s 17 4:50001 > 53 flags 0, 68',
    ]);
  });

  test.each([
    ['id', ipv4(new Uint8Array(8), { fragmentOffset: 6, id: 8 })],
    ['protocol', ipv4(new Uint8Array(8), { fragmentOffset: 6, id: 7, protocol: 17 })],
    ['source', ipv4(new Uint8Array(8), { fragmentOffset: 6, id: 7, source: '10.1.0.5' })],
    ['destination', ipv4(new Uint8Array(8), { fragmentOffset: 6, id: 7, destination: '10.1.0.5' })],
    ['family', ipv6(fragmentHeader(6, 6, false, 7, new Uint8Array(8)), { next: 44 })],
  ])('of another %s belongs to another packet', (_, other) => {
    expect(decodeAll([at(1, other), at(1, first4), at(1, other)])).toEqual({
      rows: ['1s 6 4:50000 > 443 flags 2, 48'],
      refused: ['fragment', 'fragment'],
    });
  });

  test('of IPv6 belongs to a first one within 60 seconds, before or after', () => {
    expect(decodeAll([at(100, first6), at(160, later6)]).refused).toEqual([]);
    expect(decodeAll([at(100, first6), at(161, later6)]).refused).toEqual(['fragment']);
    expect(decodeAll([at(100, later6), at(160, first6)]).refused).toEqual([]);
    expect(decodeAll([at(100, later6), at(161, first6)]).refused).toEqual(['fragment']);
  });

  test('of IPv4 belongs to a first one within 30 seconds, before or after', () => {
    expect(decodeAll([at(100, first4), at(130, later4)]).refused).toEqual([]);
    expect(decodeAll([at(100, first4), at(131, later4)]).refused).toEqual(['fragment']);
    expect(decodeAll([at(100, later4), at(130, first4)]).refused).toEqual([]);
    expect(decodeAll([at(100, later4), at(131, first4)]).refused).toEqual(['fragment']);
    expect(decodeAll([at(131, first4), at(100, later4)]).refused).toEqual(['fragment']);
  });

  test('takes the ports of the last packet with its id', () => {
    const again = ipv4(tcp({ source: 999 }), { moreFragments: true, id: 7 });
    expect(decodeAll([at(1, first4), at(2, again), at(3, later4)]).rows[2]).toBe('3s 6 4:999 > 443 flags 0, 120');
  });

  test('of a first one that has no ports is refused', () => {
    const short = ipv4(tcp().subarray(0, 3), { moreFragments: true, id: 7 });
    expect(decodeAll([at(1, short), at(2, later4)]).refused).toEqual(['malformed-tcp', 'fragment']);
  });

  test('of another protocol is refused as that', () => {
    const icmp4 = ipv4(new Uint8Array(8), { protocol: 1, fragmentOffset: 1 });
    const icmp6 = ipv6(fragmentHeader(58, 1, false, 1, new Uint8Array(8)), { next: 44 });
    expect(decodeAll([at(1, icmp4), at(1, icmp6)]).refused).toEqual(['icmp', 'icmpv6']);
  });
});

describe('fragments are bounded', () => {
  const id = (n: number) => ipv4(new Uint8Array(8), { fragmentOffset: 6, id: n & 0xffff, source: `10.1.0.${n >> 16}` });
  const first = (n: number) => ipv4(tcp(), { moreFragments: true, id: n & 0xffff, source: `10.1.0.${n >> 16}` });

  test('the oldest of too many that wait are refused', () => {
    const count = limits.fragmentsHeldMax + 1;
    const stream = Array.from({ length: count }, (_, n) => at(1, id(n)));
    const { rows, refused } = decodeAll([...stream, at(2, first(0)), at(2, first(count - 1))]);
    expect(rows.filter((row) => row.startsWith('1s'))).toHaveLength(1);
    expect(refused).toHaveLength(count - 1);
  });

  test('too many of one packet are refused together, and the books balance', () => {
    const count = 2 * limits.fragmentsHeldMax + 5;
    const { rows, refused } = decodeAll([...Array.from({ length: count }, () => at(1, id(1))), at(2, first(1))]);
    expect([rows.length, refused.length]).toEqual([6, count - 5]);
  });

  test('a batch with more matched fragments than it has room is followed by others', () => {
    const stream = Array.from({ length: limits.fragmentsHeldMax }, () => at(1, later4));
    const { rows, refused } = decodeAll([...stream, at(1, first4)], 16);
    expect([rows.length, refused.length]).toEqual([limits.fragmentsHeldMax + 1, 0]);
  });

  test('the oldest of too many first ones are forgotten', () => {
    const count = limits.firstFragmentsMax + 1;
    const firsts = Array.from({ length: count }, (_, n) => at(1, first(n)));
    expect(decodeAll([...firsts, at(1, id(0))]).refused).toEqual(['fragment']);
    expect(decodeAll([...firsts, at(1, id(count - 1))]).refused).toEqual([]);
  });
});

describe('packets in fragments', () => {
  const packet = fc.record({
    six: fc.boolean(),
    source: fc.integer({ min: 1, max: 3 }),
    port: fc.integer({ min: 1000, max: 1003 }),
    transport: fc.constantFrom('tcp', 'udp'),
    data: fc.nat(200),
    /** Where fragments after the first begin, in units of eight bytes. */
    cuts: fc.uniqueArray(fc.integer({ min: 2, max: 25 }), { maxLength: 5 }),
  });
  const build = (fields: {
    six: boolean;
    source: number;
    port: number;
    transport: string;
    data: number;
    cuts: readonly number[];
  }) => {
    const { source: n, port, data } = fields;
    const protocol = fields.transport === 'tcp' ? 6 : 17;
    const payload = protocol === 6 ? tcp({ source: port, data }) : udp({ source: port, data });
    const cuts = fields.cuts.filter((cut) => 8 * cut < payload.length).sort((a, b) => a - b);
    const source = fields.six ? `fd00::${n}` : `10.1.0.${n}`;
    return { protocol, payload, source, cuts: [0, ...cuts], key: `${protocol} ${n}:${port}` };
  };

  test('in any order, in batches of any size, sum up as whole ones, with a header for each', () => {
    fc.assert(
      fc.property(
        fc.array(packet, { minLength: 1, maxLength: 20 }),
        fc.infiniteStream(fc.nat()),
        fc.integer({ min: 1, max: 20 }),
        (packets, keys, size) => {
          const expected = new Map<string, number>();
          const stream = packets.flatMap((fields, id) => {
            const { protocol, payload, source, cuts, key } = build(fields);
            const header = fields.six ? (cuts.length > 1 ? 48 : 40) : 20;
            expected.set(key, (expected.get(key) ?? 0) + payload.length + cuts.length * header);
            return cuts.map((cut, place) => {
              const more = place + 1 < cuts.length;
              const piece = payload.subarray(8 * cut, more ? 8 * cuts[place + 1] : payload.length);
              if (!fields.six) return ipv4(piece, { protocol, source, id, fragmentOffset: cut, moreFragments: more });
              if (cuts.length === 1) return ipv6(piece, { next: protocol, source });
              return ipv6(fragmentHeader(protocol, cut, more, id, piece), { next: 44, source });
            });
          });
          const shuffled = stream
            .map((bytes) => ({ bytes, key: keys.next().value ?? 0 }))
            .sort((a, b) => a.key - b.key)
            .map(({ bytes }) => at(5, bytes));
          const { rows, refused } = decodeAll(shuffled, size);
          expect(refused).toEqual([]);
          expect(rows).toHaveLength(stream.length);
          const seen = new Map<string, number>();
          for (const row of rows) {
            const [, protocol, from, , , , , bytes] = row.split(' ');
            const key = `${protocol} ${from}`;
            seen.set(key, (seen.get(key) ?? 0) + Number(bytes));
          }
          expect(seen).toEqual(expected);
        },
      ),
      { seed: 20_260_401, numRuns: process.env['NSGFLOW_LONG'] === '1' ? 20_000 : 1000 },
    );
  });
});

import { describe, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { PcapngBuilder, concat, filler, hex } from './build-capture.ts';
import { decodeAll } from './decode-all.ts';

const packet = { bytes: filler(1, 5), originalLength: 1500 };
const micros = 1_542_110_402_123_456n;

function start(big = false): PcapngBuilder {
  return new PcapngBuilder(big).section().interface();
}

describe('pcapng', () => {
  test('a hand-written file decodes to its fields', () => {
    const file = hex(`
      0a0d0d0a 1c000000 4d3c2b1a 0100 0000 ffffffffffffffff 1c000000
      01000000 14000000 7100 0000 00000400 14000000
      06000000 24000000 00000000 907a0500 40d2029c 03000000 3c000000 aabbcc00 24000000`);
    expect(decodeAll(file)).toEqual({
      packets: [{ seconds: 1_542_136_394, nanos: 863_168_000, originalLength: 60, linkType: 113, hex: 'aabbcc' }],
      refused: {},
      damage: {},
    });
  });

  test.each([
    ['little-endian', false],
    ['big-endian', true],
  ])('enhanced, obsolete and simple packets, %s', (_, big) => {
    const file = new PcapngBuilder(big)
      .section()
      .interface({ linkType: 1 })
      .interface({ linkType: 276 })
      .enhanced(micros, packet, 1)
      .obsolete(micros + 1n, packet)
      .simple(packet.bytes, 1500)
      .build();
    const expected = { seconds: 1_542_110_402, nanos: 123_456_000, originalLength: 1500, hex: '0102030405' };
    const seen = decodeAll(file);
    expect(seen).toMatchObject({ refused: {}, damage: {} });
    expect(seen.packets).toMatchObject([
      { ...expected, linkType: 276 },
      { ...expected, linkType: 1, nanos: 123_457_000 },
      { originalLength: 1500, linkType: 1 },
    ]);
  });

  test('sections have their own byte order and interfaces', () => {
    const file = concat(
      new PcapngBuilder(false).section().interface({ linkType: 1 }).enhanced(micros, packet).build(),
      new PcapngBuilder(true).section().interface({ linkType: 101 }).enhanced(micros, packet).build(),
      new PcapngBuilder(false).section().enhanced(micros, packet).build(),
    );
    const seen = decodeAll(file);
    expect(seen.packets.map(({ linkType, seconds }) => [linkType, seconds])).toEqual([
      [1, 1_542_110_402],
      [101, 1_542_110_402],
    ]);
    expect(seen.refused).toEqual({ 'no-interface': 1 });
  });

  test.each([
    ['seconds', 0, 1_542_110_402n, 1_542_110_402, 0],
    ['milliseconds', 3, 1_542_110_402_123n, 1_542_110_402, 123_000_000],
    ['microseconds', 6, micros, 1_542_110_402, 123_456_000],
    ['nanoseconds', 9, 1_542_110_402_123_456_789n, 1_542_110_402, 123_456_789],
    ['picoseconds', 12, 1_000_000_000_123_456n, 1000, 123],
    ['10^-127 seconds', 127, 0xffffffffffffffffn, 0, 0],
    ['2^-10 seconds', 0x80 | 10, (1_542_110_402n << 10n) | 512n, 1_542_110_402, 500_000_000],
    ['2^-32 seconds', 0x80 | 32, (1_542_110_402n << 32n) | 0x40000000n, 1_542_110_402, 250_000_000],
    ['2^-0 seconds', 0x80, 1_542_110_402n, 1_542_110_402, 0],
    ['2^-127 seconds', 0xff, 0xffffffffffffffffn, 0, 0],
  ])('a time resolution of %s is kept exactly', (_, resolution, ticks, seconds, nanos) => {
    const file = new PcapngBuilder().section().interface({ resolution }).enhanced(ticks, packet).build();
    expect(decodeAll(file).packets).toMatchObject([{ seconds, nanos }]);
  });

  test.each([
    ['little-endian', false],
    ['big-endian', true],
  ])('the time offset of an interface is added, be it negative, %s', (_, big) => {
    const file = new PcapngBuilder(big)
      .section()
      .interface({ offset: 1_500_000_000n })
      .interface({ offset: -2n })
      .enhanced(5_000_001n, packet, 0)
      .enhanced(5_000_001n, packet, 1)
      .build();
    expect(decodeAll(file).packets.map(({ seconds, nanos }) => [seconds, nanos])).toEqual([
      [1_500_000_005, 1000],
      [3, 1000],
    ]);
  });

  test('a simple packet has the time of the packet before it, and 0 where there is none', () => {
    const file = start().simple(packet.bytes).enhanced(micros, packet).simple(packet.bytes).build();
    expect(decodeAll(file).packets.map(({ seconds, nanos }) => [seconds, nanos])).toEqual([
      [0, 0],
      [1_542_110_402, 123_456_000],
      [1_542_110_402, 123_456_000],
    ]);
  });

  test('a simple packet is cut by the snap length of the first interface', () => {
    const file = new PcapngBuilder().section().interface({ snapLength: 3 }).simple(filler(1, 4), 60).build();
    expect(decodeAll(file).packets).toMatchObject([{ hex: '010203', originalLength: 60 }]);
    expect(decodeAll(start().simple(filler(1, 5)).build()).packets).toMatchObject([{ hex: '0102030405' }]);
  });

  test('blocks of other types are passed over, however long', () => {
    const file = start()
      .block(0x0bad, filler(0, 17))
      .block(4, filler(0, 2_000_001))
      .enhanced(micros, packet)
      .block(0x40000bad, new Uint8Array(0))
      .build();
    expect(decodeAll(file)).toMatchObject({ packets: [{ hex: '0102030405' }], refused: {}, damage: {} });
  });

  test('options behind a packet are passed over', () => {
    const file = start().enhancedWithComment(micros, packet, 60_000).enhanced(micros, packet).build();
    expect(decodeAll(file).packets.map(({ hex }) => hex)).toEqual(['0102030405', '0102030405']);
  });

  test('a length without its padding is read as if it were there', () => {
    const file = new PcapngBuilder().section().interface();
    file.block(3, concat(new Uint8Array([5, 0, 0, 0]), filler(1, 5)), { first: 21, second: 21 });
    const seen = decodeAll(file.enhanced(micros, packet).build());
    expect(seen).toMatchObject({ packets: [{ hex: '0102030405' }, { hex: '0102030405' }], refused: {}, damage: {} });
  });

  test('a packet of an interface that is not described is refused', () => {
    const file = start().enhanced(micros, packet, 1).obsolete(micros, packet, 65_535).enhanced(micros, packet).build();
    expect(decodeAll(file)).toMatchObject({ packets: [{ hex: '0102030405' }], refused: { 'no-interface': 2 } });
  });

  test('a captured length that its block has no room for is refused, and reading goes on behind the block', () => {
    const file = start()
      .enhanced(micros, { ...packet, capturedLength: 9 })
      .enhanced(micros, { ...packet, capturedLength: 0xffffffff })
      .block(6, filler(0, 4))
      .enhanced(micros, packet)
      .build();
    expect(decodeAll(file)).toMatchObject({
      packets: [{ hex: '0102030405' }],
      refused: { 'bad-block': 2, oversized: 1 },
    });
  });

  test('an oversized packet block is refused, and reading goes on behind it', () => {
    const large = { bytes: new Uint8Array(limits.packetBytesMax) };
    const larger = { bytes: new Uint8Array(limits.packetBytesMax + 70_000) };
    const file = start().enhanced(micros, large).enhanced(micros, larger).enhanced(micros, packet).build();
    const seen = decodeAll(file);
    expect(seen.packets.map(({ hex }) => hex.length / 2)).toEqual([limits.packetBytesMax, 5]);
    expect(seen).toMatchObject({ refused: { oversized: 1 }, damage: {} });
  });

  test('a time before 1970 or behind the year 9999 is refused', () => {
    const file = new PcapngBuilder()
      .section()
      .interface({ offset: -10n })
      .interface({ resolution: 0 })
      .interface({ offset: 0x7fffffffffffffffn })
      .enhanced(5_000_000n, packet, 0)
      .enhanced(253_402_300_799n, packet, 1)
      .enhanced(253_402_300_800n, packet, 1)
      .enhanced(0n, packet, 2)
      .build();
    expect(decodeAll(file)).toMatchObject({ packets: [{ seconds: 253_402_300_799 }], refused: { 'bad-time': 3 } });
  });

  test('two lengths that differ are noted, and the first is taken', () => {
    const body = concat(new Uint8Array([5, 0, 0, 0]), filler(1, 5));
    const file = start().block(3, body, { second: 28 }).enhanced(micros, packet).build();
    expect(decodeAll(file)).toMatchObject({
      packets: [{ hex: '0102030405' }, { hex: '0102030405' }],
      damage: { 'block-lengths-differ': 1 },
    });
  });

  test('behind a length that no block can have nothing is read', () => {
    const file = start().enhanced(micros, packet).block(5, filler(0, 8), { first: 8 }).enhanced(micros, packet).build();
    expect(decodeAll(file)).toMatchObject({
      packets: [{ hex: '0102030405' }],
      refused: {},
      damage: { 'block-length': 1 },
    });
  });

  test('a section of an unknown version is passed over, and the next one is read', () => {
    const file = concat(
      new PcapngBuilder().section(2).interface().enhanced(micros, packet).build(),
      start().enhanced(micros, packet).build(),
    );
    expect(decodeAll(file)).toMatchObject({ packets: [{ hex: '0102030405' }], damage: { 'section-unknown': 1 } });
  });

  test('more interfaces than the limit are noted', () => {
    const file = new PcapngBuilder().section();
    for (let i = 0; i <= limits.captureInterfacesMax; i++) file.interface();
    file
      .enhanced(micros, packet, limits.captureInterfacesMax - 1)
      .enhanced(micros, packet, limits.captureInterfacesMax);
    expect(decodeAll(file.build())).toMatchObject({
      packets: [{ hex: '0102030405' }],
      refused: { 'no-interface': 1 },
      damage: { 'interfaces-too-many': 1 },
    });
  });

  test('every prefix gives the whole packets in it; a packet block that is cut counts as read', () => {
    const head = start().build();
    const whole = start().enhanced(micros, packet).simple(packet.bytes).build();
    const ends = [head.length + 40, whole.length];
    for (let length = 28; length < whole.length; length++) {
      const seen = decodeAll(whole.subarray(0, length));
      const packets = ends.filter((end) => end <= length).length;
      expect(seen.packets).toHaveLength(packets);
      const rest = length < head.length ? length - 28 : length - (packets === 0 ? head.length : ends[0]);
      const isPacket = length >= head.length && rest >= 8;
      expect(seen.refused).toEqual(isPacket ? { cut: 1 } : {});
      expect(seen.damage).toEqual(rest > 0 && !isPacket ? { 'cut-tail': 1 } : {});
    }
  });

  test('a file that ends inside its section header is no capture', () => {
    expect(() => decodeAll(start().build().subarray(0, 27))).toThrow('it ends after 27 bytes, inside a header');
  });
});

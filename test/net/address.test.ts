import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatAddress, parseAddress, sameAddress } from '../../src/net/address.ts';
import { formatPrefix, parsePrefix, prefixContains, prefixRange } from '../../src/net/prefix.ts';
import { parseMac } from '../../src/net/mac.ts';
import { formatProtocol, parseProtocol } from '../../src/net/protocol.ts';

describe('addresses', () => {
  test.each([
    ['10.1.0.4', '10.1.0.4'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:10.1.0.4', '::ffff:10.1.0.4'],
    ['::ffff:a01:4', '::ffff:10.1.0.4'],
    ['::FFFF:0:0', '::ffff:0.0.0.0'],
    ['::ffff:0:a01:4', '::ffff:0:a01:4'],
    ['::fffe:a01:4', '::fffe:a01:4'],
    ['::10.1.0.4', '::a01:4'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
  ])('%s is printed as %s', (text, printed) => {
    const address = parseAddress(text);
    expect(address && formatAddress(address)).toBe(printed);
  });

  test.each([
    '',
    '10.1.0',
    '10.1.0.256',
    '10.01.0.4',
    '10.1.0.4.5',
    '10.1.0.4 ',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7::8:9',
    'g::1',
    '12345::',
    'fe80::1%eth0',
    '::1.2.3',
    '1:2:3:4:5:6:7:1.2.3.4',
  ])('%j is no address', (text) => {
    expect(parseAddress(text)).toBeUndefined();
  });

  test('printing and reading give the same address back', () => {
    const word = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.nat(0xffffffff));
    fc.assert(
      fc.property(fc.tuple(word, word, word, word), ([a, b, c, d]) => {
        for (const address of [
          { family: 6, words: [a, b, c, d] },
          { family: 4, words: [0, 0, 0xffff, d] },
        ] as const) {
          const back = parseAddress(formatAddress(address));
          expect(back && sameAddress(back, address)).toBe(true);
        }
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test('a mapped IPv6 address is not the IPv4 address it maps', () => {
    expect(sameAddress(parseAddress('::ffff:10.1.0.4')!, parseAddress('10.1.0.4')!)).toBe(false);
  });
});

describe('prefixes', () => {
  test.each([
    ['10.1.2.3/16', '10.1.0.0/16'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.1.2.3', '10.1.2.3/32'],
    ['2001:db8::1/64', '2001:db8::/64'],
    ['::/0', '::/0'],
    ['fe80::1', 'fe80::1/128'],
  ])('%s is %s', (text, printed) => {
    const prefix = parsePrefix(text);
    expect(prefix && formatPrefix(prefix)).toBe(printed);
  });

  test.each(['10.0.0.0/33', '10.0.0.0/', '10.0.0.0/-1', '10.0.0.0/8.0', '::/129', '10.0.0/8', '/8'])(
    '%j is no prefix',
    (text) => {
      expect(parsePrefix(text)).toBeUndefined();
    },
  );

  test('a prefix holds its first and last address and not their outer neighbours', () => {
    const prefix = parsePrefix('10.1.128.0/17')!;
    const { first, last } = prefixRange(prefix);
    expect([formatAddress(first), formatAddress(last)]).toEqual(['10.1.128.0', '10.1.255.255']);
    expect(prefixContains(prefix, first) && prefixContains(prefix, last)).toBe(true);
    expect(prefixContains(prefix, parseAddress('10.1.127.255')!)).toBe(false);
    expect(prefixContains(prefix, parseAddress('10.2.0.0')!)).toBe(false);
  });

  test('an IPv6 prefix of length 0 holds no IPv4 address', () => {
    expect(prefixContains(parsePrefix('::/0')!, parseAddress('10.0.0.1')!)).toBe(false);
  });
});

describe('MAC addresses and protocols', () => {
  test('every usual spelling of a MAC address is read', () => {
    for (const text of ['00:0d:3a:f8:78:56', '00-0D-3A-F8-78-56', '000d.3af8.7856', '000D3AF87856'])
      expect(parseMac(text)).toBe('000D3AF87856');
    expect(parseMac('000D3AF8785')).toBeUndefined();
  });

  test('protocols have names and numbers', () => {
    expect([parseProtocol('TCP'), parseProtocol('17'), parseProtocol('256'), parseProtocol('x')]).toEqual([
      6,
      17,
      undefined,
      undefined,
    ]);
    expect([formatProtocol(6), formatProtocol(200)]).toEqual(['tcp', '200']);
  });
});

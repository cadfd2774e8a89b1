import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ipv4RangePattern } from '../../../src/lake/files/address-pattern.ts';
import { formatAddress, ipv4Address } from '../../../src/net/address.ts';

const octet = fc.constantFrom(0, 1, 9, 10, 19, 99, 100, 127, 128, 199, 200, 254, 255);
const bits = fc.tuple(octet, octet, octet, octet).map(([a, b, c, d]) => ((a << 24) | (b << 16) | (c << 8) | d) >>> 0);

describe('a pattern of an IPv4 range', () => {
  test('is short for a block of whole octets', () => {
    expect(ipv4RangePattern(0x0a000000, 0x0affffff)).toBe(String.raw`^10\.`);
    expect(ipv4RangePattern(0x0a010004, 0x0a010004)).toBe(String.raw`^10\.1\.0\.4$`);
    expect(ipv4RangePattern(0xc0a80000, 0xc0a801ff)).toBe(String.raw`^192\.168\.(?:0|1)\.`);
    expect(ipv4RangePattern(0, 0xffffffff)).toBe(String.raw`^\d+\.`);
  });

  test('matches an address where its number lies in the range, and no IPv6 address', () => {
    fc.assert(
      fc.property(bits, bits, fc.array(bits, { minLength: 40, maxLength: 40 }), (a, b, others) => {
        const first = Math.min(a, b);
        const last = Math.max(a, b);
        const pattern = new RegExp(ipv4RangePattern(first, last));
        const near = [first - 1, first, first + 1, last - 1, last, last + 1].filter(
          (one) => one >= 0 && one <= 0xffffffff,
        );
        for (const one of [...near, ...others])
          expect(pattern.test(formatAddress(ipv4Address(one))), `${pattern.source} ${one}`).toBe(
            one >= first && one <= last,
          );
        for (const text of ['::', '10::1', '1:2:3:4:5:6:7:8', 'fe80::10']) expect(pattern.test(text)).toBe(false);
      }),
      { seed: 5, numRuns: 400 },
    );
  });
});

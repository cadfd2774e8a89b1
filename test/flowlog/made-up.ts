/** Flow tuples, records and logs that fast-check makes up. */
import * as fc from 'fast-check';
import { formatWords } from '../../src/net/address.ts';
import type { RecordHeader } from '../../src/flowlog/encode.ts';
import {
  accessAllow,
  accessDeny,
  encryptionNames,
  stateBegin,
  stateContinuing,
  stateDenied,
  stateEnd,
} from '../../src/flowlog/tuple.ts';
import type { PlainTuple } from './plain.ts';

const ipv4 = fc.nat(0xffffffff).map((bits) => formatWords(4, 0, 0, 0xffff, bits));
const group16 = fc.oneof(fc.constant(0), fc.nat(0xffff));
const ipv6 = fc
  .tuple(group16, group16, group16, group16, group16, group16, group16, group16)
  .map(([a, b, c, d, e, f, g, h]) =>
    formatWords(6, ((a << 16) | b) >>> 0, ((c << 16) | d) >>> 0, ((e << 16) | f) >>> 0, ((g << 16) | h) >>> 0),
  );
const address = fc.oneof({ weight: 4, arbitrary: ipv4 }, { weight: 1, arbitrary: ipv6 });

const counter = fc.oneof<fc.MaybeWeightedArbitrary<number | bigint>[]>(
  { weight: 1, arbitrary: fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n - 1n }) },
  { weight: 6, arbitrary: fc.nat(20_000) },
  { weight: 3, arbitrary: fc.nat(0x7fffffff) },
  { weight: 1, arbitrary: fc.maxSafeNat() },
  { weight: 1, arbitrary: fc.constant(Number.NaN) },
);

/** A tuple as the recorder makes it: no counters on begin and denied ones. */
export const madeUpTuple: fc.Arbitrary<Omit<PlainTuple, 'mac'>> = fc
  .record({
    timeMillis: fc.oneof(fc.integer({ min: 1_400_000_000_000, max: 1_800_000_000_000 }), fc.nat(9_999_999_999_999)),
    source: address,
    destination: address,
    sourcePort: fc.nat(65_535),
    destinationPort: fc.oneof(fc.constantFrom(22, 53, 80, 443), fc.nat(65_535)),
    protocol: fc.constantFrom(6, 6, 17),
    direction: fc.nat(1),
    state: fc.constantFrom(stateBegin, stateContinuing, stateEnd, stateDenied),
    encryption: fc.integer({ min: 1, max: encryptionNames.length - 1 }),
    counters: fc.tuple(counter, counter, counter, counter),
    rule: fc.constantFrom('DefaultRule_DenyAllInBound', 'UserRule_a"b\\c\n', 'UserRule_größe', 'PlatformRule'),
    aclId: fc.constantFrom('00000000-0000-0000-0000-000000000000', '/subscriptions/s/networkSecurityGroups/Ä'),
  })
  .map((tuple) => ({
    ...tuple,
    access: tuple.state === stateDenied ? accessDeny : accessAllow,
    counters:
      tuple.state === stateContinuing || tuple.state === stateEnd
        ? tuple.counters
        : [Number.NaN, Number.NaN, Number.NaN, Number.NaN],
  }));

export const madeUpHeader: fc.Arbitrary<RecordHeader> = fc.record({
  format: fc.constantFrom('nsg1', 'nsg2', 'vnet'),
  timeMillis: fc.nat(4_102_444_800_000),
  resourceId: fc.constantFrom(
    '/subscriptions/0a/resourceGroups/Rg/providers/Microsoft.Network/networkSecurityGroups/web',
    '/subscriptions/0a/resourceGroups/ü"x/providers/Microsoft.Network/networkWatchers/w/flowLogs/f',
  ),
  macAddress: fc.constantFrom('000D3AF87856', '00224871C205'),
  systemId: fc.constantFrom('a0fca5ce-022c-47b1-9735-89943b42f2fa', ''),
  flowLogGuid: fc.uuid(),
  targetResourceId: fc.constantFrom('/subscriptions/0a/resourceGroups/Rg/providers/x', ''),
});

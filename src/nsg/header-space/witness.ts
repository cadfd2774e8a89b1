/** One header of a set, which `nsg eval` can try. */
import { addressOfNumber } from '../address-ranges.ts';
import type { FiveTuple } from '../../net/five-tuple.ts';
import type { Node } from './decision-diagram.ts';
import { isLeaf, nothing } from './decision-diagram.ts';
import type { AxisName, HeaderProtocol, HeaderSpace } from './header.ts';
import { protocolHasPorts, protocolNumber } from './header.ts';

/** A port that clients have, where the set leaves the source port free. */
const clientPort = 50_000n;

/** The least header of a set that is not empty, with a port of a client where it may be any. */
export function witnessOf(space: HeaderSpace, protocol: HeaderProtocol, set: Node): FiveTuple {
  const values: Record<AxisName, bigint> = {
    dport: 0n,
    dst: 0n,
    src: 0n,
    sport: protocolHasPorts(protocol) ? clientPort : 0n,
  };
  let at = set;
  for (const axis of space.axesOf(protocol)) {
    let value = 0n;
    const own = at;
    while (!isLeaf(at) && space.diagram.bitOf(at) < axis.firstBit + axis.bits) {
      const low = space.diagram.lowOf(at);
      const bit = space.diagram.bitOf(at) - axis.firstBit;
      if (low === nothing) value |= 1n << BigInt(axis.bits - 1 - bit);
      at = low === nothing ? space.diagram.highOf(at) : low;
    }
    if (own !== at || axis.name !== 'sport') values[axis.name] = value;
  }
  return {
    protocol: protocolNumber(protocol, space.family),
    source: addressOfNumber(space.family, values.src),
    sourcePort: Number(values.sport),
    destination: addressOfNumber(space.family, values.dst),
    destinationPort: Number(values.dport),
  };
}

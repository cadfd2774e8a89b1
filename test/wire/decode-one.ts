import { createCaptureBatch } from '../../src/capture/batch.ts';
import { formatWords } from '../../src/net/address.ts';
import { createPacketBatch } from '../../src/net/packet.ts';
import { type TunnelEnd, decodeBatch } from '../../src/wire/decode-packet.ts';
import { wireReasons } from '../../src/wire/reason.ts';
import { createRefusals } from '../../src/wire/refusals.ts';

/** A decoded packet as text, `tcp 10.1.0.4:50000 > 198.51.100.7:443 flags 12, 48 bytes`, or the reason for its refusal. */
export function decodeOne(
  linkType: number,
  packet: Uint8Array,
  originalLength = packet.length,
  around = 0,
  tunnel: TunnelEnd = 'outer',
  vxlanPorts: readonly number[] = [],
): string {
  const captured = createCaptureBatch(1);
  captured.bytes = new Uint8Array(packet.length + 128).fill(around);
  captured.bytes.set(packet, 64);
  captured.count = 1;
  captured.start[0] = 64;
  captured.capturedLength[0] = packet.length;
  captured.originalLength[0] = originalLength;
  captured.linkType[0] = linkType;
  const packets = createPacketBatch(1);
  const refusals = createRefusals();
  decodeBatch(captured, packets, refusals, { tunnel, vxlanPorts });
  const refused = wireReasons.filter((_, index) => refusals.counts[index] > 0);
  if (refused.length + packets.count !== 1) throw new Error(`${packets.count} rows and ${refused.length} reasons`);
  if (packets.count === 0) return refused[0];
  const { family, source, destination, sourcePort, destinationPort, protocol, tcpFlags, ipBytes } = packets;
  const from = formatWords(family[0], source[0], source[1], source[2], source[3]);
  const to = formatWords(family[0], destination[0], destination[1], destination[2], destination[3]);
  const name = protocol[0] === 6 ? 'tcp' : 'udp';
  return `${name} ${from}:${sourcePort[0]} > ${to}:${destinationPort[0]} flags ${tcpFlags[0].toString(16)}, ${ipBytes[0]} bytes`;
}

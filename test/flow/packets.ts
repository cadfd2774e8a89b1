import { parseAddress } from '../../src/net/address.ts';
import { type PacketBatch, createPacketBatch } from '../../src/net/packet.ts';
import { tcpAck, tcpFin, tcpRst, tcpSyn } from '../../src/net/tcp-flags.ts';

/** A packet as a person writes it: `10.0.0.4:40000 > 10.0.1.5:443 S`. */
export interface SketchedPacket {
  readonly timeMillis: number;
  /** `A:PORT > B:PORT FLAGS`, flags of TCP among S, A, F, R, `-` for none of these, `udp` for UDP. IPv6 in brackets. */
  readonly line: string;
  readonly ipBytes?: number;
}

const flagBits: Record<string, number> = { S: tcpSyn, A: tcpAck, F: tcpFin, R: tcpRst, '-': 0 };

export function batchOf(packets: readonly SketchedPacket[]): PacketBatch {
  const batch = createPacketBatch(Math.max(1, packets.length));
  for (const { timeMillis, line, ipBytes = 100 } of packets) {
    const match = /^\[?([\d.a-f:]+?)\]?:(\d+) > \[?([\d.a-f:]+?)\]?:(\d+) (\S+)$/.exec(line);
    if (match === null) throw new Error(`not a packet: ${line}`);
    const source = parseAddress(match[1])!;
    const destination = parseAddress(match[3])!;
    const row = batch.count++;
    batch.timeMillis[row] = timeMillis;
    batch.family[row] = source.family;
    batch.source.set(source.words, 4 * row);
    batch.destination.set(destination.words, 4 * row);
    batch.sourcePort[row] = Number(match[2]);
    batch.destinationPort[row] = Number(match[4]);
    batch.protocol[row] = match[5] === 'udp' ? 17 : 6;
    batch.tcpFlags[row] = match[5] === 'udp' ? 0 : [...match[5]].reduce((bits, flag) => bits | flagBits[flag], 0);
    batch.ipBytes[row] = ipBytes;
  }
  return batch;
}

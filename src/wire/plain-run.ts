/**
 * The fast path for most packets: TCP and UDP in IPv4 without options or in IPv6 without extension headers, in an untagged
 * Ethernet frame, captured up to the TCP flags. Every field is at a fixed offset. Other packets take the general path of
 * decode-packet.ts, which gives the same rows for these packets, too; a test compares the two.
 *
 *   IPv4   0    12     14   15        16             20          23         26       30            34     36     47
 *          |    | 0800 | 45 | service | total length | fragment  | protocol | source | destination | port | port | flags
 *   IPv6   0    12     14                            18          20         22       38            54     56     67
 *          |    | 86dd | 6x …                        | length    | next     | source | destination | port | port | flags
 *
 * Measured: 27 ns a packet; the general path takes 78 ns, mostly to look up the columns again for each packet (see
 * docs/how-it-works/decisions/0003-packet-batches.md).
 */
import type { CaptureBatch } from '../capture/batch.ts';
import { linkTypeEthernet } from '../capture/link-type.ts';
import { ipv4MappedWord } from '../net/address.ts';
import type { PacketBatch } from '../net/packet.ts';
import { protocolTcp, protocolUdp } from '../net/protocol.ts';

/** Bytes of TCP or UDP up to and including the TCP flags; shorter packets take the general path. */
const transportLength = 14;
const ipv4HeaderLength = 20;
const ipv6HeaderLength = 40;
const ipv4FrameLength = 14 + ipv4HeaderLength + transportLength;
const ipv6FrameLength = 14 + ipv6HeaderLength + transportLength;

/**
 * Decodes packets of `captured` from `first` on into rows from `firstRow` on, up to the first packet that is not plain.
 * @param view of the bytes of `captured`
 * @param udp whether UDP packets are plain; false if they can be tunnels
 * @returns how many packets were decoded, one row each
 */
export function decodePlainRun(
  captured: CaptureBatch,
  view: DataView,
  first: number,
  packets: PacketBatch,
  firstRow: number,
  udp: boolean,
): number {
  const { bytes, start, capturedLength, linkType, timeSeconds, timeNanos, count } = captured;
  const { timeMillis, family, source, destination, sourcePort, destinationPort, protocol, tcpFlags, ipBytes } = packets;
  const plainUdp = udp ? protocolUdp : protocolTcp;
  let row = firstRow;
  for (let i = first; i < count; i++) {
    if (linkType[i] !== linkTypeEthernet || capturedLength[i] < ipv4FrameLength) break;
    const at = start[i];
    const type = view.getUint16(at + 12);
    const word = row << 2;
    let transport = at;
    if (type === 0x0800) {
      const total = view.getUint16(at + 16);
      const next = bytes[at + 23];
      if (
        bytes[at + 14] !== 0x45 ||
        ((bytes[at + 20] & 0x3f) | bytes[at + 21]) !== 0 ||
        (next !== protocolTcp && next !== plainUdp) ||
        total < ipv4HeaderLength + transportLength
      )
        break;
      family[row] = 4;
      protocol[row] = next;
      ipBytes[row] = total;
      source[word] = 0;
      source[word + 1] = 0;
      source[word + 2] = ipv4MappedWord;
      source[word + 3] = view.getUint32(at + 26);
      destination[word] = 0;
      destination[word + 1] = 0;
      destination[word + 2] = ipv4MappedWord;
      destination[word + 3] = view.getUint32(at + 30);
      transport = at + 34;
    } else if (type === 0x86dd) {
      const length = view.getUint16(at + 18);
      const next = bytes[at + 20];
      if (
        bytes[at + 14] >> 4 !== 6 ||
        (next !== protocolTcp && next !== plainUdp) ||
        length < transportLength ||
        capturedLength[i] < ipv6FrameLength
      )
        break;
      family[row] = 6;
      protocol[row] = next;
      ipBytes[row] = ipv6HeaderLength + length;
      for (let offset = 0; offset < 4; offset++) {
        const from = at + 22 + (offset << 2);
        source[word + offset] = view.getUint32(from);
        destination[word + offset] = view.getUint32(from + 16);
      }
      transport = at + 54;
    } else {
      break;
    }
    timeMillis[row] = timeSeconds[i] * 1000 + timeNanos[i] / 1_000_000;
    sourcePort[row] = view.getUint16(transport);
    destinationPort[row] = view.getUint16(transport + 2);
    tcpFlags[row] = protocol[row] === protocolTcp ? bytes[transport + 13] : 0;
    row++;
  }
  return row - firstRow;
}

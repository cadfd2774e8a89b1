/** From the bytes of a capture to rows of packets: plain records of pcap, and plain frames. Anything else is left to TypeScript. */
import { Address } from '../base/address';
import {
  capturedLength,
  destination,
  destinationPort,
  exchange,
  family,
  frameStart,
  ipBytes,
  linkType,
  originalLength,
  protocol,
  source,
  sourcePort,
  tcpFlags,
  timeMillis,
  timeNanos,
  timeSeconds,
} from './memory';
import { protocolTcp } from './packet';

const linkTypeEthernet: u16 = 1;
const ipv4MappedWord: u32 = 0xffff;

/** The header of a record of pcap, in the byte order of the file. */
@unmanaged
class RecordHeader {
  seconds: u32;
  fraction: u32;
  capturedLength: u32;
  originalLength: u32;
}

// Offsets in an Ethernet frame. Its fields are not aligned, so no class can describe them.
const etherType: usize = 12;
const ipStart: usize = 14;
const ipv4TotalLength: usize = ipStart + 2;
const ipv4Fragment: usize = ipStart + 6;
const ipv4Protocol: usize = ipStart + 9;
const ipv4Source: usize = ipStart + 12;
const ipv4Destination: usize = ipStart + 16;
const ipv4HeaderBytes: u32 = 20;
const ipv6PayloadLength: usize = ipStart + 4;
const ipv6NextHeader: usize = ipStart + 6;
const ipv6Source: usize = ipStart + 8;
const ipv6Destination: usize = ipStart + 24;
const ipv6HeaderBytes: u32 = 40;
/** In the TCP header. */
const tcpFlagsOffset: usize = 13;
/** A TCP or UDP header up to the TCP flags. */
const transportBytesMin: u32 = 14;

// As a little-endian machine reads them.
const etherTypeIpv4: u16 = 0x0008;
const etherTypeIpv6: u16 = 0xdd86;
const fragmentMask: u16 = 0xff3f;
/** IPv4, and a header without options. */
const ipv4PlainVersion: u8 = 0x45;

// @inline
function be16(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

// @inline
function be32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

// @inline
function ordered(word: u32, swapped: bool): u32 {
  return swapped ? bswap<u32>(word) : word;
}

/**
 * As the loop of capture/pcap.ts: reads records from `start` on into rows from `row` to `capacity`, up to the first that is not whole before `end`, or
 * is not plain. Rows tell where a packet begins after `origin`. @returns where it stopped; `exchange.capturedCount` has the rows
 */
export function readRecords(
  start: u32,
  end: u32,
  origin: u32,
  row: i32,
  capacity: i32,
  headerLength: u32,
  swapped: bool,
  fractionNanos: u32,
  link: u32,
  lengthMax: u32,
): u32 {
  const fractionsEnd: u32 = 1000000000 / fractionNanos;
  let at = start;
  for (; row < capacity; row++) {
    if (end - at < headerLength) break;
    const header = changetype<RecordHeader>(at);
    const fraction = ordered(header.fraction, swapped);
    const captured = ordered(header.capturedLength, swapped);
    const original = ordered(header.originalLength, swapped);
    if (captured > lengthMax || captured > original || fraction >= fractionsEnd || end - at - headerLength < captured)
      break;
    frameStart[row] = at + headerLength - origin;
    capturedLength[row] = captured;
    originalLength[row] = original;
    timeSeconds[row] = <f64>ordered(header.seconds, swapped);
    timeNanos[row] = fraction * fractionNanos;
    linkType[row] = <u16>link;
    at += headerLength + captured;
  }
  exchange.capturedCount = row;
  return at;
}

/**
 * As decodePlainRun: decodes captured packets from `first` on into rows from `firstRow` on, up to the first that is not plain. @param frames where the
 * bytes begin. @param plainUdp the number of UDP, or that of TCP if UDP is not plain
 */
export function decode(frames: usize, first: i32, count: i32, firstRow: i32, plainUdp: u32): i32 {
  let row = firstRow;
  for (let i = first; i < count; i++) {
    const captured = capturedLength[i];
    if (linkType[i] != linkTypeEthernet || captured < <u32>ipStart + ipv4HeaderBytes + transportBytesMin) break;
    const at: usize = frames + frameStart[i];
    const type = load<u16>(at + etherType);
    let transport: usize = at;
    let ipProtocol: u32 = 0;
    if (type == etherTypeIpv4) {
      const total = be16(at + ipv4TotalLength);
      ipProtocol = load<u8>(at + ipv4Protocol);
      if (
        load<u8>(at + ipStart) != ipv4PlainVersion ||
        (load<u16>(at + ipv4Fragment) & fragmentMask) != 0 ||
        (ipProtocol != protocolTcp && ipProtocol != plainUdp) ||
        total < ipv4HeaderBytes + transportBytesMin
      )
        break;
      family[row] = 4;
      ipBytes[row] = total;
      setIpv4(source[row], be32(at + ipv4Source));
      setIpv4(destination[row], be32(at + ipv4Destination));
      transport = at + ipStart + ipv4HeaderBytes;
    } else if (type == etherTypeIpv6) {
      const length = be16(at + ipv6PayloadLength);
      ipProtocol = load<u8>(at + ipv6NextHeader);
      if (
        load<u8>(at + ipStart) >> 4 != 6 ||
        (ipProtocol != protocolTcp && ipProtocol != plainUdp) ||
        length < transportBytesMin ||
        captured < <u32>ipStart + ipv6HeaderBytes + transportBytesMin
      )
        break;
      family[row] = 6;
      ipBytes[row] = ipv6HeaderBytes + length;
      setIpv6(source[row], at + ipv6Source);
      setIpv6(destination[row], at + ipv6Destination);
      transport = at + ipStart + ipv6HeaderBytes;
    } else {
      break;
    }
    timeMillis[row] = timeSeconds[i] * 1000 + <f64>timeNanos[i] / 1000000;
    protocol[row] = <u8>ipProtocol;
    sourcePort[row] = <u16>be16(transport);
    destinationPort[row] = <u16>be16(transport + 2);
    tcpFlags[row] = ipProtocol == protocolTcp ? load<u8>(transport + tcpFlagsOffset) : 0;
    row++;
  }
  return row - firstRow;
}

// @inline
function setIpv4(address: Address, word: u32): void {
  address.high = 0;
  address.word2 = ipv4MappedWord;
  address.word3 = word;
}

// @inline
function setIpv6(address: Address, at: usize): void {
  address.word0 = be32(at);
  address.word1 = be32(at + 4);
  address.word2 = be32(at + 8);
  address.word3 = be32(at + 12);
}

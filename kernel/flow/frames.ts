/** From the bytes of a capture to rows of packets: plain records of pcap, and plain frames. Anything else is left to TypeScript. */
import {
  capturedCountAt,
  capturedLengthAt,
  destinationAt,
  destinationPortAt,
  familyAt,
  ipBytesAt,
  linkTypeAt,
  originalLengthAt,
  protocolAt,
  sourceAt,
  sourcePortAt,
  startAt,
  tcpFlagsAt,
  timeMillisAt,
  timeNanosAt,
  timeSecondsAt,
} from '../../src/flow/kernel-layout';

export const protocolTcp: u32 = 6;
const linkTypeEthernet: u32 = 1;
const ipv4MappedWord: u32 = 0xffff;

// @inline
function be16(at: usize): u32 {
  return bswap<u16>(load<u16>(at));
}

// @inline
function be32(at: usize): u32 {
  return bswap<u32>(load<u32>(at));
}

// @inline
function word(at: usize, swapped: bool): u32 {
  const value = load<u32>(at);
  return swapped ? bswap<u32>(value) : value;
}

/**
 * As the loop of capture/pcap.ts: reads records from `start` on into rows from `row` to `capacity`, up to the first that is not whole before `end` or
 * has anything odd about it. Rows tell where a packet begins after `origin`. @returns where it stopped; `capturedCountAt` has the rows
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
  linkType: u32,
  lengthMax: u32,
): u32 {
  const fractionsEnd: u32 = 1000000000 / fractionNanos;
  let at = start;
  for (; row < capacity; row++) {
    if (end - at < headerLength) break;
    const fraction = word(at + 4, swapped);
    const captured = word(at + 8, swapped);
    const original = word(at + 12, swapped);
    if (captured > lengthMax || captured > original || fraction >= fractionsEnd || end - at - headerLength < captured)
      break;
    store<u32>(startAt + (row << 2), at + headerLength - origin);
    store<u32>(capturedLengthAt + (row << 2), captured);
    store<u32>(originalLengthAt + (row << 2), original);
    store<f64>(timeSecondsAt + (row << 3), <f64>word(at, swapped));
    store<u32>(timeNanosAt + (row << 2), fraction * fractionNanos);
    store<u16>(linkTypeAt + (row << 1), <u16>linkType);
    at += headerLength + captured;
  }
  store<i32>(capturedCountAt, row);
  return at;
}

/** As decodePlainRun: decodes captured packets from `first` on into rows from `firstRow` on, up to the first that is not plain. @param frames where the bytes begin */
export function decode(frames: usize, first: i32, count: i32, firstRow: i32, plainUdp: u32): i32 {
  let row = firstRow;
  for (let i = first; i < count; i++) {
    const captured = load<u32>(capturedLengthAt + (i << 2));
    if (load<u16>(linkTypeAt + (i << 1)) != linkTypeEthernet || captured < 48) break;
    const at: usize = frames + load<u32>(startAt + (i << 2));
    const type = load<u16>(at + 12);
    const word: usize = row << 4;
    let transport: usize = at;
    let protocol: u32 = 0;
    // 0x0800 and 0x86dd as a little-endian machine reads them.
    if (type == 0x0008) {
      const total = be16(at + 16);
      protocol = load<u8>(at + 23);
      if (
        load<u8>(at + 14) != 0x45 ||
        (load<u16>(at + 20) & 0xff3f) != 0 ||
        (protocol != protocolTcp && protocol != plainUdp) ||
        total < 34
      )
        break;
      store<u8>(familyAt + row, 4);
      store<u32>(ipBytesAt + (row << 2), total);
      store<u64>(sourceAt + word, 0);
      store<u32>(sourceAt + word + 8, ipv4MappedWord);
      store<u32>(sourceAt + word + 12, be32(at + 26));
      store<u64>(destinationAt + word, 0);
      store<u32>(destinationAt + word + 8, ipv4MappedWord);
      store<u32>(destinationAt + word + 12, be32(at + 30));
      transport = at + 34;
    } else if (type == 0xdd86) {
      const length = be16(at + 18);
      protocol = load<u8>(at + 20);
      if (
        load<u8>(at + 14) >> 4 != 6 ||
        (protocol != protocolTcp && protocol != plainUdp) ||
        length < 14 ||
        captured < 68
      )
        break;
      store<u8>(familyAt + row, 6);
      store<u32>(ipBytesAt + (row << 2), 40 + length);
      for (let offset: usize = 0; offset < 16; offset += 4) {
        store<u32>(sourceAt + word + offset, be32(at + 22 + offset));
        store<u32>(destinationAt + word + offset, be32(at + 38 + offset));
      }
      transport = at + 54;
    } else {
      break;
    }
    store<f64>(
      timeMillisAt + (row << 3),
      load<f64>(timeSecondsAt + (i << 3)) * 1000 + <f64>load<u32>(timeNanosAt + (i << 2)) / 1000000,
    );
    store<u8>(protocolAt + row, <u8>protocol);
    store<u16>(sourcePortAt + (row << 1), <u16>be16(transport));
    store<u16>(destinationPortAt + (row << 1), <u16>be16(transport + 2));
    store<u8>(tcpFlagsAt + row, protocol == protocolTcp ? load<u8>(transport + 13) : 0);
    row++;
  }
  return row - firstRow;
}

// A made-up capture in pcap: 32 near hosts, Ethernet, IPv4 and a little IPv6, TCP and UDP, cut at 96 bytes; the same for the same arguments. One packet in
// a hundred begins a connection: a third of them are attempts of scanners, one packet each; the others are short, but for 4,000 that last to the end and
// carry half of the packets.
import { closeSync, openSync, writeSync } from 'node:fs';
import { randomNumbers } from './made-logs.mjs';

const startSeconds = Date.UTC(2026, 2, 1, 9, 50) / 1000;
const spanSeconds = 1500;
const snapLength = 96;
const lasting = 4000;
const shortAtOnce = 20_000;
const services = [443, 443, 443, 80, 80, 22, 3389, 445, 25, 53, 8080, 5432, 1433, 8443];
const [fin, syn, psh, ack] = [1, 2, 8, 16];

/** Writes `packets` packets. */
export function makeCapture(path, packets) {
  const random = randomNumbers(42);
  const file = openSync(path, 'w');
  const buffer = Buffer.alloc(1 << 22);
  buffer.writeUInt32LE(0xa1b2c3d4, 0);
  buffer.writeUInt32LE(0x0004_0002, 4);
  buffer.writeUInt32LE(snapLength, 16);
  buffer.writeUInt32LE(1, 20);
  let end = 24;

  const connection = (left) => {
    const isInbound = random(100) < 45;
    const isScan = left === 1;
    return {
      near: random(32) + 4,
      far: Math.floor(200_000 ** (random(1_000_000) / 1_000_000)) + (isScan ? 1_000_000 : 0),
      isInbound: isInbound || isScan,
      isIPv6: !isScan && random(100) < 8,
      isTcp: isScan || random(100) < 70,
      port: 1024 + random(64_512),
      service: isScan ? random(65_536) : services[random(services.length)],
      sent: 0,
      left,
    };
  };
  const short = () => connection(random(3) === 0 ? 1 : 4 + random(60));
  const open = Array.from({ length: lasting + shortAtOnce }, (_, i) => (i < lasting ? connection(Infinity) : short()));

  for (let i = 0; i < packets; i++) {
    // The smaller the number of a lasting connection, the busier it is.
    const slot =
      random(2) === 0
        ? Math.floor(lasting ** (random(1_000_000) / 1_000_000)) % lasting
        : lasting + random(shortAtOnce);
    const one = open[slot];
    const isReverse = one.left !== 1 && (one.sent === 1 || (one.sent > 1 && random(2) === 0));
    const isLast = one.left <= 2 && one.sent > 1;
    const flags = one.sent === 0 ? syn : one.sent === 1 ? syn | ack : isLast ? fin | ack : psh | ack;
    const payload = one.sent < 2 || isLast ? 0 : [0, 0, 536, 1448][random(4)];
    const micros = Math.floor((i / packets) * spanSeconds * 1_000_000);
    if (end + 16 + snapLength > buffer.length) {
      writeSync(file, buffer, 0, end);
      end = 0;
    }
    end += writePacket(buffer, end, one, isReverse, flags, payload, micros);
    one.sent++;
    one.left--;
    if (one.left === 0) open[slot] = short();
  }
  writeSync(file, buffer, 0, end);
  closeSync(file);
}

/** A record of the file with its frame. @returns its length */
function writePacket(buffer, at, one, isReverse, flags, payload, micros) {
  const ip = at + 16 + 14;
  const transport = one.isTcp ? 20 : 8;
  const header = one.isIPv6 ? 40 : 20;
  const length = 14 + header + transport + payload;
  const captured = Math.min(length, snapLength);
  buffer.fill(0, at, at + 16 + snapLength);
  buffer.writeUInt32LE(startSeconds + Math.floor(micros / 1_000_000), at);
  buffer.writeUInt32LE(micros % 1_000_000, at + 4);
  buffer.writeUInt32LE(captured, at + 8);
  buffer.writeUInt32LE(length, at + 12);
  const isFromNear = one.isInbound === isReverse;
  const mac = at + 16 + (isFromNear ? 6 : 0);
  buffer.writeUIntBE(0x000d3af87800 + one.near - 4, mac, 6);
  buffer.writeUIntBE(0x123456789abc, at + 16 + (isFromNear ? 0 : 6), 6);
  buffer.writeUInt16BE(one.isIPv6 ? 0x86dd : 0x0800, at + 16 + 12);
  const protocol = one.isTcp ? 6 : 17;
  if (one.isIPv6) {
    buffer[ip] = 0x60;
    buffer.writeUInt16BE(transport + payload, ip + 4);
    buffer[ip + 6] = protocol;
    buffer[ip + 7] = 60;
    buffer.writeUInt32BE(0xfd000010, ip + (isFromNear ? 8 : 24));
    buffer.writeUInt32BE(0x0a010000 + one.near, ip + (isFromNear ? 20 : 36));
    buffer.writeUInt32BE(0x20010db8, ip + (isFromNear ? 24 : 8));
    buffer.writeUInt32BE(one.far, ip + (isFromNear ? 36 : 20));
  } else {
    buffer[ip] = 0x45;
    buffer.writeUInt16BE(20 + transport + payload, ip + 2);
    buffer[ip + 8] = 60;
    buffer[ip + 9] = protocol;
    buffer.writeUInt32BE(0x0a010000 + one.near, ip + (isFromNear ? 12 : 16));
    buffer.writeUInt32BE((((20 + (one.far % 150)) << 24) | (one.far & 0xffffff)) >>> 0, ip + (isFromNear ? 16 : 12));
  }
  const ports = ip + header;
  buffer.writeUInt16BE(isReverse ? one.service : one.port, ports);
  buffer.writeUInt16BE(isReverse ? one.port : one.service, ports + 2);
  if (one.isTcp) {
    buffer[ports + 12] = 0x50;
    buffer[ports + 13] = flags;
  } else buffer.writeUInt16BE(8 + payload, ports + 4);
  return 16 + captured;
}

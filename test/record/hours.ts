import { start } from './traffic.ts';

/**
 * Hours of made-up traffic whose truth is known: every conversation has a five-tuple of its own, so what logs must sum up to is counted while
 * it is made. NICs 10.1.1.4 to 10.1.1.11; conversations with the Internet and among the NICs.
 */
export interface Conversation {
  readonly protocol: number;
  readonly source: number;
  readonly sourcePort: number;
  readonly destination: number;
  readonly destinationPort: number;
  /** Seconds after the start of its first packet. */
  begin: number;
  end: number;
  packetsForward: number;
  bytesForward: number;
  packetsReverse: number;
  bytesReverse: number;
}

export interface Hours {
  /** A capture of raw IP packets. */
  readonly pcap: Uint8Array;
  readonly packets: number;
  readonly conversations: Conversation[];
}

export const nicAddresses = Array.from({ length: 8 }, (_, index) => ipv4(10, 1, 1, 4 + index));
/** Allowed in even hours only. */
export const changingPort = 8080;
/** Always denied. */
export const deniedPort = 23;

function ipv4(a: number, b: number, c: number, d: number): number {
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
}

export function isNic(address: number): boolean {
  return nicAddresses.includes(address);
}

/** Numbers from 0 to 1, the same for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let value = Math.imul(state ^ (state >>> 15), state | 1);
    value ^= value + Math.imul(value ^ (value >>> 7), value | 61);
    return ((value ^ (value >>> 14)) >>> 0) / 2 ** 32;
  };
}

const headerBytes = 16 + 20 + 20;

/**
 * `count` conversations that begin within `hours`; a tenth lasts for more than an hour. What is denied because of its hour ends with it: in the next
 * one its packets would be a new attempt.
 */
export function makeHours(hours: number, count: number, seed: number): Hours {
  const random = createRandom(seed);
  const conversations: Conversation[] = [];
  const times: number[] = [];
  const owners: number[] = [];
  const kinds: number[] = [];
  for (let index = 0; index < count; index++) {
    const nic = nicAddresses[Math.floor(random() * nicAddresses.length)];
    const isInside = random() < 0.2;
    const other = isInside ? nicAddresses[(nicAddresses.indexOf(nic) + 1) % nicAddresses.length] : outside(random);
    const [source, destination] = random() < 0.5 ? [nic, other] : [other, nic];
    const isUdp = random() < 0.3;
    const choice = random();
    const conversation: Conversation = {
      protocol: isUdp ? 17 : 6,
      source,
      sourcePort: 1024 + (index % 60_000),
      destination: isInside && destination === source ? nicAddresses[0] : destination,
      destinationPort: choice < 0.1 ? deniedPort : choice < 0.3 ? changingPort : 1 + ((index * 7) % 900) + 24,
      begin: random() * hours * 3600,
      end: 0,
      packetsForward: 0,
      bytesForward: 0,
      packetsReverse: 0,
      bytesReverse: 0,
    };
    conversations.push(conversation);
    const steps = random() < 0.1 ? 40 : 2 + Math.floor(random() * 12);
    const gap = steps === 40 ? 110 : random() * 20;
    let at = conversation.begin;
    const isChanging = conversation.destinationPort === changingPort;
    const hour = Math.floor(at / 3600);
    for (let step = 0; step < steps; step++) {
      if (isChanging && hour % 2 === 1 && Math.floor(at / 3600) > hour) break;
      times.push(at);
      owners.push(index);
      kinds.push(step === 0 ? 0 : step === steps - 1 ? 2 : 1);
      at += 0.001 + gap * (0.5 + random());
    }
  }
  const order = [...times.keys()].sort((a, b) => times[a] - times[b] || a - b);
  return { pcap: writePcap(order, times, owners, kinds, conversations, random), packets: order.length, conversations };
}

function outside(random: () => number): number {
  return ipv4(203, 0, 113, 1 + Math.floor(random() * 250));
}

/** Kind 0 begins (SYN), 2 ends (RST from the initiator), 1 goes either way. */
function writePcap(
  order: readonly number[],
  times: readonly number[],
  owners: readonly number[],
  kinds: readonly number[],
  conversations: readonly Conversation[],
  random: () => number,
): Uint8Array {
  const bytes = new Uint8Array(24 + headerBytes * order.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0xa1b2c3d4, true);
  view.setUint16(4, 2, true);
  view.setUint16(6, 4, true);
  view.setUint32(16, 65_535, true);
  view.setUint32(20, 101, true);
  let at = 24;
  for (const row of order) {
    const conversation = conversations[owners[row]];
    const { protocol } = conversation;
    const isReverse = kinds[row] === 1 && random() < 0.5;
    const length = 40 + (kinds[row] === 1 ? Math.floor(random() * 1400) : 0);
    const micros = Math.floor(times[row] * 1e6);
    view.setUint32(at, start + Math.floor(micros / 1e6), true);
    view.setUint32(at + 4, micros % 1e6, true);
    view.setUint32(at + 8, 40, true);
    view.setUint32(at + 12, length, true);
    const ip = at + 16;
    bytes[ip] = 0x45;
    view.setUint16(ip + 2, length);
    bytes[ip + 8] = 64;
    bytes[ip + 9] = protocol;
    view.setUint32(ip + 12, isReverse ? conversation.destination : conversation.source);
    view.setUint32(ip + 16, isReverse ? conversation.source : conversation.destination);
    view.setUint16(ip + 20, isReverse ? conversation.destinationPort : conversation.sourcePort);
    view.setUint16(ip + 22, isReverse ? conversation.sourcePort : conversation.destinationPort);
    if (protocol === 17) view.setUint16(ip + 24, length - 20);
    else {
      bytes[ip + 32] = 0x50;
      bytes[ip + 33] = kinds[row] === 0 ? 2 : kinds[row] === 2 ? 4 : 16;
    }
    conversation.end = times[row];
    if (isReverse) {
      conversation.packetsReverse++;
      conversation.bytesReverse += length;
    } else {
      conversation.packetsForward++;
      conversation.bytesForward += length;
    }
    at += headerBytes;
  }
  return bytes;
}

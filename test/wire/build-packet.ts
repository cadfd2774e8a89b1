/** Writers of packets, for tests: each field has a common value by default. */
import { parseAddress } from '../../src/net/address.ts';

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Bytes written in hex; white space between them is left out. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
}

export function uint16(value: number): Uint8Array {
  return new Uint8Array([value >> 8, value & 255]);
}

export function uint32(value: number): Uint8Array {
  return new Uint8Array([value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]);
}

function addressBytes(text: string): Uint8Array {
  const address = parseAddress(text);
  if (address === undefined) throw new Error(`${text} is no address`);
  const words = address.family === 4 ? address.words.slice(3) : address.words;
  return concat(...words.map((word) => uint32(word)));
}

export function tcp(
  options: { source?: number; destination?: number; flags?: number; data?: number } = {},
): Uint8Array {
  const { source = 50_000, destination = 443, flags = 0x12, data = 8 } = options;
  return concat(
    uint16(source),
    uint16(destination),
    uint32(0x01020304),
    uint32(0x05060708),
    new Uint8Array([0x50, flags]),
    hex('2000 0000 0000'),
    new Uint8Array(data),
  );
}

export function udp(options: { source?: number; destination?: number; data?: number } = {}): Uint8Array {
  const { source = 50_001, destination = 53, data = 12 } = options;
  return concat(uint16(source), uint16(destination), uint16(8 + data), uint16(0), new Uint8Array(data));
}

export interface Ipv4Options {
  readonly source?: string;
  readonly destination?: string;
  readonly protocol?: number;
  /** Bytes, a multiple of four. */
  readonly options?: Uint8Array;
  /** What the header says, where that is not the packet's length. */
  readonly totalLength?: number;
  /** In units of eight bytes. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  readonly id?: number;
}

export function ipv4(payload: Uint8Array, fields: Ipv4Options = {}): Uint8Array {
  const options = fields.options ?? new Uint8Array(0);
  const length = 20 + options.length;
  const fragment = (fields.moreFragments === true ? 0x2000 : 0) | (fields.fragmentOffset ?? 0);
  return concat(
    new Uint8Array([0x40 | (length / 4), 0]),
    uint16(fields.totalLength ?? length + payload.length),
    uint16(fields.id ?? 0x1234),
    uint16(fragment),
    new Uint8Array([64, fields.protocol ?? 6, 0, 0]),
    addressBytes(fields.source ?? '10.1.0.4'),
    addressBytes(fields.destination ?? '198.51.100.7'),
    options,
    payload,
  );
}

export interface Ipv6Options {
  readonly source?: string;
  readonly destination?: string;
  readonly next?: number;
  /** What the header says, where that is not the payload's length. */
  readonly payloadLength?: number;
}

export function ipv6(payload: Uint8Array, fields: Ipv6Options = {}): Uint8Array {
  return concat(
    hex('60000000'),
    uint16(fields.payloadLength ?? payload.length),
    new Uint8Array([fields.next ?? 6, 64]),
    addressBytes(fields.source ?? 'fd00:10::4'),
    addressBytes(fields.destination ?? '2001:db8::7'),
    payload,
  );
}

/** An IPv6 extension header of 8 × `units` bytes. */
export function extension(next: number, units: number, payload: Uint8Array): Uint8Array {
  return concat(new Uint8Array([next, units - 1]), new Uint8Array(8 * units - 2).fill(1), payload);
}

/** An IPv6 fragment header. @param offset in units of eight bytes. */
export function fragmentHeader(
  next: number,
  offset: number,
  more: boolean,
  id: number,
  payload: Uint8Array,
): Uint8Array {
  return concat(new Uint8Array([next, 0]), uint16((offset << 3) | (more ? 1 : 0)), uint32(id), payload);
}

export function ethernet(type: number, payload: Uint8Array): Uint8Array {
  return concat(hex('000d3af87856 123456789abc'), uint16(type), payload);
}

/** Writers of small captures, for tests: each option has the commonest value by default. */

/** One packet of a capture under test. */
export interface TestPacket {
  readonly bytes: Uint8Array;
  readonly seconds?: number;
  readonly nanos?: number;
  /** The length of `bytes` by default. */
  readonly originalLength?: number;
  /** What the record header says, where that is not the length of `bytes`. */
  readonly capturedLength?: number;
}

export interface PcapOptions {
  readonly big?: boolean;
  readonly magic?: number;
  readonly minor?: number;
  readonly linkType?: number;
}

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** Bytes written in hex; white space between them is left out. */
export function hex(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.replace(/\s/g, ''), 'hex'));
}

/** Numbers of 16 or 32 bits one behind the other: `[value, bytes]` each. */
function numbers(big: boolean, ...fields: readonly (readonly [number, 2 | 4])[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(fields.reduce((sum, [, size]) => sum + size, 0)));
  let at = 0;
  for (const [value, size] of fields) {
    if (size === 2) view.setUint16(at, value, !big);
    else view.setUint32(at, value, !big);
    at += size;
  }
  return new Uint8Array(view.buffer);
}

export function buildPcap(packets: readonly TestPacket[], options: PcapOptions = {}): Uint8Array {
  const { big = false, magic = 0xa1b2c3d4, minor = 4, linkType = 1 } = options;
  const header = numbers(big, [magic, 4], [2, 2], [minor, 2], [0, 4], [0, 4], [262_144, 4], [linkType, 4]);
  const fractionNanos = magic === 0xa1b23c4d ? 1 : 1000;
  const records = packets.map((packet) => {
    const captured = packet.capturedLength ?? packet.bytes.length;
    const original = packet.originalLength ?? packet.bytes.length;
    const [first, second] = minor < 3 ? [original, captured] : [captured, original];
    const fraction = Math.floor((packet.nanos ?? 0) / fractionNanos);
    const record = numbers(big, [packet.seconds ?? 0, 4], [fraction, 4], [first, 4], [second, 4]);
    const extra = magic === 0xa1b2cd34 ? numbers(big, [7, 4], [0, 2], [0, 2]) : new Uint8Array(0);
    return concat(record, extra, packet.bytes);
  });
  return concat(header, ...records);
}

/** Blocks of a pcapng section in one byte order. */
export class PcapngBuilder {
  readonly #big: boolean;
  readonly #blocks: Uint8Array[] = [];

  constructor(big = false) {
    this.#big = big;
  }

  /** A block of any type; `length` is what it says of itself where that is wrong. */
  block(type: number, body: Uint8Array, lengths: { first?: number; second?: number } = {}): this {
    const padding = new Uint8Array((4 - (body.length % 4)) % 4);
    const length = 12 + body.length + padding.length;
    this.#blocks.push(
      concat(
        numbers(this.#big, [type, 4], [lengths.first ?? length, 4]),
        body,
        padding,
        numbers(this.#big, [lengths.second ?? length, 4]),
      ),
    );
    return this;
  }

  section(major = 1): this {
    const head = numbers(this.#big, [0x1a2b3c4d, 4], [major, 2], [0, 2]);
    return this.block(0x0a0d0d0a, concat(head, new Uint8Array(8).fill(255)));
  }

  interface(options: { linkType?: number; snapLength?: number; resolution?: number; offset?: bigint } = {}): this {
    const { linkType = 1, snapLength = 0, resolution, offset } = options;
    const parts = [numbers(this.#big, [linkType, 2], [0, 2], [snapLength, 4])];
    if (resolution !== undefined) parts.push(this.#option(9, new Uint8Array([resolution])));
    if (offset !== undefined) {
      const view = new DataView(new ArrayBuffer(8));
      view.setBigInt64(0, offset, !this.#big);
      parts.push(this.#option(14, new Uint8Array(view.buffer)));
    }
    if (parts.length > 1) parts.push(this.#option(0, new Uint8Array(0)));
    return this.block(1, concat(...parts));
  }

  enhanced(ticks: bigint, packet: TestPacket, interfaceId = 0): this {
    return this.block(
      6,
      concat(numbers(this.#big, [interfaceId, 4]), this.#timeAndLengths(ticks, packet), pad(packet.bytes)),
    );
  }

  /** With a comment of `length` bytes behind the packet. */
  enhancedWithComment(ticks: bigint, packet: TestPacket, length: number): this {
    const comment = this.#option(1, new Uint8Array(length).fill(120));
    return this.block(
      6,
      concat(numbers(this.#big, [0, 4]), this.#timeAndLengths(ticks, packet), pad(packet.bytes), comment),
    );
  }

  simple(bytes: Uint8Array, originalLength = bytes.length): this {
    return this.block(3, concat(numbers(this.#big, [originalLength, 4]), bytes));
  }

  obsolete(ticks: bigint, packet: TestPacket, interfaceId = 0): this {
    const head = numbers(this.#big, [interfaceId, 2], [0xffff, 2]);
    return this.block(2, concat(head, this.#timeAndLengths(ticks, packet), packet.bytes));
  }

  build(): Uint8Array {
    return concat(...this.#blocks);
  }

  #timeAndLengths(ticks: bigint, packet: TestPacket): Uint8Array {
    return numbers(
      this.#big,
      [Number(ticks >> 32n), 4],
      [Number(ticks & 0xffffffffn), 4],
      [packet.capturedLength ?? packet.bytes.length, 4],
      [packet.originalLength ?? packet.bytes.length, 4],
    );
  }

  #option(code: number, value: Uint8Array): Uint8Array {
    return concat(numbers(this.#big, [code, 2], [value.length, 2]), pad(value));
  }
}

function pad(bytes: Uint8Array): Uint8Array {
  return concat(bytes, new Uint8Array((4 - (bytes.length % 4)) % 4));
}

/** `length` bytes that begin with `first` and count up. */
export function filler(first: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) & 255);
}

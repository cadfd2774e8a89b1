/**
 * pcapng: consecutive blocks in sections; each section has its own byte order and interfaces.
 *
 *   block              0        4         8                       n-4      n
 *                      | type   | n       | body                  | n again |
 *   section header     | 0a0d0d0a | n | 1a2b3c4d | maj | min | section length (8) | options
 *   interface          | 1 | n | link | 0 | snap length | options: if_tsresol 9, if_tsoffset 14
 *   enhanced packet    | 6 | n | interface | time high | time low | captured | original | bytes | options
 *   simple packet      | 3 | n | original | bytes
 *   packet (obsolete)  | 2 | n | interface (2) | drops (2) | time high | time low | captured | original | bytes | options
 *
 * Blocks of other types are skipped. A simple packet has no time: it gets the time of the packet before it in the
 * capture, or 0 if there is none. Source: draft-ietf-opsawg-pcapng.
 */
import { limits } from '../base/limits.ts';
import type { CaptureBatch } from './batch.ts';
import type { CaptureCounters, FormatDecoder } from './format-decoder.ts';
import type { CaptureDamage, CaptureReason } from './reason.ts';
import { viewOf } from './view.ts';

/** First four bytes, the same in both byte orders. */
export const pcapngMagic = 0x0a0d0d0a;

const byteOrderMagic = 0x1a2b3c4d;
const blockInterface = 1;
const blockPacket = 2;
const blockSimplePacket = 3;
const blockEnhancedPacket = 6;

const blockHeaderLength = 8;
const blockLengthMin = 12;
const sectionHeaderLength = 28;
/** Bytes of a non-packet block that are read; later options are skipped. */
const descriptionLengthMax = 65_536;
/** A packet block can be longer than its packet: it has headers and options (comments, hashes). */
const packetBlockLengthMax = limits.packetBytesMax + 65_536;

const timeSecondsEnd = 253_402_300_800;

/** The needed fields of an interface description block. */
interface Interface {
  readonly linkType: number;
  readonly snapLength: number;
  /** Ticks per second if the fast paths below support it, otherwise 0. */
  readonly ticksPerSecond: number;
  readonly ticksPerSecondBig: bigint;
  readonly offsetSeconds: number;
}

export function createPcapngDecoder(name: string, counters: CaptureCounters): FormatDecoder {
  return new PcapngDecoder(name, counters);
}

function isPacketBlock(type: number): boolean {
  return type === blockEnhancedPacket || type === blockSimplePacket || type === blockPacket;
}

class PcapngDecoder implements FormatDecoder {
  started = false;
  needed = sectionHeaderLength;
  readonly #name: string;
  readonly #counters: CaptureCounters;
  #little = true;
  /** Whether the section's blocks can be read. */
  #known = false;
  /** A block had an impossible length: the rest is skipped. */
  #lost = false;
  #interfaces: Interface[] = [];
  #seconds = 0;
  #nanos = 0;

  constructor(name: string, counters: CaptureCounters) {
    this.#name = name;
    this.#counters = counters;
  }

  decode(bytes: Uint8Array, start: number, end: number, batch: CaptureBatch, origin: number): number {
    const view = viewOf(bytes);
    const capacity = batch.start.length;
    let at = start;
    while (batch.count < capacity) {
      if (this.#lost) return Math.max(at, end);
      const available = end - at;
      if (available < blockLengthMin) {
        this.needed = blockLengthMin;
        return at;
      }
      const isSection = view.getUint32(at, false) === pcapngMagic;
      if (isSection) {
        if (available < sectionHeaderLength) {
          this.needed = sectionHeaderLength;
          return at;
        }
        this.#startSection(view, at, origin);
      }
      const little = this.#little;
      const type = view.getUint32(at, little);
      const named = view.getUint32(at + 4, little);
      if (named < (isSection ? sectionHeaderLength : blockLengthMin)) {
        this.#note('block-length', origin + at, `block type ${type}, length ${named}`);
        this.#lost = true;
        continue;
      }
      // Some writers exclude the padding from the length; Wireshark accepts this, too.
      const length = 4 * Math.ceil(named / 4);
      const isPacket = isPacketBlock(type);
      if (!this.#known || isSection || !(isPacket || type === blockInterface)) {
        at += length;
        continue;
      }
      if (isPacket && length > packetBlockLengthMax) {
        this.#refuse('oversized', origin + at, `block length ${length}`);
        at += length;
        continue;
      }
      const wanted = isPacket ? length : Math.min(length, descriptionLengthMax);
      if (available < wanted) {
        this.needed = wanted;
        return at;
      }
      if (wanted === length && view.getUint32(at + length - 4, little) !== named)
        this.#note('block-lengths-differ', origin + at, `${named} and ${view.getUint32(at + length - 4, little)}`);
      if (isPacket) this.#readPacket(view, at, type, length, batch, origin);
      else this.#readInterface(view, at, wanted, origin);
      at += length;
    }
    return at;
  }

  cut(bytes: Uint8Array, length: number, origin: number): void {
    const seen = length >= blockHeaderLength && isPacketBlock(viewOf(bytes).getUint32(0, this.#little));
    if (seen && this.#known) this.#refuse('cut', origin, `${length} bytes of a packet block`);
    else this.#note('cut-tail', origin, `${length} bytes of a block`);
  }

  #startSection(view: DataView, at: number, origin: number): void {
    this.started = true;
    this.#interfaces = [];
    this.#little = view.getUint32(at + 8, true) === byteOrderMagic;
    const major = view.getUint16(at + 12, this.#little);
    this.#known = view.getUint32(at + 8, this.#little) === byteOrderMagic && major === 1;
    if (!this.#known) this.#note('section-unknown', origin + at, `version ${major}`);
  }

  #readInterface(view: DataView, at: number, length: number, origin: number): void {
    const little = this.#little;
    if (this.#interfaces.length >= limits.captureInterfacesMax) {
      this.#note('interfaces-too-many', origin + at, `more than ${limits.captureInterfacesMax}`);
      return;
    }
    const blockEnd = at + length - 4;
    let resolution = 6;
    let offsetSeconds = 0;
    let option = at + 16;
    while (option + 4 <= blockEnd) {
      const code = view.getUint16(option, little);
      const size = view.getUint16(option + 2, little);
      const value = option + 4;
      if (code === 0 || value + size > blockEnd) break;
      if (code === 9 && size >= 1) resolution = view.getUint8(value);
      if (code === 14 && size >= 8) {
        const high = view.getUint32(little ? value + 4 : value, little) | 0;
        offsetSeconds = high * 4_294_967_296 + view.getUint32(little ? value : value + 4, little);
      }
      option = value + 4 * Math.ceil(size / 4);
    }
    const decimal = resolution < 128;
    this.#interfaces.push({
      linkType: length >= 20 ? view.getUint16(at + 8, little) : 0xffff,
      snapLength: length >= 20 ? view.getUint32(at + 12, little) : 0,
      ticksPerSecond: decimal && resolution <= 9 ? 10 ** resolution : 0,
      ticksPerSecondBig: decimal ? 10n ** BigInt(resolution) : 1n << BigInt(resolution - 128),
      offsetSeconds,
    });
  }

  #readPacket(view: DataView, at: number, type: number, length: number, batch: CaptureBatch, origin: number): void {
    const little = this.#little;
    const simple = type === blockSimplePacket;
    const headerLength = simple ? 12 : 28;
    const room = length - headerLength - 4;
    const id = simple ? 0 : type === blockPacket ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
    if (room < 0) {
      this.#refuse('bad-block', origin + at, `block length ${length}`);
      return;
    }
    if (id >= this.#interfaces.length) {
      this.#refuse('no-interface', origin + at, `interface ${id} of ${this.#interfaces.length}`);
      return;
    }
    const from = this.#interfaces[id];
    let captured = 0;
    let original = 0;
    if (simple) {
      original = view.getUint32(at + 8, little);
      captured = Math.min(original, room, from.snapLength === 0 ? room : from.snapLength);
    } else {
      captured = view.getUint32(at + 20, little);
      original = view.getUint32(at + 24, little);
    }
    if (captured > limits.packetBytesMax) {
      this.#refuse('oversized', origin + at, `captured length ${captured}`);
      return;
    }
    if (captured > room) {
      this.#refuse('bad-block', origin + at, `captured length ${captured}, block length ${length}`);
      return;
    }
    if (captured > original) {
      this.#note('original-shorter', origin + at, `captured length ${captured}, original length ${original}`);
      original = captured;
    }
    if (!simple) {
      this.#readTime(view.getUint32(at + 12, little), view.getUint32(at + 16, little), from);
      if (!(this.#seconds >= 0 && this.#seconds < timeSecondsEnd)) {
        this.#refuse('bad-time', origin + at, `${this.#seconds} seconds since 1970`);
        this.#seconds = 0;
        this.#nanos = 0;
        return;
      }
    }
    const row = batch.count;
    batch.start[row] = at + headerLength;
    batch.capturedLength[row] = captured;
    batch.originalLength[row] = original;
    batch.timeSeconds[row] = this.#seconds;
    batch.timeNanos[row] = this.#nanos;
    batch.linkType[row] = from.linkType;
    batch.count = row + 1;
  }

  /** Converts ticks since 1970, as high and low word, to whole seconds and nanoseconds. */
  #readTime(high: number, low: number, from: Interface): void {
    const perSecond = from.ticksPerSecond;
    if (perSecond > 0 && high < 0x200000) {
      const ticks = high * 4_294_967_296 + low;
      const seconds = Math.floor(ticks / perSecond);
      this.#seconds = seconds + from.offsetSeconds;
      this.#nanos = (ticks - seconds * perSecond) * (1_000_000_000 / perSecond);
      return;
    }
    if (perSecond > 0) {
      // Ticks from 2^53 on: a division of 64 bits in three steps, none of which exceeds 2^53.
      const first = Math.floor(high / perSecond);
      const upper = (high - first * perSecond) * 65_536 + (low >>> 16);
      const second = Math.floor(upper / perSecond);
      const lower = (upper - second * perSecond) * 65_536 + (low & 0xffff);
      const third = Math.floor(lower / perSecond);
      this.#seconds = first * 4_294_967_296 + second * 65_536 + third + from.offsetSeconds;
      this.#nanos = (lower - third * perSecond) * (1_000_000_000 / perSecond);
      return;
    }
    const ticks = (BigInt(high) << 32n) | BigInt(low);
    const seconds = ticks / from.ticksPerSecondBig;
    this.#seconds = Number(seconds) + from.offsetSeconds;
    this.#nanos = Number(((ticks - seconds * from.ticksPerSecondBig) * 1_000_000_000n) / from.ticksPerSecondBig);
  }

  #refuse(reason: CaptureReason, byte: number, text: string): void {
    this.#counters.refused.add(reason, 1, () => `${this.#name}, byte ${byte}: ${text}`);
  }

  #note(damage: CaptureDamage, byte: number, text: string): void {
    this.#counters.damage.add(damage, 1, () => `${this.#name}, byte ${byte}: ${text}`);
  }
}

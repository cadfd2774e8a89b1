/**
 * pcap, the capture format of libpcap. Numbers are in the byte order of the machine that wrote the file.
 *
 *   file    0        4      6      8      12       16       20        24
 *           | magic  | maj  | min  | zone | sigfig | snap   | link    | records …
 *   record  0        4           8        12         16
 *           | secs   | fraction  | capt.  | original | captured bytes …
 *
 *   a1b2c3d4  fraction in microseconds          a1b23c4d  in nanoseconds
 *   a1b2cd34  microseconds, and 8 more bytes in each record header (interface, protocol, packet type)
 *
 * Up to version 2.2 the original length came first; in version 2.3 some programs wrote it this way.
 * Source: draft-ietf-opsawg-pcap; libpcap sf-pcap.c.
 */
import { limits } from '../base/limits.ts';
import type { CaptureBatch, PcapLayout } from './batch.ts';
import type { CaptureCounters, FormatDecoder } from './format-decoder.ts';
import { viewOf } from './view.ts';

export const pcapMagicMicros = 0xa1b2c3d4;
export const pcapMagicNanos = 0xa1b23c4d;
export const pcapMagicModified = 0xa1b2cd34;
export const pcapHeaderLength = 24;

/** Whether a file is pcap. `magic` is its first four bytes as a big-endian number; both byte orders are accepted. */
export function isPcapMagic(magic: number): boolean {
  return magic === pcapMagicMicros || magic === pcapMagicNanos || magic === pcapMagicModified;
}

const lengthsInOrder = 0;
const lengthsSwapped = 1;
const lengthsPerhapsSwapped = 2;

export function createPcapDecoder(name: string, counters: CaptureCounters): FormatDecoder {
  return new PcapDecoder(name, counters);
}

class PcapDecoder implements FormatDecoder {
  started = false;
  needed = pcapHeaderLength;
  readonly #name: string;
  readonly #counters: CaptureCounters;
  #layout: PcapLayout = { little: true, headerLength: 16, fractionNanos: 1000, linkType: 0 };
  #lengths = lengthsInOrder;
  /** View of the last decoded bytes: a chunk has many batches, and the next chunk often uses the same memory. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #viewed: Uint8Array | undefined;

  constructor(name: string, counters: CaptureCounters) {
    this.#name = name;
    this.#counters = counters;
  }

  decode(bytes: Uint8Array, start: number, end: number, batch: CaptureBatch, origin: number): number {
    if (this.#viewed !== bytes) this.#view = viewOf(bytes);
    this.#viewed = bytes;
    const view = this.#view;
    let at = start;
    if (!this.started) {
      if (end - at < pcapHeaderLength) return at;
      this.#readHeader(view, at);
      at += pcapHeaderLength;
    }
    if (this.#lengths === lengthsInOrder && batch.readRecords !== undefined)
      at = batch.readRecords(bytes, at, end, this.#layout);
    return this.#readRecords(view, at, end, batch, origin);
  }

  cut(_bytes: Uint8Array, length: number, origin: number): void {
    const where = () => `${this.#name}, byte ${origin}: ${length} bytes of a packet record`;
    if (length >= this.#layout.headerLength) this.#counters.refused.add('cut', 1, where);
    else this.#counters.damage.add('cut-tail', 1, where);
  }

  #readHeader(view: DataView, at: number): void {
    const little = isPcapMagic(view.getUint32(at, true));
    const magic = view.getUint32(at, little);
    const minor = view.getUint16(at + 6, little);
    const link = view.getUint32(at + 20, little);
    if (minor < 3) this.#lengths = lengthsSwapped;
    else if (minor === 3) this.#lengths = lengthsPerhapsSwapped;
    // Bits from 26 up are the frame check sequence; bits 16 to 25 select other registries of link types, which are
    // unknown here.
    const linkType = (link & 0x03ff0000) === 0 ? link & 0xffff : 0xffff;
    const headerLength = magic === pcapMagicModified ? 24 : 16;
    this.#layout = { little, headerLength, fractionNanos: magic === pcapMagicNanos ? 1 : 1000, linkType };
    this.started = true;
    this.needed = headerLength;
  }

  #readRecords(view: DataView, start: number, end: number, batch: CaptureBatch, origin: number): number {
    const { little, headerLength, fractionNanos, linkType } = this.#layout;
    const capturedMax = limits.packetBytesMax;
    const fractionsPerSecond = 1_000_000_000 / fractionNanos;
    const lengths = this.#lengths;
    const { start: starts, capturedLength, originalLength, timeSeconds, timeNanos, linkType: linkTypes } = batch;
    const capacity = starts.length;
    let row = batch.count;
    let at = start;
    while (row < capacity) {
      if (end - at < headerLength) {
        this.needed = headerLength;
        break;
      }
      let captured = view.getUint32(at + 8, little);
      let original = view.getUint32(at + 12, little);
      if (lengths === lengthsSwapped || (lengths === lengthsPerhapsSwapped && captured > original)) {
        const first = captured;
        captured = original;
        original = first;
      }
      if (captured > capturedMax) {
        const byte = origin + at;
        const length = captured;
        this.#counters.refused.add('oversized', 1, () => `${this.#name}, byte ${byte}: captured length ${length}`);
        at += headerLength + captured;
        continue;
      }
      if (end - at < headerLength + captured) {
        this.needed = headerLength + captured;
        break;
      }
      if (captured > original) {
        const byte = origin + at;
        const text = `captured length ${captured}, original length ${original}`;
        this.#counters.damage.add('original-shorter', 1, () => `${this.#name}, byte ${byte}: ${text}`);
        original = captured;
      }
      let seconds = view.getUint32(at, little);
      let fraction = view.getUint32(at + 4, little);
      if (fraction >= fractionsPerSecond) {
        seconds += Math.floor(fraction / fractionsPerSecond);
        fraction %= fractionsPerSecond;
      }
      starts[row] = at + headerLength;
      capturedLength[row] = captured;
      originalLength[row] = original;
      timeSeconds[row] = seconds;
      timeNanos[row] = fraction * fractionNanos;
      linkTypes[row] = linkType;
      row++;
      at += headerLength + captured;
    }
    batch.count = row;
    return at;
  }
}

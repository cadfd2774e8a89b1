/**
 * Decodes captures from any source of bytes: a file, a gzip stream, the pipe of a live capture.
 *
 *   const decoder = new CaptureDecoder(name, counters);
 *   for each chunk { decoder.push(chunk); while (decoder.next(batch)) use(batch); }
 *   decoder.end();
 *
 * Packets are not copied: a batch points into the chunk. A record across two chunks is copied to a buffer of the decoder
 * and comes as a batch of one.
 */
import { assert } from '../base/assert.ts';
import { FlowError } from '../base/errors.ts';
import type { CaptureBatch } from './batch.ts';
import type { CaptureCounters, FormatDecoder } from './format-decoder.ts';
import { createPcapDecoder, isPcapMagic } from './pcap.ts';
import { createPcapngDecoder, pcapngMagic } from './pcapng.ts';

const magicLength = 4;
/** Other file formats that users pass to a capture reader, by their first bytes. */
const foreignFormats = [
  ['28b52ffd', 'compressed with zstd; decompress it first'],
  ['fd377a58', 'compressed with xz; decompress it first'],
  ['425a68', 'compressed with bzip2; decompress it first'],
  ['04224d18', 'compressed with lz4; decompress it first'],
  ['504b0304', 'a zip archive; extract it first'],
  ['736e6f6f', 'a snoop capture; convert it with editcap -F pcap'],
] as const;

const none: Uint8Array = new Uint8Array(0);

export class CaptureDecoder {
  readonly #name: string;
  readonly #counters: CaptureCounters;
  #format: FormatDecoder | undefined;
  #chunk: Uint8Array = none;
  #at = 0;
  /** Offset of the chunk's first byte in the capture. */
  #origin = 0;
  /** Bytes to skip before the next record. */
  #skip = 0;
  /** The beginning of a record that continues in the next chunk. */
  #joint: Uint8Array = none;
  #jointLength = 0;

  /** @param name of the capture, for errors and examples */
  constructor(name: string, counters: CaptureCounters) {
    this.#name = name;
    this.#counters = counters;
  }

  /** Whether a file header has been read, so that `end` is valid. */
  get started(): boolean {
    return this.#format !== undefined && this.#format.started;
  }

  /** Adds the next bytes. They must not change until `next` returns `false`; batches of them are then invalid. */
  push(chunk: Uint8Array): void {
    assert(this.#at === this.#chunk.length, 'all packets of a chunk are taken before the next is pushed');
    this.#origin += this.#chunk.length;
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * Overwrites `batch` with packets of the chunk.
   * @returns `false` if the chunk has no further complete packet: push the next chunk
   * @throws FlowError capture-invalid if the first bytes are not a capture
   */
  next(batch: CaptureBatch): boolean {
    batch.count = 0;
    const chunk = this.#chunk;
    while (this.#at < chunk.length) {
      if (this.#skip > 0) {
        const passed = Math.min(this.#skip, chunk.length - this.#at);
        this.#skip -= passed;
        this.#at += passed;
        continue;
      }
      const format = this.#format;
      if (format === undefined) {
        this.#join(magicLength);
        this.#detectFormat();
      } else if (this.#jointLength > 0) {
        this.#join(format.needed);
        this.#decodeJoint(format, batch);
      } else {
        this.#decode(format, batch);
      }
      if (batch.count > 0) return true;
    }
    return false;
  }

  /**
   * Ends the capture; an incomplete record at the end is counted.
   * @throws FlowError capture-invalid if there was not even a file header
   */
  end(): void {
    assert(this.#at === this.#chunk.length, 'all packets of a chunk are taken before the end');
    const length = this.#origin + this.#chunk.length;
    const format = this.#format;
    if (length === 0) throw new FlowError('capture-invalid', `${this.#name} is not a capture: it is empty`);
    if (format === undefined || !format.started)
      throw new FlowError(
        'capture-invalid',
        `${this.#name} is not a capture: it ends after ${length} bytes, inside a header`,
      );
    if (this.#jointLength > 0) format.cut(this.#joint, this.#jointLength, length - this.#jointLength);
    if (this.#skip > 0)
      this.#counters.damage.add('cut-tail', 1, () => `${this.#name}, byte ${length}: ${this.#skip} bytes are missing`);
  }

  #decode(format: FormatDecoder, batch: CaptureBatch): void {
    const chunk = this.#chunk;
    const end = chunk.length;
    const at = format.decode(chunk, this.#at, end, batch, this.#origin);
    batch.bytes = chunk;
    if (at >= end) {
      this.#at = end;
      this.#skip = at - end;
    } else if (batch.count === batch.start.length) {
      this.#at = at;
    } else {
      this.#at = at;
      this.#join(format.needed);
    }
  }

  #decodeJoint(format: FormatDecoder, batch: CaptureBatch): void {
    const length = this.#jointLength;
    const at = format.decode(this.#joint, 0, length, batch, this.#origin + this.#at - length);
    batch.bytes = this.#joint;
    if (at === 0) return;
    assert(at >= length, 'the joined bytes are exactly one record');
    this.#jointLength = 0;
    this.#skip = at - length;
  }

  /** Appends bytes of the chunk to the beginning of the record, until it has `needed` bytes or the chunk ends. */
  #join(needed: number): void {
    const taken = Math.min(needed - this.#jointLength, this.#chunk.length - this.#at);
    if (this.#joint.length < needed) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.#joint.length));
      larger.set(this.#joint.subarray(0, this.#jointLength));
      this.#joint = larger;
    }
    this.#joint.set(this.#chunk.subarray(this.#at, this.#at + taken), this.#jointLength);
    this.#jointLength += taken;
    this.#at += taken;
  }

  #detectFormat(): void {
    if (this.#jointLength < magicLength) return;
    const bytes = this.#joint;
    const big = ((bytes[0] << 24) | (bytes[1] << 16) | (bytes[2] << 8) | bytes[3]) >>> 0;
    const little = ((bytes[3] << 24) | (bytes[2] << 16) | (bytes[1] << 8) | bytes[0]) >>> 0;
    if (isPcapMagic(big) || isPcapMagic(little)) this.#format = createPcapDecoder(this.#name, this.#counters);
    else if (big === pcapngMagic) this.#format = createPcapngDecoder(this.#name, this.#counters);
    else {
      const hex = big.toString(16).padStart(8, '0');
      const foreign = foreignFormats.find(([start]) => hex.startsWith(start));
      const what = foreign === undefined ? `it begins with the bytes ${hex}` : `it is ${foreign[1]}`;
      throw new FlowError('capture-invalid', `${this.#name} is not a capture that nsgflow can read: ${what}`);
    }
  }
}

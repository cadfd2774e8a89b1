/**
 * The decoder of captures, apart from where the bytes come from: a file, a gzip stream, the pipe of a live capture.
 *
 *   const decoder = new CaptureDecoder(name, counters);
 *   for each chunk { decoder.push(chunk); while (decoder.next(batch)) use(batch); }
 *   decoder.end();
 *
 * Packets are not copied: a batch points into the chunk. A record that straddles two chunks is put together in a buffer of the
 * decoder's own and comes as a batch of one.
 */
import { assert } from '../base/assert.ts';
import { FlowError } from '../base/errors.ts';
import type { CaptureBatch } from './batch.ts';
import type { CaptureCounters, FormatDecoder } from './format-decoder.ts';
import { createPcapDecoder, isPcapMagic } from './pcap.ts';
import { createPcapngDecoder, pcapngMagic } from './pcapng.ts';

const magicLength = 4;
/** What people hand to a capture reader, by its first bytes. */
const foreignFormats = [
  ['28b52ffd', 'packed with zstd; unpack it first'],
  ['fd377a58', 'packed with xz; unpack it first'],
  ['425a68', 'packed with bzip2; unpack it first'],
  ['04224d18', 'packed with lz4; unpack it first'],
  ['504b0304', 'a zip archive; unpack it first'],
  ['736e6f6f', 'a snoop capture; convert it with editcap -F pcap'],
] as const;

const none: Uint8Array = new Uint8Array(0);

export class CaptureDecoder {
  readonly #name: string;
  readonly #counters: CaptureCounters;
  #format: FormatDecoder | undefined;
  #chunk: Uint8Array = none;
  #at = 0;
  /** Place of the chunk's first byte in the capture. */
  #origin = 0;
  /** Bytes to pass over before the next record. */
  #skip = 0;
  /** The beginning of a record that the chunks so far did not hold as a whole. */
  #joint: Uint8Array = none;
  #jointLength = 0;

  /** @param name the capture's name in errors and examples. */
  constructor(name: string, counters: CaptureCounters) {
    this.#name = name;
    this.#counters = counters;
  }

  /** Whether a file header has been read, so that `end` finds no fault with what there is. */
  get started(): boolean {
    return this.#format !== undefined && this.#format.started;
  }

  /** Hands over the next bytes. They must stay unchanged until `next` has returned `false`; then batches made of them are void. */
  push(chunk: Uint8Array): void {
    assert(this.#at === this.#chunk.length, 'all packets of a chunk are taken before the next is pushed');
    this.#origin += this.#chunk.length;
    this.#chunk = chunk;
    this.#at = 0;
  }

  /**
   * Fills `batch` anew with packets of the chunk.
   * @returns `false` when the chunk holds no further whole packet: push the next one.
   * @throws FlowError capture-invalid when the first bytes are those of no capture.
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
        this.#recognise();
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
   * Says that no bytes follow: a record of which only the beginning came is counted.
   * @throws FlowError capture-invalid when there was not even a file header.
   */
  end(): void {
    assert(this.#at === this.#chunk.length, 'all packets of a chunk are taken before the end');
    const length = this.#origin + this.#chunk.length;
    const format = this.#format;
    if (length === 0) throw new FlowError('capture-invalid', `${this.#name} is no capture: it is empty`);
    if (format === undefined || !format.started)
      throw new FlowError(
        'capture-invalid',
        `${this.#name} is no capture: it ends after ${length} bytes, inside a header`,
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
    assert(at >= length, 'what is put together is one record and no more');
    this.#jointLength = 0;
    this.#skip = at - length;
  }

  /** Moves bytes of the chunk behind the beginning of the record, until `needed` are there or the chunk is at its end. */
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

  #recognise(): void {
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
      throw new FlowError('capture-invalid', `${this.#name} is no capture that nsgflow reads: ${what}`);
    }
  }
}

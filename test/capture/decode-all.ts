import { Counters } from '../../src/base/counters.ts';
import type { CaptureBatch } from '../../src/capture/batch.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import { CaptureDecoder } from '../../src/capture/decode-capture.ts';
import type { CaptureCounters } from '../../src/capture/format-decoder.ts';

/** A row of a batch, copied out. */
export interface SeenPacket {
  readonly seconds: number;
  readonly nanos: number;
  readonly originalLength: number;
  readonly linkType: number;
  readonly hex: string;
}

export interface SeenCapture {
  readonly packets: readonly SeenPacket[];
  readonly refused: Record<string, number>;
  readonly damage: Record<string, number>;
}

export function createCounters(): CaptureCounters {
  return { refused: new Counters(), damage: new Counters() };
}

export function seeBatch(batch: CaptureBatch): SeenPacket[] {
  return Array.from({ length: batch.count }, (_, row) => {
    const start = batch.start[row];
    const end = start + batch.capturedLength[row];
    if (end > batch.bytes.length) throw new Error(`row ${row} reaches beyond the buffer`);
    return {
      seconds: batch.timeSeconds[row],
      nanos: batch.timeNanos[row],
      originalLength: batch.originalLength[row],
      linkType: batch.linkType[row],
      hex: Buffer.from(batch.bytes.subarray(start, end)).toString('hex'),
    };
  });
}

/** Decodes a capture that comes in the given chunks. Each chunk is overwritten once the next is due, as a reader's buffer is. */
export function decodeChunks(chunks: readonly Uint8Array[], capacity = 4): SeenCapture {
  const counters = createCounters();
  const decoder = new CaptureDecoder('test.pcap', counters);
  const batch = createCaptureBatch(capacity);
  const packets: SeenPacket[] = [];
  for (const chunk of chunks) {
    const buffer = chunk.slice();
    decoder.push(buffer);
    while (decoder.next(batch)) packets.push(...seeBatch(batch));
    buffer.fill(0xee);
  }
  decoder.end();
  return { packets, refused: counters.refused.toJSON(), damage: counters.damage.toJSON() };
}

export function decodeAll(bytes: Uint8Array): SeenCapture {
  return decodeChunks([bytes]);
}

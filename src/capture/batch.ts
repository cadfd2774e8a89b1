/**
 * A batch of captured packets, all lying in one buffer: what the readers yield and `wire` decodes in place. The batch and its
 * buffer belong to the reader, which fills them again on the next step: whoever keeps a packet copies it.
 */
export interface CaptureBatch {
  /** Rows in use. */
  count: number;
  bytes: Uint8Array;
  /** Where each packet's bytes begin in `bytes`. */
  readonly start: Uint32Array;
  /** Bytes present in `bytes`. */
  readonly capturedLength: Uint32Array;
  /** Bytes the packet had on the wire. */
  readonly originalLength: Uint32Array;
  /** Whole epoch seconds, UTC. */
  readonly timeSeconds: Float64Array;
  /** 0 to 999,999,999. */
  readonly timeNanos: Uint32Array;
  /** LINKTYPE_ value of each packet (www.tcpdump.org/linktypes.html). */
  readonly linkType: Uint16Array;
  /** Reads records into this batch faster. */
  readonly readRecords?: ReadRecords;
}

/** How the records of a pcap file are written. */
export interface PcapLayout {
  readonly little: boolean;
  readonly headerLength: number;
  readonly fractionNanos: number;
  readonly linkType: number;
}

/**
 * Does what the decoder of pcap does with records from `start` on that are whole before `end` and have nothing odd about them, until one is not so or the batch
 * is full; nothing where `bytes` are not where it can read. @returns where it stopped
 */
export type ReadRecords = (bytes: Uint8Array, start: number, end: number, layout: PcapLayout) => number;

export function createCaptureBatch(capacity: number): CaptureBatch {
  return {
    count: 0,
    bytes: new Uint8Array(0),
    start: new Uint32Array(capacity),
    capturedLength: new Uint32Array(capacity),
    originalLength: new Uint32Array(capacity),
    timeSeconds: new Float64Array(capacity),
    timeNanos: new Uint32Array(capacity),
    linkType: new Uint16Array(capacity),
  };
}

/** Makes `to` the same as `from`; both then point to the same bytes. Both are of the same capacity. */
export function copyBatch(from: CaptureBatch, to: CaptureBatch): void {
  to.count = from.count;
  to.bytes = from.bytes;
  to.start.set(from.start);
  to.capturedLength.set(from.capturedLength);
  to.originalLength.set(from.originalLength);
  to.timeSeconds.set(from.timeSeconds);
  to.timeNanos.set(from.timeNanos);
  to.linkType.set(from.linkType);
}

/**
 * A batch of captured packets in one buffer: the readers fill it and `wire` decodes it in place. Batch and buffer
 * belong to the reader, which overwrites them in the next step. Copy packets that are needed longer.
 */
export interface CaptureBatch {
  /** Rows in use. */
  count: number;
  bytes: Uint8Array;
  /** Offset of each packet in `bytes`. */
  readonly start: Uint32Array;
  /** Bytes of the packet in `bytes`. */
  readonly capturedLength: Uint32Array;
  /** Bytes of the packet on the wire. */
  readonly originalLength: Uint32Array;
  /** Whole epoch seconds, UTC. */
  readonly timeSeconds: Float64Array;
  /** 0 to 999,999,999. */
  readonly timeNanos: Uint32Array;
  /** LINKTYPE_ value of each packet (www.tcpdump.org/linktypes.html). */
  readonly linkType: Uint16Array;
  /** A faster reader of records into this batch. */
  readonly readRecords?: ReadRecords;
}

/** Layout of the records of a pcap file. */
export interface PcapLayout {
  readonly little: boolean;
  readonly headerLength: number;
  readonly fractionNanos: number;
  readonly linkType: number;
}

/**
 * Reads records as the pcap decoder does, from `start` on, as long as they are complete before `end`, regular, and the
 * batch has room. Reads nothing if `bytes` is not in its memory.
 * @returns where it stopped
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

/** Copies `from` to `to`; both then refer to the same bytes. Both have the same capacity. */
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

import type { Counters } from '../base/counters.ts';
import type { CaptureBatch } from './batch.ts';
import type { CaptureDamage, CaptureReason } from './reason.ts';

/** Where a decoder counts skipped packets and damage. Several captures can share them. */
export interface CaptureCounters {
  readonly refused: Counters<CaptureReason>;
  readonly damage: Counters<CaptureDamage>;
}

/** The interface of the pcap and pcapng decoders: both read consecutive records of known length. */
export interface FormatDecoder {
  /** Whether the file header has been read. */
  started: boolean;
  /** Contiguous bytes that `decode` needs to continue from the position that it returned. */
  needed: number;
  /**
   * Reads the records in `bytes` from `start` to `end` into rows of `batch` after `batch.count`, until the batch is
   * full or the next record is incomplete.
   * @param origin offset of `bytes[0]` in the capture, for examples of damage
   * @returns where the next record begins; beyond `end` if the bytes up to there are to be skipped
   */
  decode(bytes: Uint8Array, start: number, end: number, batch: CaptureBatch, origin: number): number;
  /** Counts an incomplete last record: `bytes` begins with its first `length` bytes (above 0). */
  cut(bytes: Uint8Array, length: number, origin: number): void;
}

import type { Counters } from '../base/counters.ts';
import type { CaptureBatch } from './batch.ts';
import type { CaptureDamage, CaptureReason } from './reason.ts';

/** Where a decoder counts what it does not hand on. One pair may serve several captures. */
export interface CaptureCounters {
  readonly refused: Counters<CaptureReason>;
  readonly damage: Counters<CaptureDamage>;
}

/** What the decoders of pcap and pcapng have in common: both read records one behind the other, and know how long each is. */
export interface FormatDecoder {
  /** Whether the file header has been read. */
  started: boolean;
  /** Bytes that must lie in one piece from the position that `decode` returned, so that it can go on. */
  needed: number;
  /**
   * Reads the records in `bytes` from `start` to `end` into rows of `batch` behind `batch.count`, until the batch is full or the
   * next record is not there as a whole.
   * @param origin place of `bytes[0]` in the capture, for examples of damage.
   * @returns where the next record begins; behind `end` when the bytes up to there are to be passed over unread.
   */
  decode(bytes: Uint8Array, start: number, end: number, batch: CaptureBatch, origin: number): number;
  /** Counts the last record, of which only the first `length` bytes (above 0) lie at the beginning of `bytes`. */
  cut(bytes: Uint8Array, length: number, origin: number): void;
}

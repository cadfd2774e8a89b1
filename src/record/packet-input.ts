/** Where a recording has its packets from. */
import type { LiveSettings } from '../capture/live.ts';
import { openLive } from '../capture/live.ts';
import type { CaptureCounters } from '../capture/format-decoder.ts';
import type { CaptureReader } from '../capture/merge-captures.ts';
import { readCaptures } from '../capture/merge-captures.ts';

export interface PacketInput {
  /** Packets come as they happen: on a quiet input minutes pass by the clock, and blocks are handed on at once. */
  readonly isLive: boolean;
  /** Whether the same packets can be read again. If not, blocks are dropped, and counted, where a full spool would stop the reading. */
  readonly isRepeatable: boolean;
  /** @throws capture-invalid, not-found, permission, io, usage; interrupted where it is stopped before anything came */
  open(options: InputOptions): Promise<InputReader>;
}

export interface InputOptions {
  readonly counters: CaptureCounters;
  readonly stop: AbortSignal | undefined;
  /** Memory for the bytes of a single file, of `limits.captureReadBytes`. */
  readonly buffer: Uint8Array | undefined;
}

export interface InputReader extends CaptureReader {
  /** The input's own time, while it has no packet; the system's where absent. */
  nowMillis?(): number;
  /** Packets that passed the filter and did not get here; `undefined` where nobody told. Where absent, none can. */
  readonly dropped?: number | undefined;
  /** Why it ended before it was asked to. */
  readonly failure?: string | undefined;
}

/** Captures, merged by time: files, or `-` for standard input. */
export function captureInput(paths: readonly string[]): PacketInput {
  return {
    isLive: false,
    isRepeatable: !paths.includes('-'),
    open: ({ counters, stop, buffer }) => readCaptures(paths, counters, stop, buffer),
  };
}

/** An interface, watched until it is asked to stop. */
export function interfaceInput(settings: LiveSettings): PacketInput {
  return { isLive: true, isRepeatable: false, open: ({ counters }) => openLive(settings, counters) };
}

/** Packets of a reader that is open, and counts for itself what it refuses. */
export function readerInput(reader: InputReader): PacketInput {
  return { isLive: true, isRepeatable: false, open: () => Promise.resolve(reader) };
}

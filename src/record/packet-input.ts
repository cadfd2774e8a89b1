/** The source of a recording's packets. */
import type { LiveSettings } from '../capture/live.ts';
import { openLive } from '../capture/live.ts';
import type { CaptureCounters } from '../capture/format-decoder.ts';
import type { CaptureReader } from '../capture/merge-captures.ts';
import { readCaptures } from '../capture/merge-captures.ts';

export interface PacketInput {
  /** Whether packets arrive in real time: on a quiet input minutes end by the clock, and blocks are sent at once. */
  readonly isLive: boolean;
  /**
   * Whether the same packets can be read again. If not, blocks that do not fit into the spool are dropped and counted;
   * otherwise reading stops until there is room.
   */
  readonly isRepeatable: boolean;
  /** @throws capture-invalid, not-found, permission, io, usage; interrupted if it is stopped before the first packet */
  open(options: InputOptions): Promise<InputReader>;
}

export interface InputOptions {
  readonly counters: CaptureCounters;
  readonly stop: AbortSignal | undefined;
  /** Memory for the bytes of a single file, of `limits.captureReadBytes`. */
  readonly buffer: Uint8Array | undefined;
}

export interface InputReader extends CaptureReader {
  /** The input's own time, used while it has no packets; if absent, the system's time. */
  nowMillis?(): number;
  /** Packets that passed the filter but were not read; `undefined` if unknown. Absent if none can be lost. */
  readonly dropped?: number | undefined;
  /** Why it ended without a stop. */
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

/** A network interface, captured until it is stopped. */
export function interfaceInput(settings: LiveSettings): PacketInput {
  return { isLive: true, isRepeatable: false, open: ({ counters }) => openLive(settings, counters) };
}

/** Packets of an open reader, which counts its refused packets itself. */
export function readerInput(reader: InputReader): PacketInput {
  return { isLive: true, isRepeatable: false, open: () => Promise.resolve(reader) };
}

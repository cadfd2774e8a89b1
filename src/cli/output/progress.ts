import type { WriteStream } from 'node:tty';
import { printableCell } from './printable.ts';

/** Minimum time between two updates of the line. */
const intervalMillis = 200;
/** Shorter work shows no line. */
const silentMillisDefault = 500;
/** Used if the terminal reports no width, or 0. */
const columnsDefault = 80;

export interface Progress {
  /** Whether the line is visible. */
  readonly isShown: boolean;
  /**
   * `done` of `total` bytes; `total` is undefined if unknown. `note` returns a short text after the numbers. Cheap to
   * call often.
   */
  update(done: number, total: number | undefined, note?: () => string): void;
  /** Removes the line. */
  end(): void;
}

/** What a line of progress counts, if not bytes. */
interface ProgressStyle {
  readonly format?: (amount: number) => string;
  /** Shorter work shows no line. */
  readonly silentMillis?: number;
  readonly hasRate?: boolean;
}

/**
 * One line on stderr, on a terminal only: share, rate and time left.
 *
 *   recording  42%  1.2 GB of 2.9 GB  310 MB/s  5 s left  4,102,331 packets
 */
export function createProgress(
  verb: string,
  stream: WriteStream = process.stderr,
  { format = formatBytes, silentMillis = silentMillisDefault, hasRate = true }: ProgressStyle = {},
): Progress {
  if (!stream.isTTY) return { isShown: false, update: () => undefined, end: () => undefined };
  const startMillis = performance.now();
  let shownMillis = 0;
  return {
    isShown: true,
    update(done, total, note) {
      const now = performance.now();
      if (now - shownMillis < intervalMillis || now - startMillis < silentMillis) return;
      shownMillis = now;
      const rate = (done / (now - startMillis)) * 1000;
      const parts = [verb];
      if (total !== undefined && total > 0) {
        parts.push(`${Math.floor((100 * done) / total)}%`, `${format(done)} of ${format(total)}`);
        if (hasRate) parts.push(`${format(rate)}/s`);
        parts.push(`${formatLeft((total - done) / Math.max(rate, 1))} left`);
      } else parts.push(format(done), `${format(rate)}/s`);
      if (note !== undefined) parts.push(note());
      stream.write(`\r\u001b[2K${printableCell(parts.join('  ')).slice(0, (stream.columns || columnsDefault) - 1)}`);
    },
    end() {
      if (shownMillis > 0) stream.write('\r\u001b[2K');
    },
  };
}

/** `5 s`, `12 min` or `3.4 h`, with the precision of an estimate. */
function formatLeft(seconds: number): string {
  if (seconds <= 120) return `${Math.ceil(seconds)} s`;
  return seconds <= 7200 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** `1.2 GB`: decimal units, as storage is priced. */
export function formatBytes(bytes: number): string {
  return withUnit(bytes, ['B', 'kB', 'MB', 'GB', 'TB']);
}

/** `1.2 Mbit/s` */
export function formatBitRate(bitsPerSecond: number): string {
  return withUnit(bitsPerSecond, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s']);
}

function withUnit(amount: number, units: readonly string[]): string {
  let value = amount;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

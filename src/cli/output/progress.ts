import type { WriteStream } from 'node:tty';
import { printableCell } from './printable.ts';

/** A progress line shows at most this often. */
const intervalMillis = 200;
/** Work that ends sooner shows no line at all. */
const silentMillis = 500;
/** Of a terminal that does not tell its width, or says 0. */
const columnsDefault = 80;

export interface Progress {
  /** Whether anybody sees it. */
  readonly isShown: boolean;
  /** `done` of `total` bytes; `total` undefined where it is not known. `note` gives a short text behind the figures. Cheap to call often. */
  update(done: number, total: number | undefined, note?: () => string): void;
  /** Takes the line away. */
  end(): void;
}

/**
 * One line on stderr, on a terminal only: share, rate and time left.
 *
 *   recording  42%  1.2 GB of 2.9 GB  310 MB/s  5 s left  4,102,331 packets
 */
export function createProgress(verb: string, stream: WriteStream = process.stderr): Progress {
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
        parts.push(`${Math.floor((100 * done) / total)}%`, `${formatBytes(done)} of ${formatBytes(total)}`);
        parts.push(`${formatBytes(rate)}/s`, `${formatLeft((total - done) / Math.max(rate, 1))} left`);
      } else parts.push(formatBytes(done), `${formatBytes(rate)}/s`);
      if (note !== undefined) parts.push(note());
      stream.write(`\r\u001b[2K${printableCell(parts.join('  ')).slice(0, (stream.columns || columnsDefault) - 1)}`);
    },
    end() {
      if (shownMillis > 0) stream.write('\r\u001b[2K');
    },
  };
}

/** `5 s`, `12 min` or `3.4 h`: as much as a guess is worth. */
function formatLeft(seconds: number): string {
  if (seconds <= 120) return `${Math.ceil(seconds)} s`;
  return seconds <= 7200 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** `1.2 GB`: decimal units, as storage is priced. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

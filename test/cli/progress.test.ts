import type { WriteStream } from 'node:tty';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createProgress } from '../../src/cli/output/progress.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

/** What a terminal of this width shows after ten seconds. */
function shown(columns: number | undefined, done: number, total: number, note = '12 blobs'): string {
  let text = '';
  const stream = { isTTY: true, columns, write: (part: string) => (text += part) };
  // The parts of a terminal that the progress line uses.
  const progress = createProgress('ingesting', stream as unknown as WriteStream);
  vi.advanceTimersByTime(10_000);
  progress.update(done, total, () => note);
  return text.replace('\r\u001b[2K', '');
}

test('the line says share, bytes, rate and time left, in units that fit', () => {
  expect(shown(80, 40e6, 100e6)).toBe('ingesting  40%  40.0 MB of 100 MB  4.0 MB/s  15 s left  12 blobs');
  expect(shown(80, 1e6, 100e6)).toContain('  17 min left');
  expect(shown(80, 1e6, 10e9)).toContain('  27.8 h left');
});

test('the line is no wider than the terminal, and is whole where that tells no width', () => {
  expect(shown(40, 40e6, 100e6)).toBe('ingesting  40%  40.0 MB of 100 MB  4.0 ');
  expect(shown(0, 40e6, 100e6)).toContain('12 blobs');
  expect(shown(undefined, 40e6, 100e6)).toContain('12 blobs');
});

test('the line shows no unsafe character of its note', () => {
  const line = shown(120, 40e6, 100e6, 'a\u001b[2J\u202e\nb');
  expect(line).toContain('a·[2J··b');
  expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
});

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import type { CaptureReader } from '../../src/capture/merge-captures.ts';
import type { Replay, ReplaySettings } from '../../src/record/replay.ts';
import { openReplay } from '../../src/record/replay.ts';

vi.mock('node:timers/promises', { spy: true });
afterEach(() => void vi.mocked(sleep).mockReset());

const firstMillis = Date.UTC(2026, 10, 20, 9, 54, 30);

/** A capture with packets so many milliseconds after its first, `perBatch` at a time. */
function capture(
  offsets: readonly number[],
  perBatch = 2,
): { open: () => Promise<CaptureReader>; opened: () => number } {
  let opened = 0;
  const open = (): Promise<CaptureReader> => {
    opened++;
    let at = 0;
    return Promise.resolve({
      identity: 'a'.repeat(64),
      bytesRead: 0,
      bytesTotal: 100,
      next(batch) {
        batch.count = 0;
        while (at < offsets.length && batch.count < perBatch) {
          const millis = firstMillis + offsets[at++];
          batch.timeSeconds[batch.count] = Math.floor(millis / 1000);
          batch.timeNanos[batch.count] = (millis % 1000) * 1_000_000;
          batch.originalLength[batch.count++] = 60 + at;
        }
        return Promise.resolve(batch.count > 0);
      },
      close: () => Promise.resolve(),
    });
  };
  return { open, opened: () => opened };
}

/** Reads until the end or `max` packets: each packet's time, and when by the clock it came. */
async function readAll(replay: Replay, now: () => number, max = Infinity): Promise<[time: number, at: number][]> {
  const batch = createCaptureBatch(limits.batchPackets);
  const packets: [number, number][] = [];
  while (packets.length < max && (await replay.next(batch)))
    for (let i = 0; i < batch.count; i++) packets.push([batch.timeSeconds[i] * 1000 + batch.timeNanos[i] / 1e6, now()]);
  return packets;
}

const base: Omit<ReplaySettings, 'open'> = {
  pace: Number.POSITIVE_INFINITY,
  shiftNow: false,
  loop: false,
  stop: new AbortController().signal,
  now: () => Date.UTC(2026, 10, 22, 21, 3, 10),
};

describe('a replay', () => {
  test('without moved times is the capture itself, and the same input', async () => {
    const offsets = [0, 5, 5, 70_000, 70_001];
    const replay = await openReplay({ ...base, ...capture(offsets) });
    expect(replay.identity).toBe('a'.repeat(64));
    expect((await readAll(replay, base.now)).map(([time]) => time - firstMillis)).toEqual(offsets);
    expect(replay.nowMillis()).toBe(Number.NEGATIVE_INFINITY);
  });

  test('moved to now begins in the present minute, at the same second of it, and is an input of its own', async () => {
    const replay = await openReplay({ ...base, ...capture([0, 90_000]), shiftNow: true });
    const times = (await readAll(replay, base.now)).map(([time]) => new Date(time).toISOString());
    expect(times).toEqual(['2026-11-22T21:03:30.000Z', '2026-11-22T21:05:00.000Z']);
    const later = await openReplay({ ...base, ...capture([0]), shiftNow: true, now: () => base.now() + 1 });
    expect(new Set([replay.identity, later.identity, 'a'.repeat(64)]).size).toBe(3);
  });

  test('at a pace hands packets on when their time has come, and passes time while there are none', async () => {
    let clockMillis = 0;
    vi.mocked(sleep).mockImplementation((millis = 0) => Promise.resolve(void (clockMillis += millis)));
    const now = (): number => clockMillis;
    const replay = await openReplay({ ...base, ...capture([0, 100, 6000, 12_000]), pace: 20, now });
    const packets = await readAll(replay, now);
    expect(packets.map(([time]) => time - firstMillis)).toEqual([0, 100, 6000, 12_000]);
    expect(packets.map(([, at]) => at)).toEqual([0, 5, 300, 600]);
    // A quarter of a second at most: then the caller may pass time.
    expect(vi.mocked(sleep).mock.calls.map(([millis]) => millis)).toEqual([5, 250, 45, 250, 50]);
    expect(replay.nowMillis()).toBe(firstMillis + 12_000);
  });

  test('in a loop begins anew in the minute after its end, for ever', async () => {
    const { open, opened } = capture([0, 40_000]);
    const replay = await openReplay({ ...base, open, loop: true });
    const times = (await readAll(replay, base.now, 6)).map(([time]) => (time - firstMillis) / 1000);
    expect(times).toEqual([0, 40, 120, 160, 240, 280]);
    expect(opened()).toBe(3);
    expect(replay.bytesTotal).toBeUndefined();
  });

  test('of a capture without packets ends, also in a loop', async () => {
    const { open, opened } = capture([]);
    expect(await readAll(await openReplay({ ...base, open, loop: true }), base.now)).toEqual([]);
    expect(opened()).toBe(1);
  });

  test('ends when it is stopped, also while it waits for a packet of next week', async () => {
    const stop = new AbortController();
    const source = capture([0, 7 * 86_400_000]);
    const replay = await openReplay({ ...base, ...source, pace: 1, now: Date.now, stop: stop.signal });
    setTimeout(() => stop.abort(), 50);
    expect(await readAll(replay, Date.now)).toHaveLength(1);
  });
});

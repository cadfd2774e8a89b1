/** A follower's hour, day and month, in simulated time: with logs that come late and blobs that are written anew, `flows` is what the reference makes of them. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { minuteMillis } from '../../../src/base/time.ts';
import { compact } from '../../../src/lake/compact.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { randomOf } from '../../base/kill-at.ts';
import { FollowedLogs, followStart } from './follow-logs.ts';
import { expectedFlows, ingestBlob, seenFlows, storedFlows } from './settled-lake.ts';

const folder = await mkdtemp(join(tmpdir(), 'nsgflow-follow-'));
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
const isLong = process.env['NSGFLOW_LONG'] === '1';
const seed = 20_261_130;

interface Span {
  readonly name: string;
  readonly minutes: number;
  readonly perMinute: number;
  /** Minutes between two looks of the follower, and between two settlings. */
  readonly readMinutes: number;
  readonly settleMinutes: number;
  /** Every so many settlings it is looked whether all is right, also before one. */
  readonly lookEvery: number;
}

const spans: readonly Span[] = [
  {
    name: isLong ? 'an hour' : 'half an hour',
    minutes: isLong ? 60 : 30,
    perMinute: isLong ? 8 : 2,
    readMinutes: 3,
    settleMinutes: 10,
    lookEvery: isLong ? 1 : 2,
  },
  { name: 'half a day', minutes: 720, perMinute: 2, readMinutes: 5, settleMinutes: 10, lookEvery: 12 },
  { name: 'two weeks', minutes: 14 * 1440, perMinute: 0.05, readMinutes: 120, settleMinutes: 360, lookEvery: 30 },
];

test.each(isLong ? spans : spans.slice(0, 1))(
  `$name of following, settled every $settleMinutes minutes (seed ${seed})`,
  async ({ name, minutes, perMinute, readMinutes, settleMinutes, lookEvery }) => {
    const random = randomOf(seed);
    const logs = new FollowedLogs(random, perMinute);
    const lake = await openLake(join(folder, name.replaceAll(' ', '-')), { create: true });
    let settlings = 0;
    let rewritten = 0;
    let looks = 0;
    // Beyond the end, until all that was late has come.
    for (let minute = 0; minute < minutes || !logs.isRead; minute++) {
      if (minute < minutes) logs.log(minute);
      const steps = (minute + 1) % readMinutes === 0 ? logs.read(minute) : [];
      for (const { blob, records, replaces } of steps) {
        await ingestBlob(lake, blob, records, replaces);
        if (replaces) rewritten++;
      }
      if ((minute + 1) % settleMinutes !== 0) continue;
      const isLookedAt = ++settlings % lookEvery === 0;
      if (isLookedAt) expect((await seenFlows(lake)).flows).toEqual(await expectedFlows(lake));
      await settle(lake);
      if (isLookedAt) {
        looks++;
        expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
      }
      if (settlings % 6 === 0) for await (const _ of compact(lake, followStart + (minute + 1) * minuteMillis)) continue;
    }
    await settle(lake);
    const flows = await storedFlows(lake);
    expect(flows).toEqual(await expectedFlows(lake));
    expect((await settle(lake)).changed).toBe(false);
    expect(flows.some((row) => row['observers'] === 2)).toBe(true);
    if (isLong) expect(rewritten).toBeGreaterThan(0);
    await lake.close();
    console.log(`${name}: ${flows.length} rows, ${settlings} settlings, ${looks} looks, ${rewritten} blobs rewritten`);
  },
  3_600_000,
);

/** What settling writes, in bytes: over a day of following, and for a minute of a large date. */
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { dayMillis, minuteMillis } from '../../../src/base/time.ts';
import { compact } from '../../../src/lake/compact.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { randomOf } from '../../base/kill-at.ts';
import type { BigTuple } from './big-date.ts';
import { connectionsOf, ingestBig, scramble } from './big-date.ts';
import { totalsOf } from './totals.ts';

const folder = await mkdtemp(join(tmpdir(), 'nsgflow-settle-bytes-'));
afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});
const isLong = process.env['NSGFLOW_LONG'] === '1';
const start = Date.parse('2023-11-14T00:00:00Z');

/** Bytes of files of `flows` that were not there at the last count: data, log, checkpoints and address filters. */
class WrittenBytes {
  readonly #lake: Lake;
  readonly #seen = new Map<string, number>();
  total = 0;

  constructor(lake: Lake) {
    this.#lake = lake;
  }

  async count(): Promise<number> {
    let bytes = 0;
    const { folder: data, helpers } = this.#lake.flowsPlace;
    for (const root of [data, helpers])
      for (const name of await readdir(root, { recursive: true }).catch(() => [])) {
        const path = join(root, name);
        const found = await stat(path);
        if (!found.isFile() || this.#seen.get(path) === found.mtimeMs) continue;
        this.#seen.set(path, found.mtimeMs);
        bytes += found.size;
      }
    this.total += bytes;
    return bytes;
  }
}

async function sizeOf(lake: Lake): Promise<number> {
  return [...(await lake.flows())!.state.files.values()].reduce((sum, { size }) => sum + size, 0);
}

/** A connection of a day: when it has tuples, as the first NIC sees it. */
interface Connection {
  readonly id: number;
  readonly next: number;
  readonly left: number;
}

/** Tuples of each minute: most connections are short, some last for hours, a few for the whole day, one in ten is denied. */
function dayOf(minutes: number, perMinute: number): BigTuple[][] {
  const random = randomOf(20_261_201);
  let alive: Connection[] = [];
  let ids = 0;
  return Array.from({ length: minutes }, (_, minute) => {
    const tuples: BigTuple[] = [];
    const add = (id: number, state: BigTuple['state'], seconds: number): void => {
      tuples.push({
        timeMillis: start + minute * minuteMillis + Math.floor(1000 * seconds),
        source: scramble(id) % 2000,
        destination: scramble(id + 7) % 100,
        sourcePort: 1024 + (scramble(id + 3) % 60_000),
        state,
        isDenied: state === 'denied',
        isOutbound: true,
        bytes: Math.floor(random() * 100_000),
      });
    };
    alive = alive.flatMap((one) => {
      if (one.next > minute) return [one];
      add(one.id, one.left > 1 ? 'continuing' : 'end', random() * 60);
      return one.left > 1 ? [{ id: one.id, next: minute + 5, left: one.left - 1 }] : [];
    });
    if (minute === 0)
      for (let i = 0; i < perMinute / 10; i++) alive.push({ id: ids++, next: Math.floor(random() * 5), left: minutes });
    for (let i = 0; i < perMinute; i++) {
      const id = ids++;
      const kind = random();
      const seconds = random() * 55;
      add(id, kind < 0.1 ? 'denied' : 'begin', seconds);
      if (kind >= 0.1 && kind < 0.7) add(id, 'end', seconds + 2);
      else if (kind >= 0.75)
        alive.push({
          id,
          next: minute + 5,
          left: kind < 0.98 ? 1 + Math.floor(random() * 5) : 12 + Math.floor(random() * 40),
        });
    }
    return tuples;
  });
}

const followers = [
  ['follows and compacts', true],
  ['follows', false],
] as const;
test.each(isLong ? followers : followers.slice(0, 1))(
  'hours of two NICs, of which one is ten minutes late: who %s writes at most six times the size of the table',
  async (name, compacts) => {
    const lake = await openLake(join(folder, name), { create: true });
    // A whole day takes five minutes: 4.03 times was written, and 6.30 with compaction, which leaves a smaller table.
    const minutes = isLong ? 480 : 60;
    const day = dayOf(minutes, isLong ? 150 : 60);
    const written = new WrittenBytes(lake);
    let tuples = 0;
    for (let minute = 9; minute < minutes + 10; minute += 10) {
      const some: BigTuple[] = [];
      for (let i = minute - 9; i <= minute; i++) {
        some.push(...(day[i] ?? []));
        for (const tuple of day[i - 10] ?? [])
          some.push({ ...tuple, isOutbound: false, timeMillis: tuple.timeMillis + 300 });
      }
      await ingestBig(lake, `m/${minute}`, some.length, (tuple, n) => Object.assign(tuple, some[n]));
      tuples += some.length;
      await settle(lake);
      await written.count();
      // As the service does it.
      if (compacts) for await (const _ of compact(lake, start + (minute + 1) * minuteMillis)) continue;
      await written.count();
    }
    const size = await sizeOf(lake);
    console.log(
      `${tuples} tuples: ${written.total} bytes were written, the table has ${size}: ${(written.total / size).toFixed(2)} times`,
    );
    expect((await totalsOf(lake)).tuples).toBe(tuples);
    expect(await totalsOf(lake)).toEqual(await totalsOf(lake, 'tuples'));
    expect(written.total).toBeLessThanOrEqual(6 * size);
    await lake.close();
  },
  3_600_000,
);

test('a minute of 10,000 tuples in a large date writes at most 20 MB', async () => {
  const lake = await openLake(join(folder, 'minute'), { create: true });
  const count = isLong ? 5_000_000 : 60_000;
  const make = connectionsOf(count, start, dayMillis - 10 * minuteMillis, 300);
  await ingestBig(lake, 'a', count, make);
  const written = new WrittenBytes(lake);
  await settle(lake);
  await written.count();
  const size = await sizeOf(lake);
  const minutes = isLong ? 3 : 2;
  for (let minute = 0; minute < minutes; minute++) {
    await ingestBig(lake, `m/${minute}`, 10_000, (tuple, n) => {
      make(tuple, count + minute * 10_000 + n);
      tuple.timeMillis = start + dayMillis - (9 - minute) * minuteMillis + n * 6;
    });
    await settle(lake);
    const bytes = await written.count();
    console.log(`a table of ${size} bytes: ${bytes} bytes were written`);
    expect(bytes).toBeLessThanOrEqual(20_000_000);
    expect(bytes).toBeGreaterThan(50_000);
  }
  expect((await totalsOf(lake)).tuples).toBe(count + minutes * 10_000);
  expect(await totalsOf(lake)).toEqual(await totalsOf(lake, 'tuples'));
  await lake.close();
}, 3_600_000);

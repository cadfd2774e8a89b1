import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { FollowSettings, FollowStatus } from '../../src/ingest/follow.ts';
import { follow } from '../../src/ingest/follow.ts';
import type { IngestResult } from '../../src/ingest/ingest.ts';
import { ingest, Ingester } from '../../src/ingest/ingest.ts';
import { selectsAll } from '../../src/source/selection.ts';
import { listSources } from '../../src/source/list-sources.ts';
import { blobName, container, hour, madeRecord, portsOf, writeBlob } from '../source/build-blobs.ts';

let folder: string;
let logs: string;
let lake: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-follow-'));
  logs = join(folder, 'logs');
  lake = join(folder, 'lake');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Following {
  readonly statuses: FollowStatus[];
  /** Waits until the lake was seen to have so many tuples. */
  until(hold: (status: FollowStatus) => boolean): Promise<void>;
  stop(): Promise<IngestResult>;
}

function start(more: Partial<FollowSettings> = {}): Following {
  const stop = new AbortController();
  const statuses: FollowStatus[] = [];
  const ended = follow({
    sources: [logs],
    lake,
    rejectedMax: undefined,
    pollMillis: 20,
    now: () => hour + 60_000,
    stop: stop.signal,
    onStatus: (status) => statuses.push(status),
    ...more,
  });
  ended.catch(() => undefined);
  return {
    statuses,
    async until(hold) {
      for (let i = 0; i < 1000; i++) {
        if (statuses.some(hold)) return;
        await sleep(10);
      }
      throw new Error(`never came: ${JSON.stringify(statuses.at(-1))}`);
    },
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

const records = (count: number, first = 0): string[] =>
  Array.from({ length: count }, (_, i) => madeRecord(first + i, [{ port: first + i }]));

describe('following', () => {
  test('goes on, and says so, where flows cannot be settled', async () => {
    const to = folderAccount(logs, { sync: false }).container(container);
    await writeBlob(to, blobName(), records(1));
    await mkdir(join(lake, 'flows/_delta_log'), { recursive: true });
    await writeFile(join(lake, 'flows/_delta_log/00000000000000000000.json'), 'torn');
    let millis = hour + 60_000;
    const notices: string[] = [];
    const following = start({
      settles: true,
      // Each look is ten minutes later.
      now: () => (millis += 600_000),
      onNotice: ({ notice, sentence }) => notices.push(`${notice}: ${sentence}`),
    });
    await following.until(({ total }) => total.tuples === 1);
    await following.until(() => notices.length > 0);
    await writeBlob(to, blobName(), records(3));
    await following.until(({ total }) => total.tuples === 3);
    expect(following.statuses.at(-1)!.away).toBeUndefined();
    expect(notices[0]).toMatch(/^not-settled: .*torn/);
    expect((await following.stop()).tuples).toBe(3);
  });

  test('a blob that grows is in the lake soon, one small commit each; a new NIC and a new hour come too', async () => {
    const to = folderAccount(logs, { sync: false }).container(container);
    await writeBlob(to, blobName(), records(1));
    const following = start();
    await following.until(({ total }) => total.tuples === 1);
    for (let count = 2; count <= 5; count++) {
      await writeBlob(to, blobName(), records(count));
      await following.until(({ total }) => total.tuples === count);
    }
    await writeBlob(to, blobName(0, 2), [madeRecord(0, [{ port: 100 }], 2)]);
    await writeBlob(to, blobName(1, 2), [madeRecord(0, [{ port: 101 }], 2, 1)]);
    await following.until(({ total }) => total.tuples === 7);
    const result = await following.stop();
    expect(result).toMatchObject({ tuples: 7, rejected: 0 });
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3, 4, 100, 101]);
    const { commits } = following.statuses.at(-1)!.total;
    expect(commits).toBeGreaterThanOrEqual(6);
    expect(commits).toBeLessThanOrEqual(8);
  });

  test('between whole listings, only the hours around now are listed', async () => {
    const to = folderAccount(logs, { sync: false }).container(container);
    await writeBlob(to, blobName(), records(1));
    await writeBlob(to, blobName(-48), records(1, 100));
    const following = start({ rescanMillis: 1e9 });
    await following.until(({ total }) => total.tuples === 2);
    await writeBlob(to, blobName(-48), records(2, 100));
    await writeBlob(to, blobName(), records(2));
    await writeBlob(to, blobName(-1), records(1, 50));
    await following.until(({ total }) => total.tuples === 4);
    await sleep(100);
    await following.stop();
    expect(await portsOf(lake)).toEqual([0, 1, 50, 100]);
  });

  test('storage that is not there yet, and that goes away, is waited for', async () => {
    const following = start();
    await following.until(({ away }) => away !== undefined);
    expect(following.statuses[0].away!.sentence).toContain('logs');
    const to = folderAccount(logs, { sync: false }).container(container);
    await writeBlob(to, blobName(), records(2));
    await following.until(({ total }) => total.tuples === 2);
    const seen = following.statuses.length;
    await rename(logs, join(folder, 'elsewhere'));
    await following.until((status) => following.statuses.indexOf(status) > seen && status.away !== undefined);
    await rename(join(folder, 'elsewhere'), logs);
    await writeBlob(to, blobName(), records(3));
    await following.until(({ total }) => total.tuples === 3);
    await following.stop();
    expect(await portsOf(lake)).toEqual([0, 1, 2]);
  });

  test('two at once on one lake, and single runs beside them: every tuple once', async () => {
    const to = folderAccount(logs, { sync: false }).container(container);
    await mkdir(logs, { recursive: true });
    const both = [start(), start()];
    let count = 0;
    for (let minute = 1; minute <= 12; minute++) {
      for (const nic of [1, 2, 3]) {
        const of = Array.from({ length: minute }, (_, i) => madeRecord(i, [{ port: 100 * nic + i }], nic));
        await writeBlob(to, blobName(0, nic), of);
      }
      count += 3;
      if (minute % 4 === 0) await ingest({ sources: [logs], lake, rejectedMax: undefined });
    }
    await ingest({ sources: [logs], lake, rejectedMax: undefined });
    await Promise.all(both.map((one) => one.stop()));
    const ports = await portsOf(lake);
    expect(ports).toHaveLength(count);
    expect(new Set(ports).size).toBe(count);
  });

  test('after thirty checkpoints and a clean-up of the log, ingesting again adds nothing', async () => {
    const to = folderAccount(logs, { sync: false }).container(container);
    const checkpoints = process.env['NSGFLOW_LONG'] === '1' ? 30 : 2;
    await writeBlob(to, blobName(0, 9), records(3, 1000));
    const ingester = new Ingester({ sources: [logs], lake, rejectedMax: undefined });
    for (let i = 0; i < checkpoints * 10; i++) {
      const hours = Math.floor(i / 50);
      const of = Array.from({ length: (i % 50) + 1 }, (_, k) => madeRecord(k, [{ port: 50 * hours + k }], 1, hours));
      await writeBlob(to, blobName(hours), of);
      await ingester.pass((unlisted) => listSources([logs], selectsAll, unlisted));
    }
    await ingester.close();
    const before = await portsOf(lake);
    expect(before).toHaveLength(checkpoints * 10 + 3);
    await cleanLog();
    expect(await ingest({ sources: [logs], lake, rejectedMax: undefined })).toMatchObject({
      tuples: 0,
      bytes: 0,
      replaced: 0,
    });
    expect(await portsOf(lake)).toEqual(before);
  });
});

/** Removes the files of the log that the newest checkpoint stands for, as other engines do. */
async function cleanLog(): Promise<void> {
  const log = join(lake, 'tuples/_delta_log');
  const names = await readdir(log);
  const newest = names
    .filter((name) => name.includes('.checkpoint'))
    .sort()
    .at(-1)!;
  const version = Number(newest.slice(0, 20));
  for (const name of names)
    if (/^\d{20}\.json$/.test(name) && Number(name.slice(0, 20)) < version) await rm(join(log, name));
  await (await openLake(lake)).close();
}

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { azuriteSkipped, startAzurite } from '../blob/azurite/start.ts';
import type { Azurite } from '../blob/azurite/start.ts';
import { nsgflow } from './nsgflow.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const recordExample = [
  'record',
  '--capture',
  join(examples, 'traffic.pcap'),
  '--network',
  join(examples, 'network.json'),
  '--stats',
  'json',
  '--to',
];

interface Stats {
  readonly tuples: number;
  readonly written: number;
}

describe.skipIf(azuriteSkipped !== undefined)(
  `the main job on Azure Blob Storage, by Azurite${azuriteSkipped === undefined ? '' : ` (skipped: ${azuriteSkipped})`}`,
  () => {
    let azurite: Azurite;
    const folder = mkdtempSync(join(tmpdir(), 'nsgflow-cli-azure-'));
    const env = (): Record<string, string> => ({ AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString });
    beforeAll(async () => {
      azurite = await startAzurite();
    }, 600_000);
    afterAll(async () => {
      await azurite?.stop();
      rmSync(folder, { recursive: true, force: true });
    });

    test('an account, once and again: the same tuples as a folder, and nothing twice', async () => {
      const first = await nsgflow([...recordExample, azurite.url], { env: env() });
      expect([first.code, first.err]).toEqual([0, '']);
      const stats = JSON.parse(first.out) as Stats;
      expect(stats.written).toBe(stats.tuples);
      const again = JSON.parse((await nsgflow([...recordExample, azurite.url], { env: env() })).out) as Stats;
      expect([again.tuples, again.written]).toEqual([stats.tuples, 0]);
      const container = `${azurite.url}/insights-logs-networksecuritygroupflowevent`;
      const lake = join(folder, 'lake');
      const ingested = await nsgflow(['ingest', container, '--lake', lake, '--stats', 'json'], { env: env() });
      expect(JSON.parse(ingested.out)).toMatchObject({ tuples: stats.tuples, rejected: 0 });
      const twice = await nsgflow(['ingest', azurite.url, '--lake', lake, '--stats', 'json'], { env: env() });
      expect(JSON.parse(twice.out)).toMatchObject({ records: 0, tuples: 0, rejected: 0 });
      const logs = join(folder, 'logs');
      await nsgflow([...recordExample, logs]);
      const ask = ['top', '--by', 'src.ip,dst.ip,dst.port,rule', '--limit', '10000', '-o', 'csv'];
      const [fromFolder, fromUrl] = await Promise.all([
        nsgflow([...ask, '-i', logs]),
        nsgflow([...ask, '-i', container], { env: env() }),
      ]);
      expect([fromUrl.code, fromUrl.out]).toEqual([0, fromFolder.out]);
    });

    test('a wrong key is an authentication error that does not show it', async () => {
      const key = Buffer.from('another key than the one of the account').toString('base64');
      const wrong = azurite.connectionString.replace(azurite.key, key);
      for (const args of [
        [...recordExample, azurite.url],
        ['ingest', azurite.url, '--lake', join(folder, 'wrong')],
      ]) {
        const ran = await nsgflow(args, { env: { AZURE_STORAGE_CONNECTION_STRING: wrong } });
        expect(ran.code).toBe(4);
        expect(ran.err).toMatch(/^nsgflow: /);
        expect(ran.err).not.toContain(key);
      }
    });

    test('a connection string of another account is refused', async () => {
      const other = azurite.connectionString.replaceAll(azurite.account, 'otheraccount');
      const ran = await nsgflow([...recordExample, azurite.url], { env: { AZURE_STORAGE_CONNECTION_STRING: other } });
      expect([ran.code, ran.err]).toEqual([4, expect.stringContaining('otheraccount')]);
    });

    test('a container of another name than the format needs is refused', async () => {
      const ran = await nsgflow([...recordExample, `${azurite.url}/somewhere`], { env: env() });
      expect([ran.code, ran.err]).toEqual([2, expect.stringContaining('insights-logs-networksecuritygroupflowevent')]);
    });
  },
);

const mayMount = process.platform === 'linux' && process.getuid?.() === 0 && process.env['NSGFLOW_LONG'] === '1';

describe.skipIf(!mayMount)(`a full disk${mayMount ? '' : ' (skipped: needs root on Linux, in the long run)'}`, () => {
  test('ends recording with 5, every blob there is valid JSON, and a run with more space completes it', async () => {
    const disk = mkdtempSync(join(tmpdir(), 'nsgflow-disk-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=160k', 'tmpfs', disk]);
    const to = join(disk, 'logs');
    const full = await nsgflow([...recordExample, to]);
    expect([full.code, full.err]).toEqual([5, expect.stringMatching(/^nsgflow: .*no space left/)]);
    const blobs = readdirSync(disk, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('PT1H.json'));
    for (const blob of blobs) JSON.parse(readFileSync(join(disk, blob), 'utf8'));
    execFileSync('mount', ['-o', 'remount,size=16m', disk]);
    const done = await nsgflow([...recordExample, to]);
    expect(done.code).toBe(0);
    const whole = mkdtempSync(join(tmpdir(), 'nsgflow-whole-'));
    await nsgflow([...recordExample, whole]);
    for (const blob of readdirSync(whole, { recursive: true, encoding: 'utf8' }).filter((name) =>
      name.endsWith('PT1H.json'),
    ))
      expect(readFileSync(join(to, blob), 'utf8')).toBe(readFileSync(join(whole, blob), 'utf8'));
    execFileSync('umount', ['-l', disk]);
    for (const folder of [whole, disk]) rmSync(folder, { recursive: true });
  });

  test('ends ingesting with 5, and the lake is as it was before', async () => {
    const logs = mkdtempSync(join(tmpdir(), 'nsgflow-logs-'));
    const small = mkdtempSync(join(tmpdir(), 'nsgflow-small-'));
    await nsgflow([...recordExample, logs]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=28k', 'tmpfs', small]);
    try {
      const lake = join(small, 'lake');
      const full = await nsgflow(['ingest', logs, '--lake', lake]);
      expect([full.code, full.err]).toEqual([5, expect.stringMatching(/^nsgflow: .*no space left/i)]);
      const count = await nsgflow(['count', '--lake', lake, '-o', 'json']);
      if (count.code === 0) expect(JSON.parse(count.out)).toMatchObject({ tuples: 0 });
      execFileSync('mount', ['-o', 'remount,size=16m', small]);
      const done = await nsgflow(['ingest', logs, '--lake', lake, '--stats', 'json']);
      expect(done.code).toBe(0);
      const counted = await nsgflow(['count', '--lake', lake, '-o', 'json']);
      expect((JSON.parse(counted.out) as Stats).tuples).toBe((JSON.parse(done.out) as Stats).tuples);
    } finally {
      execFileSync('umount', ['-l', small]);
      for (const folder of [logs, small]) rmSync(folder, { recursive: true });
    }
  });
});

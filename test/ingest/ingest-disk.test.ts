import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const main = join(import.meta.dirname, '..', '..', 'dist', 'cli', 'nsgflow.cjs');

/** A disk of its own size needs a mount, which Linux grants in a namespace of one's own. */
const skipped =
  process.env['NSGFLOW_LONG'] !== '1'
    ? 'in the long run only'
    : spawnSync('unshare', ['-rm', 'true']).status !== 0
      ? 'unshare -rm is not to be had'
      : undefined;

/** Tuples with addresses and counters that differ, so that they take room. */
function writeLog(path: string, tuples: number, first: number): void {
  let state = first + 1;
  const random = (end: number): number => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0;
    return ((state ^ (state >>> 13)) >>> 0) % end;
  };
  const texts = Array.from(
    { length: tuples },
    (_, i) =>
      `"${1_763_600_000 + (i % 3600)},10.${random(256)}.${random(256)}.${random(256)},13.${random(256)}.${random(256)}.4,${random(65_536)},${random(65_536)},T,O,A,E,${random(1e6)},${random(1e8)},${random(1e6)},${random(1e8)}"`,
  );
  const record = `{"time":"2025-11-20T01:00:00.0000000Z","category":"NetworkSecurityGroupFlowEvent","resourceId":"/X","operationName":"NetworkSecurityGroupFlowEvents","properties":{"Version":2,"flows":[{"rule":"UserRule_a","flows":[{"mac":"000D3AF87856","flowTuples":[${texts.join(',')}]}]}]}}`;
  writeFileSync(path, `{"records":[${record}]}`);
}

describe.skipIf(skipped !== undefined)(
  `a disk that fills${skipped === undefined ? '' : ` (skipped: ${skipped})`}`,
  () => {
    let folder: string;

    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), 'nsgflow-disk-'));
      for (const name of ['disk', 'few', 'many']) mkdirSync(join(folder, name));
      writeLog(join(folder, 'few', 'a.json'), 20_000, 1);
      writeLog(join(folder, 'many', 'b.json'), 400_000, 2);
    });

    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    /** Runs commands on a disk of 4 MB, and one of 100 MB from the line `grow` on. @returns what each printed, with its exit code */
    function onSmallDisk(...lines: readonly string[]): string[] {
      const marked = lines.map((line) =>
        line === 'grow'
          ? 'mount -o remount,size=100m "$DISK"'
          : `echo ----; ${line.replace(/^nsgflow/, '"$NODE" "$MAIN"')} 2>&1; echo "exit $?"`,
      );
      const script = ['set -u', 'mount -t tmpfs -o size=4m disk "$DISK"', ...marked].join('\n');
      const { stdout, stderr } = spawnSync('unshare', ['-rm', 'sh', '-c', script], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, NODE: process.execPath, MAIN: main, DISK: join(folder, 'disk') },
      });
      expect(stderr).toBe('');
      return stdout.split('----\n').slice(1);
    }

    test('ends the run with exit code 5; what was committed stays, nothing half done is seen, and the rest comes once there is room', () => {
      const parquetFiles =
        'find disk/lake -type f -name "*.parquet" -not -path "*/_delta_log/*" | sort; ls disk/lake/_nsgflow/tmp';
      const [first, committed, full, after, left, more, whole, again, same] = onSmallDisk(
        'nsgflow ingest few --lake disk/lake --disk-reserve 1kB',
        parquetFiles,
        'nsgflow ingest many --lake disk/lake --disk-reserve 1kB',
        'nsgflow count --lake disk/lake --observations -o json',
        parquetFiles,
        'grow',
        'nsgflow ingest many --lake disk/lake --disk-reserve 1kB',
        'nsgflow count --lake disk/lake --observations -o json',
        'nsgflow ingest few many --lake disk/lake --disk-reserve 1kB',
        'nsgflow count --lake disk/lake --observations -o json',
      );
      expect(first).toMatch(/20,000 added[\s\S]*exit 0/);
      expect(full).toMatch(/no space left[\s\S]*exit 5/i);
      expect(full).not.toMatch(/ at .*\.js:/);
      expect(after).toMatch(/20000[\s\S]*exit 0/);
      expect(committed).toMatch(/\.parquet/);
      expect(left).toBe(committed);
      expect(more).toMatch(/400,000 added[\s\S]*exit 0/);
      expect(whole).toMatch(/420000[\s\S]*exit 0/);
      expect(again).toMatch(/exit 0/);
      expect(same).toBe(whole);
    });

    test('keeps the reserve: the run stops before it writes, and says how much is free and kept', () => {
      const [refused, listed] = onSmallDisk(
        'nsgflow ingest few --lake disk/lake --disk-reserve 64MiB',
        'find disk -name "*.parquet"',
      );
      expect(refused).toMatch(/no space left on the disk of .* but the reserve: 4\.\d MB free, 67\.1 MB kept/);
      expect(refused).toMatch(/--disk-reserve[\s\S]*exit 5/);
      expect(listed).toBe('exit 0\n');
    });
  },
);

/** A sort of more rows than memory holds: the most that the command's process had, what lies on the disk meanwhile, and what stays. */
import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, expect, test } from 'vitest';
import { main, nsgflow } from '../cli/nsgflow.ts';

interface MadeLogs {
  makeFlowLogs(folder: string, hours: number, moreFolder: string, more: number): { tuples: number };
}

const isLong = process.env['NSGFLOW_LONG'] === '1';
const repository = join(import.meta.dirname, '..', '..');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-sort-memory-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const hours = 34;
/** DuckDB's bound, which is the default, and what the process takes besides. */
const kibibytesMax = (1024 + 400) * 1024;

test.runIf(isLong && process.platform === 'linux')(
  '20 million tuples, newest first: memory is bounded, spill files are private, and Ctrl-C removes them',
  async () => {
    const made = (await import(join(repository, 'bench', 'made-logs.mjs'))) as MadeLogs;
    const { tuples } = made.makeFlowLogs(join(root, 'logs'), hours, join(root, 'more'), 0);
    expect(tuples).toBeGreaterThan(20_000_000);
    const lake = join(root, 'lake');
    expect((await nsgflow(['ingest', join(root, 'logs'), '--lake', lake])).code).toBe(0);
    const temporary = join(root, 'tmp');
    await mkdir(temporary);
    const child = spawn(process.execPath, [main, 'flows', '--tuples', '--lake', lake, '-o', 'csv'], {
      env: { ...process.env, TMPDIR: temporary },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = new Promise<number | null>((resolve) => void child.once('close', resolve));
    let lines = 0;
    for await (const line of createInterface({ input: child.stdout })) if (line !== '' && ++lines > 50_000) break;
    const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
    const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]);
    const folders = readdirSync(temporary);
    const modes = folders.map((name) => statSync(join(temporary, name)).mode & 0o777);
    const spilled = readdirSync(temporary, { recursive: true }).length;
    child.kill('SIGINT');
    child.stdout.resume();
    expect(await ended).toBe(130);
    console.log(`${tuples} tuples sorted: ${Math.ceil(peak / 1024)} MiB at most, ${spilled} files and folders spilled`);
    expect(peak).toBeLessThanOrEqual(kibibytesMax);
    expect([...new Set(modes)]).toEqual([0o700]);
    expect(spilled).toBeGreaterThan(folders.length);
    expect(readdirSync(temporary)).toEqual([]);
  },
  3_600_000,
);

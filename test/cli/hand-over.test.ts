import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openLake } from '../../src/lake/lake.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';
import { main, nsgflow } from './nsgflow.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-hand-over-'));
const temporary = join(folder, 'tmp');
const lake = join(folder, 'lake');
const noon = Date.parse('2023-11-14T12:00:00Z');
/** Answered in years. */
const endless = 'select count(*) from range(100000000000) t(i) where hash(i) % 7 = 3';

/** A lake of one row, of which its log says that it has three million: questions are handed over. */
beforeAll(async () => {
  mkdirSync(temporary);
  const one = await openLake(lake, { create: true });
  const append = await one.beginAppend();
  await append.addFlowLog(
    buildFlowLog([{ tuples: [{ time: noon, src: '10.0.0.4', dst: '10.0.0.5', state: 'begin' }] }]),
    { blob: 'b' },
  );
  await append.commit([]);
  await one.close();
  const log = join(lake, 'tuples/_delta_log');
  for (const name of readdirSync(log)) {
    const path = join(log, name);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/numRecords\\":1\b/, 'numRecords\\":3000000'));
  }
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const env = { ...process.env, TMPDIR: temporary, NSGFLOW_CACHE: 'off' };

/** A question without an end, in a process group of its own, once its second process runs. */
async function ask(afterMillis = 1500): Promise<{ first: ChildProcess; second: number; errors: () => string }> {
  const args = [main, 'query', '--lake', lake, '--sql', endless];
  const first = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'], detached: true, env });
  let text = '';
  first.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const children = `/proc/${first.pid}/task/${first.pid}/children`;
  for (;;) {
    const second = Number(readFileSync(children, 'utf8').trim());
    if (second > 0) {
      await sleep(afterMillis);
      return { first, second, errors: () => text };
    }
    await sleep(20);
  }
}

async function isGone(pid: number): Promise<boolean> {
  for (let i = 0; i < 100; i++) {
    try {
      // Ended, and nobody has asked how.
      if (/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))) return true;
    } catch {
      return true;
    }
    await sleep(50);
  }
  return false;
}

describe.skipIf(process.platform !== 'linux')('a question handed over to a second process', () => {
  test('is answered, refused and explained as by one process', async () => {
    const count = await nsgflow(['count', '--lake', lake, '-o', 'json', '--explain'], {
      env: { NSGFLOW_CACHE: 'off' },
    });
    expect([count.code, JSON.parse(count.out)]).toEqual([0, { tuples: 1, conversations: 1 }]);
    expect(count.err).toMatch(/rows {3}3,000,000 of 3,000,000/);
    const refused = await nsgflow(['query', '--lake', lake, '--sql', 'COPY flows TO 1']);
    expect([refused.code, refused.out]).toEqual([2, '']);
    expect(refused.err).toMatch(/beginning with COPY is refused/);
    const late = await nsgflow(['query', '--lake', lake, '--timeout', '1s', '--sql', endless]);
    expect([late.code, late.err.split('\n')[0]]).toEqual([5, 'nsgflow: no answer within 1s: given up']);
    const piped = await nsgflow(['find', '--lake', lake, '--file', '-', '-o', 'csv'], { input: '10.0.0.4\n' });
    expect([piped.code, piped.err]).toEqual([0, '']);
  });

  test.each<[string, (pid: number) => void]>([
    ['a terminal interrupts both', (pid) => process.kill(-pid, 'SIGINT')],
    ['the first is interrupted', (pid) => process.kill(pid, 'SIGINT')],
    ['the first is terminated', (pid) => process.kill(pid, 'SIGTERM')],
  ])('ends at once, and says so once, where %s', async (_, kill) => {
    const { first, second, errors } = await ask();
    kill(first.pid!);
    expect(await once(first, 'exit')).toEqual([130, null]);
    expect(await isGone(second)).toBe(true);
    expect(errors()).toBe('nsgflow: interrupted\n');
    expect(readdirSync(temporary)).toEqual([]);
  });

  test('ends when the first is killed, and fails when the second is', async () => {
    const [early, one, other] = await Promise.all([ask(0), ask(), ask()]);
    for (const { first } of [early, one]) first.kill('SIGKILL');
    for (const { second } of [early, one]) expect(await isGone(second)).toBe(true);
    process.kill(other.second, 'SIGKILL');
    expect(await once(other.first, 'exit')).toEqual([5, null]);
    expect(other.errors()).toMatch(/the process that answers was ended by SIGKILL/);
    // What a killed process leaves is empty, and only its user can read it.
    const left = readdirSync(temporary).map((name) => join(temporary, name));
    expect(left.length).toBeLessThanOrEqual(3);
    for (const path of left) expect([statSync(path).mode & 0o777, readdirSync(path)]).toEqual([0o700, []]);
  });
});

import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import type { Sent } from '../record/traffic.ts';
import { pcapOf, readWritten } from '../record/traffic.ts';
import { main } from './nsgflow.ts';

const root = mkdtempSync(join(tmpdir(), 'nsgflow-signals-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A datagram a second for two minutes and a half. */
const packets = Array.from({ length: 150 }, (_, at): Sent => [at, `10.0.0.1:${1000 + at}`, '203.0.113.9:53', 'U']);

/** Records from a pipe that stays open, until the first minutes are in storage. */
async function recordPipe(to: string, others: readonly string[] = []): Promise<ChildProcess> {
  const child = spawn(process.execPath, [main, 'record', '--capture', '-', '--to', to, ...others]);
  child.stdin.on('error', () => undefined);
  child.stdin.write(pcapOf(packets));
  await vi.waitFor(async () => expect((await readWritten(folderAccount(to))).length).toBeGreaterThan(0), 60_000);
  return child;
}

const begins = async (to: string): Promise<number> =>
  (await readWritten(folderAccount(to))).filter(({ tuple }) => tuple.split(',')[8] === 'B').length;

test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
  '%s ends a recording from a pipe with all that came',
  async (signal) => {
    const to = join(root, signal);
    const child = await recordPipe(to);
    child.kill(signal);
    child.kill('SIGTERM');
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(await begins(to)).toBe(packets.length);
  },
);

test('one SIGINT after a SIGTERM does not abort a recording', async () => {
  const to = join(root, 'both');
  const child = await recordPipe(to);
  child.kill('SIGTERM');
  child.kill('SIGINT');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(await begins(to)).toBe(packets.length);
});

test('a recording continues after its standard error is closed', async () => {
  const to = join(root, 'unread');
  const child = await recordPipe(to);
  child.stderr?.destroy();
  child.kill('SIGTERM');
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(await begins(to)).toBe(packets.length);
});

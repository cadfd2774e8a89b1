import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { longTest } from './base/long.ts';

/** The first thing that a new user runs: it asks the table, goes on, and ends cleanly. */
longTest('npm start records the example, shows its tables and stays up until Ctrl-C', async () => {
  const root = join(import.meta.dirname, '..');
  const folder = mkdtempSync(join(tmpdir(), 'nsgflow-start-'));
  for (const name of ['dist', 'examples', 'src']) symlinkSync(join(root, name), join(folder, name));
  const script = join(root, 'scripts', 'start.mjs');
  const child = spawn(process.execPath, [script, '--listen', '127.0.0.1:0'], { cwd: folder, detached: true });
  onTestFinished(() => {
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  let said = '';
  let isAsked = false;
  child.stderr.on('data', (text: Buffer) => (said += text.toString()));
  child.stdout.on('data', (text: Buffer) => {
    said += text.toString();
    if (isAsked || !said.includes('stays up until Ctrl-C')) return;
    isAsked = true;
    process.kill(-child.pid!, 'SIGINT');
  });
  expect([await once(child, 'close'), said]).toEqual([[0, null], expect.stringContaining('stays up until Ctrl-C')]);
  for (const title of ['Who sends the most:', 'Bytes over time, allowed and denied:'])
    expect(said).toMatch(new RegExp(`${title}\\n.*\\n\\n[^\\n]+\\n[^\\n]*\\d`));
  expect(said).toMatch(/Its console:\n {2}http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/m);
  // The whole capture, not what of it is in the table first.
  expect(said).toMatch(/^203\.0\.113\.10 +4,646,093 +121$/m);
});

import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, test } from 'vitest';
import { openLake } from '../../../src/lake/lake.ts';
import { expectedFlows, ingestBlob, storedFlows } from './settled-lake.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-settle-thread-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const built = join(import.meta.dirname, '..', '..', '..', 'dist', 'lake', 'flows', 'settle-thread.js');
const program = `
import { syncBuiltinESMExports } from 'node:module';
import threads from 'node:worker_threads';
let started = 0;
threads.Worker = class extends threads.Worker {
  constructor(place, ...more) {
    super(place, ...more);
    if (String(place).includes('settle-worker')) started++;
  }
};
syncBuiltinESMExports();
const { settleInThread } = await import(${JSON.stringify(pathToFileURL(built).href)});
const [first, second] = process.argv.slice(2);
const { signal } = new AbortController();
const seen = [];
for (const lake of [first, second, first + '-none', second]) {
  const { rows, code } = await settleInThread(lake, signal).catch((error) => error);
  seen.push({ rows, code, started });
}
process.stdout.write(JSON.stringify(seen));
`;

test('one lake after another is settled in one thread, which keeps no process alive; after an error, in a new one', async () => {
  const start = Date.parse('2023-11-14T12:00:00Z');
  const lakes = ['a', 'b'].map((name) => join(folder, name));
  for (const lake of lakes) {
    const opened = await openLake(lake, { create: true });
    await ingestBlob(opened, 'a', [{ tuples: [{ time: start, src: '10.0.0.1', dst: '10.0.0.2' }] }]);
    await opened.close();
  }
  const script = join(folder, 'settle.mjs');
  writeFileSync(script, program);
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, [script, ...lakes]);
  expect(JSON.parse(stdout)).toEqual([
    { rows: 1, started: 1 },
    { rows: 1, started: 1 },
    { code: 'not-found', started: 1 },
    { rows: 0, started: 2 },
  ]);
  for (const lake of lakes) {
    const opened = await openLake(lake);
    expect(await storedFlows(opened)).toEqual(await expectedFlows(opened));
    await opened.close();
  }
});

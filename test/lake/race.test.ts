import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compact } from '../../src/lake/compact.ts';
import { openLake } from '../../src/lake/lake.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { ask } from '../query/ask.ts';

/**
 * Ingesters in processes of their own on one lake, left alone and killed with -9: every step of every blob is in the table exactly
 * once, and at every version the rows are those that the positions say.
 */

const long = process.env['NSGFLOW_LONG'] === '1';
const blobs = 4;
const steps = long ? 60 : 4;
const kills = long ? 30 : 1;

const root = mkdtempSync(join(tmpdir(), 'nsgflow-race-'));
const script = join(root, 'ingest.mjs');

/** Reads blob `k` one step further, again and again: a step is one tuple, source port k, destination port the step. */
const worker = (compiled: string): string => `
import { openLake } from ${JSON.stringify(pathToFileURL(join(compiled, 'lake/lake.js')).href)};
import { decodeFlowLog } from ${JSON.stringify(pathToFileURL(join(compiled, 'flowlog/decode.js')).href)};
import { writeSync } from 'node:fs';
const [folder, blobs, steps] = process.argv.slice(2).map((text, i) => (i === 0 ? text : Number(text)));
const log = (blob, step) => decodeFlowLog(Buffer.from(JSON.stringify({ records: [{
  time: '2023-11-14T22:13:20.0000000Z', category: 'NetworkSecurityGroupFlowEvent', resourceId: '/X/NSG', operationName: 'NetworkSecurityGroupFlowEvents',
  properties: { Version: 2, flows: [{ rule: 'UserRule_A', flows: [{ mac: '000D3A000001', flowTuples: ['1700000000,10.0.0.1,10.0.0.2,' + blob + ',' + step + ',T,O,A,B,,,,'] }] }] },
}] })));
const lake = await openLake(folder, { create: true });
for (;;) {
  const { byKey } = await lake.positions();
  const unread = Array.from({ length: blobs }, (_, k) => String(k)).filter((key) => (byKey.get(key)?.readBytes ?? 0) < steps);
  if (unread.length === 0) break;
  const some = unread.filter(() => Math.random() < 0.5);
  const append = await lake.beginAppend();
  const changes = [];
  for (const key of some) {
    const before = byKey.get(key);
    const step = before?.readBytes ?? 0;
    await append.addFlowLog(log(Number(key), step), { blob: key });
    changes.push({ key, before, after: { etag: 'e' + step, lengthBytes: steps, readBytes: step + 1 } });
  }
  const { outcome } = await append.commit(changes);
  writeSync(1, outcome + '\\n');
}
await lake.close();
`;

/** Compacts whatever there is, again and again. */
const compacter = (compiled: string): string => `
import { compact } from ${JSON.stringify(pathToFileURL(join(compiled, 'lake/compact.js')).href)};
import { openLake } from ${JSON.stringify(pathToFileURL(join(compiled, 'lake/lake.js')).href)};
import { writeSync } from 'node:fs';
const lake = await openLake(process.argv[2], { create: true });
for (const end = Date.now() + 20000; Date.now() < end; )
  for await (const step of compact(lake, Date.now())) writeSync(1, step.version === undefined ? 'lost\\n' : 'compacted\\n');
`;
const compactScript = join(root, 'compact.mjs');

beforeAll(() => {
  const repository = fileURLToPath(new URL('../../', import.meta.url));
  // A copy: the build may be renewed while this runs.
  const compiled = join(root, 'dist');
  cpSync(join(repository, 'dist'), compiled, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
  writeFileSync(join(root, 'package.json'), readFileSync(join(repository, 'package.json')));
  writeFileSync(script, worker(compiled));
  writeFileSync(compactScript, compacter(compiled));
});

afterAll(() => rmSync(root, { recursive: true, force: true }));

interface Ingester {
  readonly child: ChildProcess;
  /** Exit code, null when killed; what it said of its commits; its complaints. */
  readonly ended: Promise<{ code: number | null; outcomes: string[]; errors: string }>;
}

function ingester(folder: string, program = script): Ingester {
  const child = spawn(process.execPath, [program, folder, String(blobs), String(steps)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const ended = new Promise<Awaited<Ingester['ended']>>((resolve) => {
    child.once('close', (code) =>
      resolve({ code, outcomes: output.split('\n').filter((line) => line !== ''), errors }),
    );
  });
  return { child, ended };
}

/** Every step of every blob once. */
async function expectWhole(folder: string): Promise<void> {
  const lake = await openLake(folder);
  const engine = await openLakeEngine(lake);
  const rows = await ask(engine, 'SELECT src_port, dst_port, count(*) AS n FROM tuples GROUP BY ALL ORDER BY ALL');
  expect(rows).toEqual(
    Array.from({ length: blobs * steps }, (_, i) => ({ src_port: Math.floor(i / steps), dst_port: i % steps, n: 1 })),
  );
  await engine.close();
  await lake.close();
}

/** Looks at the lake until told to stop: rows and positions of one version agree. @returns how often it looked */
async function watch(folder: string, stop: { now: boolean }): Promise<number> {
  let looks = 0;
  while (!stop.now) {
    await sleep(20);
    const lake = await openLake(folder, { create: true });
    const before = await lake.snapshot();
    const positions = await lake.positions();
    if (positions.version === before.version) {
      const rows = before.files.reduce((sum, file) => sum + (file.rows ?? 0), 0);
      expect(rows).toBe([...positions.byKey.values()].reduce((sum, position) => sum + position.readBytes, 0));
      looks++;
    }
    await lake.close();
  }
  return looks;
}

describe('ingesters in several processes', () => {
  test('share the work, and nothing comes twice or is lost', async () => {
    const folder = join(root, 'race');
    const stop = { now: false };
    const watching = watch(folder, stop);
    const all = await Promise.all([ingester(folder).ended, ingester(folder).ended, ingester(folder).ended]);
    stop.now = true;
    expect(await watching).toBeGreaterThan(0);
    expect(all.map(({ code, errors }) => `${code} ${errors}`)).toEqual(['0 ', '0 ', '0 ']);
    expect(
      all.every(({ outcomes }) => outcomes.every((outcome) => outcome === 'committed' || outcome === 'conflict')),
    ).toBe(true);
    await expectWhole(folder);
    expect(await readdir(join(folder, '_nsgflow/tmp'))).toEqual([]);
  });

  test(`killed at ${kills} moments leave a lake that the next one completes`, async () => {
    const folder = join(root, 'kill');
    const stop = { now: false };
    const watching = watch(folder, stop);
    for (let n = 0; n < kills; n++) {
      const one = ingester(folder);
      const other = ingester(folder);
      // An ingester takes about 300 milliseconds to load.
      await sleep(250 + ((n * 7919) % 500));
      one.child.kill('SIGKILL');
      await sleep((n * 104_729) % 300);
      other.child.kill('SIGKILL');
      for (const { code, errors } of [await one.ended, await other.ended]) expect([null, 0], errors).toContain(code);
    }
    const last = await ingester(folder).ended;
    stop.now = true;
    await watching;
    expect(`${last.code} ${last.errors}`).toBe('0 ');
    await expectWhole(folder);
  });

  test(`with compactions killed at ${kills} moments, no row is lost, doubled or half seen`, async () => {
    const folder = join(root, 'compact');
    const stop = { now: false };
    const watching = watch(folder, stop);
    const first = await ingester(folder).ended;
    expect(`${first.code} ${first.errors}`).toBe('0 ');
    for (let n = 0; n < kills; n++) {
      const one = ingester(folder, compactScript);
      const other = ingester(folder, compactScript);
      await sleep(200 + ((n * 7919) % 400));
      one.child.kill('SIGKILL');
      await sleep((n * 104_729) % 200);
      other.child.kill('SIGKILL');
      for (const { code, errors } of [await one.ended, await other.ended]) expect([null, 0], errors).toContain(code);
    }
    const lake = await openLake(folder);
    for await (const step of compact(lake, Date.now())) expect(step.version).toBeDefined();
    expect((await lake.snapshot()).files).toHaveLength(1);
    await lake.close();
    stop.now = true;
    await watching;
    await expectWhole(folder);
  });
});

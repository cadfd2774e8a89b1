/** Retention killed with -9 at seeded moments: questions see every conversation once, whatever comes then, and the next retention finishes. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dayMillis } from '../../src/base/time.ts';
import { settle } from '../../src/lake/flows/settle.ts';
import { openLake } from '../../src/lake/lake.ts';
import { killAtText, randomOf, runScript } from '../base/kill-at.ts';
import type { PlainRecord } from './build-flow-log.ts';
import { ingestBlob, readTuples, seenFlows, storedFlows } from './flows/settled-lake.ts';
import type { FlowValues } from './flows/stage-plain.ts';

const repository = join(import.meta.dirname, '..', '..');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-retain-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const kills = process.env['NSGFLOW_LONG'] === '1' ? 14 : 1;
const seed = 20_261_130;
const start = Date.parse('2023-11-14T00:00:00Z');

const dist = join(root, 'dist');
const script = join(root, 'work.mjs');
const urlOf = (name: string): string => JSON.stringify(pathToFileURL(join(dist, name)).href);
const program = `${killAtText(script)}
const [folder, at] = process.argv.slice(2);
const { openLake } = await import(${urlOf('lake/lake.js')});
const { retainRows } = await import(${urlOf('lake/retain-rows.js')});
const lake = await openLake(folder, { write: true });
operations = 0;
killAt = Number(at);
const retained = await retainRows(lake, { nowMillis: ${start + 10 * dayMillis}, tuplesDays: 8, dryRun: false });
const total = operations;
killAt = 0;
await lake.close();
process.stdout.write(JSON.stringify({ operations: total, tuples: retained.tuples.files }));
`;

/** @returns the operations on files; `undefined` where it was killed */
async function retain(lake: string, killAt = 0): Promise<number | undefined> {
  const output = await runScript(script, lake, String(killAt));
  return output === undefined ? undefined : (JSON.parse(output) as { operations: number }).operations;
}

/** One tuple of each port on a day from the 14th on. */
function tuples(day: number, ports: readonly number[]): PlainRecord[] {
  return ports.map((srcPort, i) => ({
    startByte: 1000 * i,
    tuples: [{ time: start + day * dayMillis + srcPort, src: '10.0.0.1', dst: '10.0.0.2', srcPort }],
  }));
}

const portsOf = (flows: readonly FlowValues[]): number[] =>
  flows.map((row) => Number(row['src_port'])).sort((a, b) => a - b);

beforeAll(() => {
  cpSync(join(repository, 'dist'), dist, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
  writeFileSync(join(root, 'package.json'), readFileSync(join(repository, 'package.json')));
  writeFileSync(script, program);
});

test(`killed at ${kills} moments (seed ${seed})`, async () => {
  const origin = join(root, 'origin');
  const made = await openLake(origin, { create: true });
  await ingestBlob(made, 'a', tuples(0, [1, 2, 3]));
  await settle(made);
  await ingestBlob(made, 'b', tuples(1, [11, 12]));
  await ingestBlob(made, 'c', tuples(9, [21]));
  await made.close();
  const whole = join(root, 'whole');
  cpSync(origin, whole, { recursive: true });
  const operations = (await retain(whole))!;
  expect(operations).toBeGreaterThan(50);
  const random = randomOf(seed);
  let killed = 0;
  for (let moment = 0; moment < kills; moment++) {
    const folder = join(root, `lake-${moment}`);
    cpSync(origin, folder, { recursive: true });
    // One in each part of its work.
    const killAt = 1 + Math.floor(((moment + random()) / kills) * operations);
    if ((await retain(folder, killAt)) === undefined) killed++;
    const lake = await openLake(folder, { write: true });
    try {
      expect(portsOf((await seenFlows(lake)).flows), `killed at ${killAt}`).toEqual([1, 2, 3, 11, 12, 21]);
      // Late tuples, and a blob that is rewritten: either as it was not frozen yet, or as it was.
      await ingestBlob(lake, 'late', tuples(0, [4]));
      await ingestBlob(lake, 'b', tuples(1, [11, 13]), true);
      const seen = portsOf((await seenFlows(lake)).flows);
      expect([
        [1, 2, 3, 4, 11, 12, 21],
        [1, 2, 3, 4, 11, 13, 21],
      ]).toContainEqual(seen);
      await retain(folder);
      await settle(lake);
      expect(portsOf(await storedFlows(lake)), `killed at ${killAt}`).toEqual(seen);
      expect(portsOf(await readTuples(lake)), `killed at ${killAt}`).toEqual([21]);
    } finally {
      await lake.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
  expect(killed).toBeGreaterThan(0);
}, 600_000);

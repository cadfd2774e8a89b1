/** Ingesting, settling, compacting and vacuum, killed with -9 at seeded moments, with a reader beside them; and two settlers at once. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { folderAccount } from '../../../src/blob/folder.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { blobName, container, hour, madeRecord, writeBlob } from '../../source/build-blobs.ts';
import { killAtText, randomOf, runScript } from '../../base/kill-at.ts';
import { expectedFlows, ingestBlob, readTuples, seenFlows, storedFlows } from './settled-lake.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-settle-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const isLong = process.env['NSGFLOW_LONG'] === '1';
/** Moments of each lake: a small lake is cheap to look at. */
const kills = isLong ? 20 : 1;
const seeds = Array.from({ length: isLong ? 2 : 1 }, (_, i) => 20_261_129 + i);
const works = ['ingest', 'settle', 'compact', 'vacuum'] as const;
type Work = (typeof works)[number];

/** A copy: the build may be renewed while this runs. */
const dist = join(root, 'dist');
const script = join(root, 'work.mjs');
const urlOf = (name: string): string => JSON.stringify(pathToFileURL(join(dist, name)).href);
const program = `${killAtText(script)}
const [what, logs, folder, at, times] = process.argv.slice(2);
const { ingest } = await import(${urlOf('ingest/ingest.js')});
const { openLake } = await import(${urlOf('lake/lake.js')});
const { settle } = await import(${urlOf('lake/flows/settle.js')});
const { compact } = await import(${urlOf('lake/compact.js')});
const { vacuum } = await import(${urlOf('lake/vacuum.js')});
operations = 0;
killAt = Number(at);
let changed = 0;
if (what === 'ingest') await ingest({ sources: [logs], lake: folder, rejectedMax: undefined });
else {
  const lake = await openLake(folder, { create: true });
  const later = Date.now() + 40 * 86_400_000;
  if (what === 'settle') for (let i = 0; i < Number(times); i++) changed += (await settle(lake)).changed ? 1 : 0;
  else if (what === 'compact') for await (const step of compact(lake, later)) changed++;
  else await vacuum(lake, { nowMillis: later, keepMillis: 0, dryRun: false });
  await lake.close();
}
process.stdout.write(JSON.stringify({ operations, changed }));
`;

interface Ran {
  readonly operations: number;
  readonly changed: number;
}

/** @returns `undefined` where it was killed */
async function run(what: Work, logs: string, lake: string, killAt = 0, times = 1): Promise<Ran | undefined> {
  const output = await runScript(script, what, logs, lake, String(killAt), String(times));
  return output === undefined ? undefined : (JSON.parse(output) as Ran);
}

beforeAll(() => {
  cpSync(join(repository, 'dist'), dist, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
  writeFileSync(join(root, 'package.json'), readFileSync(join(repository, 'package.json')));
  writeFileSync(script, program);
});

/** Asks again and again, until told to stop. @returns how often it looked, and what it saw that was wrong */
async function watch(folder: string, stop: { now: boolean }): Promise<{ looks: number; wrong: unknown[] }> {
  const wrong: unknown[] = [];
  let looks = 0;
  while (!stop.now) {
    await sleep(50);
    const lake = await openLake(folder, { create: true });
    try {
      const { flows, tuples } = await seenFlows(lake);
      const expected = await expectedFlows(lake, tuples);
      looks++;
      if (!isDeepStrictEqual(flows, expected)) wrong.push({ version: tuples.version, flows, expected });
    } catch (error) {
      // Vacuum keeps nothing here: files of a version that is no more may be gone, and their names are told.
      if (!/No files found|no such file|cannot open file/i.test(String(error))) wrong.push(error);
    } finally {
      await lake.close();
    }
  }
  return { looks, wrong };
}

test.each(seeds)(
  `ingest, settle, compact and vacuum, killed with -9 at ${kills} moments (seed %d): flows are those of all tuples, each once`,
  async (seed) => {
    const logs = join(root, `logs-${seed}`);
    const folder = join(root, `lake-${seed}`);
    const to = folderAccount(logs, { sync: false }).container(container);
    const random = randomOf(seed);
    const upTo = (most: number): number => Math.floor(random() * most);
    const nics = Array.from({ length: 4 }, () => ({ records: [] as string[], tuples: [] as number[], generation: 0 }));
    const made = (nic: number): string => {
      const tuples = Array.from({ length: 3 }, () => ({
        port: 1 + upTo(25),
        state: (['B', 'C', 'E'] as const)[upTo(3)],
        seconds: upTo(60),
      }));
      return madeRecord(nics[nic].records.length % 60, tuples, nic, 0);
    };
    const change = async (): Promise<void> => {
      for (const [nic, it] of nics.entries()) {
        if (random() < 0.4) continue;
        if (it.records.length > 3 && random() < 0.1) {
          await to.delete(blobName(0, nic));
          it.generation++;
          it.records[upTo(it.records.length)] = made(nic);
        } else it.records.push(made(nic));
        await writeBlob(to, blobName(0, nic), it.records, it.generation);
      }
    };
    await change();
    await run('ingest', logs, folder);
    const stop = { now: false };
    const watching = watch(folder, stop);
    const known: Record<Work, number> = { ingest: 200, settle: 100, compact: 100, vacuum: 100 };
    const killedOf: Record<Work, number> = { ingest: 0, settle: 0, compact: 0, vacuum: 0 };
    const sum = (): number => Object.values(killedOf).reduce((all, one) => all + one, 0);
    for (let moment = 0; sum() < kills; moment++) {
      // Moments behind the end of a run kill nothing: few are.
      expect(moment).toBeLessThan(3 * kills + 8);
      const what = works[upTo(4)];
      await change();
      // What is not ingested could not be settled.
      if (what !== 'ingest') {
        const lake = await openLake(folder);
        await ingestBlob(lake, `c/${moment}`, [
          { tuples: [{ time: hour + upTo(3_600_000), src: '10.0.0.4', dst: '10.0.0.5', srcPort: 1 + upTo(25) }] },
        ]);
        await lake.close();
      }
      const ran = await run(what, logs, folder, 1 + upTo(known[what]));
      if (ran === undefined) killedOf[what]++;
      else known[what] = Math.max(10, ran.operations);
    }
    if (isLong) expect(Math.min(...Object.values(killedOf))).toBeGreaterThan(0);
    await run('ingest', logs, folder);
    await run('settle', logs, folder);
    stop.now = true;
    const { looks, wrong } = await watching;
    expect(wrong).toEqual([]);
    expect(looks).toBeGreaterThan(0);
    const lake = await openLake(folder);
    const flows = await storedFlows(lake);
    expect(flows).toEqual(await expectedFlows(lake));
    const tuples = await readTuples(lake);
    const ofLogs = tuples.filter(({ blob }) => !String(blob).startsWith('c/'));
    expect(ofLogs.length).toBe(3 * nics.reduce((sum, { records }) => sum + records.length, 0));
    const total = (rows: readonly Readonly<Record<string, unknown>>[], name: string): number =>
      rows.reduce((all, row) => all + Number(row[name] ?? 0), 0);
    expect(total(flows, 'observer_tuples')).toBe(tuples.length);
    for (const name of ['packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'])
      expect(total(flows, `observer_${name}`), name).toBe(total(tuples, name));
    await lake.close();
    rmSync(folder, { recursive: true, force: true });
    rmSync(logs, { recursive: true, force: true });
    console.log(`killed: ${JSON.stringify(killedOf)}; the reader looked ${looks} times`);
  },
  isLong ? 3_600_000 : 600_000,
);

test(
  'two settlers in processes of their own, while another process commits, come to the same',
  async () => {
    const folder = join(root, 'two');
    const lake = await openLake(folder, { create: true });
    const random = randomOf(seeds[0]);
    const commits = isLong ? 40 : 4;
    const settlers = [0, 1].map(() => run('settle', '', folder, 0, 3 * commits));
    for (let i = 0; i < commits; i++) {
      const tuples = Array.from({ length: 20 }, (_, n) => ({
        time: hour + Math.floor(random() * 7_200_000),
        src: '10.0.0.4',
        dst: '10.0.0.5',
        srcPort: n % 5,
        direction: n % 2 === 0 ? ('inbound' as const) : ('outbound' as const),
        state: (['begin', 'continuing', 'end'] as const)[n % 3],
        counters: [1, 2, 3, 4] as const,
      }));
      await ingestBlob(lake, `c/${i % 6}`, [{ startByte: i, tuples }], i >= 6);
      await sleep(random() * 300);
    }
    const ran = await Promise.all(settlers);
    expect(ran.every((one) => one !== undefined)).toBe(true);
    await run('settle', '', folder);
    expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
    await lake.close();
  },
  isLong ? 3_600_000 : 600_000,
);

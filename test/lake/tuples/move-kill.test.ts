/** The move of an old lake, killed with -9 at every second rename (in the long run at every third operation on files), with a reader beside it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readCommit } from '../../../src/lake/delta/delta-log.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import { killAtText, runScript } from '../../base/kill-at.ts';
import { ask } from '../../query/ask.ts';
import { storedFlows } from '../flows/settled-lake.ts';
import { oldFlows, oldTuples, unpackOldLake } from '../unmoved/old-lake.ts';

const repository = join(import.meta.dirname, '..', '..', '..');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-move-kill-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const isLong = process.env['NSGFLOW_LONG'] === '1';

/** A copy: the build may be renewed while this runs. */
const dist = join(root, 'dist');
const script = join(root, 'move.mjs');

beforeAll(() => {
  cpSync(join(repository, 'dist'), dist, { recursive: true });
  symlinkSync(join(repository, 'node_modules'), join(root, 'node_modules'), 'junction');
  writeFileSync(join(root, 'package.json'), readFileSync(join(repository, 'package.json')));
  writeFileSync(
    script,
    `${killAtText(script, ...(isLong ? [] : [['rename']]))}
const [folder, at] = process.argv.slice(2);
const { openLake } = await import(${JSON.stringify(pathToFileURL(join(dist, 'lake/lake.js')).href)});
operations = 0;
killAt = Number(at);
await (await openLake(folder, { write: true })).close();
process.stdout.write(String(operations));
`,
  );
});

/** @returns how many operations it took; `undefined` where it was killed */
async function move(folder: string, killAt: number): Promise<number | undefined> {
  const output = await runScript(script, folder, String(killAt));
  return output === undefined ? undefined : Number(output);
}

/** What every reader sees, whatever was done of the move. */
async function expectAll(folder: string): Promise<void> {
  const lake = await openLake(folder);
  const engine = await openLakeEngine(lake);
  try {
    expect((await ask(engine, { ask: 'count' }))[0]['tuples']).toBe(oldTuples);
    expect((await lake.positions()).byKey.size).toBe(2);
  } finally {
    await engine.close();
    await lake.close();
  }
}

test(
  'killed anywhere: readers see all rows, and the next command that writes goes on',
  async () => {
    let total = Infinity;
    let kills = 0;
    // In the everyday run, before the first rename and after every second one.
    for (let killAt = 1; killAt <= total; killAt += isLong ? 3 : killAt === 1 ? 1 : 4) {
      const folder = join(root, `lake-${killAt}`);
      await unpackOldLake(folder);
      const moving = { now: true };
      const moved = move(folder, killAt).finally(() => (moving.now = false));
      if (killAt % (isLong ? 4 : 8) === 2) while (moving.now) await expectAll(folder);
      const operations = await moved;
      if (operations === undefined) kills++;
      else total = operations;
      await expectAll(folder);
      const lake = await openLake(folder, { write: true });
      expect(await storedFlows(lake)).toHaveLength(oldFlows);
      await lake.close();
      await expectAll(folder);
      expect((await readdir(folder)).sort(), `killed at ${killAt}`).toEqual([
        '_delta_log',
        '_nsgflow',
        'flows',
        'tuples',
      ]);
      // The lock of one that was killed at its end is nobody's; the next one takes it over.
      expect((await readdir(join(folder, '_nsgflow'))).filter((name) => !/^lock(?:\.|$)/.test(name)).sort()).toEqual([
        'flows',
        'tuples',
      ]);
      expect(await readCommit(tuplesPlace(folder, 'old'), 0)).toContainEqual({
        protocol: { minReaderVersion: 9999, minWriterVersion: 9999 },
      });
      rmSync(folder, { recursive: true });
    }
    // Renames of the log, what takes its place, three kinds of helper files, two dates.
    if (isLong) expect(kills).toBeGreaterThan(20);
    else expect(kills).toBe(1 + 4);
  },
  isLong ? 1_800_000 : 300_000,
);

/** Lakes that have their table of tuples in the lake's own folder are read as they are, and moved by whatever changes them. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import type * as files from 'node:fs/promises';
import {
  cp,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { dayMillis } from '../../../src/base/time.ts';
import { compact } from '../../../src/lake/compact.ts';
import type { Action, AddAction } from '../../../src/lake/delta/delta-log.ts';
import { readCommit } from '../../../src/lake/delta/delta-log.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import type { Lake, OpenOptions } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';
import { readTableState } from '../../../src/lake/delta/read-state.ts';
import { tableStats } from '../../../src/lake/table-stats.ts';
import { vacuum } from '../../../src/lake/vacuum.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import { ask, where } from '../../query/ask.ts';
import { expectedFlows, ingestBlob, seenFlows, storedFlows } from '../flows/settled-lake.ts';
import { oldFlows, oldTuples, unpackOldLake } from '../unmoved/old-lake.ts';

/** Done after each rename. */
const hook = vi.hoisted(() => ({ act: undefined as ((from: string) => Promise<void>) | undefined }));
vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof files>();
  const around = async (from: string, to: string): Promise<void> => {
    await real.rename(from, to);
    await hook.act?.(from);
  };
  return { ...real, rename: around };
});

let parent: string;
let folder: string;
beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nsgflow-move-'));
  folder = join(parent, 'lake');
  await unpackOldLake(folder);
});
afterEach(async () => {
  hook.act = undefined;
  await rm(parent, { recursive: true, force: true });
});

async function use<T>(options: OpenOptions, act: (lake: Lake) => Promise<T>): Promise<T> {
  const lake = await openLake(folder, options);
  try {
    return await act(lake);
  } finally {
    await lake.close();
  }
}

async function countOf(lake: Lake): Promise<unknown> {
  const engine = await openLakeEngine(lake);
  try {
    return (await ask(engine, { ask: 'count' }))[0]['tuples'];
  } finally {
    await engine.close();
  }
}

/** What every reader must see, whatever was done of the move. */
async function expectAll(lake: Lake, more = 0): Promise<void> {
  expect(await countOf(lake)).toBe(oldTuples + more);
  expect((await lake.positions()).byKey.size).toBe(2);
}

/** What must be there after the move, and after nothing else. */
async function expectMoved(): Promise<void> {
  expect((await readdir(folder)).sort()).toEqual(['_delta_log', '_nsgflow', 'flows', 'tuples']);
  expect(await readdir(join(folder, '_delta_log'))).toEqual(['00000000000000000000.json']);
  expect((await readdir(join(folder, 'tuples'))).sort()).toEqual(['_delta_log', 'date=2026-11-20', 'date=2026-11-21']);
  expect((await readdir(join(folder, '_nsgflow'))).sort()).toEqual(['flows', 'tuples']);
  expect((await readdir(join(folder, '_nsgflow/tuples'))).sort()).toEqual(['addresses', 'checkpoints', 'positions']);
  await use({}, async (lake) => {
    await expectAll(lake);
    expect(lake.tuples.place.layout).toBe('new');
    expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
    expect((await seenFlows(lake)).flows).toHaveLength(oldFlows);
  });
}

const pathsIn = async (path: string): Promise<string[]> => (await readdir(path, { recursive: true })).sort();
const move = async (): Promise<void> => use({ write: true }, () => Promise.resolve());

/** Adds a version to the log of the old lake. */
async function writeActions(...actions: readonly Action[]): Promise<void> {
  const place = tuplesPlace(folder, 'old');
  const { version } = (await readTableState(place))!;
  const path = join(folder, '_delta_log', `${String(version + 1).padStart(20, '0')}.json`);
  await writeFile(path, actions.map((action) => `${JSON.stringify(action)}\n`).join(''));
}

async function firstFile(): Promise<AddAction> {
  const [add] = (await readTableState(tuplesPlace(folder, 'old')))!.files.values();
  return add;
}

describe('an old lake', () => {
  test('is read as it is, and nothing is changed', async () => {
    const before = await pathsIn(folder);
    await use({}, async (lake) => {
      await expectAll(lake);
      expect(await tableStats(lake)).toMatchObject({ rows: oldTuples, blobs: 2, flows: { rows: oldFlows } });
      expect((await seenFlows(lake)).flows).toEqual(await expectedFlows(lake));
      await vacuum(lake, { nowMillis: Date.now() + 40 * dayMillis, keepMillis: 0, dryRun: true });
    });
    expect(await pathsIn(folder)).toEqual(before);
  });

  test('is moved by what changes it, with all rows and positions, and says so once', async () => {
    const told: string[] = [];
    const onMoved = (sentence: string): number => told.push(sentence);
    await use({ write: true, onMoved }, expectAll);
    await expectMoved();
    await use({ write: true, onMoved }, expectAll);
    expect(told).toEqual([expect.stringMatching(/^the table of tuples of the lake .* was moved to .*tuples:/)]);
  });

  test('takes rows, is settled, compacted and vacuumed afterwards', async () => {
    await use({ write: true }, async (lake) => {
      const tuple = { time: Date.parse('2026-11-21T11:00:00Z'), src: '10.0.0.4', dst: '10.0.0.5' };
      await ingestBlob(lake, 'new', [{ tuples: [tuple] }]);
      await settle(lake);
      const later = Date.now() + 40 * dayMillis;
      for await (const step of compact(lake, later)) expect(step.version).toBeDefined();
      await settle(lake);
      const { left, files: gone } = await vacuum(lake, { nowMillis: later, keepMillis: 0, dryRun: false });
      expect(left).toEqual([]);
      expect(gone.data).toBeGreaterThan(0);
      expect(await countOf(lake)).toBe(oldTuples + 1);
      expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
      expect(await readdir(join(folder, '_nsgflow/tuples/addresses'))).toHaveLength(lake.tuples.state.files.size);
    });
  });

  test('keeps its address filters', async () => {
    const scanOf = async (lake: Lake): Promise<unknown> => {
      const engine = await openLakeEngine(lake);
      const { filesRead, unfiltered } = (await engine.ask({ ask: 'count', ...where('ip = 192.0.2.1') })).scan;
      await engine.close();
      return { filesRead, unfiltered };
    };
    expect(await use({}, scanOf)).toEqual({ filesRead: 0, unfiltered: 0 });
    expect(await use({ write: true }, scanOf)).toEqual({ filesRead: 0, unfiltered: 0 });
  });

  test('is read between all steps: by a reader of now, by one from before, and by a question that was begun before', async () => {
    const before = await openLake(folder);
    const engine = await openLakeEngine(before);
    const layouts: string[] = [];
    let looks = 0;
    hook.act = async (from) => {
      if (!from.startsWith(folder)) return;
      looks++;
      await use({}, async (lake) => {
        layouts.push(lake.tuples.place.layout);
        await expectAll(lake);
      });
      await expectAll(before);
      expect(await ask(engine, { ask: 'tuples' })).toHaveLength(oldTuples);
      if (looks !== 6) return;
      expect((await tableStats(before)).rows).toBe(oldTuples);
      expect(await ask(engine, 'SELECT count(*) AS n FROM tuples')).toEqual([{ n: oldTuples }]);
    };
    await move();
    hook.act = undefined;
    // The log, what takes its place, three kinds of helper files, two dates.
    expect(layouts).toEqual(Array(7).fill('moving'));
    await expectAll(before);
    await engine.close();
    await before.close();
    await expectMoved();
  });

  test('is moved once by three that come at once', async () => {
    const told: string[] = [];
    const options = { write: true, onMoved: (sentence: string) => told.push(sentence) };
    await Promise.all([1, 2, 3].map(() => use(options, expectAll)));
    expect(told).toHaveLength(1);
    await expectMoved();
  });

  test('stays where it is while a service uses it, which is told', async () => {
    const before = await pathsIn(folder);
    const other = spawn(process.execPath, ['-e', 'setInterval(() => undefined, 1000)'], { stdio: 'ignore' });
    try {
      const host = (await import('node:os')).hostname();
      const begun = (await readFile(`/proc/${other.pid}/stat`, 'latin1').catch(() => '')).split(') ').at(-1)!;
      await writeFile(
        join(parent, 'lock'),
        JSON.stringify({ host, pid: other.pid, begun: begun.split(' ')[19] ?? '' }),
      );
      const failure = { code: 'unavailable', message: expect.stringMatching(`service of process ${other.pid} of`) };
      await expect(openLake(folder, { write: true })).rejects.toMatchObject(failure);
      await use({}, expectAll);
      expect((await pathsIn(folder)).filter((path) => path !== '_nsgflow/lock')).toEqual(before);
    } finally {
      const ended = new Promise((resolve) => other.once('exit', resolve));
      other.kill();
      await ended;
    }
    await move();
    await expectMoved();
  });

  test('is not moved while its log asks for a newer writer, or names files that lie elsewhere', async () => {
    const add = await firstFile();
    const state = (await readTableState(tuplesPlace(folder, 'old')))!;
    const cases: readonly (readonly [Action, RegExp])[] = [
      [{ protocol: { minReaderVersion: 1, minWriterVersion: 7 } }, /asks for a Delta writer of version 7/],
      [{ protocol: { minReaderVersion: 3, minWriterVersion: 7 } }, /asks for a Delta reader of version 3/],
      [{ add: { ...add, path: 'file:///data/x.parquet' } }, /names a data file outside its folder/],
      [{ add: { ...add, path: '/data/x.parquet' } }, /names a data file outside its folder/],
      [{ add: { ...add, path: 'tuples/x.parquet' } }, /cannot be moved .* names data files in tuples/],
      [{ add: { ...add, deletionVector: { storageType: 'u', pathOrInlineDv: 'x', offset: 1 } } }, /deletion vector/],
    ];
    for (const [action, message] of cases) {
      await writeActions(action);
      const before = await pathsIn(folder);
      await expect(openLake(folder, { write: true }), JSON.stringify(action)).rejects.toMatchObject({
        code: 'lake-invalid',
        message: expect.stringMatching(message),
      });
      expect(await pathsIn(folder)).toEqual(before);
      await rm(join(folder, '_delta_log', `${String(state.version + 1).padStart(20, '0')}.json`));
    }
  });

  test('whose log is a link is not moved', async () => {
    await rename(join(folder, '_delta_log'), join(parent, 'log'));
    await symlink('../log', join(folder, '_delta_log'));
    await use({}, expectAll);
    await expect(openLake(folder, { write: true })).rejects.toMatchObject({ code: 'lake-invalid' });
    await use({}, expectAll);
  });

  test('of other engines: files in odd places, encoded paths, a checkpoint in parts and dates behind links come along', async () => {
    const adds = [...(await readTableState(tuplesPlace(folder, 'old')))!.files.values()];
    const odd = ['joined.parquet', 'aB/c d/part.parquet', 'date=2026-11-20/100%25 é.parquet', '_odd/date=x.parquet'];
    const actions: Action[] = [];
    for (const [i, path] of odd.entries()) {
      await mkdir(join(folder, path, '..'), { recursive: true });
      await cp(join(folder, adds[i].path), join(folder, path));
      actions.push(
        { remove: { path: adds[i].path, deletionTimestamp: 1, dataChange: false } },
        { add: { ...adds[i], path: i % 2 === 0 ? encodeURIComponent(path) : encodeURI(path), dataChange: false } },
      );
    }
    actions.push({ remove: { path: 's3://bucket/gone.parquet', deletionTimestamp: 1, dataChange: false } });
    await writeActions(...actions);
    await rename(join(folder, 'date=2026-11-21'), join(parent, 'cold'));
    await symlink('../cold', join(folder, 'date=2026-11-21'));
    await writeFile(join(folder, 'notes.txt'), 'mine');
    await use({}, expectAll);
    await use({ write: true }, expectAll);
    for (const path of odd) expect(existsSync(join(folder, 'tuples', path)), path).toBe(true);
    expect(await readlink(join(folder, 'tuples/date=2026-11-21'))).toBe('../../cold');
    expect((await readdir(folder)).sort()).toEqual(['_delta_log', '_nsgflow', 'flows', 'notes.txt', 'tuples']);
    await use({}, expectAll);
  });
});

describe('a move', () => {
  /** Does something just after the log has gone to its new place. */
  function afterCommitPoint(act: () => Promise<void>): void {
    hook.act = async (from) => {
      if (from !== join(folder, '_delta_log')) return;
      hook.act = undefined;
      await act();
    };
  }

  test('stops where another program has begun a new log in the old place, and goes on once that is away', async () => {
    const log = join(folder, '_delta_log');
    afterCommitPoint(async () => {
      await mkdir(log);
      await writeFile(join(log, '00000000000000000000.json'), '{"protocol":{"minReaderVersion":1}}\n');
    });
    const failure = { code: 'lake-invalid', message: expect.stringMatching(/another program wrote a log to/) };
    await expect(openLake(folder, { write: true })).rejects.toMatchObject(failure);
    await use({}, expectAll);
    await expect(openLake(folder, { write: true })).rejects.toMatchObject(failure);
    await rename(log, join(parent, 'away'));
    await use({}, expectAll);
    await move();
    await expectMoved();
  });

  test('takes a file along that an older ingester put into a date which had moved, and replaces none', async () => {
    const moved = join(folder, 'tuples/date=2026-11-20');
    const late = join(folder, 'date=2026-11-20');
    hook.act = async (from) => {
      if (from !== join(folder, 'date=2026-11-21')) return;
      hook.act = undefined;
      await mkdir(late);
      await writeFile(join(late, 'late.parquet'), 'late');
      const [name] = await readdir(moved);
      await writeFile(join(late, name), 'not this one');
      throw new Error('stopped');
    };
    await expect(openLake(folder, { write: true })).rejects.toThrow('stopped');
    await use({}, expectAll);
    await use({ write: true }, expectAll);
    expect(await readFile(join(moved, 'late.parquet'), 'utf8')).toBe('late');
    expect(await readdir(late)).toHaveLength(1);
  });

  test('refuses a lake whose old place got another log later', async () => {
    await move();
    await writeFile(join(folder, '_delta_log/00000000000000000014.json'), '{}\n');
    await expect(openLake(folder, { write: true })).rejects.toMatchObject({
      code: 'lake-invalid',
      message: expect.stringMatching(/another program wrote a log to/),
    });
    await use({}, expectAll);
  });
});

describe('a new lake', () => {
  beforeEach(() => rm(folder, { recursive: true, force: true }));

  test('has its tables in folders of their own, and refuses older versions of nsgflow', async () => {
    await use({ create: true }, async (lake) => {
      await ingestBlob(lake, 'b', [{ tuples: [{ time: 1_700_000_000_000, src: '10.0.0.4', dst: '10.0.0.5' }] }]);
      await settle(lake);
    });
    expect((await readdir(folder)).sort()).toEqual(['_delta_log', '_nsgflow', 'flows', 'tuples']);
    expect((await readdir(join(folder, 'tuples'))).sort()).toEqual(['_delta_log', 'date=2023-11-14']);
    expect((await readdir(join(folder, '_nsgflow'))).sort()).toEqual(['flows', 'tmp', 'tuples']);
    const first = await readCommit(tuplesPlace(folder, 'old'), 0);
    expect(first?.find(({ protocol }) => protocol != null)?.protocol?.minReaderVersion).toBeGreaterThan(1000);
    expect((await stat(folder)).mode & 0o77).toBe(0);
  });

  test('of which the table of tuples is gone is no place for another one', async () => {
    await use({ create: true }, () => Promise.resolve());
    await rm(join(folder, 'tuples'), { recursive: true });
    for (const options of [{}, { write: true }, { create: true }])
      await expect(openLake(folder, options)).rejects.toMatchObject({
        code: 'lake-invalid',
        message: expect.stringMatching(/the table of tuples of the lake .* is gone/),
      });
  });

  test('is named by its folder, not by that of a table', async () => {
    await use({ create: true }, (lake) => settle(lake));
    for (const name of ['tuples', 'flows'])
      await expect(openLake(join(folder, name), { create: true })).rejects.toMatchObject({
        code: 'usage',
        hint: `Name ${folder}.`,
      });
  });
});

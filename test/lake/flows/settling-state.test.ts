/** What `lake stats` and `doctor` say about settling, in the same words. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { minuteMillis } from '../../../src/base/time.ts';
import { formatVersion, writeCommit } from '../../../src/lake/delta/delta-log.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { describeSettling, settlingState } from '../../../src/lake/flows/settling-state.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import { nsgflow } from '../../cli/nsgflow.ts';
import { ingestBlob } from './settled-lake.ts';

const start = Date.parse('2023-11-14T12:00:00Z');
let parent: string;
let lake: Lake;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nsgflow-settling-state-'));
  lake = await openLake(join(parent, 'lake'), { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(parent, { recursive: true, force: true });
});

async function ingest(name: string, days: number, tuples = 3): Promise<void> {
  await ingestBlob(lake, name, [
    {
      tuples: Array.from({ length: tuples }, (_, i) => ({
        time: start + days * 86_400_000 + i * minuteMillis,
        src: '10.0.0.1',
        dst: '10.0.0.2',
      })),
    },
  ]);
}

async function findings(tuples = 0): Promise<string[]> {
  return describeSettling(await settlingState(lake), tuples).map(({ state, finding }) => `${state}: ${finding}`);
}

test('nothing settled, all settled, and some tuples that wait', async () => {
  await ingest('a', 0);
  expect(await findings(3)).toEqual(['ok: nothing is settled yet: 3 tuples wait']);
  await settle(lake);
  expect(await findings()).toEqual([expect.stringMatching(/^ok: settled up to version 1, at \S+Z: no tuples wait$/)]);
  await ingest('b', 0, 1);
  expect(await findings()).toEqual([
    expect.stringMatching(/^ok: settled up to version 1 of 2, at \S+Z: 1 tuple waits$/),
  ]);
});

test('too many tuples that wait', () => {
  const state = {
    tuplesVersion: 5,
    settledVersion: 1,
    settledMillis: undefined,
    uncoveredTuples: 500_001,
    datesToBuild: [],
    damaged: [],
    damagedForGood: [],
    frozenBefore: undefined,
    settledApart: 0,
    isOfOtherTable: false,
  };
  const [first, second] = describeSettling(state, 0);
  expect(first).toEqual({ state: 'wrong', finding: 'settled up to version 1 of 5: 500,001 tuples wait' });
  expect(second).toMatchObject({ state: 'wrong', finding: expect.stringMatching(/^more than 500,000 tuples wait:/) });
  expect(describeSettling({ ...state, uncoveredTuples: 500_000 }, 0).map((one) => one.state)).toEqual(['ok']);
  expect(describeSettling(undefined, 500_001).map((one) => one.state)).toEqual(['wrong', 'wrong']);
});

test('files of flows that are missing or cut, and dates to be built anew', async () => {
  await ingest('a', 0);
  await ingest('b', 1);
  await settle(lake);
  const adds = [...(await lake.flows())!.state.files.values()];
  const [first, second] = adds.map((add) => dataFileOf(lake.flowsPlace, add).path);
  await rm(first);
  await writeFile(second, (await readFile(second)).subarray(0, 100));
  const [, damaged, dates] = await findings();
  expect(damaged).toMatch(
    /^wrong: 2 files of flows are missing or cut: date=2023-11-1\S+, date=2023-11-1\S+; nsgflow lake settle/,
  );
  expect(dates).toBe('wrong: 2 dates are to be built anew: 2023-11-14, 2023-11-15; nsgflow lake settle does it');
  await settle(lake);
  expect((await findings()).length).toBe(1);
});

test('files of frozen dates that are missing are named as what they are', async () => {
  await ingest('a', 0);
  await settle(lake);
  const { state, place } = (await lake.flows())!;
  const configuration = { 'nsgflow.frozenBefore': '2023-11-15' };
  await writeCommit(place, state.version + 1, [
    { commitInfo: { engineInfo: 'nsgflow' } },
    { metaData: { ...state.metadata, configuration } },
  ]);
  await rm(dataFileOf(place, [...state.files.values()][0]).path);
  expect(await findings()).toEqual([
    expect.stringMatching(/^ok: settled/),
    'ok: dates before 2023-11-15 are frozen',
    expect.stringMatching(
      /^wrong: 1 file of frozen dates is missing or cut, and cannot be built anew: date=2023-11-14/,
    ),
  ]);
});

test('flows of another table of tuples, and log entries of tuples that are gone', async () => {
  await ingest('a', 0);
  await settle(lake);
  await ingest('b', 0);
  await ingest('c', 0);
  const { metadata } = lake.tuples.state;
  const first = join(lake.tuples.place.folder, '_delta_log', `${formatVersion(0)}.json`);
  const text = await readFile(first, 'utf8');
  await writeFile(first, text.replaceAll(metadata.id, '00000000-0000-0000-0000-000000000009'));
  const other = await openLake(lake.folder);
  const state = await settlingState(other);
  await other.close();
  expect(state).toMatchObject({ isOfOtherTable: true, settledVersion: undefined, uncoveredTuples: 9 });
  expect(describeSettling(state, 9).map(({ finding }) => finding)).toEqual([
    'nothing of this table of tuples is known to be settled: 9 tuples wait',
    'flows was settled from another table of tuples: nsgflow lake settle builds it anew',
    '1 date is to be built anew: 2023-11-14; nsgflow lake settle does it',
  ]);
});

test('doctor names data files of tuples that are missing', async () => {
  await ingest('a', 0);
  await settle(lake);
  await ingest('b', 0);
  const { place, state } = lake.tuples;
  const [add] = state.files.values();
  await rm(dataFileOf(place, add).path);
  const doctor = await nsgflow(['doctor', '--lake', lake.folder, '--output', 'json']);
  expect(doctor.code).toBe(1);
  expect((JSON.parse(doctor.out) as unknown[]).at(-1)).toEqual({
    check: 'files',
    state: 'wrong',
    finding: `1 data file of tuples is missing or cut: ${add.path}. Questions that need tuples of these dates fail. Copy the files back, or ingest the logs into a new lake.`,
  });
});

test('lake stats and doctor say the same; doctor exits with 1 where something is wrong', async () => {
  await ingest('a', 0);
  await settle(lake);
  await ingest('b', 0);
  const said = (await findings()).map((one) => one.replace(/^\w+: /, ''));
  const stats = await nsgflow(['lake', 'stats', '--lake', lake.folder, '--output', 'table']);
  for (const one of said) expect(stats.out).toContain(one);
  const doctor = await nsgflow(['doctor', '--lake', lake.folder, '--output', 'json']);
  expect(doctor.code).toBe(0);
  expect(JSON.parse(doctor.out)).toEqual(said.map((finding) => ({ check: 'settling', state: 'ok', finding })));
  await rm(dataFileOf(lake.flowsPlace, [...(await lake.flows())!.state.files.values()][0]).path);
  const wrong = await nsgflow(['doctor', '--lake', lake.folder, '--output', 'json']);
  expect(wrong.code).toBe(1);
  expect((JSON.parse(wrong.out) as { finding: string }[]).map(({ finding }) => finding)).toEqual(
    (await findings()).map((one) => one.replace(/^\w+: /, '')),
  );
  await writeFile(join(lake.flowsPlace.folder, '_delta_log', `${formatVersion(1)}.json`), '{"add":{');
  const torn = await nsgflow(['doctor', '--lake', lake.folder, '--output', 'table']);
  expect(torn.code).toBe(1);
  expect(torn.out).toContain('torn');
  const none = await nsgflow(['doctor', '--lake', join(parent, 'nothing')]);
  expect(none.code).not.toBe(0);
  expect(none.err).toContain('no lake');
});

/** What commits of `flows` say about the table of tuples, and what vacuum keeps for tuples that are not settled. */
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dayMillis, minuteMillis } from '../../../src/base/time.ts';
import { compact } from '../../../src/lake/compact.ts';
import { readCommit } from '../../../src/lake/delta/delta-log.ts';
import { pinVersions, settle, uncoveredNow } from '../../../src/lake/flows/settle.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { vacuum } from '../../../src/lake/vacuum.ts';
import { expectedFlows, ingestBlob, seenFlows, storedFlows } from './settled-lake.ts';

const start = Date.parse('2023-11-14T12:00:00Z');
let parent: string;
let lake: Lake;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'nsgflow-protocol-'));
  lake = await openLake(join(parent, 'lake'), { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(parent, { recursive: true, force: true });
});

async function ingest(name: string, minute: number, replaces = false): Promise<void> {
  const tuples = [0, 1].map((i) => ({
    time: start + (minute + i) * minuteMillis,
    src: '10.0.0.1',
    dst: '10.0.0.2',
    srcPort: 1024 + (minute % 7),
    state: 'end' as const,
    counters: [1, 2, 3, 4] as const,
  }));
  await ingestBlob(lake, name, [{ tuples }], replaces);
}

async function settledIn(version: number): Promise<number | undefined> {
  const actions = (await readCommit(lake.flowsPlace, version)) ?? [];
  const appId = `nsgflow-settled/${lake.tuples.state.metadata.id}`;
  return actions.find(({ txn }) => txn?.appId === appId)?.txn?.version;
}

test('a settling is one commit, which names the version of tuples; joining files keeps it', async () => {
  await ingest('a', 0);
  await settle(lake);
  expect((await lake.flows())!.state.version).toBe(1);
  expect(await settledIn(1)).toBe(lake.tuples.state.version);
  for (let i = 1; i < 10; i++) {
    await ingest(`b${i}`, 11 * i);
    await settle(lake);
    expect(await settledIn(1 + i)).toBe(lake.tuples.state.version);
  }
  for await (const _ of compact(lake, Date.now())) continue;
  const { state } = (await lake.flows())!;
  expect(state.version).toBeGreaterThan(10);
  expect(await settledIn(state.version)).toBeUndefined();
  const versions = await pinVersions(lake);
  expect(await uncoveredNow(lake, versions)).toMatchObject({ dates: new Set(), files: [] });
  expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
});

test('vacuum keeps the log of tuples from the settled version on, and files of tuples that went since', async () => {
  await ingest('a', 0);
  await settle(lake);
  const settled = lake.tuples.state.version;
  for (let i = 0; i < 30; i++) await ingest(`b${i % 3}`, i, i >= 3);
  const nowMillis = Date.now() + 400 * dayMillis;
  await vacuum(lake, { nowMillis, keepMillis: 0, dryRun: false });
  const names = await readdir(join(lake.tuples.place.folder, '_delta_log'));
  const kept = names.filter((name) => name.endsWith('.json')).map((name) => Number(name.slice(0, 20)));
  for (let version = settled + 1; version <= lake.tuples.state.version; version++) expect(kept).toContain(version);
  expect((await seenFlows(lake)).flows).toEqual(await expectedFlows(lake));
  await settle(lake);
  expect(await storedFlows(lake)).toEqual(await expectedFlows(lake));
  // Once they are settled, they may go.
  await vacuum(lake, { nowMillis, keepMillis: 0, dryRun: false });
  const left = await readdir(join(lake.tuples.place.folder, '_delta_log'));
  expect(left.length).toBeLessThan(names.length);
});

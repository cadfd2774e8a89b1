import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { dayMillis } from '../../../src/base/time.ts';
import { compact } from '../../../src/lake/compact.ts';
import { readCommit, writeCommit } from '../../../src/lake/delta/delta-log.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { retainRows } from '../../../src/lake/retain-rows.ts';
import { readTableState } from '../../../src/lake/delta/read-state.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';

/** What other engines set on a table, and writers of version 2 must respect. */

const midnight = Date.parse('2023-11-14T00:00:00Z');
const later = midnight + 10 * dayMillis;

let folder: string;
let lake: Lake;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-duties-'));
  lake = await openLake(folder, { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

async function commit(blob: string, replacedBlobs: readonly string[] = [], mac = '000D3A000001'): Promise<void> {
  const append = await lake.beginAppend({ replacedBlobs });
  const tuple = { time: midnight, src: '10.0.0.1', dst: '10.0.0.2', mac };
  await append.addFlowLog(buildFlowLog([{ tuples: [tuple] }]), { blob });
  await append.commit([]);
}

interface Field {
  readonly name: string;
  readonly nullable: boolean;
  readonly metadata: object;
}

/** Commits the table's metadata with some configuration, and its columns changed. */
async function setTable(configuration: Record<string, string>, change: (field: Field) => Partial<Field> = () => ({})) {
  const { version, metadata } = (await readTableState(tuplesPlace(folder)))!;
  const schema = JSON.parse(metadata.schemaString) as { fields: Field[] };
  const fields = schema.fields.map((field) => ({ ...field, ...change(field) }));
  const metaData = { ...metadata, configuration, schemaString: JSON.stringify({ ...schema, fields }) };
  await writeCommit(tuplesPlace(folder), version + 1, [{ metaData }]);
  // A writer that opened the lake before sees it with its next commit.
  await lake.snapshot();
}

async function state(): Promise<{ version: number; files: number; onDisk: number }> {
  const { version, files } = await lake.snapshot();
  const onDisk = (await readdir(join(folder, 'tuples'), { recursive: true })).filter((name) =>
    /^date=.*parquet$/.test(name),
  );
  return { version, files: files.length, onDisk: onDisk.length };
}

describe('an append-only table', () => {
  const days = { nowMillis: later, tuplesDays: 1, conversationsDays: 1 };

  test('keeps rows past their time, also in a dry run, and what is compacted or added is none of that', async () => {
    await commit('a');
    await commit('b');
    await setTable({ 'delta.appendOnly': 'true' });
    const before = await state();
    const refusal = {
      code: 'lake-invalid',
      exitCode: 6,
      message: expect.stringContaining('delta.appendOnly') as string,
    };
    await expect(retainRows(lake, { ...days, dryRun: false })).rejects.toMatchObject(refusal);
    await expect(retainRows(lake, { ...days, dryRun: true })).rejects.toMatchObject(refusal);
    expect(await state()).toEqual(before);
    expect(
      (await retainRows(lake, { ...days, tuplesDays: 36_500, conversationsDays: 36_500, dryRun: false })).tuples.files,
    ).toBe(0);
    await commit('c');
    await settle(lake);
    for await (const { version } of compact(lake, later)) expect(version).toBeDefined();
    expect((await lake.snapshot()).files.map(({ rows }) => rows)).toEqual([3]);
    const actions = (await readCommit(tuplesPlace(folder), before.version + 2))!;
    expect(actions.filter(({ remove }) => remove != null).map(({ remove }) => remove?.dataChange)).toEqual([
      false,
      false,
      false,
    ]);
    await setTable({ 'delta.appendOnly': 'false' });
    expect((await retainRows(lake, { ...days, dryRun: false })).tuples.files).toBe(1);
  });

  test('keeps the rows of a blob that would be replaced, and no file of the attempt stays', async () => {
    await commit('a');
    await commit('b');
    await setTable({ 'delta.appendOnly': 'TRUE' });
    const before = await state();
    await expect(commit('a', ['a'])).rejects.toMatchObject({ code: 'lake-invalid' });
    expect(await state()).toEqual(before);
    expect(lake.isAppendOnly).toBe(true);
  });
});

describe('rows are not added', () => {
  const refusal = async (what: string): Promise<void> => {
    const before = await state();
    await expect(commit('x', [], '')).rejects.toMatchObject({
      code: 'lake-invalid',
      message: expect.stringContaining(what) as string,
    });
    expect(await state()).toEqual(before);
  };

  test('where a column has an invariant', async () => {
    await commit('a');
    const invariant = { 'delta.invariants': '{"expression":{"expression":"bytes_forward > 50"}}' };
    await setTable({}, ({ name }) => (name === 'bytes_forward' ? { metadata: invariant } : {}));
    await refusal('its column bytes_forward has an invariant');
  });

  test('where the table has a constraint', async () => {
    await setTable({ 'delta.constraints.short': 'src_port > 0' });
    await refusal('delta.constraints.short');
  });

  test('with nulls where a column must have none, and else they are', async () => {
    await setTable({}, ({ name }) => (name === 'mac' ? { nullable: false } : {}));
    await refusal('its column mac must not be null, and 1 of the new rows');
    await commit('a');
    expect(await state()).toMatchObject({ files: 1 });
  });

  test('where a column must have a value of which nothing is known', async () => {
    await setTable({}, ({ name }) => (name === 'resource_id' ? { nullable: false } : {}));
    await refusal('its column resource_id must not be null, and perhaps some');
  });

  test('where another engine added a column that must not be null', async () => {
    const { version, metadata } = (await readTableState(tuplesPlace(folder)))!;
    const schema = JSON.parse(metadata.schemaString) as { fields: object[] };
    schema.fields.push({ name: 'site', type: 'string', nullable: false, metadata: {} });
    await writeCommit(tuplesPlace(folder), version + 1, [
      { metaData: { ...metadata, schemaString: JSON.stringify(schema) } },
    ]);
    await lake.snapshot();
    await refusal('its column site must not be null');
  });

  test('also where that was set while they were on their way', async () => {
    const append = await lake.beginAppend();
    const tuple = { time: midnight, src: '10.0.0.1', dst: '10.0.0.2' };
    await append.addFlowLog(buildFlowLog([{ tuples: [tuple] }]), { blob: 'a' });
    await setTable({ 'delta.constraints.short': 'src_port > 0' });
    const before = await state();
    await expect(append.commit([])).rejects.toMatchObject({ code: 'lake-invalid' });
    expect(await state()).toEqual(before);
  });
});

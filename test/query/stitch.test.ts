import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { dayMillis } from '../../src/base/time.ts';
import { compact } from '../../src/lake/compact.ts';
import { openDuckdb } from '../../src/lake/duckdb.ts';
import type { Lake } from '../../src/lake/lake.ts';
import { openLake } from '../../src/lake/lake.ts';
import { readRowGroups } from '../../src/lake/parquet/footer.ts';
import { DuckdbEngine } from '../../src/query/duckdb-engine.ts';
import { openLakeEngine } from '../../src/query/lake-engine.ts';
import { snapshotRows } from '../../src/query/row-source.ts';
import { parseMeasure } from '../../src/query/measure.ts';
import type { Cell } from '../../src/query/result.ts';
import { askStitched, stitchPlan } from '../../src/query/stitch.ts';
import type { GroupQuery } from '../../src/query/tree.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';

const midnight = Date.parse('2023-11-14T00:00:00Z');
const top: GroupQuery = {
  ask: 'groups',
  axes: [{ by: ['dst.port'], limit: 5 }],
  measures: ['bytes', 'flows', 'last'].map(parseMeasure),
};
const bounds = { memoryBytes: 1 << 30, check: (): void => undefined };

let folder: string;
let lake: Lake;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-stitch-'));
  lake = await openLake(folder, { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

/** Flows of two tuples each, in one commit. */
async function commit(flows: number, hour: number, bytes = 100): Promise<void> {
  const tuples = Array.from({ length: flows }, (_, i) => {
    const flow = { src: `10.0.${i >> 8}.${i & 255}`, dst: '10.1.0.4', srcPort: 1024 + i, dstPort: 440 + (i % 3) };
    const time = midnight + hour * 3_600_000 + 1000 * (i % 3000);
    return [
      { ...flow, time, state: 'begin' as const },
      { ...flow, time: time + 2000, state: 'end' as const, counters: [1, bytes, 2, bytes] as const },
    ];
  }).flat();
  const append = await lake.beginAppend();
  await append.addFlowLog(buildFlowLog([{ format: 'nsg2', startByte: hour, tuples }]), { blob: `h=${hour}` });
  await append.commit([]);
}

async function askEngine(query: GroupQuery = top, by: 'lake' | 'sql' = 'lake'): Promise<Cell[][]> {
  const snapshot = await lake.snapshot();
  const engine =
    by === 'lake' ? openLakeEngine(snapshot) : new DuckdbEngine(await openDuckdb(), snapshotRows(snapshot), 'own');
  try {
    const rows: Cell[][] = [];
    for await (const chunk of (await engine.ask(query)).chunks) rows.push(...chunk);
    return rows;
  } finally {
    await engine.close();
  }
}

async function isStitched(): Promise<boolean> {
  return (await askStitched(stitchPlan(top)!, (await lake.snapshot()).files, bounds)) !== undefined;
}

async function onlyFile(): Promise<string> {
  const { files } = await lake.snapshot();
  expect(files).toHaveLength(1);
  return files[0].path;
}

describe('questions without SQL', () => {
  test('are answered over files that we wrote, before and after compaction', async () => {
    for (const hour of [1, 2, 5]) await commit(3000, hour);
    const rows = await askEngine();
    expect(rows).toHaveLength(3);
    expect(rows).toEqual(await askEngine(top, 'sql'));
    expect(await isStitched()).toBe(true);
    for await (const { version } of compact(lake, midnight + 3 * dayMillis)) expect(version).toBeDefined();
    const groups = await readRowGroups(await onlyFile());
    expect(groups?.map((group) => group.rows)).toEqual([18_000]);
    expect(await isStitched()).toBe(true);
    expect(await askEngine()).toEqual(rows);
  });

  test('over files of other writers are left to SQL', async () => {
    await commit(100, 1);
    const rows = await askEngine();
    const path = await onlyFile();
    const duckdb = await openDuckdb();
    const connection = await duckdb.connect();
    await connection.run(`CREATE TABLE t AS SELECT * FROM read_parquet('${path}', hive_partitioning = false)`);
    await connection.run(`COPY t TO '${path}' (FORMAT parquet, COMPRESSION zstd)`);
    connection.closeSync();
    await duckdb.close();
    expect(await readRowGroups(path)).toBeUndefined();
    expect(await askEngine()).toEqual(rows);
  });

  test('with sums beyond 52 bits are left to SQL, which gives them exactly', async () => {
    await commit(3, 1, 2 ** 60);
    expect(await isStitched()).toBe(false);
    const [[, bytes]] = await askEngine();
    expect(bytes).toBe(String(2n ** 61n));
  });

  test('that wait for one another do not mix', async () => {
    for (const hour of [1, 2]) await commit(2000, hour);
    const asked: GroupQuery[] = [top, { ...top, observations: true }, { ...top, axes: [] }, top];
    const apart: Cell[][][] = [];
    for (const query of asked) apart.push(await askEngine(query, 'sql'));
    expect(await Promise.all(asked.map((query) => askEngine(query)))).toEqual(apart);
  });

  test('end with the reason for which they are cancelled', async () => {
    await commit(2000, 1);
    const engine = openLakeEngine(await lake.snapshot());
    const reason = new FlowError('timeout', 'too long');
    const answer = engine.ask(top);
    engine.cancel(reason);
    await expect(answer).rejects.toBe(reason);
    await engine.close();
    expect(await askEngine()).toHaveLength(3);
  });

  test('over a damaged file give an answer or an error, and the next question is answered', async () => {
    await commit(3000, 1);
    const rows = await askEngine();
    const path = await onlyFile();
    const whole = await readFile(path);
    for (let i = 0; i < 60; i++) {
      const damaged = Buffer.from(whole);
      const at = (i * 7919) % (whole.length - 16);
      damaged.fill(0xff - i, at, at + 12);
      await writeFile(path, damaged);
      await askStitched(stitchPlan(top)!, (await lake.snapshot()).files, bounds).catch((error: unknown) => {
        expect(error).toBeInstanceOf(FlowError);
      });
    }
    await writeFile(path, whole);
    await truncate(path, whole.length >> 1);
    await expect(askEngine()).rejects.toThrow();
    await writeFile(path, whole);
    expect(await askEngine()).toEqual(rows);
  });
});

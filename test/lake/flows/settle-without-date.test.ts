/** Rows that another program wrote to the table of tuples without a date. */
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { writeCommit } from '../../../src/lake/delta/delta-log.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import { ingestBlob, seenFlows, storedFlows } from './settled-lake.ts';

test('rows without a date are of no flow, and keep no other tuples from being settled', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'nsgflow-no-date-'));
  const lake = await openLake(join(parent, 'lake'), { create: true });
  try {
    const time = Date.parse('2023-11-14T12:00:00Z');
    const tuple = { src: '10.0.0.1', dst: '10.0.0.2' };
    await ingestBlob(lake, 'a', [{ tuples: [{ ...tuple, time }] }]);
    await settle(lake);
    const { place, state } = lake.tuples;
    const [add] = state.files.values();
    const path = 'date=__HIVE_DEFAULT_PARTITION__/x.parquet';
    const target = join(place.folder, path);
    await mkdir(dirname(target), { recursive: true });
    const connection = await lake.connect();
    const rows = `SELECT * FROM read_parquet('${dataFileOf(place, add).path}', hive_partitioning = false)`;
    const noTime = rows.replace('*', '* REPLACE (NULL::TIMESTAMPTZ AS time)');
    await connection.run(`COPY (${rows} UNION ALL ${noTime}) TO '${target}' (FORMAT parquet)`);
    connection.closeSync();
    const { tags: _, stats: __, ...rest } = add;
    const size = (await readFile(target)).length;
    const strange = { ...rest, path, partitionValues: { date: null }, size, dataChange: true };
    expect(await writeCommit(place, state.version + 1, [{ add: strange }])).toBe(true);
    await ingestBlob(lake, 'b', [{ tuples: [{ ...tuple, srcPort: 9, time: time + 1000 }] }]);
    expect((await seenFlows(lake)).flows.length).toBe(2);
    expect(await settle(lake)).toMatchObject({ changed: true, rows: 1, dates: ['2023-11-14'] });
    expect((await storedFlows(lake)).length).toBe(2);
    expect((await settle(lake)).changed).toBe(false);
  } finally {
    await lake.close();
    await rm(parent, { recursive: true, force: true });
  }
});

test('rows without a time are of no flow, and take none of their date along', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'nsgflow-no-time-'));
  const lake = await openLake(join(parent, 'lake'), { create: true });
  try {
    const time = Date.parse('2023-11-14T12:00:00Z');
    const tuples = [0, 1, 2, 3].map((hour) => ({ src: '10.0.0.1', dst: '10.0.0.2', time: time + hour * 3_600_000 }));
    await ingestBlob(lake, 'a', [{ tuples }]);
    const { place } = lake.tuples;
    const state = await lake.tuples.refresh();
    const [add] = state.files.values();
    const path = `${dirname(add.path)}/x.parquet`;
    const target = join(place.folder, path);
    const connection = await lake.connect();
    const rows = `SELECT * FROM read_parquet('${dataFileOf(place, add).path}', hive_partitioning = false)`;
    const noTime = rows.replace('*', '* REPLACE (NULL::TIMESTAMPTZ AS time)');
    await connection.run(`COPY (${rows} UNION ALL ${noTime}) TO '${target}' (FORMAT parquet)`);
    connection.closeSync();
    const { tags: _, stats: __, ...rest } = add;
    const size = (await readFile(target)).length;
    const remove = { remove: { path: add.path, deletionTimestamp: 0, dataChange: true } };
    const strange = { add: { ...rest, path, size, dataChange: true } };
    expect(await writeCommit(place, state.version + 1, [remove, strange])).toBe(true);
    await settle(lake);
    expect((await storedFlows(lake)).map((row) => row['time'])).toEqual(tuples.map((tuple) => tuple.time));
  } finally {
    await lake.close();
    await rm(parent, { recursive: true, force: true });
  }
});

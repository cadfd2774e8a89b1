import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dayMillis } from '../../../src/base/time.ts';
import { compact } from '../../../src/lake/compact.ts';
import { openDuckdb } from '../../../src/lake/duckdb/duckdb.ts';
import { fileRows } from '../../../src/lake/files/file-rows.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { rewriteNativeRows } from '../../../src/lake/tuples/native-rows.ts';
import { readRowGroups } from '../../../src/lake/files/read-footer.ts';
import { storedColumns } from '../../../src/lake/tuples/stored-columns.ts';
import { dataFileOf } from '../../../src/lake/delta/snapshot.ts';
import type { DataFile } from '../../../src/lake/delta/snapshot.ts';
import { plainRecords } from '../../query/arbitrary.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';

const long = process.env['NSGFLOW_LONG'] === '1';

/** All stored columns of all rows, in an order of their own. */
async function rowsOf(files: readonly DataFile[], where = 'true'): Promise<unknown[]> {
  const duckdb = await openDuckdb();
  const connection = await duckdb.connect();
  const columns = storedColumns.map(({ name }) => name).join(', ');
  const rows = await fileRows(connection, files);
  const reader = await connection.runAndReadAll(`SELECT ${columns} FROM ${rows} WHERE ${where} ORDER BY ALL`);
  connection.closeSync();
  await duckdb.close();
  return reader.getRowsJson();
}

async function commit(lake: Lake, records: Parameters<typeof buildFlowLog>[0], blob: string): Promise<void> {
  const append = await lake.beginAppend();
  await append.addFlowLog(buildFlowLog(records), { blob });
  await append.commit([]);
}

test('compaction and rows that go keep every column of every other row', async () => {
  await fc.assert(
    fc.asyncProperty(plainRecords, plainRecords, async (first, second) => {
      const folder = await mkdtemp(join(tmpdir(), 'nsgflow-own-'));
      const lake = await openLake(folder, { create: true });
      try {
        await commit(lake, first, 'one');
        await commit(lake, second, 'two');
        const before = await lake.snapshot();
        const rows = await rowsOf(before.files);
        const kept = await rowsOf(before.files, "blob = 'two'");
        for await (const { version } of compact(lake, Date.now())) expect(version).toBeDefined();
        const after = await lake.snapshot();
        expect(await rowsOf(after.files)).toEqual(rows);
        for (const { path } of after.files) expect(await readRowGroups(path), 'by ourselves').toBeDefined();
        const rest = await rewriteNativeRows(tuplesPlace(folder), after.files, (blob) => blob !== 'one');
        expect(await rowsOf(rest!.map((add) => dataFileOf(tuplesPlace(folder), add)))).toEqual(kept);
      } finally {
        await lake.close();
        await rm(folder, { recursive: true, force: true });
      }
    }),
    { seed: 11, numRuns: long ? 60 : 2 },
  );
}, 600_000);

test('a record time that has no whole milliseconds is left to DuckDB', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-own-'));
  const lake = await openLake(folder, { create: true });
  try {
    const time = Date.parse('2023-11-14T10:00:00Z');
    const log = buildFlowLog([{ tuples: [{ time, src: '10.0.0.1', dst: '10.0.0.2' }] }]);
    const far = { ...log, records: log.records.map((record) => ({ ...record, timeMillis: 73_527_696_000_001 })) };
    for (const blob of ['one', 'two']) {
      const append = await lake.beginAppend();
      await append.addFlowLog(far, { blob });
      await append.commit([]);
    }
    const { files } = await lake.snapshot();
    const rows = await rowsOf(files);
    expect(await rewriteNativeRows(tuplesPlace(folder), files)).toBeUndefined();
    for await (const { version } of compact(lake, time + 3 * dayMillis)) expect(version).toBeDefined();
    expect(await rowsOf((await lake.snapshot()).files)).toEqual(rows);
  } finally {
    await lake.close();
    await rm(folder, { recursive: true, force: true });
  }
});

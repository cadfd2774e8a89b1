import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { openLake } from '../../src/lake/lake.ts';
import { lakeColumns } from '../../src/lake/schema.ts';
import { plainRecords } from '../query/arbitrary.ts';
import { buildFlowLog } from './build-flow-log.ts';
import type { PlainRecord } from './build-flow-log.ts';
import { askClickhouse, clickhouseSkipped, installClickhouse } from './chdb/clickhouse.ts';
import type { PlainRow } from './plain-rows.ts';
import { plainRows } from './plain-rows.ts';

/** Commits each record on its own, so that a checkpoint lies among them; blob `b` begins at byte 0 in each. */
async function withLake(records: readonly PlainRecord[], use: (folder: string) => Promise<void>): Promise<void> {
  const parent = await mkdtemp(join(tmpdir(), 'nsgflow-chdb-'));
  const folder = join(parent, 'lake');
  const lake = await openLake(folder, { create: true });
  try {
    for (const [i, record] of records.entries()) {
      const append = await lake.beginAppend();
      await append.addFlowLog(buildFlowLog([record]), { blob: 'b' });
      const after = { etag: String(i), lengthBytes: i, readBytes: i };
      await append.commit([{ key: `b${i}`, before: undefined, after }]);
    }
    await use(folder);
  } finally {
    await lake.close();
    await rm(parent, { recursive: true, force: true });
  }
}

/** Times as ClickHouse writes them. */
function clickhouseRow(row: PlainRow): Record<string, unknown> {
  const time = (millis: unknown): string =>
    new Date(Number(millis)).toISOString().replace('T', ' ').replace('Z', '000');
  const longs = lakeColumns.filter(
    ({ delta, name }) => delta === 'long' && row[name] !== undefined && row[name] !== null,
  );
  return {
    ...row,
    ...Object.fromEntries(longs.map(({ name }) => [name, String(row[name])])),
    time: time(row['time']),
    record_time: time(row['record_time']),
    date: time(row['time']).slice(0, 10),
  };
}

const plainColumns = lakeColumns.filter(({ name }) => !name.includes('_ipv')).map(({ name }) => name);

describe.skipIf(clickhouseSkipped !== undefined)(
  `ClickHouse's own Delta reader${clickhouseSkipped === undefined ? '' : ` (skipped: ${clickhouseSkipped})`}`,
  () => {
    beforeAll(installClickhouse, 600_000);

    const samples = fc.sample(plainRecords, { seed: 41, numRuns: 40 }).filter((records) => records.length > 12);

    test.each(samples.slice(0, 4).map((records, i) => [i, records] as const))(
      'reads the same rows, row for row, sample %i',
      async (_, records) => {
        await withLake(records, async (folder) => {
          const expected = plainRows(records, 'b').map(clickhouseRow);
          const sql = `SELECT ${plainColumns.join(', ')} FROM {lake} ORDER BY record_offset, tuple_index`;
          expect(await askClickhouse(folder, sql)).toEqual(expected);
          for (const name of await readdir(join(folder, '_delta_log')))
            if (name.endsWith('.json') && Number(name.slice(0, 20)) <= 10) await rm(join(folder, '_delta_log', name));
          expect(await askClickhouse(folder, sql), 'with the checkpoint alone').toEqual(expected);
          const [day] = await askClickhouse(
            folder,
            "SELECT count() AS n, uniqExact(_path) AS files FROM {lake} WHERE date = '2023-11-15'",
          );
          expect(day['n']).toBe(String(expected.filter((row) => row['date'] === '2023-11-15').length));
        });
      },
    );

    test('sees the types of the schema, and values at their limits', async () => {
      const record: PlainRecord = {
        time: 1,
        tuples: [
          {
            time: 253_402_300_799_999,
            src: '255.255.255.255',
            srcPort: 65_535,
            dst: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe',
            dstPort: 60_000,
            state: 'end',
            counters: [2 ** 60, 0, 1, 2 ** 63 - 1024],
          },
        ],
      };
      await withLake([record], async (folder) => {
        const types = {
          timestamp: 'DateTime64(6)',
          date: 'Date32',
          string: 'String',
          integer: 'Int32',
          long: 'Int64',
        } as const;
        const described = await askClickhouse(folder, 'DESCRIBE {lake}');
        expect(described.map((row) => [row['name'], row['type']])).toEqual(
          lakeColumns.map((column) => [column.name, `Nullable(${types[column.delta]})`]),
        );
        expect(
          await askClickhouse(
            folder,
            'SELECT src_port, dst_port, packets_forward, bytes_reverse, src_ip, dst_ipv6_low FROM {lake}',
          ),
        ).toEqual([
          {
            src_port: 65_535,
            dst_port: 60_000,
            packets_forward: '1152921504606846976',
            bytes_reverse: '9223372036854774784',
            src_ip: '255.255.255.255',
            dst_ipv6_low: '-2',
          },
        ]);
      });
    });
  },
);

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DuckdbConnection } from '../../../src/lake/duckdb/connection.ts';
import { openDuckdb } from '../../../src/lake/duckdb/duckdb.ts';
import type { Duckdb } from '../../../src/lake/duckdb/duckdb.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { readCommit } from '../../../src/lake/delta/delta-log.ts';
import { storedColumns } from '../../../src/lake/tuples/stored-columns.ts';
import { plainRecords } from '../../query/arbitrary.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import type { PlainRecord } from '../build-flow-log.ts';
import type { PlainRow } from '../plain-rows.ts';
import { plainRows } from '../plain-rows.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';

const runs = process.env['NSGFLOW_LONG'] === '1' ? 200 : 3;

let duckdb: Duckdb;
let connection: DuckdbConnection;

beforeAll(async () => {
  duckdb = await openDuckdb();
  connection = await duckdb.connect();
});

afterAll(async () => {
  connection.closeSync();
  await duckdb.close();
});

/** Writes records into a new lake, in one commit; `use` gets its folder. */
async function withLake(records: readonly PlainRecord[], use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-data-'));
  const lake = await openLake(folder, { create: true });
  try {
    const append = await lake.beginAppend();
    expect(await append.addFlowLog(buildFlowLog(records), { blob: 'a blob', startByte: 7 })).toBe(
      records.reduce((sum, record) => sum + record.tuples.length, 0),
    );
    await append.commit([]);
    await use(folder);
  } finally {
    await lake.close();
    await rm(folder, { recursive: true, force: true });
  }
}

async function query(sql: string): Promise<Record<string, unknown>[]> {
  return (await connection.runAndReadAll(sql)).getRowObjectsJson();
}

const order = 'record_offset, tuple_index';
const times = new Set(['time', 'record_time']);

/** All rows of a lake's files, read by DuckDB alone: times as milliseconds, 64 bits as numbers. */
async function rowsOf(folder: string): Promise<Record<string, unknown>[]> {
  const columns = storedColumns.map(({ name, delta }) =>
    times.has(name) ? `epoch_ms(${name})::DOUBLE AS ${name}` : delta === 'long' ? `${name}::DOUBLE AS ${name}` : name,
  );
  return query(
    `SELECT ${columns.join(', ')}, date FROM read_parquet('${folder}/tuples/*/*.parquet', hive_partitioning = true) ORDER BY ${order}`,
  );
}

describe('data files', () => {
  test('hold each tuple once, with the values of the log', async () => {
    await fc.assert(
      fc.asyncProperty(plainRecords, async (records) => {
        await withLake(records, async (folder) => {
          const expected = plainRows(records, 'a blob').map((row): PlainRow => ({
            ...row,
            record_offset: Number(row['record_offset']) + 7,
            date: new Date(Number(row['time'])).toISOString().slice(0, 10),
          }));
          const actual = await rowsOf(folder);
          expect(
            actual.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !name.includes('_ipv')))),
          ).toEqual(expected);
        });
      }),
      { seed: 17, numRuns: runs },
    );
  });

  test('hold denied tuples, then those that were not counted, then counted ones, each in order', async () => {
    const time = Date.parse('2023-11-14T12:00:00Z');
    const pair = { src: '10.0.0.1', dst: '10.0.0.2' } as const;
    const tuples = Array.from({ length: 12 }, (_, i) => {
      const state = (['begin', 'denied', 'end', 'continuing'] as const)[i % 4];
      const access = state === 'denied' ? ('deny' as const) : ('allow' as const);
      const isCounted = state === 'end' || state === 'continuing';
      return { ...pair, time, srcPort: i, state, access, ...(isCounted ? { counters: [1, 2, 3, 4] as const } : {}) };
    });
    await withLake([{ tuples }], async (folder) => {
      const rows = await query(
        `SELECT src_port, tuple_index, state, bytes_reverse FROM read_parquet('${folder}/tuples/date=*/*.parquet', file_row_number = true) ORDER BY file_row_number`,
      );
      expect(rows.map((row) => row['src_port'])).toEqual([1, 5, 9, 0, 4, 8, 2, 3, 6, 7, 10, 11]);
      for (const row of rows) {
        expect(row['tuple_index']).toBe(row['src_port']);
        expect(row['state']).toBe(tuples[Number(row['src_port'])].state);
        expect(row['bytes_reverse']).toBe(Number(row['src_port']) % 4 > 1 ? '4' : null);
      }
    });
  });

  test('have Parquet types that Delta asks for', async () => {
    await withLake([{ tuples: [{ time: 0, src: '10.0.0.1', dst: '::1' }] }], async (folder) => {
      const rows = await query(
        `SELECT name, type, repetition_type, converted_type, logical_type FROM parquet_schema('${folder}/tuples/*/*.parquet') WHERE num_children IS NULL`,
      );
      const parquet = {
        timestamp: ['INT64', 'TIMESTAMP_MICROS'],
        string: ['BYTE_ARRAY', 'UTF8'],
        integer: ['INT32', 'INT_32'],
        long: ['INT64', 'INT_64'],
        date: [],
      } as const;
      expect(rows.map((row) => [row['name'], row['type'], row['converted_type'], row['repetition_type']])).toEqual(
        storedColumns.map((column) => [column.name, ...parquet[column.delta], 'OPTIONAL']),
      );
      for (const row of rows)
        if (times.has(String(row['name']))) expect(row['logical_type']).toContain('isAdjustedToUTC=1');
    });
  });

  test('keep texts as they are logged, however odd', async () => {
    const odd = [
      '',
      ' ',
      "it's",
      '"; DROP TABLE x',
      'a\nb',
      'a\tb',
      'a\u0000b',
      'é…😀',
      'x'.repeat(70_000),
      String.raw`\N`,
      'NULL',
    ];
    const tuples = odd.map((rule, i) => ({ time: i, src: '10.0.0.1', dst: '10.0.0.2', rule, mac: odd.at(-1 - i)! }));
    await withLake([{ tuples }], async (folder) => {
      const rows = await query(
        `SELECT rule, mac FROM read_parquet('${folder}/tuples/*/*.parquet') ORDER BY tuple_index`,
      );
      expect(rows).toEqual(
        tuples.map(({ rule, mac }) => ({ rule: rule === '' ? null : rule, mac: mac === '' ? null : mac })),
      );
    });
  });

  test('keep ports above 32767, counters above 2^53 and addresses of all sizes', async () => {
    const tuples = [
      {
        time: 0,
        src: '255.255.255.255',
        srcPort: 65_535,
        dst: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
        dstPort: 60_000,
      },
    ] as const;
    const counters = [2 ** 60, 1, 0, 2 ** 63 - 1024] as const;
    await withLake([{ tuples: [{ ...tuples[0], state: 'end', counters }] }], async (folder) => {
      expect(
        await query(`SELECT src_port, dst_port, packets_forward, bytes_reverse, src_ip, dst_ipv6_high, dst_ipv6_low, src_ipv6_low
          FROM read_parquet('${folder}/tuples/*/*.parquet')`),
      ).toEqual([
        {
          src_port: 65_535,
          dst_port: 60_000,
          packets_forward: '1152921504606846976',
          bytes_reverse: '9223372036854774784',
          src_ip: '255.255.255.255',
          dst_ipv6_high: '-1',
          dst_ipv6_low: '-1',
          src_ipv6_low: null,
        },
      ]);
    });
  });

  test('are added with statistics that equal their contents', async () => {
    const [records] = fc.sample(plainRecords, { seed: 23, numRuns: 1 });
    await withLake(records, async (folder) => {
      const adds = ((await readCommit(tuplesPlace(folder), 1)) ?? []).flatMap(({ add }) => (add == null ? [] : [add]));
      expect(adds.map((add) => add.partitionValues['date'])).toEqual(['2023-11-14', '2023-11-15']);
      for (const add of adds) {
        const statistics = JSON.parse(add.stats ?? '') as Record<
          'minValues' | 'maxValues' | 'nullCount',
          Record<string, string | number>
        >;
        const file = `read_parquet('${folder}/tuples/${add.path}')`;
        for (const name of ['time', 'src_ip', 'dst_port', 'state', 'encryption', 'bytes_forward', 'packets_reverse']) {
          const value = name === 'time' ? 'epoch_ms(time)' : name;
          const [row] = await query(
            `SELECT min(${value})::VARCHAR AS least, max(${value})::VARCHAR AS most, (count(*) - count(${name}))::INTEGER AS nulls, count(*)::INTEGER AS n FROM ${file}`,
          );
          const text = (found: string | number | undefined): string | null =>
            found === undefined ? null : String(name === 'time' ? Date.parse(String(found)) : found);
          expect(
            [text(statistics.minValues[name]), text(statistics.maxValues[name]), statistics.nullCount[name]],
            name,
          ).toEqual([row['least'], row['most'], row['nulls']]);
          expect(statistics).toMatchObject({ numRecords: row['n'] });
        }
      }
    });
  });

  test('lack only tuples of impossible times and counters of impossible sizes, and both are counted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'nsgflow-data-'));
    const lake = await openLake(folder, { create: true });
    const append = await lake.beginAppend();
    const one = { src: '10.0.0.1', dst: '10.0.0.2', state: 'end' } as const;
    const log = buildFlowLog([
      {
        tuples: [
          { ...one, time: -1 },
          { ...one, time: Number.NaN },
          { ...one, time: 253_402_300_800_000 },
          { ...one, time: 253_402_300_799_999, counters: [1e300, 1, Infinity, 1] },
        ],
      },
    ]);
    expect(await append.addFlowLog(log, { blob: 'b' })).toBe(1);
    expect(append.refused.toJSON()).toEqual({ 'counter-out-of-range': 2, 'time-out-of-range': 3 });
    await append.commit([]);
    const [row] = await query(
      `SELECT packets_forward, bytes_forward, tuple_index, date::VARCHAR AS date FROM read_parquet('${folder}/tuples/*/*.parquet')`,
    );
    expect(row).toEqual({ packets_forward: null, bytes_forward: '1', tuple_index: 3, date: '9999-12-31' });
    await lake.close();
    await rm(folder, { recursive: true, force: true });
  });
});

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { dayMillis, hourMillis } from '../../src/base/time.ts';
import { writeCheckpoint } from '../../src/lake/delta/checkpoint.ts';
import { compact } from '../../src/lake/compact.ts';
import { openLake } from '../../src/lake/lake.ts';
import { lakeColumns } from '../../src/lake/tuples/schema.ts';
import { vacuum } from '../../src/lake/vacuum.ts';
import { plainRecords } from '../query/arbitrary.ts';
import { buildFlowLog } from './build-flow-log.ts';
import type { PlainRecord } from './build-flow-log.ts';
import { askClickhouse, clickhouseSkipped, installClickhouse } from './chdb/clickhouse.ts';
import type { PlainRow } from './plain-rows.ts';
import { plainRows } from './plain-rows.ts';
import { tuplesPlace } from '../../src/lake/delta/table-place.ts';

const midnight = Date.parse('2023-11-14T00:00:00Z');

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

/** Records over three days: many addresses of both families, texts beyond ASCII, all states, with and without counters. */
function manyRecords(count: number, tuplesEach: number): PlainRecord[] {
  const states = ['begin', 'continuing', 'end', 'denied', ''] as const;
  return Array.from({ length: count }, (_, i) => ({
    format: (['nsg2', 'vnet', 'nsg1'] as const)[i % 3],
    time: midnight + i * 3 * hourMillis,
    startByte: 1000 * i,
    tuples: Array.from({ length: tuplesEach }, (__, j) => {
      const n = Math.imul(i * tuplesEach + j, 0x9e3779b1) >>> 0;
      return {
        time: midnight + i * 3 * hourMillis + (n % (hourMillis / 1000)) * 1000,
        src: j % 7 === 0 ? `2001:db8::${(n % 4096).toString(16)}` : `10.${i}.${n % 251}.${n % 17}`,
        dst: j % 7 === 0 ? 'fe80::1' : `203.0.113.${n % 200}`,
        srcPort: n % 65_536,
        dstPort: [22, 443, 8080, 65_535][n % 4],
        protocol: n % 5 === 0 ? ('udp' as const) : ('tcp' as const),
        state: states[n % 5],
        ...(n % 3 === 0 ? {} : { counters: [n % 100, n, 0, 2 ** 40 + n] as const }),
        rule: ['UserRule_é…', 'DefaultRule_DenyAllInBound', '\uffff', 'ünïcode😀', 'x'.repeat(1500)][n % 5],
        mac: n % 11 === 0 ? '' : '000D3A000001',
      };
    }),
  }));
}

/** What must be the same whoever reads: sums, extremes, nulls of all columns, and counts under conditions that statistics may answer. */
async function expectSame(folder: string, rows: readonly PlainRow[], when: string): Promise<void> {
  const numbers = ['src_port', 'dst_port', 'packets_forward', 'bytes_forward', 'packets_reverse', 'bytes_reverse'];
  const sums = numbers.map((name) => `toString(sum(${name})) AS sum_${name}`);
  const nulls = plainColumns.map((name) => `toString(countIf(isNull(${name}))) AS nulls_${name}`);
  const times = ['min', 'max'].map((name) => `toString(toUnixTimestamp64Milli(${name}(time))) AS ${name}_time`);
  const sql = `SELECT toString(count()) AS n, ${[...sums, ...nulls, ...times].join(', ')} FROM {lake}`;
  const [actual] = await askClickhouse(join(folder, 'tuples'), sql);
  const all = rows.map((row) => Number(row['time']));
  expect(actual, when).toEqual({
    n: String(rows.length),
    ...Object.fromEntries(
      numbers.map((name) => [`sum_${name}`, String(rows.reduce((sum, row) => sum + BigInt(row[name] ?? 0), 0n))]),
    ),
    ...Object.fromEntries(
      plainColumns.map((name) => [
        `nulls_${name}`,
        String(name === 'date' ? 0 : rows.filter((row) => row[name] === null || row[name] === '').length),
      ]),
    ),
    min_time: String(Math.min(...all)),
    max_time: String(Math.max(...all)),
  });
  const hour = [midnight + 9 * hourMillis, midnight + 12 * hourMillis] as const;
  const conditions: [string, (row: PlainRow) => boolean][] = [
    ['dst_port = 65535', (row) => row['dst_port'] === 65_535],
    ["rule = '\uffff'", (row) => row['rule'] === '\uffff'],
    ["rule > 'UserRule_z'", (row) => Buffer.compare(Buffer.from(String(row['rule'])), Buffer.from('UserRule_z')) > 0],
    ["src_ip = '10.3.7.7'", (row) => row['src_ip'] === '10.3.7.7'],
    ["src_ip = '2001:db8::c'", (row) => row['src_ip'] === '2001:db8::c'],
    ['bytes_forward IS NULL', (row) => row['bytes_forward'] === null],
    ['bytes_reverse > 1099511627776', (row) => Number(row['bytes_reverse'] ?? 0) > 2 ** 40],
    [
      `time >= fromUnixTimestamp64Milli(${hour[0]}) AND time < fromUnixTimestamp64Milli(${hour[1]})`,
      (row) => Number(row['time']) >= hour[0] && Number(row['time']) < hour[1],
    ],
  ];
  for (const [condition, holds] of conditions) {
    const [{ n }] = await askClickhouse(join(folder, 'tuples'), `SELECT count() AS n FROM {lake} WHERE ${condition}`);
    expect(Number(n), `${when}: ${condition}`).toBe(rows.filter(holds).length);
  }
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
          expect(await askClickhouse(join(folder, 'tuples'), sql)).toEqual(expected);
          for (const name of await readdir(join(folder, 'tuples/_delta_log')))
            if (name.endsWith('.json') && Number(name.slice(0, 20)) <= 10)
              await rm(join(folder, 'tuples/_delta_log', name));
          expect(await askClickhouse(join(folder, 'tuples'), sql), 'with the checkpoint alone').toEqual(expected);
          const [day] = await askClickhouse(
            join(folder, 'tuples'),
            "SELECT count() AS n, uniqExact(_path) AS files FROM {lake} WHERE date = '2023-11-15'",
          );
          expect(day['n']).toBe(String(expected.filter((row) => row['date'] === '2023-11-15').length));
        });
      },
    );

    test('reads the same after ingest, compaction, checkpoint and vacuum, and skips nothing that it should not', async () => {
      const parent = await mkdtemp(join(tmpdir(), 'nsgflow-chdb-'));
      const folder = join(parent, 'lake');
      const lake = await openLake(folder, { create: true });
      try {
        const records = manyRecords(24, 900);
        for (const [i, record] of records.entries()) {
          const append = await lake.beginAppend();
          await append.addFlowLog(buildFlowLog([record]), { blob: `b${i}` });
          const after = { etag: String(i), lengthBytes: i, readBytes: i };
          await append.commit([{ key: `b${i}`, before: undefined, after }]);
        }
        const rows = records.flatMap((record) => plainRows([record], 'b'));
        await expectSame(folder, rows, 'after ingest');
        const nowMillis = Date.parse('2023-12-01T00:00:00Z');
        let steps = 0;
        for await (const { version } of compact(lake, nowMillis)) if (version !== undefined) steps++;
        expect(steps).toBeGreaterThan(0);
        await expectSame(folder, rows, 'after compaction');
        const { state } = await lake.state();
        await writeCheckpoint(tuplesPlace(folder), state, [], nowMillis);
        for (const name of await readdir(join(folder, 'tuples/_delta_log')))
          if (/^\d{20}\.json$/.test(name) && Number(name.slice(0, 20)) <= state.version)
            await rm(join(folder, 'tuples/_delta_log', name));
        await expectSame(folder, rows, 'with the checkpoint alone');
        const { files } = await vacuum(lake, { nowMillis: Date.now() + dayMillis, keepMillis: 0, dryRun: false });
        expect(files.data).toBeGreaterThan(20);
        await expectSame(folder, rows, 'after vacuum');
      } finally {
        await lake.close();
        await rm(parent, { recursive: true, force: true });
      }
    });

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
        const described = await askClickhouse(join(folder, 'tuples'), 'DESCRIBE {lake}');
        expect(described.map((row) => [row['name'], row['type']])).toEqual(
          lakeColumns.map((column) => [column.name, `Nullable(${types[column.delta]})`]),
        );
        expect(
          await askClickhouse(
            join(folder, 'tuples'),
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

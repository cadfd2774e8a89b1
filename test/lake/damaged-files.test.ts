/** Data files that are torn, changed or other files: the answer is an error that names the file, never a wrong one or a fault of ours. */
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isLong } from '../base/long.ts';
import { FlowError } from '../../src/base/errors.ts';
import { compact } from '../../src/lake/compact.ts';
import type { Lake } from '../../src/lake/lake.ts';
import { openLake } from '../../src/lake/lake.ts';
import { tableStats } from '../../src/lake/table-stats.ts';
import { minutesOf } from '../../src/advise/completeness.ts';
import { ingestStatus } from '../../src/advise/ingest-status.ts';
import { selectsAll } from '../../src/source/selection.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { ask } from '../query/ask.ts';
import { buildFlowLog } from './build-flow-log.ts';

const noon = Date.parse('2023-11-14T12:00:00Z');

let folder: string;
let lake: Lake;
let files: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-damaged-'));
  lake = await openLake(folder, { create: true });
  for (const count of [40, 90]) {
    const append = await lake.beginAppend();
    const tuples = Array.from({ length: count }, (_, i) => ({
      time: noon + i * 1000,
      src: `10.0.${count}.${i}`,
      dst: '10.0.0.2',
      dstPort: i,
    }));
    await append.addFlowLog(buildFlowLog([{ startByte: 0, tuples }]), { blob: `b${count}` });
    await append.commit([
      { key: `b${count}`, before: undefined, after: { etag: '1', lengthBytes: count, readBytes: count } },
    ]);
  }
  const names = await readdir(folder, { recursive: true });
  files = names.filter((name) => /^tuples\/date=.*\.parquet$/.test(name)).map((name) => join(folder, name));
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

const damages: readonly (readonly [string, (path: string, other: string) => Promise<void>])[] = [
  ['cut', async (path) => await writeFile(path, (await readFile(path)).subarray(0, 700))],
  ['empty', async (path) => await writeFile(path, '')],
  ['longer', async (path) => await writeFile(path, Buffer.concat([await readFile(path), Buffer.from('PAR1')]))],
  [
    'without its footer',
    async (path) => {
      const bytes = await readFile(path);
      await writeFile(path, bytes.fill(0, bytes.length - 600, bytes.length - 8));
    },
  ],
  ['another data file', async (path, other) => await copyFile(other, path)],
];

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const list: T[] = [];
  for await (const item of items) list.push(item);
  return list;
}

test.each(isLong ? damages : damages.filter((_, i) => i % 2 === 0))('a data file that is %s', async (_, damage) => {
  expect(files).toHaveLength(2);
  for (const [path, other] of [files, [...files].reverse()]) {
    const whole = await readFile(path);
    await damage(path, other);
    const engine = await openLakeEngine(lake);
    const asked: readonly (() => Promise<unknown>)[] = [
      () => ask(engine, 'SELECT count(*) AS n, sum(dst_port) AS s FROM tuples'),
      () => ask(engine, 'SELECT * FROM tuples'),
      () => tableStats(lake),
      () => ingestStatus(lake, [], selectsAll),
      () => all(minutesOf(lake, {}, undefined)),
      () => all(compact(lake, noon + 864e6)),
    ];
    for (const one of asked) {
      const error: unknown = await one().then(
        (answer) => new Error(`answered: ${JSON.stringify(answer)}`),
        (thrown: unknown) => thrown,
      );
      expect(error, String(error)).toBeInstanceOf(FlowError);
      expect((error as FlowError).code).toMatch(/^(?:lake-invalid|io)$/);
    }
    await engine.close();
    await writeFile(path, whole);
  }
  const engine = await openLakeEngine(lake);
  expect(await ask(engine, 'SELECT count(*)::INTEGER AS n FROM tuples')).toEqual([{ n: 130 }]);
  await engine.close();
});

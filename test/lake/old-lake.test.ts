import { mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dayMillis } from '../../src/base/time.ts';
import { compact } from '../../src/lake/compact.ts';
import { openDuckdb } from '../../src/lake/duckdb/duckdb.ts';
import { openLake } from '../../src/lake/lake.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { parseFilter } from '../../src/query/filter/filter.ts';
import { ask } from '../query/ask.ts';
import { buildFlowLog } from './build-flow-log.ts';

/** Lakes of earlier versions open, and take new rows. */

const noon = Date.parse('2023-11-14T12:00:00Z');

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-old-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

async function add(ports: readonly number[]): Promise<void> {
  const lake = await openLake(folder, { create: true });
  for (const dstPort of ports) {
    const append = await lake.beginAppend();
    const tuples = [{ time: noon, src: `10.0.0.${dstPort}`, dst: '2001:db8::1', dstPort }];
    await append.addFlowLog(buildFlowLog([{ tuples }]), { blob: 'b' });
    await append.commit([]);
  }
  await lake.close();
}

/** Makes the lake one of version 0.1: IPv4 as numbers beside the texts, and no address filters. */
async function makeOld(versions: number): Promise<void> {
  const logPath = (version: number): string =>
    join(folder, 'tuples/_delta_log', `${String(version).padStart(20, '0')}.json`);
  const first = (await readFile(logPath(0), 'utf8')).trimEnd().split('\n');
  const changed = first.map((line) => {
    const action = JSON.parse(line) as { metaData?: { schemaString: string } };
    if (action.metaData === undefined) return line;
    const schema = JSON.parse(action.metaData.schemaString) as { fields: unknown[] };
    for (const name of ['src_ipv4', 'dst_ipv4'])
      schema.fields.push({ name, type: 'long', nullable: true, metadata: {} });
    action.metaData.schemaString = JSON.stringify(schema);
    return JSON.stringify(action);
  });
  await writeFile(logPath(0), `${changed.join('\n')}\n`);
  const duckdb = await openDuckdb();
  const connection = await duckdb.connect();
  for (let version = 1; version <= versions; version++) {
    const lines = (await readFile(logPath(version), 'utf8')).replace('"nsgflow.columns":"2"', '"nsgflow.columns":"1"');
    const path = join(folder, 'tuples', /"path":"([^"]+)"/.exec(lines)![1]);
    await connection.run(
      `COPY (SELECT *, 167772160::BIGINT + dst_port AS src_ipv4, NULL::BIGINT AS dst_ipv4 FROM read_parquet('${path}')) TO '${path}.old' (FORMAT parquet)`,
    );
    await rename(`${path}.old`, path);
    const { size } = await stat(path);
    await writeFile(logPath(version), lines.replace(/"size":\d+/, `"size":${size}`));
  }
  connection.closeSync();
  await duckdb.close();
  await rm(join(folder, '_nsgflow/tuples/addresses'), { recursive: true });
}

async function portsOf(text: string): Promise<unknown[]> {
  const lake = await openLake(folder);
  const engine = await openLakeEngine(lake);
  const where = parseFilter(text, 0);
  const rows = await ask(engine, { ask: 'tuples', ...(where === undefined ? {} : { where }) });
  await engine.close();
  await lake.close();
  return rows.map((row) => Number(row['dst_port'])).sort((a, b) => a - b);
}

test('a lake with numbers of IPv4 addresses is asked, added to and compacted like any other', async () => {
  await add([1, 2]);
  await makeOld(2);
  expect(await portsOf('')).toEqual([1, 2]);
  await add([3]);
  const all = async (): Promise<unknown[][]> =>
    Promise.all(['', 'src in 10.0.0.2/31', 'src = 10.0.0.1', 'dst in 2001:db8::/32', 'src = 10.0.0.9'].map(portsOf));
  const expected = [[1, 2, 3], [2, 3], [1], [1, 2, 3], []];
  expect(await all()).toEqual(expected);
  const lake = await openLake(folder);
  for await (const step of compact(lake, noon + 9 * dayMillis)) expect(step.version).toBeDefined();
  expect((await lake.snapshot()).files).toHaveLength(1);
  await lake.close();
  expect(await all()).toEqual(expected);
});

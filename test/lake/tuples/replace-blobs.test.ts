import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readCommit } from '../../../src/lake/delta/delta-log.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import type { BlobPosition } from '../../../src/lake/positions/position.ts';
import { openLakeEngine } from '../../../src/query/engine/lake-engine.ts';
import { ask } from '../../query/ask.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';

const noon = Date.parse('2023-11-14T12:00:00Z');

let folder: string;
let lake: Lake;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-replace-'));
  lake = await openLake(folder, { create: true });
});

afterEach(async () => {
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

/** One tuple for each port, of a blob; the step of its position is the version read. */
interface Rows {
  readonly blob: string;
  readonly ports: readonly number[];
  readonly hoursLater?: number;
}

async function commit(
  rows: readonly Rows[],
  options: { replacedBlobs?: string[]; before?: BlobPosition } = {},
): Promise<string> {
  const append = await lake.beginAppend(options);
  for (const { blob, ports, hoursLater = 0 } of rows) {
    const time = noon + hoursLater * 3_600_000;
    const tuples = ports.map((dstPort) => ({ time, src: '10.0.0.1', dst: '10.0.0.2', dstPort }));
    await append.addFlowLog(buildFlowLog([{ tuples }]), { blob });
  }
  const after = { etag: String(Math.random()), lengthBytes: 9, readBytes: 9 };
  return (await append.commit([{ key: rows[0]?.blob ?? '', before: options.before, after }])).outcome;
}

async function rowsNow(): Promise<string[]> {
  const engine = await openLakeEngine(lake);
  const rows = await ask(engine, 'SELECT src_ip, dst_port FROM tuples ORDER BY ALL');
  await engine.close();
  return rows.map((row) => JSON.stringify(row['dst_port']));
}

describe('replaced blobs', () => {
  test('lose their rows in the commit that adds the new ones, and no other blob loses any', async () => {
    await commit([
      { blob: 'a', ports: [1, 2] },
      { blob: 'b', ports: [3] },
    ]);
    await commit([{ blob: 'c', ports: [4] }]);
    await commit([{ blob: 'z', ports: [5], hoursLater: 24 }]);
    const { byKey } = await lake.positions();
    const before = byKey.get('a');
    expect(await commit([{ blob: 'a', ports: [9] }], { replacedBlobs: ['a', 'z'], before: before! })).toBe('committed');
    expect(await rowsNow()).toEqual(['3', '4', '9']);
    const actions = (await readCommit(tuplesPlace(folder), 4))!;
    // Of the three files, one lost some rows, one none, and one all.
    expect(actions.filter((action) => action.remove != null)).toHaveLength(2);
    expect(actions.filter((action) => action.add != null)).toHaveLength(2);
  });

  test('stay as they are where the race was lost, and nothing is left over', async () => {
    await commit([{ blob: 'a', ports: [1] }]);
    const names = await readdir(join(folder, 'tuples', 'date=2023-11-14'));
    const stale = { etag: 'other', lengthBytes: 1, readBytes: 1 };
    expect(await commit([{ blob: 'a', ports: [9] }], { replacedBlobs: ['a'], before: stale })).toBe('conflict');
    expect(await rowsNow()).toEqual(['1']);
    expect(await readdir(join(folder, 'tuples', 'date=2023-11-14'))).toEqual(names);
  });

  test('are found in files that other writers committed meanwhile', async () => {
    await commit([{ blob: 'a', ports: [1] }]);
    const before = (await lake.positions()).byKey.get('a')!;
    const append = await lake.beginAppend({ replacedBlobs: ['a'] });
    const other = await openLake(folder);
    const theirs = await other.beginAppend();
    await theirs.addFlowLog(
      buildFlowLog([{ tuples: [{ time: noon, src: '10.0.0.1', dst: '10.0.0.2', dstPort: 2 }] }]),
      { blob: 'a' },
    );
    await theirs.commit([]);
    await other.close();
    expect((await append.commit([{ key: 'a', before, after: undefined }])).outcome).toBe('committed');
    expect(await rowsNow()).toEqual([]);
    expect((await lake.positions()).byKey.size).toBe(0);
  });

  test('are found by bytes, whatever the order of their texts in JavaScript', async () => {
    await commit([{ blob: 'b…é😀', ports: [1] }]);
    await commit([{ blob: 'b\uffff', ports: [2] }]);
    await commit([{ blob: 'c', ports: [] }], { replacedBlobs: ['b\uffff'] });
    expect(await rowsNow()).toEqual(['1']);
  });
});

describe('bytes of a flow log', () => {
  test('are decoded, and what was read of them is told', async () => {
    const text =
      '{"records":[{"time":"2023-11-14T12:00:00Z","category":"NetworkSecurityGroupFlowEvent","resourceId":"/X/NSG","properties":{"Version":2,"flows":[{"rule":"R","flows":[{"mac":"000D3A000001","flowTuples":["1699963200,10.0.0.1,10.0.0.2,1,7,T,O,A,B,,,,","bad"]}]}]}}';
    const append = await lake.beginAppend();
    const added = await append.addBytes(Buffer.from(text), { blob: 'a', startByte: 100 });
    expect(added).toMatchObject({ records: 1, tuples: 1, readEndByte: text.length });
    expect(added.rejections).toHaveLength(1);
    expect(added.rejections[0].startByte).toBe(text.indexOf('"bad"'));
    await append.commit([]);
    expect(await rowsNow()).toEqual(['7']);
  });
});

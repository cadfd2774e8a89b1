import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { ingest } from '../../src/ingest/ingest.ts';
import { wholeChunks } from '../../src/source/byte-stream.ts';
import { selectsAll } from '../../src/source/selection.ts';
import type { SourceBlob } from '../../src/source/source-blob.ts';
import { listSources } from '../../src/source/list-sources.ts';
import { readWhole } from '../../src/source/whole-log.ts';
import { blobName, container, madeRecord, wholeLog, writeBlob } from './build-blobs.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'nsgflow-source-'))));
afterEach(() => rm(folder, { recursive: true, force: true }));

async function listed(...sources: string[]): Promise<SourceBlob[]> {
  const blobs: SourceBlob[] = [];
  for await (const blob of listSources(sources, selectsAll)) blobs.push(blob);
  return blobs;
}

const records = [1, 2].map((minute) => madeRecord(minute, [{ port: minute }]));

test('a blob that has grown since it was listed is read whole, in the version that it has now', async () => {
  const account = folderAccount(join(folder, 'logs'), { sync: false });
  await writeBlob(account.container(container), blobName(), records.slice(0, 1));
  const [blob] = await listed(join(folder, 'logs'));
  await writeBlob(account.container(container), blobName(), records);
  const { log } = await readWhole(blob);
  expect(log.rejections).toEqual([]);
  expect(log.records).toHaveLength(2);
});

test('a blob that ended where a piece of it ends, and has grown meanwhile, has no closing brackets inside', async () => {
  const open = new Uint8Array(limits.pieceBytesMax - 2).fill(0x20);
  const versions = [']}', ',{"time":"x"}]}'].map((end) => Buffer.concat([open, Buffer.from(end)]));
  let reads = 0;
  const read = (start: number, end: number): Promise<Uint8Array> =>
    Promise.resolve(versions[Math.min(reads++, 1)].subarray(start, end));
  const chunks: Uint8Array[] = [];
  for await (const chunk of wholeChunks(read, versions[0].length)) chunks.push(chunk);
  expect(Buffer.concat(chunks).equals(versions[1])).toBe(true);
  expect(reads).toBe(2);
});

test('a lake that lies among the logs is no log: ingesting again finds nothing new', async () => {
  await writeFile(join(folder, 'a.json'), wholeLog(records));
  const lake = join(folder, 'lake');
  const settings = { sources: [folder], lake, rejectedMax: undefined };
  expect(await ingest(settings)).toMatchObject({ tuples: 2, rejected: 0 });
  expect(await ingest(settings)).toMatchObject({ tuples: 0, rejected: 0 });
  expect((await listed(folder)).map(({ name }) => name)).toEqual(['a.json']);
  expect((await listed(`${folder}/**/*.json`)).map(({ name }) => name)).toEqual(['a.json']);
});

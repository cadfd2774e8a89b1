/** What of a lake goes to a ClickHouse server with a question. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { limits } from '../../../src/base/limits.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { LakeView } from '../../../src/lake/flows/view.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { clickhouseSources } from '../../../src/query/clickhouse/clickhouse-source.ts';
import type { QuestionFiles } from '../../../src/query/engine/question-view.ts';
import { filesOfQuestion } from '../../../src/query/engine/question-view.ts';
import { plainRecordsOfFewConnections } from '../../lake/flows/plain-tuples.ts';
import { ingestBlob } from '../../lake/flows/settled-lake.ts';

const [first, second] = fc.sample(plainRecordsOfFewConnections, { seed: 20_231_114, numRuns: 2 });
const read = new Map([['flows', new Set(['src_port', 'dst_ip'])]] as const);
let folder: string;
let lake: Lake;
let view: LakeView;
let files: QuestionFiles;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-sent-'));
  lake = await openLake(folder, { create: true });
  await ingestBlob(lake, 'c/0', first);
  await settle(lake);
  await ingestBlob(lake, 'c/1', second);
  view = await LakeView.open(lake);
  files = await filesOfQuestion(view, { ask: 'count' }, read, undefined);
});

afterAll(async () => {
  await view.close();
  await lake.close();
  await rm(folder, { recursive: true, force: true });
});

test('stored files are named, and those that were built go along, whole', async () => {
  const { flows } = await clickhouseSources(view, files, read, undefined);
  const [stored, built] = files.flows!.map((table) => table.files.map(({ path }) => path));
  expect(flows!.sql).toMatch(/^\(SELECT `src_port`, `dst_ip` FROM /);
  expect(flows!.values['flows_files_0'] ?? []).toEqual(stored);
  const sent = Object.entries(flows!.step!.values).filter(([name]) => name.startsWith('flows_rows_'));
  const bytes = await Promise.all(built.map((path) => readFile(path)));
  expect(sent.map(([, text]) => text)).toEqual(bytes.map((one) => one.toString('base64')));
  expect(flows!.step!.text).not.toContain(String(sent[0][1]));
});

test('a file that is longer than a parameter may be goes in several', async () => {
  const made = join(folder, 'long.parquet');
  const bytes = Buffer.alloc(200_000, 'nsgflow');
  await writeFile(made, bytes);
  const [own, built] = files.flows!;
  const long = { ...built.files[0], path: made, sizeBytes: bytes.length };
  const { flows } = await clickhouseSources(view, { flows: [own, { ...built, files: [long] }] }, read, undefined);
  const sent = Object.entries(flows!.step!.values).filter(([name]) => name.startsWith('flows_rows_'));
  expect(sent.map(([name]) => name)).toEqual(['flows_rows_0', 'flows_rows_1', 'flows_rows_2']);
  expect(sent.every(([, text]) => text.length <= 131_072)).toBe(true);
  expect(Buffer.from(sent.map(([, text]) => String(text)).join(''), 'base64').equals(bytes)).toBe(true);
});

test('flows that are too many to be sent are an error', async () => {
  const [own, built] = files.flows!;
  const large = { ...built.files[0], sizeBytes: limits.sentFlowsBytesMax + 1 };
  const asked = clickhouseSources(view, { flows: [own, { ...built, files: [large] }] }, read, undefined);
  await expect(asked).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('not settled') });
});

test('addresses are values, and a test that comes before other columns are read', async () => {
  const { flows } = await clickhouseSources(view, files, read, ["10.0.0.1'); --"]);
  expect(flows!.sql).not.toContain('10.0.0.1');
  expect(flows!.values['flows_addresses'] ?? []).toEqual(["10.0.0.1'); --"]);
});

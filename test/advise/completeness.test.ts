import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { minuteMillis } from '../../src/base/time.ts';
import type { Container } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { openLake } from '../../src/lake/lake.ts';
import { minutesOf } from '../../src/advise/completeness.ts';
import { ingest } from '../../src/ingest/ingest.ts';
import { ingestStatus } from '../../src/advise/ingest-status.ts';
import { readRecorderLosses } from '../../src/deliver/recorder-losses.ts';
import { selectsAll } from '../../src/source/selection.ts';
import type { MadeTuple } from '../source/build-blobs.ts';
import { blobName, container, hour, macOf, madeRecord, nsgId, writeBlob } from '../source/build-blobs.ts';

let folder: string;
let logs: string;
let lake: string;
let to: Container;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-gaps-'));
  logs = join(folder, 'logs');
  lake = join(folder, 'lake');
  to = folderAccount(logs, { sync: false }).container(container);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** `from-to state evidence` in minutes since the first hour, by NIC. */
async function judged(options: { recorder?: string; start?: number; end?: number } = {}): Promise<string[]> {
  await ingest({ sources: [logs], lake, rejectedMax: undefined });
  const opened = await openLake(lake);
  const losses = options.recorder === undefined ? undefined : await readRecorderLosses(options.recorder);
  const range = {
    ...(options.start === undefined ? {} : { start: hour + options.start * minuteMillis }),
    ...(options.end === undefined ? {} : { end: hour + options.end * minuteMillis }),
  };
  const lines: string[] = [];
  for await (const { startMillis, endMillis, state, evidence, mac } of minutesOf(opened, range, losses))
    lines.push(
      `${Number.parseInt(mac.slice(6), 16)}: ${(startMillis - hour) / minuteMillis}-${(endMillis - hour) / minuteMillis} ${state} ${evidence}`.trim(),
    );
  await opened.close();
  return lines;
}

/** A blob of an hour with one record a minute named. */
async function write(minutes: Readonly<Record<number, readonly MadeTuple[]>>, hours = 0, nic = 1): Promise<void> {
  const records = Object.entries(minutes).map(([minute, tuples]) => madeRecord(Number(minute), tuples, nic, hours));
  await writeBlob(to, blobName(hours, nic), records);
}

const short = (port: number): MadeTuple[] => [{ port }, { port, state: 'E' }];

/** Tuples of a flow open from minute 2 of the first hour to minute 40 of the third, at ticks of 5 minutes. */
function openFlow(hours: number): Record<number, MadeTuple[]> {
  const minutes: Record<number, MadeTuple[]> = {};
  for (let minute = 0; minute < 60; minute += 5) minutes[minute] = [{ port: 9, state: 'C' }];
  if (hours === 0) {
    delete minutes[0];
    minutes[2] = [{ port: 9 }];
  }
  if (hours === 2) {
    for (const minute of [45, 50, 55]) delete minutes[minute];
    minutes[40] = [{ port: 9, state: 'E' }];
  }
  return minutes;
}

describe('the minutes of a log', () => {
  test('a quiet NIC has none missing; before its first record and behind its last nothing is known', async () => {
    await write({ 5: short(1), 6: short(2), 30: short(3) });
    expect(await judged()).toEqual([
      '1: 0-5 unknown',
      '1: 5-7 present',
      '1: 7-30 quiet',
      '1: 30-31 present',
      '1: 31-60 unknown',
    ]);
    await write({ 10: short(4) }, 2);
    expect((await judged({ start: 30 })).slice(0, 4)).toEqual([
      '1: 30-31 present',
      '1: 31-60 quiet',
      '1: 60-120 unknown',
      '1: 120-130 quiet',
    ]);
  });

  test('a long flow that continues at each tick has nothing missing', async () => {
    for (const hours of [0, 1, 2]) await write(openFlow(hours), hours);
    expect((await judged()).filter((line) => line.includes('missing'))).toEqual([]);
  });

  test('an hour without a blob inside an open flow is missing whole; ticks that did not come are missing', async () => {
    await write(openFlow(0));
    await write(openFlow(2), 2);
    expect((await judged()).filter((line) => /missing/.test(line))).toEqual(['1: 60-120 missing absent-hour']);
    const minutes = openFlow(1);
    for (const minute of [20, 25, 30]) delete minutes[minute];
    await write(minutes, 1);
    expect((await judged()).filter((line) => /missing/.test(line))).toEqual([
      '1: 80-81 missing open-flow',
      '1: 85-86 missing open-flow',
      '1: 90-91 missing open-flow',
    ]);
    expect((await judged({ end: 85 })).filter((line) => /missing/.test(line))).toEqual(['1: 80-81 missing open-flow']);
  });

  test('a flow that neither continues nor ends though its NIC goes on is evidence; one of a stateless rule is none', async () => {
    await write({ 1: [{ port: 9 }], 2: short(1), 40: short(2) });
    expect((await judged()).filter((line) => /missing/.test(line))).toEqual(['1: 6-7 missing open-flow']);
    await to.delete(blobName());
    await write({ 1: [{ port: 9 }], 2: [{ port: 1 }], 40: [{ port: 2 }] });
    expect((await judged()).filter((line) => /missing/.test(line))).toEqual([]);
  });

  test('a rejected range is missing until it is repaired', async () => {
    const records = [1, 2, 4].map((minute) => madeRecord(minute, short(minute)));
    await writeBlob(to, blobName(), [records[0], records[1].slice(0, 150), records[2]]);
    expect((await judged()).slice(1, 4)).toEqual(['1: 1-2 present', '1: 2-3 missing rejected', '1: 3-4 quiet']);
    await to.delete(blobName());
    await writeBlob(to, blobName(), records);
    expect((await judged()).filter((line) => /missing/.test(line))).toEqual([]);
  });

  test('a blob of which nothing can be read is an hour missing', async () => {
    await writeBlob(to, blobName(1), ['{"time":"2026-11-20T11:00']);
    expect(await judged()).toEqual(['1: 60-120 missing rejected']);
  });

  test("the recorder's own word: what it dropped is missing, what its spool holds is unknown", async () => {
    await write({ 5: short(1), 50: short(2) });
    const recorder = join(folder, 'spool');
    await mkdir(recorder);
    const at = (minute: number): string => new Date(hour + minute * minuteMillis).toISOString();
    const dropped = { storage: 's', container, blob: blobName(), firstMinute: at(20), lastMinute: at(22), blocks: 3 };
    const status = async (blobs: readonly object[]): Promise<void> =>
      await writeFile(join(recorder, 'status.json'), JSON.stringify({ oldestMinute: at(40), droppedBlobs: blobs }));
    await status([dropped]);
    expect((await judged({ recorder })).slice(2, 7)).toEqual([
      '1: 6-20 quiet',
      '1: 20-23 missing dropped',
      '1: 23-40 quiet',
      '1: 40-50 unknown spooled',
      '1: 50-51 present',
    ]);
    await status([{ ...dropped, firstMinute: '1970-01-01T00:00:00Z', lastMinute: '9999-12-31T00:00:00Z' }]);
    expect((await judged({ recorder })).filter((line) => /missing/.test(line))).toEqual([
      '1: 0-5 missing dropped',
      '1: 6-50 missing dropped',
      '1: 51-60 missing dropped',
    ]);
  });
});

test('the status of a lake: blobs, newest record, and what is not read yet', async () => {
  await write({ 1: short(1), 2: short(2) });
  await write({ 30: short(3) }, 0, 2);
  await ingest({ sources: [logs], lake, rejectedMax: undefined });
  await write({ 40: short(3) }, 0, 3);
  const opened = await openLake(lake);
  const [log, ...others] = await ingestStatus(opened, [logs], selectsAll);
  await opened.close();
  expect(others).toEqual([]);
  expect(log).toMatchObject({
    kind: 'nsg',
    resourceId: nsgId(),
    blobs: 2,
    nics: 2,
    rejected: 0,
    newestMillis: hour + 30 * minuteMillis,
    tuplesPerMinute: 0.1,
    pendingBlobs: 1,
  });
  expect(macOf(3)).toBe('000D3A000003');
});

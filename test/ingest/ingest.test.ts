import { createReadStream, mkdtempSync, rmSync, statSync } from 'node:fs';
import { appendFile, mkdir, mkdtemp, readdir, rm, unlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { createGzip, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { longTest } from '../base/long.ts';
import { limits } from '../../src/base/limits.ts';
import type { Container } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { writeCommit } from '../../src/lake/delta/delta-log.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { KeptRejection } from '../../src/lake/positions/position.ts';
import { readTableState } from '../../src/lake/delta/read-state.ts';
import type { IngestNotice, IngestResult, IngestSettings } from '../../src/ingest/ingest.ts';
import { ingest } from '../../src/ingest/ingest.ts';
import { parseNameTest } from '../../src/source/selection.ts';
import { readLogs } from '../../src/ingest/read-logs.ts';
import { blobName, container, hour, madeRecord, nsgId, portsOf, wholeLog, writeBlob } from '../source/build-blobs.ts';
import { tuplesPlace } from '../../src/lake/delta/table-place.ts';

let folder: string;
let logs: string;
let lake: string;
let to: Container;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-ingest-'));
  logs = join(folder, 'logs');
  lake = join(folder, 'lake');
  to = folderAccount(logs, { sync: false }).container(container);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

let notices: IngestNotice[] = [];

async function run(settings: Partial<IngestSettings> = {}): Promise<IngestResult> {
  notices = [];
  return await ingest({
    sources: [logs],
    lake,
    rejectedMax: undefined,
    onNotice: (notice) => notices.push(notice),
    ...settings,
  });
}

async function rejectionsOf(): Promise<KeptRejection[]> {
  const opened = await openLake(lake);
  const { byKey } = await opened.positions();
  await opened.close();
  return [...byKey.values()].flatMap(({ rejections }) => rejections ?? []);
}

async function put(name: string, content: string | Uint8Array): Promise<string> {
  const path = join(logs, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, content);
  return path;
}

const minutes = (ports: readonly number[]): string[] => ports.map((port, i) => madeRecord(i, [{ port }]));

describe('a blob that changed otherwise than by growing', () => {
  test('rewritten with one tuple changed, under the same block ids and lengths: reported once, counts exact', async () => {
    await writeBlob(to, blobName(), minutes([1001, 1002, 1003]));
    await writeBlob(to, blobName(0, 2), minutes([5001]));
    expect((await run()).tuples).toBe(4);
    await to.delete(blobName());
    await writeBlob(to, blobName(), minutes([1001, 1009, 1003]));
    expect(await run()).toMatchObject({ tuples: 3, replaced: 1, rejected: 0 });
    expect(notices.map(({ notice }) => notice)).toEqual(['blob-rewritten']);
    expect(notices[0].sentence).toContain(blobName());
    expect(await portsOf(lake)).toEqual([1001, 1003, 1009, 5001]);
    expect(await run()).toMatchObject({ tuples: 0, replaced: 0, bytes: 0 });
    expect(notices).toEqual([]);
  });

  test('rewritten, where the lake is append-only: its old rows stay, other blobs are read, and the run says so', async () => {
    await writeBlob(to, blobName(), minutes([1001, 1002]));
    await run();
    const { metadata, version } = (await readTableState(tuplesPlace(lake)))!;
    await writeCommit(tuplesPlace(lake), version + 1, [
      { metaData: { ...metadata, configuration: { 'delta.appendOnly': 'true' } } },
    ]);
    await to.delete(blobName());
    await writeBlob(to, blobName(), minutes([1001, 1009]));
    await writeBlob(to, blobName(0, 2), minutes([5001]));
    await expect(run()).rejects.toMatchObject({
      code: 'lake-invalid',
      message: expect.stringContaining('blobs that were rewritten (1)') as string,
    });
    expect(notices.map(({ notice }) => notice)).toEqual(['blob-kept']);
    expect(notices[0].sentence).toContain(blobName());
    expect(await portsOf(lake)).toEqual([1001, 1002, 5001]);
    await expect(run(), 'told again by each run').rejects.toMatchObject({ code: 'lake-invalid' });
  });

  const probe = mkdtempSync(join(tmpdir(), 'nsgflow-birth-'));
  const hasBirths = statSync(probe, { bigint: true }).birthtimeNs !== 0n;
  rmSync(probe, { recursive: true });
  test.skipIf(!hasBirths)(
    'rewritten under the same ids and lengths, and grown as well before it was looked at',
    async () => {
      await writeBlob(to, blobName(), minutes([1001, 1002, 1003]));
      await run();
      await to.delete(blobName());
      await writeBlob(to, blobName(), minutes([1001, 1009, 1003, 1004]));
      expect(await run()).toMatchObject({ tuples: 4, replaced: 1, rejected: 0 });
      expect(notices.map(({ notice }) => notice)).toEqual(['blob-rewritten']);
      expect(await portsOf(lake)).toEqual([1001, 1003, 1004, 1009]);
      await to.delete(blobName());
      await writeBlob(to, blobName(), minutes([1001, 1009, 1003, 1004, 1005]));
      expect(await run()).toMatchObject({ tuples: 1, replaced: 0 });
      expect(await portsOf(lake)).toEqual([1001, 1003, 1004, 1005, 1009]);
    },
  );

  longTest('more of them than one commit replaces, among new ones: all that is new comes in one run', async () => {
    const write = (nic: number, port: number): Promise<unknown> =>
      put(`y=2026/m=11/d=20/h=10/macAddress=${nic}/PT1H.json`, wholeLog(minutes([port])));
    const nics = Array.from({ length: limits.replacedBlobsMax + 60 }, (_, i) => i);
    for (const nic of nics) await write(nic, 1);
    await run();
    for (const nic of nics.slice(10)) await write(nic, 2);
    for (const nic of nics) await write(nics.length + nic, 3);
    expect(await run()).toMatchObject({ tuples: nics.length - 10 + nics.length, replaced: nics.length - 10 });
    expect(await run()).toMatchObject({ tuples: 0, replaced: 0 });
    const ports = await portsOf(lake);
    const count = (port: number): number => ports.filter((one) => one === port).length;
    expect([count(1), count(2), count(3)]).toEqual([10, nics.length - 10, nics.length]);
  });

  longTest('shrunk, and grown with other blocks', async () => {
    await writeBlob(to, blobName(), minutes([1001, 1002, 1003]));
    await run();
    await to.delete(blobName());
    await writeBlob(to, blobName(), minutes([1001]));
    expect((await run()).replaced).toBe(1);
    expect(await portsOf(lake)).toEqual([1001]);
    await to.delete(blobName());
    await writeBlob(to, blobName(), minutes([20_001, 2, 3, 4]));
    expect((await run()).replaced).toBe(1);
    expect(await portsOf(lake)).toEqual([2, 3, 4, 20_001]);
  });

  test('touched, or written again with the same bytes: nothing is added and nothing is said', async () => {
    await writeBlob(to, blobName(), minutes([1001, 1002]));
    await run();
    await to.delete(blobName());
    await writeBlob(to, blobName(), minutes([1001, 1002]));
    expect(await run()).toMatchObject({ tuples: 0, replaced: 0 });
    expect(notices).toEqual([]);
    await writeBlob(to, blobName(), minutes([1001, 1002, 1003]));
    expect(await run()).toMatchObject({ tuples: 1, replaced: 0 });
  });

  test('deleted: its rows stay', async () => {
    await writeBlob(to, blobName(), minutes([1001]));
    await writeBlob(to, blobName(1), minutes([1002]));
    await run();
    await to.delete(blobName());
    expect(await run()).toMatchObject({ blobs: 1, tuples: 0 });
    expect(await portsOf(lake)).toEqual([1001, 1002]);
  });

  test('a copy without a block list: grown, edited in the middle, cut', async () => {
    const path = await put('copy/PT1H.json', wholeLog(minutes([1, 2])));
    expect((await run()).tuples).toBe(2);
    await writeFile(path, wholeLog(minutes([1, 2, 3])));
    expect(await run()).toMatchObject({ tuples: 1, replaced: 0 });
    await writeFile(path, wholeLog(minutes([1, 7, 3])));
    expect(await run()).toMatchObject({ tuples: 3, replaced: 1 });
    expect(await portsOf(lake)).toEqual([1, 3, 7]);
    await writeFile(path, wholeLog(minutes([1])));
    await run();
    expect(await portsOf(lake)).toEqual([1]);
    await utimes(path, 1, 1);
    expect(await run()).toMatchObject({ tuples: 0, replaced: 0 });
  });

  test('identical tuples are kept', async () => {
    const record = madeRecord(0, [{ port: 7 }, { port: 7 }]);
    await writeBlob(to, blobName(), [record, record]);
    await run();
    expect(await portsOf(lake)).toEqual([7, 7, 7, 7]);
  });
});

describe('what cannot be read', () => {
  test('is kept with its place and reason, and healed by a repair', async () => {
    const whole = minutes([1, 2, 3]);
    const torn = [whole[0], whole[1].slice(0, 200), whole[2]];
    await writeBlob(to, blobName(), torn);
    expect(await run()).toMatchObject({ tuples: 2, rejected: 1 });
    const [rejection] = await rejectionsOf();
    const startByte = '{"records":['.length + whole[0].length + 1;
    expect(rejection).toMatchObject({ startByte, endByte: startByte + 200 + 1, reason: 'syntax' });
    expect(await run()).toMatchObject({ tuples: 0, rejected: 0 });
    expect(await rejectionsOf()).toHaveLength(1);
    await to.delete(blobName());
    await writeBlob(to, blobName(), whole);
    expect(await run()).toMatchObject({ tuples: 3, replaced: 1, rejected: 0 });
    expect(await rejectionsOf()).toEqual([]);
    expect(await portsOf(lake)).toEqual([1, 2, 3]);
  });

  test('a copy cut anywhere gives what is whole, and the rest when it comes', async () => {
    const text = wholeLog([madeRecord(0, [{ port: 1 }, { port: 2 }]), madeRecord(1, [{ port: 3 }, { port: 4 }])]);
    for (let cut = 20; cut < text.length; cut += process.env['NSGFLOW_LONG'] === '1' ? 23 : 397) {
      const at = join(folder, `lake-${cut}`);
      const path = await put('copy.json', text.slice(0, cut));
      await run({ lake: at, rejectedMax: undefined, sources: [logs] }).catch(() => undefined);
      await writeFile(path, text);
      await run({ lake: at });
      expect([cut, await portsOf(at)]).toEqual([cut, [1, 2, 3, 4]]);
    }
  });

  test('a damaged gzip file gives what comes before the damage', async () => {
    const packed = gzipSync(wholeLog(Array.from({ length: 3000 }, (_, i) => madeRecord(i % 60, [{ port: i }]))));
    const path = await put('copy.json.gz', packed.subarray(0, packed.length - 2000));
    const first = await run();
    expect(first.tuples).toBeGreaterThan(100);
    expect((await rejectionsOf()).map(({ reason }) => reason)).toContain('gzip-damaged');
    await writeFile(path, packed);
    expect((await run()).replaced).toBe(1);
    expect(await portsOf(lake)).toEqual(Array.from({ length: 3000 }, (_, i) => i));
    expect(await rejectionsOf()).toEqual([]);
  });

  test('more than permitted ends the run, and nothing of it is committed', async () => {
    await put('bad.json', `{"records":[${madeRecord(0, [{ port: 1 }])},{"time":"2026-11-20T10:00`);
    await expect(run({ rejectedMax: 0 })).rejects.toMatchObject({ code: 'rejected-too-many' });
    expect(await portsOf(lake)).toEqual([]);
  });
});

describe('sources', () => {
  const record = madeRecord(0, [{ port: 1 }]);

  test('every form of path, gzip, and zip archives whose files are blobs', async () => {
    const id = nsgId();
    const names = [
      `resourceId=${id}/y=2026/m=11/d=20/h=10/m=00/macAddress=000D3A000001/PT1H.json`,
      'resourceId=/SUBSCRIPTIONS/sub-123/RESOURCEGROUPS/rg-prod/PROVIDERS/MICROSOFT.NETWORK/VIRTUALNETWORKS/myVnet/y=2024/m=03/d=15/h=10/m=00/macAddress=AABBCCDDEEFF/PT1H.json',
      'flowLogResourceID=/SUBSCRIPTIONS/S/RESOURCEGROUPS/NETWORKWATCHERRG/PROVIDERS/MICROSOFT.NETWORK/NETWORKWATCHERS/NETWORKWATCHER_R/FLOWLOGS/F/y=2026/m=01/d=01/h=00/m=00/macAddress=001122334455/PT1H.json',
      'flowLogResourceID=/9C99D7C5-7653-4B53-AE61-DAEFF13D8569_BPAVAN-E2E-VNETFLOW-STAGING-BATCH1/NETWORKWATCHER_CENTRALINDIA_FLOWLOG/y=2024/m=01/d=01/h=00/m=00/macAddress=001122334455/PT1H.json',
      'resourceId%3D/subscriptions/s/resourcegroups/g/providers/microsoft.network/networksecuritygroups/n/2024/3/5/PT1H.json',
    ];
    for (const name of names) await put(name, wholeLog([record]));
    await put('old/PT1H.json.gz', gzipSync(wholeLog([record])));
    await put(
      'archive.zip',
      zipOf([
        [`x/${names[0]}`, wholeLog([record, record])],
        ['notes.txt', 'no log'],
      ]),
    );
    expect(await run()).toMatchObject({ blobs: 7, tuples: 8, rejected: 0 });
    expect(await run()).toMatchObject({ blobs: 7, tuples: 0, bytes: 0 });
    await put(
      'archive.zip',
      zipOf([
        [`x/${names[0]}`, wholeLog([record, record])],
        ['y/PT1H.json', wholeLog([record])],
      ]),
    );
    expect(await run()).toMatchObject({ blobs: 8, tuples: 1, replaced: 0 });
  });

  test('files of an archive that have one path, or a path that leads out of it, are read like the others', async () => {
    const logOf = (port: number): string => wholeLog([madeRecord(0, [{ port }])]);
    await put(
      'archive.zip',
      zipOf([
        ['a.json', logOf(1)],
        ['../../b.json', logOf(2)],
        ['/c.json', logOf(3)],
        ['a.json', logOf(4)],
        ['d\\e.json', logOf(5)],
        ['C:\\f.json', logOf(6)],
        ['a.json', logOf(7)],
      ]),
    );
    expect(await run()).toMatchObject({ blobs: 7, tuples: 7, rejected: 0, unread: 0 });
    expect(await portsOf(lake)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await run()).toMatchObject({ blobs: 7, tuples: 0, replaced: 0, bytes: 0 });
    const { close, blobs } = await readLogs([logs], () => undefined);
    await close();
    expect(blobs).toBe(7);
  });

  test('a zip archive that is none is refused by name', async () => {
    const path = await put('archive.zip', 'PK no archive');
    await expect(run({ sources: [path] })).rejects.toMatchObject({ code: 'flowlog-invalid' });
  });

  test('two sources that overlap give each blob once', async () => {
    await writeBlob(to, blobName(), minutes([1, 2]));
    expect(await run({ sources: [logs, join(logs, container), join(logs, container, blobName())] })).toMatchObject({
      tuples: 2,
    });
    expect(await portsOf(lake)).toEqual([1, 2]);
  });

  test('a blob larger than a piece is read in pieces that end where records end', async () => {
    const filler = ' '.repeat(1 << 20);
    const records = Array.from({ length: 19 }, (_, i) => filler + madeRecord(i, [{ port: i }]));
    await put('large.json', wholeLog(records));
    expect(Buffer.byteLength(wholeLog(records))).toBeGreaterThan(limits.pieceBytesMax);
    expect(await run()).toMatchObject({ tuples: 19, rejected: 0 });
    await appendFile(join(logs, 'large.json'), '\n');
    expect(await run()).toMatchObject({ tuples: 0, replaced: 0 });
    await put('packed.json.gz', await buffer(createReadStream(join(logs, 'large.json')).pipe(createGzip())));
    expect(await run()).toMatchObject({ tuples: 19, rejected: 0 });
  });

  test('include, exclude and times choose blobs, and only folders that can hold them are listed', async () => {
    const ids = [
      nsgId('WEB'),
      nsgId('DB'),
      nsgId('WEB', 'OTHER'),
      nsgId('WEB', 'RG', '00000000-0000-0000-0000-000000000002'),
    ];
    let port = 0;
    for (const id of ids)
      for (const hours of [0, 1, 24, 48])
        await writeBlob(to, blobName(hours, 1, id), [madeRecord(0, [{ port: port++ }])]);
    const chosen = async (
      include: string[],
      exclude: string[] = [],
      start?: number,
      end?: number,
    ): Promise<number[]> => {
      const at = join(folder, `lake-${Math.random()}`);
      const tests = (texts: string[]) => texts.map((text) => parseNameTest('--include', text));
      const selection = {
        include: tests(include),
        exclude: tests(exclude),
        ...(start === undefined ? {} : { start }),
        ...(end === undefined ? {} : { end }),
      };
      const { tuples } = await run({ lake: at, selection });
      return tuples === 0 ? [] : await portsOf(at);
    };
    expect(await chosen(['nsg=db'])).toEqual([4, 5, 6, 7]);
    expect(await chosen(['nsg=W*', 'group=rg'])).toEqual([0, 1, 2, 3, 12, 13, 14, 15]);
    expect(await chosen(['subscription=*2'])).toEqual([12, 13, 14, 15]);
    expect(await chosen([], ['nsg=WEB'])).toEqual([4, 5, 6, 7]);
    expect(await chosen(['nic=00-0D-3A-00-00-01'], ['group=*'])).toEqual([]);
    expect(await chosen(['flow-log=x'])).toEqual([]);
    expect(await chosen(['nsg=DB'], [], hour + 3_600_000, hour + 25 * 3_600_000)).toEqual([5, 6]);
    expect(await chosen(['nsg=DB'], [], hour + 1)).toEqual([4, 5, 6, 7]);
    expect(await chosen([], [], hour + 26 * 3_600_000)).toEqual([3, 7, 11, 15]);
  });

  test('the newest day comes first, unless asked otherwise', async () => {
    for (const hours of [0, 24, 48]) await writeBlob(to, blobName(hours), [madeRecord(0, [{ port: hours }])]);
    const stop = new AbortController();
    await run({ stop: stop.signal, onProgress: () => stop.abort() });
    expect(await portsOf(lake)).toEqual([48]);
    await run();
    expect(await portsOf(lake)).toEqual([0, 24, 48]);
    const stopOldest = new AbortController();
    const other = join(folder, 'other');
    await run({ lake: other, order: 'oldest-first', stop: stopOldest.signal, onProgress: () => stopOldest.abort() });
    expect(await portsOf(other)).toEqual([0]);
  });
});

describe('the disk', () => {
  test('at the reserve, the run stops before it writes; before, it warns', async () => {
    await writeBlob(to, blobName(), minutes([1]));
    const space = (freeBytes: number) => () => Promise.resolve({ totalBytes: 1e12, freeBytes });
    await expect(run({ spaceOf: space(100e6) })).rejects.toMatchObject({ code: 'disk-full' });
    expect((await readdir(join(lake, 'tuples'))).filter((name) => name !== '_delta_log')).toEqual([]);
    expect((await run({ spaceOf: space(1e9) })).tuples).toBe(1);
    expect(notices.map(({ notice }) => notice)).toEqual(['disk-low']);
    await unlink(join(logs, container, blobName()));
  });
});

/** A zip archive of stored files. */
function zipOf(files: readonly (readonly [name: string, text: string])[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of files) {
    const data = Buffer.from(text);
    const sum = crc32(data);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(20, 4);
    head.writeUInt32LE(sum, 14);
    head.writeUInt32LE(data.length, 18);
    head.writeUInt32LE(data.length, 22);
    head.writeUInt16LE(name.length, 26);
    const entry = Buffer.alloc(46);
    entry.writeUInt32LE(0x02014b50, 0);
    entry.writeUInt16LE(20, 4);
    entry.writeUInt16LE(20, 6);
    entry.writeUInt32LE(sum, 16);
    entry.writeUInt32LE(data.length, 20);
    entry.writeUInt32LE(data.length, 24);
    entry.writeUInt16LE(name.length, 28);
    entry.writeUInt32LE(offset, 42);
    parts.push(head, Buffer.from(name), data);
    directory.push(entry, Buffer.from(name));
    offset += 30 + name.length + data.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, central, end]);
}

function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (0xedb88320 & -(crc & 1));
  }
  return ~crc >>> 0;
}

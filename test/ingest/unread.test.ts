import { chmod, mkdir, mkdtemp, readFile, rm, symlink, unlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isLong } from '../base/long.ts';
import { FlowError } from '../../src/base/errors.ts';
import type { BlobItem, Container } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { MemoryContainer } from '../../src/blob/memory.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { KeptRejection } from '../../src/lake/positions/position.ts';
import { convert } from '../../src/convert/convert.ts';
import type { FollowStatus } from '../../src/ingest/follow.ts';
import { follow } from '../../src/ingest/follow.ts';
import { ingestStatus } from '../../src/advise/ingest-status.ts';
import type { IngestNotice, IngestResult, IngestSettings } from '../../src/ingest/ingest.ts';
import { Ingester, ingest } from '../../src/ingest/ingest.ts';
import { readLogs } from '../../src/ingest/read-logs.ts';
import { selectsAll } from '../../src/source/selection.ts';
import type { SourceBlob } from '../../src/source/source-blob.ts';
import { sourceBlob } from '../../src/source/source-blob.ts';
import { blobName, madeRecord, portsOf, wholeLog, writeBlob } from '../source/build-blobs.ts';

let folder: string;
let logs: string;
let lake: string;
let notices: IngestNotice[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-unread-'));
  logs = join(folder, 'logs');
  lake = join(folder, 'lake');
  notices = [];
});
afterEach(async () => {
  await chmod(join(logs, 'closed'), 0o755).catch(() => undefined);
  await rm(folder, { recursive: true, force: true });
});

async function put(name: string, port: number): Promise<string> {
  const path = join(logs, name);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, wholeLog([madeRecord(0, [{ port }])]));
  return path;
}

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

async function rejectsOf(): Promise<[key: string, rejection: KeptRejection][]> {
  const opened = await openLake(lake);
  const { byKey } = await opened.positions();
  await opened.close();
  return [...byKey].flatMap(([key, { rejections = [] }]) =>
    rejections.map((one): [string, KeptRejection] => [key, one]),
  );
}

/** Root reads what nobody may. */
const isRoot = process.getuid?.() === 0;

describe('in a folder, what cannot be read stops nothing else', () => {
  test('a link that leads nowhere, a folder with the name of a blob, an archive that is none', async () => {
    await put('a/PT1H.json', 1);
    await put('PT1H.json/b/PT1H.json', 2);
    await mkdir(join(logs, 'empty', 'PT1H.json'), { recursive: true });
    await symlink(join(folder, 'nowhere'), join(logs, 'link.json'));
    await writeFile(join(logs, 'broken.zip'), 'PK no archive');
    expect(await run()).toMatchObject({ blobs: 3, tuples: 2, unread: 1, rejected: 0 });
    expect(notices.map(({ notice, sentence }) => `${notice}: ${sentence}`).sort()).toEqual([
      expect.stringMatching(/^unread: .*broken\.zip is not a readable zip archive/),
      expect.stringMatching(/^unread: .*link\.json: no such file/),
    ]);
    expect(await rejectsOf()).toEqual([
      [expect.stringMatching(/broken\.zip$/), expect.objectContaining({ reason: 'unread', startByte: 0, endByte: 13 })],
    ]);
    await unlink(join(logs, 'link.json'));
    await put('link.json', 3);
    await unlink(join(logs, 'broken.zip'));
    expect(await run()).toMatchObject({ tuples: 1, unread: 0 });
    expect(notices).toEqual([]);
    expect(await portsOf(lake)).toEqual([1, 2, 3]);
    const { close, blobs, unread } = await readLogs([logs], () => undefined);
    expect([blobs, unread]).toEqual([3, []]);
    await close();
  });

  test.skipIf(process.platform !== 'linux')('files and folders whose names are not UTF-8 are named', async () => {
    await put('a/PT1H.json', 1);
    const misnamed = (...parts: (string | number[])[]): Buffer =>
      Buffer.concat(
        [`${logs}/`, ...parts].map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))),
      );
    const log = wholeLog([madeRecord(0, [{ port: 2 }])]);
    await mkdir(misnamed([0xff]));
    await writeFile(misnamed([0xff], '/PT1H.json'), log);
    await writeFile(misnamed('b', [0xfe], '.json'), log);
    await put('c\uFFFD.json', 3);
    expect(await run()).toMatchObject({ tuples: 2 });
    expect(notices.map(({ sentence }) => sentence).sort()).toEqual([
      expect.stringMatching(/b\uFFFD\.json" is not UTF-8/),
      expect.stringMatching(/\uFFFD\/" is not UTF-8/),
    ]);
    const { close, unread } = await readLogs([logs], () => undefined);
    await close();
    expect(unread).toHaveLength(2);
  });

  test.skipIf(isRoot || process.platform === 'win32')(
    'a file and a folder that may not be read: named, and read once they may',
    async () => {
      await put('a/PT1H.json', 1);
      const file = await put('b/PT1H.json', 2);
      await put('closed/PT1H.json', 3);
      await chmod(file, 0);
      await chmod(join(logs, 'closed'), 0);
      expect(await run()).toMatchObject({ tuples: 1, unread: 1 });
      expect(notices).toHaveLength(2);
      await chmod(file, 0o644);
      await chmod(join(logs, 'closed'), 0o755);
      expect(await run()).toMatchObject({ tuples: 2, unread: 0 });
      expect(await rejectsOf()).toEqual([]);
    },
  );

  test('a source that is not there: the others are read, and the run fails', async () => {
    await put('a/PT1H.json', 1);
    await expect(run({ sources: [join(folder, 'none'), logs] })).rejects.toMatchObject({ code: 'not-found' });
    expect(await portsOf(lake)).toEqual([1]);
  });
});

/** A container in memory of which some blobs cannot be read. */
class Refusing extends MemoryContainer {
  readonly refused = new Map<string, FlowError>();
  readonly archived = new Set<string>();
  reads = 0;

  override async *list(prefix = ''): AsyncGenerator<BlobItem> {
    for await (const item of super.list(prefix))
      yield this.archived.has(item.name) ? { ...item, archived: true } : item;
  }

  override async blocks(name: string): ReturnType<Container['blocks']> {
    this.#check(name);
    return await super.blocks(name);
  }

  override async read(name: string, start?: number, end?: number): ReturnType<Container['read']> {
    this.#check(name);
    return await super.read(name, start, end);
  }

  #check(name: string): void {
    this.reads++;
    const error = this.refused.get(name);
    if (error !== undefined) throw error;
  }
}

async function* blobsOf(...containers: Container[]): AsyncGenerator<SourceBlob> {
  for (const container of containers)
    for await (const item of container.list()) yield sourceBlob(container, item, false);
}

describe('blobs that storage does not give', () => {
  const settings = (): IngestSettings => ({
    sources: [],
    lake,
    rejectedMax: undefined,
    onNotice: (notice) => notices.push(notice),
  });
  const record = (port: number): string[] => [madeRecord(0, [{ port }])];

  async function filled(location: string, firstPort: number, count = 5): Promise<Refusing> {
    const container = new Refusing(location);
    for (let i = 0; i < count; i++) await writeBlob(container, blobName(0, i + 1), record(firstPort + i));
    return container;
  }

  const codes = ['permission', 'blob-unreadable', 'blob-conflict', 'io'] as const;
  test.each(process.env['NSGFLOW_LONG'] === '1' ? codes : codes.slice(0, 2))(
    '%s: the others are read; it is told once, tried again the less often the longer it lasts, and read when it can be',
    async (code) => {
      const container = await filled('m/c', 0);
      container.refused.set(blobName(0, 2), new FlowError(code, 'cannot read it'));
      const ingester = new Ingester(settings());
      expect(await ingester.pass(() => blobsOf(container))).toMatchObject({ tuples: 4 });
      expect(ingester.unread).toBe(1);
      expect(notices).toEqual([{ notice: 'unread', sentence: 'cannot read it' }]);
      expect(await rejectsOf()).toEqual([
        [
          expect.stringContaining(blobName(0, 2)),
          expect.objectContaining({ reason: 'unread', detail: 'cannot read it.' }),
        ],
      ]);
      const before = container.reads;
      for (let i = 0; i < 100; i++) await ingester.pass(() => blobsOf(container));
      expect(container.reads - before).toBeLessThan(10);
      expect(notices).toHaveLength(1);
      container.refused.clear();
      for (let i = 0; i < 100; i++) await ingester.pass(() => blobsOf(container));
      await ingester.close();
      expect(await portsOf(lake)).toEqual([0, 1, 2, 3, 4]);
      expect(await rejectsOf()).toEqual([]);
    },
  );

  test('an archived one is not asked for at all, and read when it is moved, though its ETag stays', async () => {
    const container = await filled('m/c', 0);
    container.archived.add(blobName(0, 2));
    container.refused.set(blobName(0, 2), new FlowError('blob-unreadable', 'asked'));
    const ingester = new Ingester(settings());
    for (let i = 0; i < 3; i++) await ingester.pass(() => blobsOf(container));
    expect(notices).toEqual([{ notice: 'unread', sentence: expect.stringContaining('archive tier') as string }]);
    const opened = await openLake(lake);
    expect(await ingestStatus(opened, [], selectsAll)).toMatchObject([{ blobs: 4, unread: 1, rejected: 0 }]);
    await opened.close();
    container.refused.clear();
    container.archived.clear();
    await ingester.pass(() => blobsOf(container));
    await ingester.pass(() => blobsOf(container));
    await ingester.pass(() => blobsOf(container));
    await ingester.close();
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3, 4]);
  });

  test('one that grew and cannot be read now keeps its rows, and goes on where it was', async () => {
    const container = await filled('m/c', 0);
    const ingester = new Ingester(settings());
    await ingester.pass(() => blobsOf(container));
    await writeBlob(container, blobName(0, 1), [...record(0), madeRecord(1, [{ port: 9 }])]);
    container.refused.set(blobName(0, 1), new FlowError('permission', 'cannot read it'));
    await ingester.pass(() => blobsOf(container));
    await ingester.close();
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3, 4]);
    container.refused.clear();
    const again = new Ingester(settings());
    expect(await again.pass(() => blobsOf(container))).toMatchObject({ tuples: 1, replaced: 0 });
    await again.close();
    expect(await rejectsOf()).toEqual([]);
  });

  test('one that is gone when its turn comes is told, and has no position', async () => {
    const container = await filled('m/c', 0);
    container.refused.set(blobName(0, 2), new FlowError('not-found', 'there is no blob'));
    const ingester = new Ingester(settings());
    await ingester.pass(() => blobsOf(container));
    await ingester.close();
    expect(notices).toHaveLength(1);
    expect(await portsOf(lake)).toEqual([0, 2, 3, 4]);
    expect(await rejectsOf()).toEqual([]);
  });

  test('a rewritten one that is gone before it is read anew keeps its rows', async () => {
    const container = await filled('m/c', 0);
    const ingester = new Ingester(settings());
    await ingester.pass(() => blobsOf(container));
    const name = blobName(0, 1);
    await container.delete(name);
    await writeBlob(container, name, record(9), 1);
    const blocks = container.blocks.bind(container);
    let asked = 0;
    container.blocks = async (of) => {
      if (of === name && ++asked === 2) throw new FlowError('not-found', 'there is no blob');
      return await blocks(of);
    };
    expect(await ingester.pass(() => blobsOf(container))).toMatchObject({ tuples: 0, replaced: 0 });
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3, 4]);
    const again = new Ingester(settings());
    expect(await again.pass(() => blobsOf(container))).toMatchObject({ tuples: 1, replaced: 1 });
    expect(await portsOf(lake)).toEqual([1, 2, 3, 4, 9]);
    await Promise.all([ingester.close(), again.close()]);
  });

  test.each(isLong ? (['permission', 'unavailable'] as const) : (['unavailable'] as const))(
    '%s in the middle of a blob: what was read stays, and every tuple is there once when it is read to its end',
    async (code) => {
      const container = await filled('m/c', 0, 2);
      const long = (port: number): string =>
        JSON.stringify({ ...(JSON.parse(madeRecord(0, [{ port }])) as object), more: 'x'.repeat(9 << 20) });
      const name = blobName(0, 9);
      await writeBlob(container, name, [long(10), long(11), long(12)]);
      const read = container.read.bind(container);
      container.read = async (of, start = 0, end) => {
        if (of === name && start > 12 << 20) throw new FlowError(code, 'it broke off');
        return await read(of, start, end);
      };
      const ingester = new Ingester(settings());
      const pass = ingester.pass(() => blobsOf(container));
      if (code === 'permission') await pass;
      else await expect(pass).rejects.toMatchObject({ code });
      await ingester.close();
      expect(await portsOf(lake)).toEqual([0, 1, 10]);
      expect(await rejectsOf()).toEqual([
        [expect.stringContaining(name), expect.objectContaining({ reason: 'unread' })],
      ]);
      container.read = read;
      const again = new Ingester(settings());
      expect(await again.pass(() => blobsOf(container))).toMatchObject({ tuples: 3, replaced: 1 });
      await again.close();
      expect(await portsOf(lake)).toEqual([0, 1, 10, 11, 12]);
      expect(await rejectsOf()).toEqual([]);
    },
  );

  test('an account that does not answer: the others are read, it is not asked for every blob, and the pass fails', async () => {
    const away = await filled('m/away', 100, 60);
    const near = await filled('m/near', 0);
    for (let i = 1; i <= 60; i++) away.refused.set(blobName(0, i), new FlowError('unavailable', 'no answer'));
    const ingester = new Ingester(settings());
    const before = away.reads;
    await expect(ingester.pass(() => blobsOf(away, near))).rejects.toMatchObject({ code: 'unavailable' });
    expect(away.reads - before).toBeLessThan(20);
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3, 4]);
    away.refused.clear();
    await ingester.pass(() => blobsOf(away, near));
    await ingester.close();
    expect(await portsOf(lake)).toHaveLength(65);
  });

  test('one blob that is never answered for keeps the others of its account from nothing', async () => {
    const container = await filled('m/c', 0);
    container.refused.set(blobName(0, 2), new FlowError('unavailable', 'no answer'));
    const ingester = new Ingester(settings());
    await expect(ingester.pass(() => blobsOf(container))).rejects.toMatchObject({ code: 'unavailable' });
    await ingester.close();
    expect(await portsOf(lake)).toEqual([0, 2, 3, 4]);
  });
});

test('a follower reads the folders that are there while another is away', async () => {
  await put('a/PT1H.json', 1);
  const stop = new AbortController();
  let last: FollowStatus | undefined;
  await follow({
    sources: [join(folder, 'none'), logs],
    lake,
    rejectedMax: undefined,
    pollMillis: 10,
    stop: stop.signal,
    onStatus: (status) => {
      last = status;
      if (status.total.tuples > 0) stop.abort();
    },
  });
  expect(last?.away?.sentence).toMatch(/none/);
  expect(await portsOf(lake)).toEqual([1]);
});

test('questions and convert go on behind what cannot be read, and name it', async () => {
  await put('a/PT1H.json', 1);
  await writeFile(join(logs, 'broken.zip'), 'PK no archive');
  await writeFile(join(logs, 'cut.json.gz'), gzipSync(await readFile(join(logs, 'a/PT1H.json'))).subarray(0, 60));
  await symlink(join(folder, 'nowhere'), join(logs, 'link.json'));
  const { close, blobs, unread, rejected, firstRejection } = await readLogs([logs], () => undefined);
  await close();
  expect(blobs).toBe(2);
  expect(rejected).toBe(1);
  expect(firstRejection).toMatch(/cut\.json\.gz, .*gzip-damaged/);
  expect(unread.map(({ message }) => message).sort()).toEqual([
    expect.stringContaining('broken.zip'),
    expect.stringContaining('link.json'),
  ]);
  const converted = await convert({ source: logs, to: folderAccount(join(folder, 'to')), format: 'vnet' });
  expect(converted).toMatchObject({ blobs: { read: 2 }, tuples: { read: 1 }, rejected: 1 });
  expect(converted.rejections.map(({ reason }) => reason)).toEqual(['gzip-damaged']);
  expect(converted.unread).toHaveLength(2);
});

test('of a damaged gzip file, questions and convert get the tuples that ingest gets', async () => {
  const packed = gzipSync(wholeLog(Array.from({ length: 3000 }, (_, i) => madeRecord(i % 60, [{ port: i }]))));
  await mkdir(logs, { recursive: true });
  await writeFile(join(logs, 'copy.json.gz'), packed.subarray(0, packed.length - 2000));
  const { tuples } = await run();
  expect(tuples).toBeGreaterThan(100);
  const { close, blobs, rejected } = await readLogs([logs], () => undefined);
  await close();
  expect([blobs, rejected > 0]).toEqual([1, true]);
  const converted = await convert({ source: logs, to: folderAccount(join(folder, 'to')), format: 'vnet' });
  expect(converted.tuples).toMatchObject({ read: tuples, written: tuples });
});

test('questions count copies of one log twice, and name two of them', async () => {
  const path = await put('a/PT1H.json', 1);
  await writeFile(join(logs, 'copy.json'), await readFile(path));
  await put('b/PT1H.json', 2);
  const { close, copies, blobs } = await readLogs([logs, logs], () => undefined);
  await close();
  expect(blobs).toBe(3);
  expect(copies).toEqual({
    count: 1,
    example: [expect.stringContaining('PT1H.json'), expect.stringContaining('copy.json')],
  });
});

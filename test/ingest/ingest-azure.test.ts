import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BlobServiceClient } from '@azure/storage-blob';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Container } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { openStorage } from '../../src/blob/open.ts';
import { convert } from '../../src/convert/convert.ts';
import { estimate, operationPrices } from '../../src/advise/estimate.ts';
import type { FollowStatus } from '../../src/ingest/follow.ts';
import { follow } from '../../src/ingest/follow.ts';
import { ingest } from '../../src/ingest/ingest.ts';
import { readLogs } from '../../src/ingest/read-logs.ts';
import { RetentionIndex, retain } from '../../src/source/retain.ts';
import { parseNameTest, selectsAll } from '../../src/source/selection.ts';
import type { Azurite } from '../blob/azurite/start.ts';
import { azuriteSkipped, startAzurite } from '../blob/azurite/start.ts';
import type { Fault } from '../blob/fault-proxy.ts';
import { refusalsOfBlob, startFaultProxy } from '../blob/fault-proxy.ts';
import { blobName, container, hour, madeRecord, nsgId, portsOf, writeBlob } from '../source/build-blobs.ts';

const variable = 'AZURE_STORAGE_CONNECTION_STRING';

describe.skipIf(azuriteSkipped !== undefined)(
  `ingesting from Azure Blob Storage, by Azurite${azuriteSkipped === undefined ? '' : ` (skipped: ${azuriteSkipped})`}`,
  () => {
    let azurite: Azurite;
    let to: Container;
    let folder: string;
    const before = process.env[variable];

    beforeAll(async () => {
      azurite = await startAzurite();
      process.env[variable] = azurite.connectionString;
      to = (await openStorage(azurite.url)).container(container);
      folder = await mkdtemp(join(tmpdir(), 'nsgflow-ingest-azure-'));
      let port = 0;
      for (const nsg of ['WEB', 'DB'])
        for (const hours of [-24, 0, 1])
          await writeBlob(to, blobName(hours, 1, nsgId(nsg)), [
            madeRecord(0, [{ port: port++ }]),
            madeRecord(1, [{ port: port++ }]),
          ]);
    }, 600_000);
    afterAll(async () => {
      if (before === undefined) delete process.env[variable];
      else process.env[variable] = before;
      await azurite?.stop();
      await rm(folder, { recursive: true, force: true });
    });

    test('by NSG and time; then all; and nothing twice', async () => {
      const lake = join(folder, 'lake');
      const selection = { include: [parseNameTest('--include', 'nsg=DB')], exclude: [], start: hour };
      const run = { sources: [azurite.url], lake, rejectedMax: 0 };
      expect(await ingest({ ...run, selection })).toMatchObject({ blobs: 2, tuples: 4 });
      expect(await portsOf(lake)).toEqual([8, 9, 10, 11]);
      const { newBlobs, readOperations, priceDollars } = await estimate(
        { ...run, selection: selectsAll },
        operationPrices,
      );
      expect([newBlobs, readOperations]).toEqual([4, 8]);
      expect(priceDollars).toBeCloseTo((8 * 0.0044 + 0.055) / 10_000, 10);
      expect(await ingest(run)).toMatchObject({ blobs: 6, tuples: 8 });
      expect(await ingest(run)).toMatchObject({ blobs: 6, tuples: 0, bytes: 0 });
      await to.delete(blobName(0, 1, nsgId('DB')));
      await writeBlob(to, blobName(0, 1, nsgId('DB')), [madeRecord(0, [{ port: 8 }]), madeRecord(1, [{ port: 7 }])]);
      expect(await ingest(run)).toMatchObject({ tuples: 2, replaced: 1 });
      expect(await portsOf(lake)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 7, 8, 10, 11]);
    });

    test('the tail of a growing blob is followed by listing its hour alone', async () => {
      const lake = join(folder, 'followed');
      const stop = new AbortController();
      let tuples = 0;
      const following = follow({
        sources: [azurite.url],
        lake,
        rejectedMax: 0,
        pollMillis: 50,
        now: () => hour + 30 * 60_000,
        stop: stop.signal,
        onStatus: ({ total }) => (tuples = total.tuples),
      });
      const until = async (count: number): Promise<void> => {
        const isThere = (): boolean => tuples >= count;
        for (let i = 0; i < 2000 && !isThere(); i++) await sleep(10);
        expect(tuples).toBe(count);
      };
      await until(12);
      for (let more = 1; more <= 3; more++) {
        const records = [0, 1, 2, 3, 4]
          .slice(0, 2 + more)
          .map((minute) => madeRecord(minute, [{ port: minute < 2 ? 2 + minute : 100 + minute }]));
        await writeBlob(to, blobName(0, 1, nsgId('WEB')), records);
        await until(12 + more);
      }
      stop.abort();
      await following;
    });

    test('following through a network that fails every fourth request, and is away for a while: every tuple once', async () => {
      const lake = join(folder, 'faulty');
      let requests = 0;
      let isAway = false;
      const kinds: readonly Fault[] = ['reset', 'lost-answer', 'truncated', 'answer-500', 'slow'];
      const proxy = await startFaultProxy(azurite.url, () => {
        if (isAway) return 'reset';
        return ++requests % 4 === 0 ? kinds[(requests / 4) % kinds.length] : 'none';
      });
      const stop = new AbortController();
      const seen: FollowStatus[] = [];
      const following = follow({
        sources: [`${proxy.url}/${container}`],
        lake,
        rejectedMax: 0,
        pollMillis: 50,
        rescanMillis: 200,
        selection: { include: [parseNameTest('--include', 'nsg=FAULTY')], exclude: [] },
        now: () => hour + 30 * 60_000,
        stop: stop.signal,
        onStatus: (status) => seen.push(status),
      });
      const until = async (hold: () => boolean): Promise<void> => {
        for (let i = 0; i < 9000 && !hold(); i++) await sleep(10);
        expect(hold()).toBe(true);
      };
      try {
        const steps = 12;
        for (let step = 1; step <= steps; step++) {
          for (const nic of [1, 2, 3]) {
            const records = Array.from({ length: step }, (_, i) => madeRecord(i, [{ port: 100 * nic + i }], nic));
            await writeBlob(to, blobName(0, nic, nsgId('FAULTY')), records);
          }
          isAway = step === steps / 2;
          if (isAway) await until(() => seen.at(-1)?.away !== undefined);
          isAway = false;
        }
        await until(() => seen.at(-1)?.total.tuples === 3 * steps);
      } finally {
        stop.abort();
        await following;
        await proxy.stop();
      }
      const ports = await portsOf(lake);
      expect(ports).toHaveLength(36);
      expect(new Set(ports).size).toBe(36);
    });
  },
);

describe.skipIf(azuriteSkipped !== undefined)('blobs of Azure Blob Storage that cannot be read', () => {
  let azurite: Azurite;
  let folder: string;
  const before = process.env[variable];

  beforeAll(async () => {
    azurite = await startAzurite();
    process.env[variable] = azurite.connectionString;
  }, 600_000);
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'nsgflow-unread-azure-'));
    const to = (await openStorage(azurite.url)).container(container);
    for (const hours of [0, 1, 2, 3]) {
      await to.delete(blobName(hours));
      await writeBlob(to, blobName(hours), [madeRecord(0, [{ port: hours }])]);
    }
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));
  afterAll(async () => {
    if (before === undefined) delete process.env[variable];
    else process.env[variable] = before;
    await azurite?.stop();
  });

  const clientOf = (hours: number) =>
    BlobServiceClient.fromConnectionString(azurite.connectionString)
      .getContainerClient(container)
      .getBlockBlobClient(blobName(hours));

  test('archived: the others are read, it is named without a hint about rights, and read once it is moved', async () => {
    const lake = join(folder, 'lake');
    await clientOf(1).setAccessTier('Archive');
    const notices: string[] = [];
    const run = {
      sources: [azurite.url],
      lake,
      rejectedMax: 0,
      onNotice: ({ sentence }: { sentence: string }) => void notices.push(sentence),
    };
    expect(await ingest(run)).toMatchObject({ blobs: 4, tuples: 3, unread: 1 });
    expect(await ingest(run)).toMatchObject({ tuples: 0, unread: 1 });
    expect(notices).toEqual([expect.stringContaining('archive tier')]);
    const { close, unread } = await readLogs([azurite.url], () => undefined);
    await close();
    expect(unread).toMatchObject([{ code: 'blob-unreadable', hint: expect.stringContaining('set-tier') as string }]);
    expect((await convert({ source: azurite.url, to: folderAccount(folder), format: 'vnet' })).unread).toHaveLength(1);
    await expect(ingest({ ...run, sources: [`${azurite.url}/${container}/${blobName(1)}`] })).rejects.toMatchObject({
      code: 'blob-unreadable',
    });
    await clientOf(1).setAccessTier('Hot');
    expect(await ingest(run)).toMatchObject({ tuples: 1, unread: 0 });
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3]);
  });

  test('a follower is not held up by an archived blob, and asks for it no more', async () => {
    await clientOf(1).setAccessTier('Archive');
    let asked = 0;
    const proxy = await startFaultProxy(azurite.url, ({ method, url }) => {
      if (method === 'GET' && url?.includes(blobName(1).slice(-60)) === true && !url.includes('comp=list')) asked++;
      return 'none';
    });
    const lake = join(folder, 'lake');
    const stop = new AbortController();
    let looks = 0;
    await follow({
      sources: [proxy.url],
      lake,
      rejectedMax: 0,
      pollMillis: 20,
      rescanMillis: 20,
      stop: stop.signal,
      onStatus: () => void (++looks === 5 && stop.abort()),
    });
    await proxy.stop();
    expect(asked).toBe(0);
    expect(await portsOf(lake)).toEqual([0, 2, 3]);
  });

  test.each(refusalsOfBlob)('%s for one blob: the others are read, and it is when it can be', async (fault) => {
    let refuses = true;
    const name = blobName(2).split('/').at(-4)!;
    const proxy = await startFaultProxy(azurite.url, ({ url }) =>
      refuses && decodeURIComponent(url ?? '').includes(`/${name}/`) && !url!.includes('restype=container')
        ? fault
        : 'none',
    );
    const lake = join(folder, 'lake');
    const run = { sources: [proxy.url], lake, rejectedMax: 0 };
    expect(await ingest(run)).toMatchObject({ tuples: 3, unread: 1 });
    refuses = false;
    expect(await ingest(run)).toMatchObject({ tuples: 1, unread: 0 });
    await proxy.stop();
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3]);
  });

  test('leases and snapshots keep blobs from being deleted, not the others, and from being read not at all', async () => {
    await clientOf(1).getBlobLeaseClient().acquireLease(-1);
    await clientOf(2).createSnapshot();
    const lake = join(folder, 'lake');
    expect(await ingest({ sources: [azurite.url], lake, rejectedMax: 0 })).toMatchObject({ tuples: 4, unread: 0 });
    const rules = new RetentionIndex([], { name: 'all', ids: [], days: 1 });
    const actions: string[] = [];
    const settings = { rules, nowMillis: hour + 30 * 86_400_000, deletes: 'all' } as const;
    for await (const { action } of retain(await openStorage(azurite.url), settings)) actions.push(action);
    expect(actions.sort()).toEqual(['deleted', 'deleted', 'refused', 'refused']);
    await clientOf(1).getBlobLeaseClient().breakLease(0);
    await clientOf(2).delete({ deleteSnapshots: 'include' });
  });

  test('an account that is away keeps another from nothing', async () => {
    const proxy = await startFaultProxy(azurite.url, () => 'answer-503');
    const lake = join(folder, 'lake');
    const run = { lake, rejectedMax: 0 };
    await expect(ingest({ ...run, sources: [proxy.url, azurite.url] })).rejects.toMatchObject({ code: 'unavailable' });
    await proxy.stop();
    expect(await portsOf(lake)).toEqual([0, 1, 2, 3]);
  });
});

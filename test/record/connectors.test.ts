import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Account, Container } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { openStorage } from '../../src/blob/open.ts';
import { nsgContainer, vnetContainer } from '../../src/flowlog/blob-path.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import { placeBlocks, readBlocks, wrapRecords } from '../../src/source/blob-blocks.ts';
import { captureInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import { azuriteSkipped, startAzurite } from '../blob/azurite/start.ts';
import type { Azurite } from '../blob/azurite/start.ts';
import { collect } from '../blob/contract.ts';
import type { Connector } from './connectors.ts';
import { blockIndexConnector, byteOffsetConnector } from './connectors.ts';

const examples = join(import.meta.dirname, '..', '..', 'examples');
const root = mkdtempSync(join(tmpdir(), 'nsgflow-connectors-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** An account that tells of each commit after it is done. */
function watched(account: Account, onCommit: (container: Container) => Promise<void>): Account {
  return {
    location: account.location,
    containers: () => account.containers(),
    container(name) {
      const inner = account.container(name);
      return {
        location: inner.location,
        name: inner.name,
        list: (prefix) => inner.list(prefix),
        children: (prefix) => inner.children(prefix),
        properties: async (blob) => await inner.properties(blob),
        read: async (blob, start, end) => await inner.read(blob, start, end),
        blocks: async (blob) => await inner.blocks(blob),
        stageBlock: async (blob, id, bytes) => await inner.stageBlock(blob, id, bytes),
        delete: async (blob, etag) => await inner.delete(blob, etag),
        async commitBlocks(blob, ids, etag) {
          const done = await inner.commitBlocks(blob, ids, etag);
          await onCommit(inner);
          return done;
        },
      };
    },
  };
}

async function recordExample(to: Account): Promise<void> {
  const path = join(examples, 'network.json');
  await record({
    input: captureInput([join(examples, 'traffic.pcap')]),
    network: importNetwork({ files: [{ path, text: readFileSync(path, 'utf8') }] }),
    mac: undefined,
    local: [],
    accountOf: () => to,
    formats: ['nsg2', 'vnet'],
    flowTimeoutMinutes: undefined,
  });
}

/** All records of a container, whole. */
async function recordsOf(container: Container): Promise<string[]> {
  const records: string[] = [];
  for await (const { name } of container.list()) {
    const { bytes } = await container.read(name);
    const log = JSON.parse(Buffer.from(bytes).toString()) as { records: unknown[] };
    records.push(...log.records.map((item) => JSON.stringify(item)));
  }
  return records;
}

function connectorSuite(label: string, make: () => Promise<Account> | Account, every: number): void {
  describe(`programs that read flow logs of ${label} while nsgflow writes them`, () => {
    test.each([
      ['by block index, as Microsoft’s connector', blockIndexConnector],
      ['by byte offset, as the Logstash plugin', byteOffsetConnector],
    ])('%s get every record exactly once', async (_, connect) => {
      const account = await make();
      const connectors = new Map<string, Connector>();
      const got = new Map<string, string[]>();
      let commits = 0;
      let looks = 0;
      const look = async (container: Container): Promise<void> => {
        const { name } = container;
        if (!connectors.has(name)) connectors.set(name, connect());
        const records = await connectors.get(name)!.look(container);
        got.set(name, [...(got.get(name) ?? []), ...records]);
        looks++;
      };
      // One look at a time: each program runs on its own schedule, beside the commits.
      let turn = Promise.resolve();
      await recordExample(
        watched(account, async (container) => {
          if (commits++ % every === 0) await (turn = turn.then(async () => await look(container)));
        }),
      );
      for (const name of [nsgContainer, vnetContainer]) {
        const container = account.container(name);
        await look(container);
        expect((await connectors.get(name)!.look(container)).length).toBe(0);
        const all = await recordsOf(container);
        expect(all.length).toBeGreaterThan(50);
        expect([...got.get(name)!].sort()).toEqual(all.sort());
      }
      expect(looks).toBeGreaterThan(10);
    });
  });
}

let accounts = 0;
connectorSuite('a folder', () => folderAccount(join(root, `account-${accounts++}`), { sync: false }), 3);

describe.skipIf(azuriteSkipped !== undefined)(
  `on Azurite${azuriteSkipped === undefined ? '' : ` (skipped: ${azuriteSkipped})`}`,
  () => {
    let azurite: Azurite;
    let account: Account;
    beforeAll(async () => {
      azurite = await startAzurite();
    }, 600_000);
    afterAll(async () => await azurite?.stop());
    beforeEach(async () => {
      account = await openStorage(azurite.url, {
        environment: { AZURE_STORAGE_CONNECTION_STRING: azurite.connectionString },
      });
    });
    afterEach(async () => {
      for (const name of await collect(account.containers()))
        for (const { name: blob } of await collect(account.container(name).list()))
          await account.container(name).delete(blob);
    });
    connectorSuite('Azurite', () => account, 5);
  },
);

describe('reading a blob by blocks', () => {
  let container: Container;
  let name: string;
  beforeAll(async () => {
    const account = folderAccount(join(root, 'blocks'), { sync: false });
    await recordExample(account);
    container = account.container(nsgContainer);
    const blobs = await collect(container.list());
    name = blobs.reduce((a, b) => (b.lengthBytes > a.lengthBytes ? b : a)).name;
  });
  const json = (bytes: Uint8Array): unknown[] =>
    (JSON.parse(Buffer.from(bytes).toString()) as { records: unknown[] }).records;

  test('blocks have the places that the bytes say', async () => {
    const blocks = await placeBlocks(container, name);
    expect(blocks.map(({ index }) => index)).toEqual(blocks.map((_, i) => i));
    const whole = (await readBlocks(container, name, {})).length;
    const last = blocks.at(-1)!;
    expect([blocks[0].startByte, blocks[0].lengthBytes, last.startByte + last.lengthBytes, last.lengthBytes]).toEqual([
      0,
      12,
      whole,
      2,
    ]);
  });

  test('one block, and all since a block, are whole flow logs when wrapped', async () => {
    const blocks = await placeBlocks(container, name);
    const all = json(await readBlocks(container, name, {}));
    const single: unknown[] = [];
    for (const { index } of blocks) {
      const records = json(wrapRecords(await readBlocks(container, name, { block: index })));
      single.push(...records);
      const since = json(wrapRecords(await readBlocks(container, name, { since: index })));
      expect(since).toEqual(all.slice(single.length - records.length));
    }
    expect(single).toEqual(all);
    expect(json(wrapRecords(await readBlocks(container, name, { since: 999 })))).toEqual([]);
    expect(json(wrapRecords(await readBlocks(container, name, {})))).toEqual(all);
    await expect(readBlocks(container, name, { block: blocks.length })).rejects.toMatchObject({ code: 'not-found' });
  });

  test('a copy has no blocks, and says so', async () => {
    const { bytes } = await container.read(name);
    mkdirSync(join(root, 'copy'));
    writeFileSync(join(root, 'copy', 'PT1H.json'), bytes);
    const copy = folderAccount(root).container('copy');
    await expect(placeBlocks(copy, 'PT1H.json')).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('has no block list') as string,
    });
  });
});

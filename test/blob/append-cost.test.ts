import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { dayMillis, hourMillis } from '../../src/base/time.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import type { Container } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { MemoryContainer } from '../../src/blob/memory.ts';
import { formatBlobPath, nsgContainer } from '../../src/flowlog/blob-path.ts';
import { hourName } from './contract.ts';

/** What an append costs is counted, not timed: bytes and requests. */

const root = mkdtempSync(join(tmpdir(), 'nsgflow-cost-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const blockBytes = 2600;
/** More than an hour of minutes: parts of minutes are blocks as well. */
const appends = 200;

function block(n: number): { id: string; bytes: Uint8Array } {
  return {
    id: n.toString(16).padStart(32, '0'),
    bytes: Buffer.from(JSON.stringify({ n: 1_000_000 + n, pad: 'x'.repeat(blockBytes - 22) })),
  };
}

interface Cost {
  stagedBytes: number;
  requests: number;
  readBytes: number;
}

/** Counts what goes through. */
function counted(inner: Container, cost: Cost): Container {
  const ask = async <T>(act: () => Promise<T>): Promise<T> => {
    cost.requests++;
    return await act();
  };
  return {
    location: inner.location,
    name: inner.name,
    list: (prefix) => inner.list(prefix),
    children: (prefix) => inner.children(prefix),
    properties: (name) => ask(() => inner.properties(name)),
    blocks: (name) => ask(() => inner.blocks(name)),
    delete: (name, etag) => ask(() => inner.delete(name, etag)),
    commitBlocks: (name, ids, etag) => ask(() => inner.commitBlocks(name, ids, etag)),
    async read(name, start, end) {
      const content = await ask(() => inner.read(name, start, end));
      cost.readBytes += content.bytes.length;
      return content;
    },
    async stageBlock(name, id, bytes) {
      cost.stagedBytes += bytes.length;
      await ask(() => inner.stageBlock(name, id, bytes));
    },
  };
}

test('an append sends the new block and the commit, and reads nothing, in the last minute as in the second', async () => {
  const cost: Cost = { stagedBytes: 0, requests: 0, readBytes: 0 };
  const appender = new BlockAppender(counted(new MemoryContainer('memory/cost'), cost));
  await appender.append(hourName, [block(0)]);
  for (let n = 1; n < appends; n++) {
    const before = { ...cost };
    await appender.append(hourName, [block(n)]);
    expect([n, cost.stagedBytes - before.stagedBytes, cost.requests - before.requests]).toEqual([n, blockBytes + 1, 2]);
  }
  expect(cost.readBytes).toBe(0);
});

const io = process.platform === 'linux' ? '/proc/self/io' : undefined;

describe.skipIf(io === undefined)(
  `the system’s count of bytes${io === undefined ? ' (skipped: /proc/self/io is Linux’s)' : ''}`,
  () => {
    const bytesMoved = (): { read: number; written: number } => {
      const text = readFileSync(io!, 'latin1');
      return {
        read: Number(/rchar: (\d+)/.exec(text)?.[1]),
        written: Number(/wchar: (\d+)/.exec(text)?.[1]),
      };
    };

    test('stays flat over the hour in a folder: no append writes or reads old blocks again', async () => {
      const appender = new BlockAppender(folderAccount(root, { sync: false }).container('cost'));
      await appender.append(hourName, [block(0)]);
      const cost = async (from: number, to: number): Promise<{ read: number; written: number }> => {
        const before = bytesMoved();
        for (let n = from; n < to; n++) await appender.append(hourName, [block(n)]);
        const after = bytesMoved();
        return {
          read: (after.read - before.read) / (to - from),
          written: (after.written - before.written) / (to - from),
        };
      };
      const early = await cost(1, 21);
      await cost(21, appends - 20);
      const late = await cost(appends - 20, appends);
      expect(early.written).toBeGreaterThan(blockBytes);
      expect(late.written).toBeLessThan(blockBytes + 2000);
      expect(Math.abs(late.written - early.written)).toBeLessThan(500);
      expect(late.read).toBeLessThan(2000);
    });
  },
);

const blobs = 100_000;

/** Bytes that this process has read from files; 0 where the system does not count them. */
function bytesRead(): number {
  return io === undefined ? 0 : Number(/rchar: (\d+)/.exec(readFileSync(io, 'latin1'))?.[1]);
}

test.skipIf(process.env['NSGFLOW_LONG'] !== '1')(
  `a folder container of ${blobs.toLocaleString('en-US')} blobs is listed and compared, and none of them is read`,
  async () => {
    const folder = join(root, 'many', nsgContainer);
    const id =
      '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg/providers/Microsoft.Network/networkSecurityGroups/web';
    const start = Date.UTC(2026, 0, 1);
    const nics = 40;
    const empty = `{"records":[${' '.repeat(500)}]}`;
    for (let n = 0; n < blobs; n++) {
      const hour = start + Math.floor(n / nics) * hourMillis;
      const mac = `000D3A${(n % nics).toString(16).toUpperCase().padStart(6, '0')}`;
      const path = join(folder, formatBlobPath('nsg', id, hour, mac));
      mkdirSync(join(path, '..'), { recursive: true });
      writeFileSync(path, empty);
    }
    const container = folderAccount(join(root, 'many')).container(nsgContainer);
    const known = new Map<string, string>();
    for await (const { name, etag } of container.list()) known.set(name, etag);
    const changed = formatBlobPath('nsg', id, start + dayMillis, '000D3A000001');
    writeFileSync(join(folder, changed), '{"records":[{}]}');
    const readBefore = bytesRead();
    const differing: string[] = [];
    for await (const { name, etag } of container.list()) if (known.get(name) !== etag) differing.push(name);
    const readBytes = bytesRead() - readBefore;
    expect(known.size).toBe(blobs);
    expect(differing).toEqual([changed]);
    // Far fewer bytes than blobs have; waking the thread that lists reads some, too.
    expect(readBytes).toBeLessThan(100 * blobs);
  },
);

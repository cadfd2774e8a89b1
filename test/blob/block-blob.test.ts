import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import type { DataBlock } from '../../src/blob/block-blob.ts';
import type { Container } from '../../src/blob/container.ts';
import { folderAccount } from '../../src/blob/folder.ts';
import { MemoryContainer } from '../../src/blob/memory.ts';
import { codeOf, hourName, put, text } from './contract.ts';

const root = mkdtempSync(join(tmpdir(), 'nsgflow-append-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A data block whose record is its number. */
function block(n: number): DataBlock {
  return { id: n.toString(16).padStart(32, '0'), bytes: Buffer.from(JSON.stringify({ n })) };
}

async function numbers(container: Container, name: string): Promise<number[]> {
  const { records } = JSON.parse(await text(container, name)) as { records: { n: number }[] };
  return records.map((record) => record.n);
}

type Fault = 'none' | 'before' | 'after' | 'conflict-after';

/** A container whose commits fail as `faults` says, one after the other: before they happen, or after. */
function faulty(inner: Container, faults: Fault[]): Container {
  return {
    location: inner.location,
    name: inner.name,
    list: (prefix) => inner.list(prefix),
    children: (prefix) => inner.children(prefix),
    properties: async (name) => await inner.properties(name),
    read: async (name, start, end) => await inner.read(name, start, end),
    blocks: async (name) => await inner.blocks(name),
    stageBlock: async (name, id, bytes) => await inner.stageBlock(name, id, bytes),
    delete: async (name, etag) => await inner.delete(name, etag),
    async commitBlocks(name, ids, etag) {
      const fault = faults.shift() ?? 'none';
      if (fault === 'before') throw new FlowError('unavailable', 'the connection was reset');
      const done = await inner.commitBlocks(name, ids, etag);
      if (fault === 'after') throw new FlowError('unavailable', 'the answer was lost');
      if (fault === 'conflict-after') throw new FlowError('blob-conflict', 'the answer to the first try was lost');
      return done;
    },
  };
}

for (const [label, make] of [
  ['memory', (name: string) => new MemoryContainer(`memory/${name}`)],
  ['folder', (name: string) => folderAccount(root).container(name)],
] as const) {
  describe(`the hourly blob in a ${label} container`, () => {
    test('consists of the opening block, one block a flush, and the closing block', async () => {
      const container = make('shape');
      const appender = new BlockAppender(container);
      for (let n = 1; n <= 3; n++) expect(await appender.append(hourName, [block(n)])).toHaveLength(1);
      expect(await text(container, hourName)).toBe('{"records":[{"n":1},{"n":2},{"n":3}]}');
      const list = await container.blocks(hourName);
      expect(list?.blocks.map(({ lengthBytes }) => lengthBytes)).toEqual([12, 7, 8, 8, 2]);
      expect(list?.blocks.map(({ id }) => Buffer.from(id, 'base64').toString())).toEqual([
        'A00000000000000000000000000000000',
        'D00000000000000000000000000000001',
        'D00000000000000000000000000000002',
        'D00000000000000000000000000000003',
        'Z00000000000000000000000000000000',
      ]);
      expect(new Set(list?.blocks.map(({ id }) => id.length))).toEqual(new Set([44]));
    });

    test('is valid JSON at every commit, and offset and block index lead every reader to each record once', async () => {
      const container = make('readers');
      const appender = new BlockAppender(container);
      const byIndex: number[] = [];
      const byOffset: number[] = [];
      let checkpoint = 1;
      let offset = 12;
      const unwrap = (slice: string): number[] => {
        const { records } = JSON.parse(`{"records":[${slice.replace(/^,/, '')}]}`) as { records: { n: number }[] };
        return records.map((record) => record.n);
      };
      for (let n = 0; n < 20; n++) {
        await appender.append('a', n % 3 === 0 ? [block(2 * n), block(2 * n + 1)] : [block(2 * n)]);
        await numbers(container, 'a');
        const { blocks } = (await container.blocks('a'))!;
        const at = (index: number): number =>
          blocks.slice(0, index).reduce((sum, { lengthBytes }) => sum + lengthBytes, 0);
        byIndex.push(...unwrap(await text(container, 'a', at(checkpoint), at(blocks.length - 1))));
        checkpoint = blocks.length - 1;
        const { lengthBytes } = (await container.properties('a'))!;
        byOffset.push(...unwrap(await text(container, 'a', offset, lengthBytes - 2)));
        offset = lengthBytes - 2;
      }
      const all = await numbers(container, 'a');
      expect(byIndex).toEqual(all);
      expect(byOffset).toEqual(all);
    });

    test('gets each block once, though a second run appends all again', async () => {
      const container = make('again');
      const first = new BlockAppender(container);
      await first.append('a', [block(1), block(2)]);
      const before = await container.properties('a');
      const second = new BlockAppender(container);
      expect(await second.append('a', [block(1)])).toEqual([]);
      expect(await second.append('a', [block(2), block(2)])).toEqual([]);
      expect(await container.properties('a')).toEqual(before);
      const added = await second.append('a', [block(2), block(3), block(3)]);
      expect(added.map(({ id }) => id)).toEqual([block(3).id]);
      expect(await numbers(container, 'a')).toEqual([1, 2, 3]);
    });

    test('grows through two writers at once', async () => {
      const container = make('two');
      const other = label === 'folder' ? folderAccount(root, { graceMillis: 20 }).container('two') : container;
      const writers = [new BlockAppender(container), new BlockAppender(other)];
      for (let n = 0; n < 20; n++) await writers[n % 2].append('a', [block(n)]);
      expect(await numbers(container, 'a')).toEqual(Array.from({ length: 20 }, (_, n) => n));
    });

    test('of another form is refused and left as it is', async () => {
      const container = make('foreign');
      for (const [name, ...parts] of [
        ['other', '{"records":[', '{}', ']}'],
        ['empty', ''],
      ]) {
        await put(container, name, ...parts.filter((part) => part !== ''));
        const before = await container.properties(name);
        expect(await codeOf(new BlockAppender(container).append(name, [block(1)]))).toBe('blob-conflict');
        expect(await container.properties(name)).toEqual(before);
      }
    });

    test('many are appended to at a time', async () => {
      const container = make('many');
      const appender = new BlockAppender(container);
      for (let minute = 0; minute < 5; minute++) {
        const names = Array.from({ length: 40 }, (_, nic) => `nic=${nic}`);
        await Promise.all(names.map(async (name) => await appender.append(name, [block(minute)])));
      }
      for (let nic = 0; nic < 40; nic++) expect(await numbers(container, `nic=${nic}`)).toEqual([0, 1, 2, 3, 4]);
    });

    test('has every block once whatever commits fail, before or after they happened', async () => {
      let run = 0;
      const fault = fc.constantFrom<Fault>('none', 'none', 'before', 'after', 'conflict-after');
      await fc.assert(
        fc.asyncProperty(
          fc.array(fault, { maxLength: 12 }),
          fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 6 }),
          async (faults, flushes) => {
            const inner = make(`faults-${run++}`);
            const container = faulty(inner, [...faults]);
            let appender = new BlockAppender(container);
            let next = 0;
            let added = 0;
            for (const length of flushes) {
              const blocks = Array.from({ length }, () => block(next++));
              for (;;) {
                try {
                  added += (await appender.append('a', blocks)).length;
                  break;
                } catch (error) {
                  expect(['unavailable', 'blob-conflict']).toContain((error as FlowError).code);
                  appender = new BlockAppender(container);
                }
              }
            }
            if (next === 0) return;
            expect(await numbers(inner, 'a')).toEqual(Array.from({ length: next }, (_, n) => n));
            expect(added).toBeLessThanOrEqual(next);
          },
        ),
        { seed: 7, numRuns: label === 'folder' ? 30 : 200 },
      );
    });
  });
}

test('an append waits for the one before it on the same blob', async () => {
  const appender = new BlockAppender(new MemoryContainer('memory/order'));
  await Promise.all(Array.from({ length: 50 }, async (_, n) => await appender.append('a', [block(n)])));
  expect(await numbers(appender.container, 'a')).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

test('a block name that is not 32 hex digits is a programmer error', async () => {
  const appender = new BlockAppender(new MemoryContainer('memory/names'));
  await expect(appender.append('a', [{ id: 'x', bytes: Buffer.from('{}') }])).rejects.toThrow(
    '32 lower-case hex digits',
  );
});

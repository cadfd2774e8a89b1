import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { containerContract } from './contract.ts';

const root = mkdtempSync(join(tmpdir(), 'nsgflow-blob-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

containerContract('folder', {
  account: () => folderAccount(join(root, 'synced')),
  listedBlobs: 120,
  largeBytes: 1 << 22,
});
containerContract('folder without sync', {
  account: () => folderAccount(join(root, 'quick'), { sync: false }),
  listedBlobs: 600,
  largeBytes: 1 << 16,
});

test.skipIf(process.platform !== 'linux')(
  'a folder that the system refuses is an error, not an endless wait',
  async () => {
    const container = folderAccount('/proc/nsgflow').container('insights-logs-test');
    await container.stageBlock('a/PT1H.json', Buffer.from('A'.repeat(33)).toString('base64'), Buffer.from('x'));
    const commit = container.commitBlocks('a/PT1H.json', [Buffer.from('A'.repeat(33)).toString('base64')], undefined);
    await expect(commit).rejects.toMatchObject({ code: 'not-found' });
  },
);

test.skipIf(process.platform === 'win32')(
  'a name with a part that no file can have is of no blob, and none gets it',
  async () => {
    const container = folderAccount(join(root, 'long')).container('insights-logs-test');
    const id = Buffer.from('A'.repeat(33)).toString('base64');
    const write = async (name: string) => {
      await container.stageBlock(name, id, Buffer.from('x'));
      return await container.commitBlocks(name, [id], undefined);
    };
    await write('a/short.json');
    // A file could be so long, the block list beside it not.
    for (const length of [300, 253]) {
      const name = `${'x'.repeat(length)}/b.json`;
      const last = `a/${'x'.repeat(length)}`;
      for (const one of length === 300 ? [name, last] : [last]) {
        expect(await container.properties(one)).toBeUndefined();
        expect(await container.blocks(one)).toBeUndefined();
        await expect(container.read(one)).rejects.toMatchObject({ code: 'not-found' });
        expect(await container.delete(one)).toBe(false);
        await expect(write(one)).rejects.toMatchObject({ code: 'usage' });
      }
      const children = [];
      for await (const child of container.children(`${'x'.repeat(length)}/`)) children.push(child);
      for await (const blob of container.list(name)) children.push(blob.name);
      expect(children).toEqual([]);
    }
    const names = [];
    for await (const { name } of container.list()) names.push(name);
    expect(names).toEqual(['a/short.json']);
  },
);

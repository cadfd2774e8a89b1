import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
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

test.skipIf(process.platform === 'win32')('nothing behind a link to a folder is deleted', async () => {
  const [account, outside] = [join(root, 'linked'), join(root, 'outside')];
  const stale = `${hostname().replaceAll(/[^A-Za-z0-9.]/g, '_')}-999999999-0`;
  for (const folder of ['blobs', 'temp', 'blocks']) mkdirSync(join(outside, folder), { recursive: true });
  writeFileSync(join(outside, 'blobs', 'PT1H.json'), '{}');
  writeFileSync(join(outside, 'blocks', 'PT1H.json.jsonl'), '');
  writeFileSync(join(outside, 'temp', stale), '');
  mkdirSync(join(account, 'insights-logs-test', 'own'), { recursive: true });
  mkdirSync(join(account, '.nsgflow', 'blocks', 'insights-logs-test'), { recursive: true });
  symlinkSync(join(outside, 'temp'), join(account, '.nsgflow', 'temp'));
  symlinkSync(join(outside, 'blobs'), join(account, 'insights-logs-test', 'away'));
  symlinkSync(join(outside, 'blocks'), join(account, '.nsgflow', 'blocks', 'insights-logs-test', 'own'));
  writeFileSync(join(account, 'insights-logs-test', 'own', 'PT1H.json'), '{}');
  const container = folderAccount(account).container('insights-logs-test');
  expect(await container.delete('away/PT1H.json')).toBe(false);
  expect(await container.delete('own/PT1H.json')).toBe(true);
  const id = Buffer.from('A'.repeat(33)).toString('base64');
  await container.stageBlock('b.json', id, Buffer.from('x'));
  await container.commitBlocks('b.json', [id], undefined);
  expect(existsSync(join(account, 'insights-logs-test', 'own'))).toBe(false);
  expect(new Set(readdirSync(outside, { recursive: true, encoding: 'utf8' }))).toEqual(
    new Set(['blobs', 'blobs/PT1H.json', 'blocks', 'blocks/PT1H.json.jsonl', 'temp', `temp/${stale}`]),
  );
});

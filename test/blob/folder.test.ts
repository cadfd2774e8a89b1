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

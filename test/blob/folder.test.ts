import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
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

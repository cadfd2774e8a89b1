import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BlockAppender } from '../../src/blob/block-blob.ts';
import type { FlowError } from '../../src/base/errors.ts';
import { FolderContainer } from '../../src/blob/folder.ts';

const appends = process.env['NSGFLOW_LONG'] === '1' ? 1000 : 120;

test('a blob that another process deletes with its folders all the while is not taken for somebody else’s', async () => {
  const root = await mkdtemp(join(tmpdir(), 'nsgflow-emptied-'));
  const path = join(root, 'account', 'logs');
  const options = { sync: false, graceMillis: 50 };
  const writer = new BlockAppender(new FolderContainer(path, options));
  const other = new FolderContainer(path, options);
  const failures: string[] = [];
  const done = new AbortController();
  const nameOf = (turn: number): string => `r/y=2026/d=${turn % 3}/PT1H.json`;
  const deleting = (async () => {
    for (let turn = 0; !done.signal.aborted; turn++)
      await other.delete(nameOf(turn)).catch((error: Error) => failures.push(`delete: ${error.message}`));
  })();
  try {
    for (let turn = 0; turn < appends; turn++) {
      const block = { id: turn.toString(16).padStart(32, '0'), bytes: Buffer.from('{}') };
      await writer.append(nameOf(turn), [block]).catch((error: FlowError) => {
        // Who loses every race is told so, and tries again.
        if (error.message.includes('not written by nsgflow')) failures.push(error.message.replace(root, ''));
      });
    }
  } finally {
    done.abort();
    await deleting;
  }
  expect(failures).toEqual([]);
  await rm(root, { recursive: true });
});

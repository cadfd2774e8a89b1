import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { limits } from '../../src/base/limits.ts';
import type { BlobItem, Container } from '../../src/blob/container.ts';
import { parseNameTest } from '../../src/source/selection.ts';
import { selectedBlobs } from '../../src/source/walk.ts';

const groups = ['A', 'B', 'C', 'D'];
const blobsOfGroup = limits.listedAheadMax;

/** Four resource groups with very many blobs each. `listed` counts what was taken of their listings. */
function manyBlobs(failsIn = ''): { container: Container; listed: () => number } {
  let listed = 0;
  const folderOf = (group: string): string => `resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/${group}/`;
  const container: Pick<Container, 'location' | 'name' | 'children' | 'list'> = {
    location: 'made',
    name: 'made',
    async *children() {
      yield* groups.map(folderOf);
    },
    async *list(prefix = '') {
      for (let i = 0; i < blobsOfGroup; i++) {
        listed++;
        const item: BlobItem = { name: `${prefix}${i}.json`, lengthBytes: 1, etag: '"1"', lastModifiedMillis: 0 };
        yield item;
        if (prefix === folderOf(failsIn)) throw new Error(`${failsIn} cannot be listed`);
      }
    },
  };
  // The walk lists, and does nothing else.
  return { container: container as Container, listed: () => listed };
}

const selection = { include: [], exclude: [parseNameTest('--exclude', 'group=none')] };

test('of several folders no more blobs are listed ahead than the limit says, and all come, in order', async () => {
  const { container, listed } = manyBlobs();
  const blobs = selectedBlobs(container, selection);
  const names = [(await blobs.next()).value?.name];
  await sleep(50);
  expect(listed()).toBeGreaterThan(1);
  expect(listed()).toBeLessThanOrEqual(limits.listedAheadMax + groups.length);
  for await (const { name } of blobs) names.push(name);
  const expected = groups.flatMap((group) =>
    Array.from({ length: blobsOfGroup }, (_, i) => `resourceId=/SUBSCRIPTIONS/S/RESOURCEGROUPS/${group}/${i}.json`),
  );
  expect(names.join('\n') === expected.join('\n')).toBe(true);
});

test('a folder that cannot be listed fails the walk in its turn', async () => {
  const { container } = manyBlobs('C');
  let count = 0;
  const walk = async (): Promise<void> => {
    for await (const _ of selectedBlobs(container, selection)) count++;
  };
  await expect(walk()).rejects.toThrow('C cannot be listed');
  expect(count).toBe(2 * blobsOfGroup);
});

import type * as fileSystem from 'node:fs/promises';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { openLake } from '../../../src/lake/lake.ts';

/** Codes that the next links to commits fail with, though they are made. */
const failures: string[] = [];

vi.mock('node:fs/promises', async (original) => {
  const actual = await original<typeof fileSystem>();
  return {
    ...actual,
    link: async (from: string, to: string) => {
      await actual.link(from, to);
      const code = to.endsWith('.json') ? failures.shift() : undefined;
      if (code !== undefined) throw Object.assign(new Error(code), { code });
    },
  };
});

const root = await mkdtemp(join(tmpdir(), 'nsgflow-link-'));
afterAll(() => rm(root, { recursive: true, force: true }));

const log = Buffer.from(
  JSON.stringify({
    records: [
      {
        time: '2026-03-01T10:00:00.000Z',
        systemId: 's',
        macAddress: '000D3AF87856',
        category: 'NetworkSecurityGroupFlowEvent',
        resourceId: '/X',
        operationName: 'NetworkSecurityGroupFlowEvents',
        properties: {
          Version: 2,
          flows: [
            {
              rule: 'r',
              flows: [{ mac: '000D3AF87856', flowTuples: ['1772359200,10.0.0.1,10.0.0.2,1,2,T,O,A,B,,,,'] }],
            },
          ],
        },
      },
    ],
  }),
);

test.each(['EEXIST', 'EIO', 'EPERM'])(
  'a commit that is there is kept, though its link failed with %s',
  async (code) => {
    const lake = await openLake(join(root, code), { create: true });
    const append = await lake.beginAppend();
    await append.addBytes(log, { blob: 'b', startByte: 0 });
    failures.push(code);
    const after = { etag: '"1"', lengthBytes: log.length, readBytes: log.length };
    const outcome = await append.commit([{ key: 'b', before: undefined, after }]);
    expect(outcome).toMatchObject({ outcome: 'committed', version: 1 });
    expect(failures).toEqual([]);
    const again = await openLake(lake.folder);
    const { files } = await again.snapshot();
    expect(files).toHaveLength(1);
    expect((await stat(files[0].path)).size).toBeGreaterThan(0);
    expect((await again.positions()).byKey.get('b')).toMatchObject(after);
    await lake.close();
    await again.close();
  },
);

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { dayMillis } from '../../src/base/time.ts';
import { openLake } from '../../src/lake/lake.ts';
import type { Accounts } from '../../src/server/accounts.ts';
import { Ingester } from '../../src/server/ingester.ts';
import { buildFlowLog } from '../lake/build-flow-log.ts';

test('the service joins the small files of its table, and keeps their rows', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-ingester-'));
  const time = Date.parse('2023-11-14T00:00:00Z');
  const lake = await openLake(folder, { create: true });
  for (let n = 0; n < 6; n++) {
    const append = await lake.beginAppend();
    await append.addFlowLog(buildFlowLog([{ startByte: n, tuples: [{ time, src: '10.0.0.1', dst: '10.0.0.2' }] }]), {
      blob: 'b',
    });
    const after = { etag: String(n), lengthBytes: n, readBytes: n };
    await append.commit([{ key: `b${n}`, before: undefined, after }]);
  }
  const lines: string[] = [];
  const settings = { accounts: undefined as unknown as Accounts, lake: folder, now: () => time + 10 * dayMillis };
  await new Ingester({ ...settings, stop: new AbortController().signal, log: (line) => lines.push(line) }).compact();
  expect(lines).toEqual(['the table: 6 files of 2023-11-14 became one, of 6 rows']);
  const { files } = (await lake.state()).state;
  expect(files.size).toBe(1);
  await lake.close();
  await rm(folder, { recursive: true });
});

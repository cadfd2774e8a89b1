/** Settling that pauses, so that rows are written, where the rows of one conversation have left the kernel in part. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { limits } from '../../../src/base/limits.ts';
import { batchMax } from '../../../src/lake/flows/settle-kernel-layout.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { ingestBig } from './big-date.ts';
import { totalsOf } from './totals.ts';

test('no row is lost where a conversation ends one row behind a row group', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-pauses-'));
  const lake = await openLake(folder, { create: true });
  try {
    expect(limits.rowGroupRows % batchMax).toBe(0);
    // The first is seen by one NIC, the others by two.
    const count = limits.rowGroupRows + 1;
    await ingestBig(lake, 'a', count, (tuple, n) => {
      tuple.timeMillis = Date.parse('2023-11-14T01:00:00Z');
      tuple.source = (n + 1) >> 16;
      tuple.sourcePort = ((n + 1) & 0xffff) >> 1;
      tuple.state = 'denied';
      tuple.isDenied = true;
      tuple.isOutbound = n % 2 === 0;
    });
    await settle(lake);
    expect(await totalsOf(lake)).toEqual(await totalsOf(lake, 'tuples'));
  } finally {
    await lake.close();
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);

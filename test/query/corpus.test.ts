import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { decodeFlowLog } from '../../src/flowlog/decode.ts';
import type { FlowLog } from '../../src/flowlog/record.ts';
import { openLake } from '../../src/lake/lake.ts';
import { makeTemporaryFolder } from '../../src/lake/duckdb/temporary-folder.ts';
import { openLakeEngine } from '../../src/query/engine/lake-engine.ts';
import { ask, top } from './ask.ts';

const corpus = process.env['NSGFLOW_CORPUS'];
const folder = corpus === undefined ? undefined : join(corpus, 'flowlogs');
const skipped = folder === undefined || !existsSync(folder);
const files = skipped ? [] : readdirSync(folder).filter((name) => /\.(?:json|log)$/.test(name));

/** Sum of a counter over all tuples that have it. */
function sum(
  log: FlowLog,
  ...names: ('packetsForward' | 'packetsReverse' | 'bytesForward' | 'bytesReverse')[]
): number {
  let total = 0;
  for (const name of names)
    for (const value of log.tuples[name].subarray(0, log.tuples.count)) total += Number.isNaN(value) ? 0 : value;
  return total;
}

describe.skipIf(skipped)(
  `flow logs of the corpus${skipped ? ' (skipped: NSGFLOW_CORPUS names no folder with flowlogs)' : ''}`,
  () => {
    test.each(files)('%s: each tuple is a row, and sums are kept', async (name) => {
      const log = decodeFlowLog(readFileSync(join(folder!, name)));
      const temporary = await makeTemporaryFolder('corpus');
      const lake = await openLake(join(temporary.path, 'lake'), { create: true });
      const append = await lake.beginAppend();
      await append.addFlowLog(log, { blob: name });
      expect([append.rows, append.refused.total]).toEqual([log.tuples.count, 0]);
      await append.commit([]);
      const engine = await openLakeEngine(lake);
      const [counted] = await ask(engine, { ask: 'count', observations: true });
      expect(counted['tuples']).toBe(log.tuples.count);
      const rows = await ask(engine, top({ by: ['access'], metric: 'bytes', limit: 9, observations: true }));
      const total = (column: string): number => rows.reduce((all, row) => all + Number(row[column]), 0);
      expect([total('flows'), total('packets'), total('bytes')]).toEqual([
        log.tuples.count,
        sum(log, 'packetsForward', 'packetsReverse'),
        sum(log, 'bytesForward', 'bytesReverse'),
      ]);
      await engine.close();
      await lake.close();
      await temporary.remove();
    });
  },
);

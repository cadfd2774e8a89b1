import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { compact } from '../../../src/lake/compact.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { openLake } from '../../../src/lake/lake.ts';
import type { PlainRecord } from '../build-flow-log.ts';
import { plainRows } from '../plain-rows.ts';
import { plainFlows } from './plain-flows.ts';
import { plainRecordsOfFewConnections } from './plain-tuples.ts';
import { ingestBlob, seenFlows, storedFlows } from './settled-lake.ts';
import { inOrder, valuesOfPlain } from './stage-plain.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const folders: string[] = [];

afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-settle-'));
  folders.push(folder);
  return folder;
}

interface Blob {
  readonly name: string;
  readonly records: readonly PlainRecord[];
}

const step = fc.constantFrom('settle', 'settle', 'ask', 'compact', 'go on');

test('settled flows are those of the reference implementation, whatever order blobs come in, are rewritten, and settled in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(plainRecordsOfFewConnections, step, fc.nat(3)), { minLength: 1, maxLength: 6 }),
      async (steps) => {
        const folder = await newFolder();
        const lake = await openLake(folder, { create: true });
        const blobs = new Map<string, Blob>();
        const expected = (): unknown =>
          inOrder(
            plainFlows([...blobs.values()].flatMap(({ name, records }) => plainRows(records, name))).map(valuesOfPlain),
          );
        try {
          for (const [i, [records, what, again]] of steps.entries()) {
            // Some blobs come a second time, with other records.
            const name = `c/${again === 0 ? 0 : i}/PT1H.json`;
            const blob = { name, records };
            await ingestBlob(lake, name, records, blobs.has(name));
            blobs.set(name, blob);
            if (what === 'settle') {
              await settle(lake);
              expect(await storedFlows(lake)).toEqual(expected());
            } else if (what === 'compact') {
              for await (const _ of compact(lake, Date.now()));
              expect((await seenFlows(lake)).flows).toEqual(expected());
            } else if (what === 'ask') expect((await seenFlows(lake)).flows).toEqual(expected());
          }
          await settle(lake);
          expect(await storedFlows(lake)).toEqual(expected());
          expect((await settle(lake)).changed).toBe(false);
        } finally {
          await lake.close();
          await rm(folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: long ? 25 : 1 },
  );
});

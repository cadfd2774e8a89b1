import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { planSettling, pinVersions, settle, dropPlan } from '../../../src/lake/flows/settle.ts';
import { compact } from '../../../src/lake/compact.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { openLake } from '../../../src/lake/lake.ts';
import { tuplesPlace } from '../../../src/lake/table-place.ts';
import type { PlainRecord } from '../build-flow-log.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import { plainRows } from '../plain-rows.ts';
import { plainFlows } from './plain-flows.ts';
import { plainRecordsOfFewConnections } from './plain-tuples.ts';
import { readFlows } from './read-flows.ts';
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

/** One blob; `replaces`: it was read before, and now holds these records. */
interface Blob {
  readonly name: string;
  readonly records: readonly PlainRecord[];
}

async function ingest(lake: Lake, { name, records }: Blob, replaces: boolean): Promise<void> {
  const append = await lake.beginAppend(replaces ? { replacedBlobs: [name] } : {});
  await append.addFlowLog(buildFlowLog(records), { blob: name });
  await append.commit([]);
}

async function stored(lake: Lake): Promise<unknown> {
  const connection = await lake.connect();
  try {
    const flows = await lake.flows();
    return inOrder(await readFlows(connection, flows!.place, flows!.state.files.values()));
  } finally {
    connection.closeSync();
  }
}

/** What a question would see: stored files but those that are replaced, and what is built for it. */
async function seen(lake: Lake): Promise<unknown> {
  const target = tuplesPlace(await newFolder());
  const versions = await pinVersions(lake);
  const plan = await planSettling(lake, versions, target);
  const replaced = new Set(plan.dates.flatMap((date) => date.replaced.map(({ path }) => path)));
  const connection = await lake.connect();
  try {
    const kept = [...(versions.flows?.files.values() ?? [])].filter(({ path }) => !replaced.has(path));
    return inOrder([
      ...(await readFlows(connection, lake.flowsPlace, kept)),
      ...(await readFlows(
        connection,
        target,
        plan.dates.flatMap(({ added }) => added),
      )),
    ]);
  } finally {
    connection.closeSync();
    await dropPlan(plan, target);
  }
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
            await ingest(lake, blob, blobs.has(name));
            blobs.set(name, blob);
            if (what === 'settle') {
              await settle(lake);
              expect(await stored(lake)).toEqual(expected());
            } else if (what === 'compact') {
              for await (const _ of compact(lake, Date.now()));
              expect(await seen(lake)).toEqual(expected());
            } else if (what === 'ask') expect(await seen(lake)).toEqual(expected());
          }
          await settle(lake);
          expect(await stored(lake)).toEqual(expected());
          expect((await settle(lake)).changed).toBe(false);
        } finally {
          await lake.close();
          await rm(folder, { recursive: true, force: true });
        }
      },
    ),
    { numRuns: long ? 150 : 5 },
  );
});

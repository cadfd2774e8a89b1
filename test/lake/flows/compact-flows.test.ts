import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { compact } from '../../../src/lake/compact.ts';
import { settle } from '../../../src/lake/flows/settle.ts';
import { openLake } from '../../../src/lake/lake.ts';
import type { PlainTuple } from '../build-flow-log.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import { plainRows } from '../plain-rows.ts';
import { plainFlows } from './plain-flows.ts';
import { readFlows } from './read-flows.ts';
import { inOrder, valuesOfPlain } from './stage-plain.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nsgflow-compact-flows-'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

const noon = Date.parse('2023-11-15T12:00:00Z');

test('files of one hour become one, with the same rows; late tuples find their groups in it', async () => {
  const lake = await openLake(folder, { create: true });
  const connection = await lake.connect();
  const tuples: PlainTuple[][] = [];
  const ingest = async (some: PlainTuple[]): Promise<void> => {
    const append = await lake.beginAppend();
    await append.addFlowLog(buildFlowLog([{ tuples: some }]), { blob: `c/${tuples.length}.json` });
    tuples.push(some);
    await append.commit([]);
    await settle(lake);
  };
  const expected = (): unknown =>
    inOrder(plainFlows(tuples.flatMap((some, i) => plainRows([{ tuples: some }], `c/${i}.json`))).map(valuesOfPlain));
  const flowFiles = async () => (await lake.flows())!.state.files;
  try {
    // Each minute denied tuples, and much later ones, so that what was settled before may not grow any more.
    for (let i = 0; i < 6; i++)
      await ingest([
        { time: noon + i * 1000, src: '10.0.0.1', dst: '10.0.0.2', srcPort: 2000 + i, state: 'denied', access: 'deny' },
        { time: noon + (20 + i) * 60_000, src: '10.0.0.3', dst: '10.0.0.4', srcPort: 3000 + i, state: 'end' },
      ]);
    const before = (await flowFiles()).size;
    const steps = [];
    for await (const step of compact(lake, Date.now())) steps.push(step);
    expect(steps.some(({ paths, version }) => paths.length >= 4 && version !== undefined)).toBe(true);
    const { size, values } = { size: (await flowFiles()).size, values: [...(await flowFiles()).values()] };
    expect(size).toBeLessThan(before);
    expect(inOrder(await readFlows(connection, lake.flowsPlace, values))).toEqual(expected());
    await ingest([
      { time: noon + 1500, src: '10.0.0.1', dst: '10.0.0.2', srcPort: 2000, state: 'denied', access: 'deny' },
    ]);
    expect(inOrder(await readFlows(connection, lake.flowsPlace, (await flowFiles()).values()))).toEqual(expected());
  } finally {
    connection.closeSync();
    await lake.close();
  }
});

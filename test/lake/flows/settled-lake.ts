/** What tests do with a lake whose tuples are settled: ingest made-up blobs, and read what is stored, what a question would see, and what should be there. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { PlanSettings } from '../../../src/lake/flows/settle.ts';
import { dropPlan, pinVersions, planSettling } from '../../../src/lake/flows/settle.ts';
import { fileRows } from '../../../src/lake/files/file-rows.ts';
import type { Lake } from '../../../src/lake/lake.ts';
import { storedColumns } from '../../../src/lake/tuples/stored-columns.ts';
import { snapshotOf } from '../../../src/lake/delta/snapshot.ts';
import type { TableState } from '../../../src/lake/delta/table-state.ts';
import { tuplesPlace } from '../../../src/lake/delta/table-place.ts';
import type { PlainRecord } from '../build-flow-log.ts';
import { buildFlowLog } from '../build-flow-log.ts';
import type { PlainRow } from '../plain-rows.ts';
import { plainFlows } from './plain-flows.ts';
import { readFlows } from './read-flows.ts';
import type { FlowValues } from './stage-plain.ts';
import { inOrder, valuesOfPlain } from './stage-plain.ts';

/** Commits a blob; `replaces`: it was read before, and now holds these records. */
export async function ingestBlob(
  lake: Lake,
  name: string,
  records: readonly PlainRecord[],
  replaces = false,
): Promise<void> {
  const append = await lake.beginAppend(replaces ? { replacedBlobs: [name] } : {});
  await append.addFlowLog(buildFlowLog(records), { blob: name });
  await append.commit([]);
}

/** Rows of `flows`, as the newest version stores them. */
export async function storedFlows(lake: Lake): Promise<FlowValues[]> {
  const connection = await lake.connect();
  try {
    const flows = await lake.flows();
    return inOrder(await readFlows(connection, lake.flowsPlace, flows?.state.files.values() ?? []));
  } finally {
    connection.closeSync();
  }
}

/** What a question would see: stored files but those that are replaced, and what is built for it; and the tuples of the version that it pinned. */
export async function seenFlows(
  lake: Lake,
  settings: PlanSettings = {},
): Promise<{ readonly flows: FlowValues[]; readonly tuples: TableState }> {
  const folder = await mkdtemp(join(tmpdir(), 'nsgflow-seen-'));
  const target = tuplesPlace(folder);
  const versions = await pinVersions(lake);
  const plan = await planSettling(lake, versions, target, settings).catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  const replaced = new Set(plan.dates.flatMap((date) => date.replaced.map(({ path }) => path)));
  const connection = await lake.connect();
  try {
    const kept = [...(versions.flows?.files.values() ?? [])].filter(({ path }) => !replaced.has(path));
    const stored = await readFlows(connection, lake.flowsPlace, kept);
    const added = plan.dates.flatMap((date) => date.added);
    return {
      flows: inOrder([...stored, ...(await readFlows(connection, target, added))]),
      tuples: versions.tuples,
    };
  } finally {
    connection.closeSync();
    await dropPlan(plan, target);
    await rm(folder, { recursive: true, force: true });
  }
}

/** All tuples of a version of the lake, as DuckDB reads them. */
export async function readTuples(lake: Lake, state?: TableState): Promise<PlainRow[]> {
  const { place } = lake.tuples;
  const { files } = snapshotOf(place, state ?? (await lake.tuples.refresh()));
  if (files.length === 0) return [];
  const connection = await lake.connect();
  try {
    const times = 'epoch_ms(time) AS time, epoch_ms(record_time) AS record_time';
    const names = storedColumns
      .map(({ name }) => name)
      .filter((name) => !name.includes('_ipv6_') && !name.endsWith('time'));
    const sql = `SELECT to_json(t)::VARCHAR FROM (SELECT ${times}, ${names.join(', ')} FROM ${await fileRows(connection, files)}) t`;
    const rows = (await connection.runAndReadAll(sql)).getRowsJS() as [string][];
    return rows.map(([text]) => JSON.parse(text) as PlainRow);
  } finally {
    connection.closeSync();
  }
}

/** What the reference implementation makes of all tuples of a lake. */
export async function expectedFlows(lake: Lake, state?: TableState): Promise<FlowValues[]> {
  return inOrder(plainFlows(await readTuples(lake, state)).map(valuesOfPlain));
}

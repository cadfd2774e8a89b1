import type { DataFile } from '../../../lake/delta/snapshot.ts';
import { dataFileOf } from '../../../lake/delta/snapshot.ts';
import type { ApiContext } from '../context.ts';

interface TableSize {
  readonly version: number;
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
}

export interface LakeState {
  readonly tuples: TableSize;
  readonly flows: TableSize;
  /** ISO times of the first and the last tuple, as the statistics of files tell them; absent without tuples. */
  readonly first?: string;
  readonly last?: string;
  /** From the last tuple until now. */
  readonly lagSeconds?: number;
}

/** What the logs of both tables say: no data file is read. */
export async function lakeState({ lake: shared, now }: Pick<ApiContext, 'lake' | 'now'>): Promise<LakeState> {
  const lake = await shared.lake();
  if (lake === undefined) return { tuples: sizeOf(0, []), flows: sizeOf(0, []) };
  const { version, files } = await lake.snapshot();
  const flows = await lake.flows();
  const settled = await flows?.refresh();
  const known = files.filter(
    ({ startMillis, endMillis }) => Number.isFinite(startMillis) && Number.isFinite(endMillis),
  );
  const first = known.reduce((least, { startMillis }) => Math.min(least, startMillis), Infinity);
  // The end is excluded.
  const last = known.reduce((most, { endMillis }) => Math.max(most, endMillis), -Infinity) - 1;
  return {
    tuples: sizeOf(version, files),
    flows: sizeOf(
      settled?.version ?? 0,
      [...(settled?.files.values() ?? [])].map((add) => dataFileOf(lake.flowsPlace, add)),
    ),
    ...(known.length === 0
      ? {}
      : {
          first: new Date(first).toISOString(),
          last: new Date(last).toISOString(),
          lagSeconds: Math.max(0, Math.round((now() - last) / 1000)),
        }),
  };
}

function sizeOf(version: number, files: readonly DataFile[]): TableSize {
  return {
    version,
    rows: files.reduce((sum, { rows }) => sum + (rows ?? 0), 0),
    files: files.length,
    bytes: files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
  };
}

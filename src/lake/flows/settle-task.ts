/** What the thread of settle-thread.ts does. */
import { openLake } from '../lake.ts';
import { builtFlowsPlace } from '../delta/table-place.ts';
import type { SettlePlan, Settled, Versions } from './settle.ts';
import { planSettling, settle } from './settle.ts';

/** What the thread is to do with the lake in `folder`. */
export interface SettleTask {
  readonly folder: string;
  /** Dates that are built into files below another folder, of these versions; absent: the newest version is settled. */
  readonly build?: DatesToBuild;
}

export interface DatesToBuild {
  readonly versions: Versions;
  readonly dates: readonly string[];
  /** Those of them that are built as a whole whatever is covered. */
  readonly wholeDates: readonly string[];
  /** Where the files go. */
  readonly target: string;
}

/** What became of it. */
export type SettleAnswer = { readonly settled: Settled } | { readonly plan: SettlePlan } | { readonly error: unknown };

/** Does the task. @throws what {@link settle} and {@link planSettling} throw */
export async function runSettleTask({ folder, build }: SettleTask, signal: AbortSignal): Promise<SettleAnswer> {
  const lake = await openLake(folder, { write: build === undefined });
  try {
    if (build === undefined) return { settled: await settle(lake, signal) };
    const { versions, target } = build;
    const plan = await planSettling(lake, versions, builtFlowsPlace(target), {
      signal,
      dates: new Set(build.dates),
      alsoDates: new Set(build.wholeDates),
    });
    return { plan };
  } finally {
    await lake.close();
  }
}

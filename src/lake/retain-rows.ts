import { dayMillis, formatTime } from '../base/time.ts';
import type { Action, AddAction } from './delta-log.ts';
import type { Lake } from './lake.ts';
import { partitionColumn } from './schema.ts';
import type { TableState } from './table-state.ts';
import { checkChanges } from './writer-duties.ts';

export interface RowRetention {
  readonly nowMillis: number;
  /** Dates that ended more than so many days ago go; `undefined` keeps all. */
  readonly days: number | undefined;
  /** The oldest dates go until the data files take no more bytes than this; `undefined` is no limit. */
  readonly budgetBytes: number | undefined;
  readonly dryRun: boolean;
}

export interface RetainedRows {
  /** Dates whose rows went, ascending. */
  readonly dates: readonly string[];
  readonly files: number;
  readonly bytes: number;
  /** The commit that removed them; `undefined` where nothing was to go, or it was a dry run. */
  readonly version: number | undefined;
}

/**
 * Removes the rows of whole dates by one commit. The files themselves go with the next vacuum after readers had time. What was read of
 * which blob stays known, so that the rows do not come back. @throws lake-invalid where the table is append-only; a dry run throws it, too
 */
export async function retainRows(lake: Lake, retention: RowRetention): Promise<RetainedRows> {
  const { state } = await lake.state();
  let gone = filesToRemove(state, retention);
  let version: number | undefined;
  if (retention.dryRun) checkChanges(lake.tuples.place, state, gone.map(removal));
  else if (gone.length > 0)
    version = await lake.change('DELETE', (newest) => {
      gone = filesToRemove(newest, retention);
      return gone.map(removal);
    });
  return {
    dates: [...new Set(gone.map((add) => add.partitionValues[partitionColumn] ?? ''))].sort(),
    files: gone.length,
    bytes: gone.reduce((sum, { size }) => sum + size, 0),
    version,
  };
}

function removal({ path }: AddAction): Action {
  return { remove: { path, deletionTimestamp: Date.now(), dataChange: true } };
}

function filesToRemove(state: TableState, { nowMillis, days, budgetBytes }: RowRetention): AddAction[] {
  const dated = [...state.files.values()]
    .map((add) => ({ add, date: add.partitionValues[partitionColumn] ?? '' }))
    .filter(({ date }) => /^\d{4}-\d{2}-\d{2}$/.test(date))
    .sort((a, b) => (a.date < b.date ? -1 : 1));
  // A date goes once its last moment is `days` days old.
  const first = days === undefined ? '' : formatTime(nowMillis - days * dayMillis).slice(0, 10);
  let bytes = [...state.files.values()].reduce((sum, { size }) => sum + size, 0);
  let going = '';
  return dated.flatMap(({ add, date }) => {
    const over = budgetBytes !== undefined && bytes > budgetBytes;
    if (date >= first && !over && date !== going) return [];
    going = date;
    bytes -= add.size;
    return [add];
  });
}

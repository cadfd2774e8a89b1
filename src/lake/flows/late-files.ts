/**
 * Which tuples of frozen dates are not settled. A frozen date is never built as a whole, so rows must not be taken for new ones that were settled before.
 * Each commit since the settled version is looked at, date by date:
 *
 *   removes nothing of the date                 files that it adds are late: all their rows came since
 *   removes late files only                     files that it adds are late instead: the rows came since, whatever was done to them
 *   removes late files together with others     the rows of files that it adds cannot be told apart. The late files count as they were: vacuum of nsgflow
 *                                               keeps them until they are settled
 *   removes others only                         files that it adds hold what was settled
 */
import type { Action, AddAction } from '../delta/delta-log.ts';
import { dateOf, dateOfRemoved } from '../delta/file-date.ts';

export interface LateFiles {
  readonly files: readonly AddAction[];
  /** Paths of files that hold rows of late files among others: they stay until the late ones are settled. */
  readonly mixed: ReadonlySet<string>;
}

/** Of dates before `frozen`. */
export function lateFiles(commits: readonly (readonly Action[])[], frozen: string): LateFiles {
  const late = new Map<string, AddAction>();
  const mixed = new Set<string>();
  if (frozen === '') return { files: [], mixed };
  for (const actions of commits) {
    const added = actions.flatMap(({ add }) => (add != null && dateOf(add) < frozen ? [add] : []));
    const removed = actions.flatMap(({ remove }) => {
      if (remove == null) return [];
      const known = late.get(remove.path);
      return [{ path: remove.path, date: known === undefined ? dateOfRemoved(remove) : dateOf(known) }];
    });
    const dates = new Set([...added.map(dateOf), ...removed.map(({ date }) => date)]);
    for (const date of dates) {
      // A file without a date in its path may be of any date.
      const gone = removed.filter((one) => one.date === date || one.date === '');
      const come = added.filter((add) => dateOf(add) === date);
      if (gone.length === 0) {
        for (const add of come) if (add.dataChange) late.set(add.path, add);
      } else if (gone.every(({ path }) => late.has(path))) {
        for (const { path } of gone) late.delete(path);
        for (const add of come) late.set(add.path, add);
      } else if (gone.some(({ path }) => late.has(path) || mixed.has(path)))
        for (const { path } of come) mixed.add(path);
    }
  }
  return { files: [...late.values()], mixed };
}

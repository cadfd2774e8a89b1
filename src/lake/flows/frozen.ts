/**
 * Frozen dates: their conversations stay as they were settled, since their tuples go (retain-rows.ts). Both tables say so:
 *
 *   tuples  nsgflow.frozenBefore   no tuple of an earlier date is replaced from this version on
 *   flows   nsgflow.frozenBefore   no row of an earlier date is built anew; all tuples that were there before the property of `tuples` are settled
 *   tuples  nsgflow.tuplesFrom     tuples of earlier dates were removed
 *
 * They are set in this order. Tuples that come later for a frozen date are settled apart.
 */
import type { AddAction, MetadataAction } from '../delta/delta-log.ts';
import type { TableState } from '../delta/table-state.ts';

export const frozenProperty = 'nsgflow.frozenBefore';
export const tuplesFromProperty = 'nsgflow.tuplesFrom';

/** Tag of data files of `flows`: how many tuples are in it that came for frozen dates. Of several files written together, the first one has the number. */
export const apartTag = 'nsgflow.apart';

/** Dates of this table before this one are frozen, `YYYY-MM-DD`; '' where none is. */
export function frozenBefore(state: TableState): string {
  return dateProperty(state, frozenProperty);
}

/** From which date on the table of tuples has what was ingested; '' where nothing was removed. Tuples that came late may lie before. */
export function tuplesKeptFrom(state: TableState): string {
  return dateProperty(state, tuplesFromProperty);
}

/** The table's metadata with a property set to a date. */
export function withDate({ metadata }: TableState, property: string, date: string): MetadataAction {
  return { ...metadata, configuration: { ...metadata.configuration, [property]: date } };
}

/** How many tuples of these files of `flows` came after their dates were frozen; as far as the files say. */
export function apartTuples(adds: Iterable<AddAction>): number {
  let sum = 0;
  for (const { tags } of adds) sum += Number(tags?.[apartTag] ?? 0);
  return sum;
}

/** Tags these files, written together, as holding so many tuples that came for a frozen date. */
export function tagApart(adds: readonly AddAction[], tuples: number): AddAction[] {
  return adds.map((add, i) => ({ ...add, tags: { ...add.tags, [apartTag]: String(i === 0 ? tuples : 0) } }));
}

function dateProperty({ metadata }: TableState, property: string): string {
  const date = metadata.configuration?.[property] ?? '';
  return /^\d{4}-\d{2}-\d{2}$/.test(date) ? date : '';
}

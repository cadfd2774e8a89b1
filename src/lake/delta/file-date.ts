/** The UTC date that all rows of a data file have. */
import type { AddAction, RemoveAction } from './delta-log.ts';
import { partitionColumn } from '../tuples/schema.ts';

/** `YYYY-MM-DD`; '' where the log does not say. */
export function dateOf({ partitionValues }: AddAction): string {
  return partitionValues[partitionColumn] ?? '';
}

/** Of a file that went: as the action says, else by the folder of its date; '' where neither does. */
export function dateOfRemoved({ path, partitionValues }: RemoveAction): string {
  const date = partitionValues?.[partitionColumn];
  return date ?? /(?:^|\/)date(?:=|%3D)(\d{4}-\d{2}-\d{2})\//i.exec(path)?.[1] ?? '';
}

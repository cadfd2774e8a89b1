/** Where a table of a lake lies: its data, its helper files, and files on their way. */
import { join } from 'node:path';

export interface TablePlace {
  /** The lake's folder, absolute: what messages name. */
  readonly lake: string;
  /** Holds `_delta_log` and the folders of dates. */
  readonly folder: string;
  /** Holds positions, checkpoints for a quick start, and address filters. */
  readonly helpers: string;
  /** Files on their way, of all tables of the lake. */
  readonly temporary: string;
}

/** Of the table of tuples. */
export function tuplesPlace(lake: string): TablePlace {
  const helpers = join(lake, '_nsgflow');
  return { lake, folder: lake, helpers, temporary: join(helpers, 'tmp') };
}

/** Of the table of settled flows. */
export function flowsPlace(lake: string): TablePlace {
  const helpers = join(lake, '_nsgflow');
  return { lake, folder: join(lake, 'flows'), helpers: join(helpers, 'flows'), temporary: join(helpers, 'tmp') };
}

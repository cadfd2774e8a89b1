/** Where a table of a lake lies: its data, its helper files, and files on their way. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { folderStorage } from '../storage/folder-storage.ts';
import type { Storage } from '../storage/storage.ts';

/**
 * `old`: the table of tuples lies in the lake's own folder, where nsgflow 0.1 put it. `moving`: its log lies in `tuples/`, and data files or helper files
 * may still lie where they were. `new`: all of it lies in `tuples/`.
 */
export type Layout = 'old' | 'moving' | 'new';

export interface TablePlace {
  /** The lake's folder, absolute: what messages name. */
  readonly lake: string;
  /** `new` for all tables but the one of tuples. */
  readonly layout: Layout;
  /** Holds `_delta_log` and the folders of dates. */
  readonly folder: string;
  /** The same, as storage. */
  readonly storage: Storage;
  /** Holds positions, checkpoints for a quick start, and address filters. */
  readonly helpers: string;
  /** Files on their way, of all tables of the lake. */
  readonly temporary: string;
  /** Whether files outlive the process: the disk has each of them before it gets its name. */
  readonly isKept: boolean;
}

/** Names in the lake's folder that are not the old table of tuples. */
export const tuplesName = 'tuples';
export const flowsName = 'flows';
export const helpersName = '_nsgflow';

/** Of the table of tuples. */
export function tuplesPlace(lake: string, layout: Layout = 'new'): TablePlace {
  return layout === 'old'
    ? placeOf(lake, layout, lake, join(lake, helpersName))
    : placeOf(lake, layout, join(lake, tuplesName), join(lake, helpersName, tuplesName));
}

/** Of the table of settled flows. */
export function flowsPlace(lake: string): TablePlace {
  return placeOf(lake, 'new', join(lake, flowsName), join(lake, helpersName, flowsName));
}

/** Of flows that are built for questions, in a folder that goes with them. */
export function builtFlowsPlace(folder: string): TablePlace {
  return { ...flowsPlace(folder), isKept: false };
}

function placeOf(lake: string, layout: Layout, folder: string, helpers: string): TablePlace {
  const temporary = join(lake, helpersName, 'tmp');
  return { lake, layout, folder, storage: folderStorage(folder, temporary), helpers, temporary, isKept: true };
}

/** Where a data file lies now, by its path below the table's folder. */
export function dataPath(table: TablePlace, path: string): string {
  return pathNow(table, (place) => join(place.folder, path));
}

export type HelperKind = 'positions' | 'checkpoints' | 'addresses';

/** Where a helper file lies now. */
export function helperPath(table: TablePlace, kind: HelperKind, name: string): string {
  return pathNow(table, (place) => join(place.helpers, kind, name));
}

function pathNow(table: TablePlace, pathIn: (place: TablePlace) => string): string {
  const path = pathIn(table);
  if (table.layout !== 'moving' || existsSync(path)) return path;
  const before = pathIn(tuplesPlace(table.lake, 'old'));
  return existsSync(before) ? before : path;
}

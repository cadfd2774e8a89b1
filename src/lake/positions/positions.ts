/**
 * What has been read of which blob. Each commit that adds rows also names one file of positions:
 *
 *   _nsgflow/tuples/positions/<id>.json   named by  txn {appId: "nsgflow-positions/<id>", version: <the commit's>}
 *     {"form":1,"base":false,"positions":[
 *       ["…/PT1H.json",{"etag":"…","lengthBytes":5420,"readBytes":5418,"blocks":3,…,"rejections":[…]}],
 *       ["…/PT1H.json",null]]}                                   (forgotten)
 *
 * An id is a UUID, `-`, and the first 32 digits of the file's SHA-256: so the log tells whether a file is as it was written. Older ones are a UUID only.
 * So rows and positions come or fail together. A file holds what changed; now and then one holds all (`base`), and those of lower
 * versions then mean nothing more. Files that no commit names are orphans of lost races and kills, and harmless.
 */
import type { Hash } from 'node:crypto';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { FlowError, fileError } from '../../base/errors.ts';
import { withoutEnd } from '../../base/text.ts';
import { makeFolderOf, syncFolder } from '../../blob/folder-file.ts';
import type { TxnAction } from '../delta/delta-log.ts';
import { temporaryFolder } from '../delta/delta-log.ts';
import type { BlobPosition } from './position.ts';
import { readPositionEntry, samePosition } from './position.ts';
import type { PositionEntry } from './position-map.ts';
import { PositionMap } from './position-map.ts';
import { writeSynced } from '../storage/synced-file.ts';
import type { TableState } from '../delta/table-state.ts';
import type { TablePlace } from '../delta/table-place.ts';
import { helperPath } from '../delta/table-place.ts';

/** One blob's step: `before` is what the reader planned by (`undefined`: never read); `after` undefined forgets the blob. */
export interface PositionChange {
  readonly key: string;
  readonly before: BlobPosition | undefined;
  readonly after: BlobPosition | undefined;
}

/** All positions at one version of the table. Not changed once made. */
export interface Positions {
  readonly version: number;
  readonly byKey: PositionMap;
  /** Version of the commit that named the newest base; -1 where there was none. */
  readonly baseVersion: number;
  /** Files since the base, and the changes in them. */
  readonly filesSinceBase: number;
  readonly changesSinceBase: number;
}

const noPositions: Positions = {
  version: -1,
  byKey: new PositionMap(),
  baseVersion: -1,
  filesSinceBase: 0,
  changesSinceBase: 0,
};

const appPrefix = 'nsgflow-positions/';

/** Files since the last base after which the next one is a base again. */
const filesPerBase = 100;
/** A base is also due once the changes since the last are as many as it holds, and more than these. */
const changesPerBaseMin = 1000;

/** The position key of a blob: `location`, container and name in one text, which is also the column `blob` of its rows. */
export function blobKey(location: string, container: string, name: string): string {
  return [withoutEnd(location, '/\\'), container, name].filter((part) => part !== '').join('/');
}

/** Reads the positions of a version of the table; only what came after `known`, where that is given. @throws lake-invalid */
export async function readPositions(
  table: TablePlace,
  state: TableState,
  known: Positions = noPositions,
): Promise<Positions> {
  if (known.version === state.version) return known;
  const newer = positionTransactions(state)
    .filter((txn) => txn.version > known.version)
    .sort((a, b) => b.version - a.version);
  const files: (readonly PositionEntry[])[] = [];
  let { baseVersion, byKey } = known;
  for (const txn of newer) {
    const { base, changes } = await readFileOf(table, txn);
    if (base === undefined) {
      files.push(changes);
      continue;
    }
    baseVersion = txn.version;
    byKey = base;
    break;
  }
  const isFresh = baseVersion !== known.baseVersion;
  for (const changes of files.reverse()) byKey = byKey.with(changes);
  return {
    version: state.version,
    byKey,
    baseVersion,
    filesSinceBase: (isFresh ? 0 : known.filesSinceBase) + files.length,
    changesSinceBase: (isFresh ? 0 : known.changesSinceBase) + files.reduce((sum, changes) => sum + changes.length, 0),
  };
}

/** Transactions of positions that still count, and all of other applications. */
export function liveTransactions(state: TableState, positions: Positions): TxnAction[] {
  return [...state.transactions.values()].filter(
    (txn) => !txn.appId.startsWith(appPrefix) || txn.version >= positions.baseVersion,
  );
}

function positionTransactions(state: TableState): TxnAction[] {
  return [...state.transactions.values()].filter((txn) => txn.appId.startsWith(appPrefix));
}

/** Keys whose position is not what the reader planned by: somebody else has read these blobs meanwhile. */
export function conflictsOf(positions: Positions, changes: readonly PositionChange[]): string[] {
  return changes.filter(({ key, before }) => !samePosition(positions.byKey.get(key), before)).map(({ key }) => key);
}

/** Writes a file of positions; a base when one is due. @returns the `appId` by which the commit names it */
export async function writePositions(
  table: TablePlace,
  current: Positions,
  changes: readonly PositionChange[],
): Promise<string> {
  const base =
    current.filesSinceBase + 1 >= filesPerBase ||
    current.changesSinceBase + changes.length >= Math.max(changesPerBaseMin, current.byKey.size);
  const uuid = randomUUID();
  const last = new Map(changes.map(({ key, after }) => [key, after]));
  const temporary = join(temporaryFolder(table), `${uuid}.json`);
  const hash = createHash('sha256');
  await writeSynced(temporary, hashed(textOf(base, base ? current.byKey.with(last) : last), hash));
  const id = `${uuid}-${hash.digest('hex').slice(0, hashChars)}`;
  const path = positionsPath(table, id);
  try {
    await makeFolderOf(path, true);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(error, `write ${path}`);
  }
  return appPrefix + id;
}

const hashChars = 32;

function* hashed(parts: Iterable<string>, hash: Hash): Generator<string> {
  for (const part of parts) {
    hash.update(part);
    yield part;
  }
}

/** Characters written, and read, at once: the whole text of very many positions would take more memory than they do. */
const textChars = 1 << 20;

function* textOf(base: boolean, entries: Iterable<PositionEntry>): Generator<string> {
  let text = `{"form":1,"base":${base},"positions":[`;
  let separator = '\n';
  for (const entry of entries) {
    text += separator + JSON.stringify(entry);
    separator = ',\n';
    if (text.length < textChars) continue;
    yield text;
    text = '';
  }
  yield `${text}]}\n`;
}

export function positionsPath(table: TablePlace, idOrAppId: string): string {
  const id = idOrAppId.startsWith(appPrefix) ? idOrAppId.slice(appPrefix.length) : idOrAppId;
  return helperPath(table, 'positions', `${id}.json`);
}

/** Of a base all that it holds, of another file the changes. */
interface PositionFile {
  readonly base: PositionMap | undefined;
  readonly changes: readonly PositionEntry[];
}

async function readFileOf(table: TablePlace, txn: TxnAction): Promise<PositionFile> {
  const id = txn.appId.slice(appPrefix.length);
  const invalid = (what: string, cause?: unknown): FlowError =>
    new FlowError(
      'lake-invalid',
      `version ${txn.version} of the lake names positions that ${what}: ${positionsPath(table, id)}`,
      {
        cause,
        hint: 'Bring the file back: without it, nobody can tell which blobs have been read, and rows would come twice.',
      },
    );
  if (!/^[0-9a-f-]+$/.test(id)) throw invalid('have no sound name');
  const expected = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}-([0-9a-f]{32})$/.exec(id)?.[1];
  const hash = createHash('sha256');
  const changes: PositionEntry[] = [];
  let base: PositionMap | undefined;
  let header: RegExpExecArray | null | undefined;
  let isWhole = false;
  let number = 0;
  try {
    for await (const line of linesOf(positionsPath(table, id), hash)) {
      number++;
      if (header === undefined) {
        header = /^\{"form":(\d+),"base":(true|false),"positions":\[(\]\})?$/.exec(line);
        if (header === null) throw invalid('cannot be read');
        if (header[1] !== '1') throw invalid('are of a newer form');
        isWhole = header[3] !== undefined;
        if (header[2] === 'true') base = new PositionMap();
        continue;
      }
      isWhole = line.endsWith(']}');
      const entry = readPositionEntry(JSON.parse(line.slice(0, isWhole ? -2 : -1)));
      if (entry === undefined) throw invalid(`have no position of a blob in line ${number}`);
      const [key, position] = entry;
      if (base === undefined) changes.push([key, position ?? undefined]);
      else if (position !== null) base.set(key, position);
    }
  } catch (error) {
    if (error instanceof FlowError) throw error;
    if (error instanceof SyntaxError) throw invalid('cannot be read', error);
    const failure = fileError(error, `read ${positionsPath(table, id)}`);
    throw failure.code === 'not-found' ? invalid('are missing', error) : failure;
  }
  if (!isWhole) throw invalid('cannot be read');
  if (expected !== undefined && hash.digest('hex').slice(0, hashChars) !== expected)
    throw invalid('are not as they were written');
  return { base, changes };
}

/** Lines that end with a line feed: other line separators may stand in names. */
async function* linesOf(path: string, hash: Hash): AsyncGenerator<string> {
  let rest = '';
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: textChars })) {
    hash.update(String(chunk));
    const lines = (rest + String(chunk)).split('\n');
    rest = lines.pop() ?? '';
    yield* lines;
  }
  if (rest !== '') yield rest;
}

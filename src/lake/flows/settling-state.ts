/** How far the table `flows` is behind the table of tuples, and what is wrong with it: for `lake stats` and `doctor`. */
import { formatCount, formatCountOf } from '../../base/format-count.ts';
import { limits } from '../../base/limits.ts';
import { formatTime } from '../../base/time.ts';
import type { AddAction } from '../delta/delta-log.ts';
import type { Lake } from '../lake.ts';
import { dataFileOf } from '../delta/snapshot.ts';
import { dateOf } from '../delta/file-date.ts';
import { isSettledAppId, settledAppId } from './coverage.ts';
import { damagedFiles } from '../files/file-sizes.ts';
import { apartTuples, frozenBefore } from './frozen.ts';
import { knownSettled, pinVersions, uncoveredNow } from './settle.ts';

export interface SettlingState {
  /** The newest version of the table of tuples. */
  readonly tuplesVersion: number;
  /** The version of the table of tuples that `flows` covers; `undefined` where that is not known. */
  readonly settledVersion: number | undefined;
  /** When it was settled, epoch milliseconds. */
  readonly settledMillis: number | undefined;
  readonly uncoveredTuples: number;
  /** Dates that settling builds as a whole: of files that are damaged, and whose rows others changed. */
  readonly datesToBuild: readonly string[];
  /** Files of `flows` that are missing or cut, below its folder. */
  readonly damaged: readonly string[];
  /** Those of them whose dates are frozen: nothing builds their rows anew. */
  readonly damagedForGood: readonly string[];
  /** Dates before this one are frozen; `undefined` where none is. */
  readonly frozenBefore: string | undefined;
  /** Tuples that came after their dates were frozen, and were settled among themselves. */
  readonly settledApart: number;
  /** Whether `flows` was settled from another table of tuples, and never from this one. */
  readonly isOfOtherTable: boolean;
}

/** @returns `undefined` where nothing was settled yet @throws not-found, lake-invalid */
export async function settlingState(lake: Lake): Promise<SettlingState | undefined> {
  const versions = await pinVersions(lake);
  const { tuples, flows } = versions;
  if (flows === undefined) return undefined;
  const { id } = tuples.metadata;
  const { dates, files } = await uncoveredNow(lake, versions);
  const settledVersion = await knownSettled(lake, versions);
  const frozen = frozenBefore(flows);
  const damaged = await damagedFiles(lake.flowsPlace, [...flows.files.values()]);
  const isFrozen = (add: AddAction): boolean => dateOf(add) < frozen;
  const damagedDates = damaged.filter((add) => !isFrozen(add)).map(dateOf);
  const waiting = [...[...tuples.files.values()].filter((add) => dates.has(dateOf(add))), ...files];
  const appIds = [...flows.transactions.keys()].filter(isSettledAppId);
  return {
    tuplesVersion: tuples.version,
    settledVersion,
    settledMillis: flows.transactions.get(settledAppId(id))?.lastUpdated ?? undefined,
    uncoveredTuples: waiting.reduce((sum, add) => sum + (dataFileOf(lake.tuples.place, add).rows ?? 0), 0),
    datesToBuild: [...new Set([...dates, ...damagedDates])].sort(),
    damaged: damaged.map(({ path }) => path),
    damagedForGood: damaged.filter(isFrozen).map(({ path }) => path),
    frozenBefore: frozen === '' ? undefined : frozen,
    settledApart: apartTuples(flows.files.values()),
    isOfOtherTable: appIds.length > 0 && !appIds.includes(settledAppId(id)),
  };
}

export interface SettlingFinding {
  readonly state: 'ok' | 'wrong';
  readonly finding: string;
}

const settleHint = 'nsgflow lake settle';

/** What there is to say, in sentences; the first one says what is settled. `tuples`: of the whole table. */
export function describeSettling(state: SettlingState | undefined, tuples: number): SettlingFinding[] {
  const waiting = state === undefined ? tuples : state.uncoveredTuples;
  const tooMany = waiting > limits.uncoveredTuplesMax;
  const findings: SettlingFinding[] = [
    { state: tooMany ? 'wrong' : 'ok', finding: `${describeVersions(state)}: ${describeWaiting(waiting)}` },
  ];
  const wrong = (finding: string): void => void findings.push({ state: 'wrong', finding });
  if (tooMany)
    wrong(
      `more than ${formatCount(limits.uncoveredTuplesMax)} tuples wait: each question builds their flows anew; ${settleHint} settles them`,
    );
  if (state === undefined) return findings;
  const { datesToBuild, damaged, damagedForGood, isOfOtherTable, frozenBefore: frozen, settledApart } = state;
  if (frozen !== undefined) {
    const late = settledApart === 0 ? '' : `; settled apart: ${formatCountOf(settledApart, 'tuple')} that came later`;
    findings.push({ state: 'ok', finding: `dates before ${frozen} are frozen${late}` });
  }
  if (isOfOtherTable) wrong(`flows was settled from another table of tuples: ${settleHint} builds it anew`);
  const mendable = damaged.filter((path) => !damagedForGood.includes(path));
  if (mendable.length > 0)
    wrong(
      `${countOf(mendable, 'file', 'of flows')} missing or cut: ${listed(mendable)}; ${settleHint} builds the dates anew`,
    );
  if (damagedForGood.length > 0)
    wrong(
      `${countOf(damagedForGood, 'file', 'of frozen dates')} missing or cut, and cannot be built anew: ${listed(damagedForGood)}; bring back what is missing`,
    );
  if (datesToBuild.length > 0)
    wrong(`${countOf(datesToBuild, 'date')} to be built anew: ${listed(datesToBuild)}; ${settleHint} does it`);
  return findings;
}

function describeVersions(state: SettlingState | undefined): string {
  if (state === undefined) return 'nothing is settled yet';
  const { settledVersion, settledMillis, tuplesVersion } = state;
  if (settledVersion === undefined) return 'nothing of this table of tuples is known to be settled';
  const time = settledMillis === undefined ? '' : `, at ${formatTime(settledMillis)}`;
  const newest = settledVersion === tuplesVersion ? '' : ` of ${tuplesVersion}`;
  return `settled up to version ${settledVersion}${newest}${time}`;
}

function describeWaiting(tuples: number): string {
  if (tuples === 0) return 'no tuples wait';
  return `${formatCountOf(tuples, 'tuple')} ${tuples === 1 ? 'waits' : 'wait'}`;
}

/** `1 file is`, `2 files of flows are`. */
function countOf(some: readonly unknown[], what: string, of = ''): string {
  return `${formatCountOf(some.length, what)}${of === '' ? '' : ` ${of}`} ${some.length === 1 ? 'is' : 'are'}`;
}

/** Paths or dates that are named. */
const namedMax = 3;

function listed(some: readonly string[]): string {
  return `${some.slice(0, namedMax).join(', ')}${some.length > namedMax ? ', …' : ''}`;
}

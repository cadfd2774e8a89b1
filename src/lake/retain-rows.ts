/**
 * Retention: removes tuples, and later conversations, of whole dates. A date is frozen before its tuples go, so that nothing that was settled is lost and
 * nothing is counted twice. Whoever is killed between two of these steps is finished by the next retention, since both tables say what is frozen:
 *
 *   settle, plan
 *   tuples   nsgflow.frozenBefore       from this version on, rewritten blobs leave tuples of these dates alone
 *   settle                              flows then cover all that came before
 *   flows    nsgflow.frozenBefore       and the rows of dates whose conversations go
 *   tuples   remove what is settled     tuples that came meanwhile stay: they are settled apart, and go with the next retention
 *
 * Files go with the next vacuum after readers had time. What was read of which blob stays known, so that the rows do not come back.
 */
import { assert } from '../base/assert.ts';
import { FlowError } from '../base/errors.ts';
import { limits } from '../base/limits.ts';
import type { Action, AddAction } from './delta/delta-log.ts';
import { dateOf } from './delta/file-date.ts';
import { frozenBefore, frozenProperty, tuplesFromProperty, withDate } from './flows/frozen.ts';
import type { Versions } from './flows/settle.ts';
import { damagedDates, knownSettled, pinVersions, settle, uncoveredNow } from './flows/settle.ts';
import type { Lake } from './lake.ts';
import type { RetentionPlan, RetentionRules } from './retain-plan.ts';
import { planRetention } from './retain-plan.ts';
import { checkChanges } from './delta/writer-duties.ts';

export interface LakeRetention extends RetentionRules {
  readonly nowMillis: number;
  /** Only says what would go; what is not settled yet is not counted. */
  readonly dryRun: boolean;
  readonly signal?: AbortSignal;
}

/** What went of one table. */
export interface RemovedRows {
  /** Ascending. */
  readonly dates: readonly string[];
  readonly files: number;
  readonly bytes: number;
}

export interface Retained {
  readonly tuples: RemovedRows;
  readonly conversations: RemovedRows;
  /** Dates before this one are frozen; '' where none is. */
  readonly frozenBefore: string;
  /** Dates that would have gone, but ended less than two days ago. */
  readonly waiting: readonly string[];
  /** Bytes of the data files that stay, of both tables. */
  readonly bytes: number;
  /** Whether these are more than the budget: the newest dates alone are. */
  readonly isOverBudget: boolean;
  /** Late tuples of frozen dates that were settled on the way, and those that may be missing from `flows`. */
  readonly settledApart: number;
  readonly missed: number;
}

/**
 * @throws usage where conversations would go before their tuples; lake-invalid where a table is append-only that would lose rows, before anything
 * changes; and what {@link settle} throws
 */
export async function retainRows(lake: Lake, retention: LakeRetention): Promise<Retained> {
  let versions = await pinVersions(lake);
  let plan = planOf(versions, retention);
  checkRemovals(lake, versions, plan);
  const settled = { settledApart: 0, missed: 0 };
  if (retention.dryRun) return resultOf(versions, plan, retention, settled);
  const settleAll = async (): Promise<void> => {
    const { apart, missed } = await settle(lake, retention.signal);
    settled.settledApart += apart;
    settled.missed += missed;
    versions = await pinVersions(lake);
  };
  await settleAll();
  // Sizes have changed, and late tuples are settled.
  plan = planOf(versions, retention);
  checkRemovals(lake, versions, plan);
  const gone = { tuples: [] as AddAction[], conversations: [] as AddAction[] };
  if (tuplesOf(versions, plan).length > 0 || conversationsOf(versions, plan).length > 0) {
    const announced = await announce(lake, plan.tuplesBefore);
    for (let attempt = 0; ; attempt++) {
      if (attempt === limits.commitAttemptsMax)
        throw new FlowError('unavailable', `cannot freeze dates of the lake ${lake.folder}: other writers change them`);
      await settleAll();
      const removed = await freeze(lake, versions, plan, announced, retention.nowMillis);
      if (removed === undefined) continue;
      gone.conversations = removed;
      break;
    }
    gone.tuples = await removeTuples(lake, retention);
    versions = await pinVersions(lake);
  }
  const bytes = bytesOf([...versions.tuples.files.values(), ...(versions.flows?.files.values() ?? [])]);
  return {
    ...resultOf(versions, { ...plan, bytes }, retention, settled),
    tuples: removedOf(gone.tuples),
    conversations: removedOf(gone.conversations),
  };
}

function resultOf(
  versions: Versions,
  plan: RetentionPlan,
  { budgetBytes = Infinity }: LakeRetention,
  settled: Pick<Retained, 'settledApart' | 'missed'>,
): Retained {
  return {
    tuples: removedOf(tuplesOf(versions, plan)),
    conversations: removedOf(conversationsOf(versions, plan)),
    frozenBefore: plan.tuplesBefore,
    waiting: plan.waiting,
    bytes: plan.bytes,
    isOverBudget: plan.bytes > budgetBytes,
    ...settled,
  };
}

function removedOf(adds: readonly AddAction[]): RemovedRows {
  return { dates: [...new Set(adds.map(dateOf))].sort(), files: adds.length, bytes: bytesOf(adds) };
}

function bytesOf(adds: readonly AddAction[]): number {
  return adds.reduce((sum, { size }) => sum + size, 0);
}

function planOf({ tuples, flows }: Versions, retention: LakeRetention): RetentionPlan {
  const frozen = [frozenBefore(tuples), flows === undefined ? '' : frozenBefore(flows)].sort()[1];
  const input = { tuples: tuples.files.values(), flows: flows?.files.values() ?? [], frozen };
  return planRetention(input, retention, retention.nowMillis);
}

function tuplesOf({ tuples }: Versions, { tuplesBefore }: RetentionPlan): AddAction[] {
  return filesBefore(tuples.files.values(), tuplesBefore);
}

function conversationsOf({ flows }: Versions, { conversationsBefore }: RetentionPlan): AddAction[] {
  return filesBefore(flows?.files.values() ?? [], conversationsBefore);
}

function filesBefore(adds: Iterable<AddAction>, date: string): AddAction[] {
  return [...adds].filter((add) => dateOf(add) !== '' && dateOf(add) < date);
}

/** @throws lake-invalid where a table is append-only that would lose rows */
function checkRemovals(lake: Lake, versions: Versions, plan: RetentionPlan): void {
  checkChanges(
    lake.tuples.place,
    versions.tuples,
    tuplesOf(versions, plan).map((add) => removal(add, 0)),
  );
  if (versions.flows === undefined) return;
  checkChanges(
    lake.flowsPlace,
    versions.flows,
    conversationsOf(versions, plan).map((add) => removal(add, 0)),
  );
}

function removal({ path, partitionValues }: AddAction, deletionTimestamp: number): Action {
  return { remove: { path, deletionTimestamp, dataChange: true, partitionValues } };
}

/** @returns a version from which on no tuple of these dates is replaced */
async function announce(lake: Lake, date: string): Promise<number> {
  const version = await lake.tuples.commit('SET TBLPROPERTIES', (state) =>
    Promise.resolve({
      files: [],
      others: frozenBefore(state) >= date ? [] : [{ metaData: withDate(state, frozenProperty, date) }],
    }),
  );
  assert(version !== undefined, 'a plan was given');
  return version;
}

/**
 * Freezes the dates in the version of `flows` that covers their tuples, and removes the rows of conversations that go.
 * @returns the files that went; `undefined` where somebody changed one of the tables meanwhile
 */
async function freeze(
  lake: Lake,
  versions: Versions,
  { tuplesBefore, conversationsBefore }: RetentionPlan,
  announced: number,
  nowMillis: number,
): Promise<AddAction[] | undefined> {
  const table = await lake.flows();
  const { flows } = versions;
  if (table === undefined || flows === undefined || !(await isCovered(lake, versions, tuplesBefore, announced)))
    return undefined;
  const gone = filesBefore(flows.files.values(), conversationsBefore);
  const others: Action[] =
    frozenBefore(flows) >= tuplesBefore ? [] : [{ metaData: withDate(flows, frozenProperty, tuplesBefore) }];
  const version = await table.commit(gone.length === 0 ? 'SET TBLPROPERTIES' : 'DELETE', (state) =>
    Promise.resolve(
      state.version === flows.version ? { files: gone.map((add) => removal(add, nowMillis)), others } : undefined,
    ),
  );
  return version === undefined ? undefined : gone;
}

/** Whether no date before `date` is to be built anew, and all that came up to version `announced` is settled. */
async function isCovered(lake: Lake, versions: Versions, date: string, announced: number): Promise<boolean> {
  const settled = await knownSettled(lake, versions);
  if (settled === undefined || settled < announced) return false;
  const { dates } = await uncoveredNow(lake, versions);
  const damaged = await damagedDates(lake.flowsPlace, versions.flows);
  return [...dates, ...damaged].every((one) => one >= date);
}

/** Removes the tuples of frozen dates that are settled. @returns the files that went */
async function removeTuples(lake: Lake, { nowMillis, signal }: LakeRetention): Promise<AddAction[]> {
  for (;;) {
    let gone: AddAction[] = [];
    let isKnown = true;
    await lake.tuples.commit('DELETE', async (tuples) => {
      const flows = (await lake.flows())?.state;
      const versions = { tuples, flows };
      isKnown = flows !== undefined && (await knownSettled(lake, versions)) !== undefined;
      if (flows === undefined || !isKnown) return undefined;
      const { files, mixed } = await uncoveredNow(lake, versions);
      const late = new Set([...files.map(({ path }) => path), ...mixed]);
      const frozen = frozenBefore(flows);
      gone = filesBefore(tuples.files.values(), frozen).filter(({ path }) => !late.has(path));
      if (gone.length === 0) return undefined;
      const metaData = withDate(tuples, tuplesFromProperty, frozen);
      return { files: gone.map((add) => removal(add, nowMillis)), others: [{ metaData }] };
    });
    if (isKnown) return gone;
    // Somebody settled a newer version meanwhile, or set one of the logs back.
    await settle(lake, signal);
  }
}

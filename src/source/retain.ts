import { FlowError } from '../base/errors.ts';
import { dayMillis, floorToHour } from '../base/time.ts';
import { isUrl } from '../blob/azure-target.ts';
import type { BlobItem, Container } from '../blob/container.ts';
import type { BlobPath } from '../flowlog/blob-path.ts';
import { formatBlobPath, nsgContainer, parseBlobPath, vnetContainer } from '../flowlog/blob-path.ts';
import type { SearchedStorage } from './flow-log-blobs.ts';
import { containersOf, hourEndOf } from './flow-log-blobs.ts';
import { isOfBlob } from './unread.ts';

/** How long the blobs of a flow log are kept. */
export interface RetentionRule {
  /** For messages and the log of deletions: the flow log's name or id. */
  readonly name: string;
  /** ARM ids that its paths may hold: of the NSG, of the flow log; in any casing. */
  readonly ids: readonly string[];
  /** 1 to 365; 0 keeps for ever. */
  readonly days: number;
}

/** Source: Azure, flow log property `retentionPolicy.days`. */
const daysMax = 365;
const parallelMax = 8;

/** A blob that a rule has done with. */
export interface Expired {
  readonly item: BlobItem;
  readonly path: BlobPath;
  readonly rule: RetentionRule;
  /** Whole days since the end of its hour. */
  readonly ageDays: number;
}

/** @throws usage */
export function checkDays(days: number): number {
  if (!Number.isInteger(days) || days < 0 || days > daysMax)
    throw new FlowError('usage', `flow logs are kept for 0 (for ever) to ${daysMax} days, not ${days}`);
  return days;
}

/**
 * Whether a rule has done with a blob: its path is exactly that of an hour of a flow log that a rule names, the hour lies wholly in the past and ended
 * the rule's days ago or before. Where several rules name it, the one that keeps longest decides. Pure.
 * @returns `undefined` for a blob that is kept
 */
export function judgeRetention(item: BlobItem, rules: RetentionIndex, nowMillis: number): Expired | undefined {
  const path = parseBlobPath(item.name);
  if (path === undefined || !isExactPath(item.name, path)) return undefined;
  const rule = rules.ruleOf(path);
  if (rule === undefined || rule.days === 0) return undefined;
  const endMillis = hourEndOf(path);
  if (endMillis > floorToHour(nowMillis) || endMillis + rule.days * dayMillis > nowMillis) return undefined;
  return { item, path, rule, ageDays: Math.floor((nowMillis - endMillis) / dayMillis) };
}

/** Azure's own casing and form; of anything else it is not known what it is. */
function isExactPath(name: string, path: BlobPath): boolean {
  const { kind, resourceId, hourMillis, mac } = path;
  return name === formatBlobPath(kind, resourceId, hourMillis, mac, path.kind === 'vnet' ? path.form : undefined);
}

/** Rules by the paths that they are about. */
export class RetentionIndex {
  readonly #byFolder = new Map<string, RetentionRule>();
  readonly #others: RetentionRule | undefined;

  /** `others` is the rule of flow logs that no rule names; without it they are kept. */
  constructor(rules: readonly RetentionRule[], others?: RetentionRule) {
    for (const rule of rules) {
      checkDays(rule.days);
      for (const id of rule.ids)
        for (const folder of foldersOf(id)) {
          const before = this.#byFolder.get(folder);
          if (before === undefined || keepsLonger(rule, before)) this.#byFolder.set(folder, rule);
        }
    }
    if (others !== undefined) checkDays(others.days);
    this.#others = others;
  }

  ruleOf(path: BlobPath): RetentionRule | undefined {
    const [folder] = folderOf(path.kind, path.resourceId, path.kind === 'vnet' ? path.form : 'short');
    return this.#byFolder.get(folder) ?? this.#others;
  }

  /** What names in this container begin with, of all that rules name; everything where there is a rule for others. */
  prefixes(container: string): string[] {
    if (this.#others !== undefined || (container !== nsgContainer && container !== vnetContainer)) return [''];
    const key = container === nsgContainer ? 'resourceId=' : 'flowLogResourceID=';
    return [...this.#byFolder].filter(([folder, rule]) => folder.startsWith(key) && rule.days > 0).map(([f]) => f);
  }
}

function keepsLonger(a: RetentionRule, b: RetentionRule): boolean {
  return b.days !== 0 && (a.days === 0 || a.days > b.days);
}

function foldersOf(id: string): string[] {
  return [
    ...new Set([...folderOf('nsg', id, 'short'), ...folderOf('vnet', id, 'short'), ...folderOf('vnet', id, 'long')]),
  ];
}

/** `resourceId=/SUBSCRIPTIONS/…/`, with all that stands before the year. */
function folderOf(kind: BlobPath['kind'], id: string, form: 'short' | 'long'): string[] {
  const path = formatBlobPath(kind, id, 0, undefined, form);
  return [path.slice(0, path.lastIndexOf('y=1970'))];
}

/** What was done about a blob. */
export interface RetentionStep extends Expired {
  readonly container: Container;
  /**
   * `would-delete` in a dry run, or of what is not nsgflow's own; `changed` when somebody wrote the blob meanwhile, and `refused` when storage does not
   * delete it (a lease, a snapshot, a policy, a right that is missing): it is kept.
   */
  readonly action: 'deleted' | 'would-delete' | 'changed' | 'refused';
  /** Why a blob is kept; `undefined` for the others. */
  readonly why?: FlowError;
}

export interface RetainSettings {
  readonly rules: RetentionIndex;
  readonly nowMillis: number;
  /** `own` deletes what nsgflow wrote into a folder or an emulator, and leaves what Azure or a copy owns. */
  readonly deletes: 'all' | 'own' | 'nothing';
}

/**
 * Deletes the blobs of a storage that rules have done with, each only in the version that was listed, and tells each. Flow logs that are not
 * named are not listed, unless there is a rule for others. @throws what storage throws
 */
export async function* retain(storage: SearchedStorage, settings: RetainSettings): AsyncGenerator<RetentionStep> {
  const { rules, nowMillis, deletes } = settings;
  for await (const container of containersOf(storage)) {
    const waiting: Promise<RetentionStep>[] = [];
    for (const prefix of rules.prefixes(container.name))
      for await (const item of container.list(prefix)) {
        const expired = judgeRetention(item, rules, nowMillis);
        if (expired === undefined) continue;
        const step = act(container, expired, deletes);
        step.catch(() => undefined);
        if (waiting.push(step) >= parallelMax) yield (await waiting.shift())!;
      }
    for (const step of waiting) yield await step;
  }
}

/** Whether a lease or a snapshot keeps a blob. Source: Azure Storage, "Blob service error codes". */
function isHeld({ message }: FlowError): boolean {
  return /\b(?:LeaseIdMissing|LeaseIdMismatchWithBlobOperation|SnapshotsPresent)\b/.test(message);
}

async function act(container: Container, expired: Expired, deletes: RetainSettings['deletes']): Promise<RetentionStep> {
  const { item } = expired;
  try {
    const may = deletes === 'all' || (deletes === 'own' && (await isOwn(container, item.name)));
    if (!may) return { ...expired, container, action: 'would-delete' };
    await container.delete(item.name, item.etag);
    return { ...expired, container, action: 'deleted' };
  } catch (error) {
    if (!isOfBlob(error)) throw error;
    const isChanged = error.code === 'blob-conflict' && !isHeld(error);
    return { ...expired, container, action: isChanged ? 'changed' : 'refused', why: error };
  }
}

/**
 * Whether nsgflow wrote a blob. By block ids it cannot be told from Azure's; so what lies in an Azure account counts as Azure's, and in a folder what has no block
 * list as a copy. Emulators hold what is made on this machine.
 */
async function isOwn(container: Container, name: string): Promise<boolean> {
  if (isUrl(container.location)) return /^https?:\/\/[^/]+\/devstoreaccount1(?:\/|$)/.test(container.location);
  return ((await container.blocks(name))?.blocks.length ?? 0) > 0;
}

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
  /** For messages and the deletion log: the flow log's name or id. */
  readonly name: string;
  /** ARM ids in its paths: of the NSG, or of the flow log; in any casing. */
  readonly ids: readonly string[];
  /** 1 to 365; 0 keeps blobs forever. */
  readonly days: number;
}

/** Source: Azure, flow log property `retentionPolicy.days`. */
const daysMax = 365;
const parallelMax = 8;

/** A blob whose retention time is over. */
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
    throw new FlowError('usage', `flow logs are kept for 0 (forever) to ${daysMax} days, not ${days}`);
  return days;
}

/**
 * Whether the retention time of a blob is over: its path is exactly that of an hour of a flow log with a rule, and the
 * hour ended at least the rule's days ago. If several rules match, the longest time applies. Pure.
 * @returns `undefined` if the blob is kept
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

/** Whether a path has Azure's own casing and form; other paths may belong to something else. */
function isExactPath(name: string, path: BlobPath): boolean {
  const { kind, resourceId, hourMillis, mac } = path;
  return name === formatBlobPath(kind, resourceId, hourMillis, mac, path.kind === 'vnet' ? path.form : undefined);
}

/** Rules by the paths that they apply to. */
export class RetentionIndex {
  readonly #byFolder = new Map<string, RetentionRule>();
  readonly #others: RetentionRule | undefined;

  /** @param others the rule of flow logs without a rule of their own; if absent, these are kept */
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

  /** Prefixes of the names in this container that rules apply to; all names if there is a rule for others. */
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

/** `resourceId=/SUBSCRIPTIONS/…/`, the part of the path before the year. */
function folderOf(kind: BlobPath['kind'], id: string, form: 'short' | 'long'): string[] {
  const path = formatBlobPath(kind, id, 0, undefined, form);
  return [path.slice(0, path.lastIndexOf('y=1970'))];
}

/** The action for a blob. */
export interface RetentionStep extends Expired {
  readonly container: Container;
  /**
   * `would-delete`: a dry run, or a blob that nsgflow did not write. `changed`: the blob was written since it was
   * listed, and is kept. `refused`: storage does not delete it (a lease, a snapshot, a policy, a missing permission),
   * and it is kept.
   */
  readonly action: 'deleted' | 'would-delete' | 'changed' | 'refused';
  /** Why a blob is kept; otherwise `undefined`. */
  readonly why?: FlowError;
}

export interface RetainSettings {
  readonly rules: RetentionIndex;
  readonly nowMillis: number;
  /** `own` deletes blobs that nsgflow wrote to a folder or an emulator, and keeps Azure's blobs and copies. */
  readonly deletes: 'all' | 'own' | 'nothing';
}

/**
 * Deletes the blobs whose retention time is over, each only in the version that was listed, and reports each. Without a
 * rule for others, only flow logs with a rule are listed.
 * @throws errors of storage
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

/** Whether a lease or a snapshot prevents deletion. Source: Azure Storage, "Blob service error codes". */
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
 * Whether nsgflow wrote a blob. Its block ids are the same as Azure's, so blobs in an Azure account count as Azure's,
 * and blobs in a folder without a block list as copies. Blobs in emulators were written on this machine.
 */
async function isOwn(container: Container, name: string): Promise<boolean> {
  if (isUrl(container.location)) return /^https?:\/\/[^/]+\/devstoreaccount1(?:\/|$)/.test(container.location);
  return ((await container.blocks(name))?.blocks.length ?? 0) > 0;
}

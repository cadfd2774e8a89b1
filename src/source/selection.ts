import { FlowError } from '../base/errors.ts';
import { dayMillis, hourMillis } from '../base/time.ts';
import { parseMac } from '../net/mac.ts';

/**
 * Selects the blobs of a source by their paths. `include` and `exclude` are texts `KEY=PATTERN`. A path must match any
 * pattern of each key. `*` in a pattern matches any text; casing is ignored.
 *
 *   subscription   of the NSG, or of the network watcher of a VNet flow log
 *   group          its resource group
 *   nsg            name of the NSG; VNet flow logs have none
 *   flow-log       name of the VNet flow log; NSG flow logs have none
 *   nic            MAC address
 */
export interface Selection {
  readonly include: readonly NameTest[];
  readonly exclude: readonly NameTest[];
  /**
   * Hours that begin before `end` and end after `start`; unbounded if absent. Blobs without a date in their path are
   * always included.
   */
  readonly start?: number;
  readonly end?: number;
}

type Key = 'subscription' | 'group' | 'nsg' | 'flow-log' | 'nic';

export interface NameTest {
  readonly key: Key;
  readonly pattern: RegExp;
}

export const selectsAll: Selection = { include: [], exclude: [] };

const keys: readonly Key[] = ['subscription', 'group', 'nsg', 'flow-log', 'nic'];

/**
 * Parses `KEY=PATTERN`.
 * @throws usage
 */
export function parseNameTest(option: string, text: string): NameTest {
  const at = text.indexOf('=');
  const key = keys.find((known) => known === text.slice(0, at));
  const value = text.slice(at + 1);
  if (at < 0 || key === undefined || value === '')
    throw new FlowError('usage', `${option} takes KEY=NAME, not ${JSON.stringify(text)}`, {
      hint: `KEY is one of ${keys.join(', ')}; * in NAME stands for any text.`,
    });
  const wanted = key === 'nic' && !value.includes('*') ? (parseMac(value) ?? value) : value;
  const source = wanted.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
  return { key, pattern: new RegExp(`^${source}$`, 'i') };
}

/** The values in a blob's path, or in the beginning of one. */
interface PathFacts {
  readonly names: ReadonlyMap<Key, string>;
  /** Hours of the blobs below: start included, end excluded; absent before the path has a date. */
  readonly start?: number;
  readonly end?: number;
}

const dateParts = /\/(?:y=)?(\d{4})\/(?:(?:m=)?(\d{1,2})\/(?:(?:d=)?(\d{1,2})\/(?:(?:h=)?(\d{1,2})\/)?)?)?/i;

/** Reads whole segments of `path`, which ends with `/` for a folder. */
function factsOf(path: string): PathFacts {
  const names = new Map<Key, string>();
  const take = (key: Key, text: string | undefined): void => {
    if (text !== undefined) names.set(key, text);
  };
  take('subscription', /\/subscriptions\/([^/]+)\//i.exec(path)?.[1]);
  take('group', /\/resourcegroups\/([^/]+)\//i.exec(path)?.[1]);
  take('nsg', /\/networksecuritygroups\/([^/]+)\//i.exec(path)?.[1]);
  take('flow-log', /\/flowlogs\/([^/]+)\//i.exec(path)?.[1]);
  const short = /flowLogResourceID(?:=|%3D)\/([0-9a-f-]{36}|[^/_]+)_([^/]+)\/(?:([^/]+)\/)?/i.exec(path);
  if (short !== null && short[1].toLowerCase() !== 'subscriptions') {
    take('subscription', short[1]);
    take('group', short[2]);
    take('flow-log', /^(?:[^/_]*networkwatcher_[^/_]+|[^/_]+)_(.+)$/i.exec(short[3] ?? '')?.[1]);
  }
  const mac = /macAddress(?:=|%3D)([^/]+)\//i.exec(path)?.[1];
  take('nic', mac === undefined ? undefined : (parseMac(mac) ?? mac));
  return { names, ...hoursOf(path) };
}

function hoursOf(path: string): { start?: number; end?: number } {
  const match = dateParts.exec(path);
  if (match === null) return {};
  const [year, month, day, hour] = match.slice(1).map((text) => (text === undefined ? undefined : Number(text)));
  const start = Date.UTC(year!, (month ?? 1) - 1, day ?? 1, hour ?? 0);
  if (hour !== undefined) return { start, end: start + hourMillis };
  if (day !== undefined) return { start, end: start + dayMillis };
  return { start, end: month === undefined ? Date.UTC(year! + 1, 0) : Date.UTC(year!, month) };
}

/** Whether a blob with this name is selected. */
export function selects(selection: Selection, name: string): boolean {
  return judge(selection, name, true) === 'all';
}

/** For the blobs whose names begin with the folder `prefix`: whether all are selected, none, or some. */
export function selectsBelow(selection: Selection, prefix: string): 'all' | 'some' | 'none' {
  return judge(selection, prefix, false);
}

function judge(selection: Selection, path: string, isWhole: boolean): 'all' | 'some' | 'none' {
  const { include, exclude, start, end } = selection;
  const facts = factsOf(path);
  let open = false;
  for (const key of keys) {
    const wanted = include.filter((test) => test.key === key);
    const unwanted = exclude.filter((test) => test.key === key);
    if (wanted.length === 0 && unwanted.length === 0) continue;
    const name = facts.names.get(key);
    if (name === undefined) {
      if (isWhole && wanted.length > 0) return 'none';
      // The MAC comes after the hour: listing folder by folder for it would take longer than one listing.
      open ||= key !== 'nic';
    } else if (unwanted.some(({ pattern }) => pattern.test(name))) return 'none';
    else if (wanted.length > 0 && !wanted.some(({ pattern }) => pattern.test(name))) return 'none';
  }
  if (start !== undefined || end !== undefined) {
    if (facts.start === undefined || facts.end === undefined) open = true;
    else if (facts.end <= (start ?? -Infinity) || facts.start >= (end ?? Infinity)) return 'none';
    else if (facts.start < (start ?? -Infinity) || facts.end > (end ?? Infinity)) open = true;
  }
  return open && !isWhole ? 'some' : 'all';
}

/** What observes: a log's view of a NIC, in one direction. Numbers of observers by group of texts, and orders of texts as ranks. */
import type { StageTables } from '../tuples/staged-rows.ts';
import { groupTextIndex } from '../tuples/stored-columns.ts';

const observerTexts = ['resource_id', 'mac', 'format'] as const;

export interface GroupRanks {
  /** By group: equal ones are of one observer, but for the direction; from 0 on. */
  readonly observers: Uint32Array;
  /** By group: in order of resource, MAC and format, and of the blob's name. */
  readonly observerRanks: Uint32Array;
  readonly blobRanks: Uint32Array;
}

/** Of all groups so far. */
export function rankGroups({ groups }: StageTables): GroupRanks {
  const observerRanks = ranksOf(groups, observerTexts);
  return { observers: observerRanks, observerRanks, blobRanks: ranksOf(groups, ['blob']) };
}

/** The same number for groups of equal texts, in order of these texts. */
function ranksOf(groups: StageTables['groups'], names: readonly string[]): Uint32Array {
  const which = names.map(groupTextIndex);
  const keys = groups.map((texts) => JSON.stringify(which.map((i) => texts[i])));
  const texts = new Map(keys.map((key, group) => [key, which.map((i) => groups[group][i])]));
  const sorted = [...texts].sort(([, a], [, b]) => compareAll(a, b));
  const ranks = new Map(sorted.map(([key], rank) => [key, rank]));
  return Uint32Array.from(keys, (key) => ranks.get(key)!);
}

function compareAll(a: readonly string[], b: readonly string[]): number {
  const i = a.findIndex((text, at) => text !== b[at]);
  return i < 0 ? 0 : compareTexts(a[i], b[i]);
}

/** In order of their bytes; '', which is null, is last. */
function compareTexts(a: string, b: string): number {
  if (a === '' || b === '') return a === b ? 0 : a === '' ? 1 : -1;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

import { quote, sameName, skipSpace } from './json-bytes.ts';

/** The known keys, in lower case: keys are compared ignoring case (`Version` and `version` are both in use). */
const recordNames = [
  'time',
  'systemid',
  'macaddress',
  'category',
  'resourceid',
  'operationname',
  'flowlogversion',
  'flowlogguid',
  'flowlogresourceid',
  'targetresourceid',
] as const;
const otherNames = [
  'records',
  'version',
  'properties',
  'flowrecords',
  'flows',
  'flowgroups',
  'flowtuples',
  'rule',
  'mac',
  'aclid',
  'message',
  'flow_state',
] as const;

export type Key = (typeof recordNames)[number] | (typeof otherNames)[number];

/** Keys that occur only in the outermost object of a record. */
export const recordKeys: ReadonlySet<Key | undefined> = new Set(recordNames);

const encoder = new TextEncoder();
const byLength: { key: Key; name: Uint8Array }[][] = [];
for (const key of [...recordNames, ...otherNames])
  (byLength[key.length] ??= []).push({ key, name: encoder.encode(key) });

/** The key whose name is between `start` and `end`; `undefined` if it is unknown. */
export function keyOf(bytes: Uint8Array, start: number, end: number): Key | undefined {
  const candidates = byLength[end - start];
  if (candidates === undefined) return undefined;
  for (const { key, name } of candidates) if (sameName(bytes, start, end, name)) return key;
  return undefined;
}

const keyBytesMax = byLength.length;

/** The known key whose opening quote is at `at` and that is followed by a colon; otherwise `undefined`. */
export function keyAt(bytes: Uint8Array, at: number, end: number): Key | undefined {
  const start = at + 1;
  let close = start;
  while (close < end && close - start < keyBytesMax && bytes[close] !== quote) close++;
  if (bytes[close] !== quote) return undefined;
  const key = keyOf(bytes, start, close);
  return key !== undefined && bytes[skipSpace(bytes, close + 1, end)] === 0x3a ? key : undefined;
}

/** `flow.0`, `flow.1`, …: one tuple per event, as some forwarders write them (facts of the corpus: Sekoia). */
export function isTupleKey(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < 6 || !sameName(bytes, start, start + 5, tupleKeyPrefix)) return false;
  for (let i = start + 5; i < end; i++) if (bytes[i] < 0x30 || bytes[i] > 0x39) return false;
  return true;
}

const tupleKeyPrefix = encoder.encode('flow.');

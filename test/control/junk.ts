import type { Json } from '../../src/arm-template/value.ts';

/** Values in `json`, itself included. */
export function countNodes(json: Json): number {
  if (typeof json !== 'object' || json === null) return 1;
  return 1 + Object.values(json).reduce<number>((sum, item: Json) => sum + countNodes(item), 0);
}

/** `json` with its `at`th node, in order of reading, replaced. */
export function replaceAt(json: Json, cursor: { at: number }, junk: Json): Json {
  if (cursor.at-- === 0) return junk;
  if (typeof json !== 'object' || json === null) return json;
  if (Array.isArray(json)) return json.map((item: Json) => replaceAt(item, cursor, junk));
  return Object.fromEntries(Object.entries(json).map(([key, item]) => [key, replaceAt(item, cursor, junk)]));
}

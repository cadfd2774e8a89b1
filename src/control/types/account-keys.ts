import type { Resource } from '../resources/resource.ts';
import { objectsOf, textOf } from '../resources/resource.ts';

/** A key's value, and an id that changes when the key is regenerated; '' if there is none. */
export function accountKey(account: Resource, keyName: 'key1' | 'key2'): { value: string; id: string } {
  const key = objectsOf(account.hidden['keys']).find((candidate) => candidate['keyName'] === keyName) ?? {};
  return { value: textOf(key['value']), id: textOf(key['id']) };
}

/** What names say of the addresses of reduced rows. */
import type { Expression } from '../relation/expression.ts';
import type { Side } from './side.ts';

/** What names say of a side that is no packed public address; `undefined` where names do not know such a thing. */
export function named(_side: Side, _attribute: string): Expression | undefined {
  return undefined;
}

/** What kind of flow the two addresses of a row make, and which of them is public. */
import type { Expression } from '../relation/expression.ts';
import { call, column, textValue, when } from '../relation/expression.ts';
import type { Side } from './side.ts';

/** Private, shared, link-local and loopback addresses. Source: RFC 1918, 6598, 3927, 4193, 4291. */
const privatePattern = String.raw`^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|169\.254\.|127\.|f[cd][\da-f]{2}:|fe[89ab][\da-f]:|::1$)`;

/** Whether an address of a row is public. */
export function isPublic(side: Side): Expression {
  return call('not', call('matches', column(`${side}_ip`), textValue(privatePattern)));
}

/** Over the columns `src_public` and `dst_public`. Source: schema article of Traffic Analytics, "flow types". */
export const flowType: Expression = when(
  call('or', column('src_public'), column('dst_public')),
  textValue('ExternalPublic'),
  textValue('UnknownPrivate'),
);

import { limits } from '../../../../base/limits.ts';
import { extend, unnest } from '../../../relation/build.ts';
import { call, whole } from '../../../relation/expression.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import { converted, expression, operate } from '../expression.ts';
import { oneRow } from '../one-row.ts';
import { node } from '../parts.ts';
import type { KqlQuery } from '../query.ts';
import type { Rows } from '../rows.ts';
import type { Names } from '../names.ts';
import { Scope } from '../scope.ts';

/** `range x from a to b step c`: as many rows as steps lie between, both ends included. */
export function range(of: SyntaxNode, names: Names, query: KqlQuery): Rows {
  const scope = new Scope(query, names, oneRow(query));
  const start = expression(node(of, 'From'), scope);
  const step = expression(node(of, 'Step'), scope);
  const end = expression(node(of, 'To'), scope);
  const operated = (sign: string, a: Typed, b: Typed): Typed => operate(sign, of, [a, b], scope);
  const distance = operated('-', end, start);
  const steps = converted(operated('/', distance, step), 'long', scope, of);
  const count = query.constant(steps);
  if (typeof count === 'bigint' && count >= BigInt(limits.kqlRangeRowsMax))
    return query.refuse(
      of,
      `a range of more than ${limits.kqlRangeRowsMax} rows is not supported`,
      'Take a larger step.',
    );
  const [place, column] = [query.fresh(), query.fresh()];
  const expanded = unnest(scope.rows.relation, call('sequence', whole(0), steps.value), place);
  const at: Typed = { value: { kind: 'column', name: place }, type: 'long' };
  const value = operated('+', start, operated('*', at, step));
  // Whole steps of a negative distance are 0, which would be a row.
  const relation = extend(expanded, [{ name: column, value: value.value }]);
  const name = node(of, 'Name').text ?? '';
  return { relation, columns: [{ name, type: value.type, column }], order: [{ by: place }], group: [] };
}

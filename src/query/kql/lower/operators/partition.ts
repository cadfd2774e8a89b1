/** partition and invoke: rows through operators in brackets, or through a function. */
import type { SyntaxNode } from '../../language/syntax.ts';
import { expression } from '../expression.ts';
import { list, node } from '../parts.ts';
import { boundTo } from '../rows.ts';
import { Names } from '../names.ts';
import { bindArguments } from '../expression.ts';
import { bindStatements } from '../statements.ts';
import type { Operator } from './operator.ts';
import { scopeOf } from './operator.ts';

/** The operators in brackets work on the rows of each value apart. */
export const partition: Operator = (from) => {
  const { of, query, names, input } = from;
  const scope = scopeOf(from);
  const { relation, columns } = boundTo(
    scope.rows.relation,
    [expression(node(of, 'ByExpression'), scope)],
    query.fresh,
  );
  const operand = node(of, 'Operand');
  if (operand.kind !== 'PartitionSubquery') query.refuse(operand, 'partition takes operators in round brackets');
  const rows = { ...scope.rows, relation, group: [...input.group, columns[0].column] };
  const answer = query.rowsOf(node(operand, 'Subquery'), names, rows);
  return { ...answer, group: answer.group.slice(0, input.group.length) };
};

/** `T | invoke f(x)`: the rows are the first argument of the function. */
export const invoke: Operator = ({ of, input, names, query }) => {
  const call = node(of, 'Function');
  const inner = new Names(names);
  inner.bind('\0input', { kind: 'rows', rows: input });
  const first: SyntaxNode = { kind: 'NameReference', start: of.start, end: of.end, text: '\0input', parts: {} };
  const args = [first, ...list(node(call, 'ArgumentList'), 'Expressions')];
  const { names: bound, body } = bindArguments(call, args, undefined, inner, query);
  return query.within(call, () => {
    bindStatements(list(body, 'Statements'), bound, query);
    return query.rowsOf(node(body, 'Expression'), bound);
  });
};

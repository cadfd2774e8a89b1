/** Functions of the rows around a row. */
import { window } from '../../relation/build.ts';
import type { Expression } from '../../relation/expression.ts';
import { call, column, when, whole, yes } from '../../relation/expression.ts';
import type { WindowFunction } from '../../relation/relation.ts';
import type { Typed } from '../functions/kinds.ts';
import type { SyntaxNode } from '../language/syntax.ts';
import { boundTo, neverNullText } from './rows.ts';
import type { Scope } from './scope.ts';

type Lower = (of: SyntaxNode, args: readonly Typed[], scope: Scope) => Typed;

export function isWindowFunction(name: string): boolean {
  return Object.hasOwn(functions, name);
}

export function windowValue(of: SyntaxNode, name: string, args: readonly Typed[], scope: Scope): Typed {
  return scope.query.checked(of, () => functions[name](of, args, scope));
}

/** A window over the rows in their order, as a column. */
function over(of: WindowFunction, scope: Scope, partition: readonly string[] = []): Expression {
  const name = scope.query.fresh();
  const { rows } = scope;
  scope.rows = {
    ...rows,
    relation: window(rows.relation, name, of, [...rows.group, ...partition], rows.order),
  };
  return column(name);
}

function bound(value: Typed, scope: Scope): string {
  const { relation, columns } = boundTo(scope.rows.relation, [value], scope.query.fresh);
  scope.rows = { ...scope.rows, relation };
  return columns[0].column;
}

/** Rows from one restart to the next, as a partition. */
function restarts(condition: Typed | undefined, scope: Scope): string[] {
  if (condition === undefined) return [];
  const one = bound({ value: when(condition.value, whole(1), whole(0)), type: 'long' }, scope);
  return [bound({ value: call('to_long', over({ kind: 'running_sum', column: one }, scope)), type: 'long' }, scope)];
}

const rowNumber: Lower = (_, [start, restart], scope) => {
  const number = over({ kind: 'row_number' }, scope, restarts(restart, scope));
  if (start === undefined) return { value: number, type: 'long' };
  const first: Expression = start.type === 'int' ? call('to_long', start.value) : start.value;
  return { value: call('add', number, call('subtract', first, whole(1))), type: 'long' };
};

function neighbor(kind: 'lag' | 'lead'): Lower {
  return (of, [value, distance, otherwise], scope) => {
    const rows = distance === undefined ? 1 : Number(scope.query.constant(distance) ?? NaN);
    if (!Number.isSafeInteger(rows) || rows < 0) scope.query.invalid(of, 'the distance is a constant, 0 or more');
    const found = over({ kind, column: bound(value, scope), rows }, scope);
    if (otherwise === undefined) return neverNullText({ value: found, type: value.type });
    const isThere = over({ kind, column: bound({ value: yes, type: 'bool' }, scope), rows }, scope);
    return { value: when(call('is_null', isThere), otherwise.value, found), type: value.type };
  };
}

const rowCumsum: Lower = (of, [value, restart], scope) => {
  const name = bound(value, scope);
  const sum = over({ kind: 'running_sum', column: name }, scope, restarts(restart, scope));
  if (value.type === 'real' || value.type === 'decimal') return { value: sum, type: value.type };
  if (value.type === 'timespan') return scope.query.refuse(of, 'row_cumsum of timespans is not supported');
  return { value: call('to_long', sum), type: 'long' };
};

/** Ranks grow where the value differs from that of the row before. */
function rank(isDense: boolean): Lower {
  return (_, [value, restart], scope) => {
    const partition = restarts(restart, scope);
    const name = bound(value, scope);
    const number = over({ kind: 'row_number' }, scope, partition);
    const before = over({ kind: 'lag', column: name, rows: 1 }, scope, partition);
    const isSame = call(
      'or',
      call('and', call('is_null', before), call('is_null', column(name))),
      call('coalesce', call('equal', before, column(name)), { kind: 'constant', type: 'boolean', value: false }),
    );
    const isNew = call('or', call('equal', number, whole(1)), call('not', isSame));
    const change = bound({ value: when(isNew, whole(1), whole(0)), type: 'long' }, scope);
    const ranks = call('to_long', over({ kind: 'running_sum', column: change }, scope, partition));
    if (isDense) return { value: ranks, type: 'long' };
    const part = bound({ value: ranks, type: 'long' }, scope);
    const within = over({ kind: 'row_number' }, scope, [...partition, part]);
    return { value: call('add', call('subtract', number, within), whole(1)), type: 'long' };
  };
}

const functions: Readonly<Record<string, Lower>> = {
  row_number: rowNumber,
  prev: neighbor('lag'),
  next: neighbor('lead'),
  row_cumsum: rowCumsum,
  row_rank_dense: rank(true),
  row_rank_min: rank(false),
};

/** mv-expand and mv-apply: a row for each element of arrays. */
import { join as joinRelations, unnest, window } from '../../../relation/build.ts';
import type { Expression } from '../../../relation/expression.ts';
import { call, column, nothing, when, whole } from '../../../relation/expression.ts';
import { kqlFunctions } from '../../functions/kql-functions.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import type { KqlType } from '../../type.ts';
import { apply, constantOf, converted, expression, operate, typeNamed } from '../expression.ts';
import { list, node, optional, parameter } from '../parts.ts';
import type { RowColumn, Rows } from '../rows.ts';
import { boundTo, renamed, typedColumn, withColumns } from '../rows.ts';
import { Scope } from '../scope.ts';
import { sharedRows } from '../shared-rows.ts';
import { givenName } from './columns.ts';
import type { Operator, OperatorInput } from './operator.ts';
import { schemaNames } from './operator.ts';

export const mvExpand: Operator = (from) => {
  const rows = expanded(from, from.input);
  const names = schemaNames(from);
  if (names === undefined || names.length !== rows.columns.length) return rows;
  const ordered = names.flatMap((name) => rows.columns.find((one) => one.name === name) ?? []);
  return ordered.length === rows.columns.length ? { ...rows, columns: ordered } : rows;
};

/** The rows with the elements as columns, and the index where it is asked for. */
function expanded(from: OperatorInput, input: Rows): Rows {
  const { of, query, names } = from;
  const scope = new Scope(query, names, input);
  const items = list(of, 'Expressions').map((item) => itemOf(item, scope));
  const place = query.fresh();
  const count = items.map(({ count: one }) => one).reduce((a, b) => call('greatest', a, b));
  const last = call('subtract', count, whole(1));
  const relation = unnest(scope.rows.relation, call('sequence', whole(0), last), place);
  scope.rows = { ...scope.rows, relation, order: [...input.order, ...(input.order.length > 0 ? [{ by: place }] : [])] };
  const isBagArray = ['bagexpansion', 'kind'].some((name) => parameter(of, name)?.text === 'array');
  const taken = (schemaNames(from) ?? []).filter((name) => !input.columns.some((one) => one.name === name));
  const given = new Set(items.map((item) => item.name));
  const free = taken.filter((name) => !given.has(name));
  const values = items.map((item) => ({
    name: item.name ?? free.shift() ?? 'Column1',
    value: elementOf(item, place, isBagArray, scope),
  }));
  const index = parameter(of, 'with_itemindex') ?? parameter(of, 'itemindex');
  const more =
    index === undefined ? [] : [{ name: index.text ?? 'index', value: typedColumn({ column: place, type: 'long' }) }];
  const rows = withColumns(scope.rows, [...values, ...more], query.fresh);
  const limit = optional(of, 'RowLimitClause');
  if (limit === undefined) return rows;
  const most = Number(constantOf(node(limit, 'RowLimit'), scope, 'the limit'));
  return { ...rows, relation: filterBelow(rows, place, most) };
}

function filterBelow(rows: Rows, place: string, most: number): Rows['relation'] {
  return { kind: 'filter', input: rows.relation, where: call('less', column(place), whole(most)) };
}

interface Item {
  readonly name: string | undefined;
  readonly column: string;
  readonly type: KqlType;
  readonly of: SyntaxNode;
  readonly length: string;
  readonly keys: string;
  readonly count: Expression;
}

/** An array with its length, a bag with its keys; both null for what is neither. */
function itemOf(item: SyntaxNode, scope: Scope): Item {
  const of = node(item, 'Expression');
  const value = converted(expression(of, scope), 'dynamic', scope, of);
  const bind = (one: Typed): string => {
    const { relation, columns } = boundTo(scope.rows.relation, [one], scope.query.fresh);
    scope.rows = { ...scope.rows, relation };
    return columns[0].column;
  };
  const target: Typed = { value: column(bind(value)), type: 'dynamic' };
  const f = (name: string, ...args: Typed[]): Typed => apply(name, kqlFunctions[name], of, args, scope);
  const keys: Typed = { value: column(bind(f('bag_keys', target))), type: 'dynamic' };
  const length = bind(f('array_length', target));
  const size = f('array_length', keys);
  const type = optional(item, 'ToTypeOf');
  return {
    name: givenName(of),
    column: target.value.kind === 'column' ? target.value.name : '',
    type: type === undefined ? 'dynamic' : typeNamed(list(node(type, 'TypeOf'), 'Types')[0], scope),
    of,
    length,
    keys: keys.value.kind === 'column' ? keys.value.name : '',
    count: call('coalesce', column(length), size.value, whole(1)),
  };
}

function elementOf(item: Item, place: string, isBagArray: boolean, scope: Scope): Typed {
  const { of } = item;
  const at: Typed = { value: column(place), type: 'long' };
  const [target, keys] = [item.column, item.keys].map((name): Typed => ({ value: column(name), type: 'dynamic' }));
  const f = (name: string, ...args: Typed[]): Typed => apply(name, kqlFunctions[name], of, args, scope);
  const element = operate('[]', of, [target, at], scope);
  const key = converted(operate('[]', of, [keys, at], scope), 'string', scope, of);
  const member = operate('[]', of, [target, key], scope);
  const pair = isBagArray ? f('pack_array', key, member) : f('bag_pack', key, member);
  const value: Expression = {
    kind: 'case',
    when: [
      { if: call('not', call('is_null', column(item.length))), value: element.value },
      { if: call('not', call('is_null', column(item.keys))), value: pair.value },
      { if: call('equal', at.value, whole(0)), value: target.value },
    ],
    otherwise: nothing('dynamic'),
  };
  // Where several go in lockstep, one bag may have fewer keys.
  const guarded = when(
    call('or', call('is_null', column(item.keys)), call('less', at.value, f('array_length', keys).value)),
    value,
  );
  return converted({ value: guarded, type: 'dynamic' }, item.type, scope, of);
}

/** Each row's elements go through the operators in brackets apart; what comes out stands beside the row. */
export const mvApply: Operator = (from) => {
  const { of, input, query, names } = from;
  const place = query.fresh();
  const numbered: Rows = {
    ...input,
    relation: window(input.relation, place, { kind: 'row_number' }, [], input.order),
  };
  const marked: Rows = { ...numbered, columns: [...input.columns, { name: '', type: 'long', column: place }] };
  const shared = sharedRows(marked, query);
  const left = renamed(shared, query.fresh);
  const source = renamed(shared, query.fresh);
  const key = source.columns.at(-1)!;
  const within: Rows = { ...source, columns: source.columns.slice(0, -1), group: [...source.group, key.column] };
  const inner = expanded(from, within);
  const answer = query.rowsOf(node(node(of, 'Subquery'), 'Expression'), names, inner);
  const group = answer.group.at(-1)!;
  const relation = joinRelations('inner', left.relation, answer.relation, [
    { left: left.columns.at(-1)!.column, right: group },
  ]);
  const given = new Map(answer.columns.map((one) => [one.name, one]));
  const kept = left.columns.slice(0, -1).filter((one) => !given.has(one.name));
  const all = [...kept, ...answer.columns];
  const schema = schemaNames(from);
  const found = schema?.map((one) => all.find((known) => known.name === one));
  const isWhole = found?.every((one): one is RowColumn => one !== undefined) === true;
  const own = input.columns.map((one) => all.find((known) => known.name === one.name)!);
  const shown = isWhole ? found : [...new Set([...own, ...answer.columns])];
  return {
    relation,
    columns: shown,
    order: [...left.order, ...answer.order],
    group: input.group.map((_, i) => left.group[i]),
  };
};

/** Expressions of the syntax as expressions of the tree. */
import { filter, join, limit, project, summarize } from '../../relation/build.ts';
import { call, column, yes } from '../../relation/expression.ts';
import type { Relation } from '../../relation/relation.ts';
import { kqlAggregates, kqlFunctions, kqlOperators } from '../functions/kql-functions.ts';
import type { KqlFunction, LoweredAggregate, Typed } from '../functions/kinds.ts';
import type { SyntaxNode } from '../language/syntax.ts';
import type { KqlType } from '../type.ts';
import { kqlTypes } from '../type.ts';
import { nearest } from '../../filter/nearest.ts';
import { dynamicLiteral } from './dynamic-literal.ts';
import { isLiteral, literal, literalOf, literalOfValue } from './literal.ts';
import { oneRow } from './one-row.ts';
import { list, node, optional, text } from './parts.ts';
import type { KqlQuery } from './query.ts';
import { boundTo, neverNullText, orderedRelation, renamed, typedColumn } from './rows.ts';
import { Scope } from './scope.ts';
import { Names } from './names.ts';
import { bindStatements } from './statements.ts';
import { isWindowFunction, windowValue } from './window-functions.ts';

/** An expression over the rows of a scope. Columns that it needs besides are added to them. */
export function expression(of: SyntaxNode, scope: Scope): Typed {
  if (isLiteral(of)) return literalOf(of) ?? scope.query.invalid(of, `${of.text} is no value of its type`);
  switch (of.kind) {
    case 'NameReference':
      return named(of, scope);
    case 'ParenthesizedExpression':
    case 'SimpleNamedExpression':
    case 'BracketedExpression':
      return expression(node(of, 'Expression'), scope);
    case 'DynamicExpression':
      return dynamicLiteral(node(of, 'Expression'), scope);
    case 'TypeOfLiteralExpression':
      return literal('string', typeNamed(list(of, 'Types')[0], scope));
    case 'FunctionCallExpression':
      return called(of, scope);
    case 'PathExpression':
      return member(of, scope);
    case 'ElementExpression': {
      const target = expression(node(of, 'Expression'), scope);
      return access(of, target, expression(node(of, 'Selector'), scope), scope);
    }
    case 'UnaryMinusExpression':
      return operate('unary -', of, [expression(node(of, 'Expression'), scope)], scope);
    case 'UnaryPlusExpression':
      return expression(node(of, 'Expression'), scope);
    case 'BetweenExpression':
    case 'NotBetweenExpression': {
      const bounds = node(of, 'Right');
      const args = [node(of, 'Left'), node(bounds, 'First'), node(bounds, 'Second')];
      return operate(
        text(of, 'Operator').toLowerCase(),
        of,
        args.map((arg) => expression(arg, scope)),
        scope,
      );
    }
    case 'ToScalarExpression':
      return scalarOf(node(of, 'Expression'), scope);
    case 'MaterializeExpression':
      return expression(node(of, 'Expression'), scope);
    default:
      if (of.parts['Right'] !== undefined && typeof of.parts['Operator'] === 'string') return binary(of, scope);
      return scope.query.refuse(of, `${spelled(of.kind)} is not supported here`);
  }
}

/** The value of an expression that has to be known before the query runs. */
export function constantOf(
  of: SyntaxNode,
  scope: Scope,
  what: string,
): Exclude<ReturnType<Scope['query']['constant']>, undefined> {
  const value = scope.query.constant(expression(of, scope));
  return value === undefined ? scope.query.refuse(of, `${what} has to be a constant`) : value;
}

/** The value as one of a type; strings that may be null are empty. */
export function converted(value: Typed, type: KqlType, scope: Scope, of: SyntaxNode): Typed {
  if (value.type === type) return value;
  const name = type === 'bool' ? 'tobool' : `to${type}`;
  const function_ = Object.hasOwn(kqlFunctions, name) ? kqlFunctions[name] : undefined;
  if (function_ === undefined) return scope.query.refuse(of, `there is no conversion to ${type}`);
  return apply(name, function_, of, [value], scope);
}

/** Applies a function of the table. */
export function apply(
  name: string,
  function_: KqlFunction,
  of: SyntaxNode,
  args: readonly Typed[],
  scope: Scope,
): Typed {
  const [least, most] = function_.arity;
  if (args.length < least || args.length > most)
    scope.query.invalid(of, `${name} takes ${arityText(least, most)}, not ${args.length}`);
  return scope.query.checked(of, () => function_.lower(args, scope.query.contextAt(of, name)));
}

export function operate(sign: string, of: SyntaxNode, args: readonly Typed[], scope: Scope): Typed {
  const found = Object.hasOwn(kqlOperators, sign) ? kqlOperators[sign] : undefined;
  if (found === undefined) return scope.query.refuse(of, `the operator ${sign} is not supported`);
  return apply(sign, found, of, args, scope);
}

function arityText(least: number, most: number): string {
  if (most === Infinity) return `${least} or more arguments`;
  return least === most ? `${least} argument${least === 1 ? '' : 's'}` : `${least} to ${most} arguments`;
}

/** `HasAnyExpression` as `has any`. */
function spelled(kind: string): string {
  return kind
    .replace(/(?:Expression|Operator)$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, ' ')
    .toLowerCase();
}

function named(of: SyntaxNode, scope: Scope): Typed {
  const name = of.text ?? '';
  const isColumn = of.symbol === undefined || of.symbol.kind === 'Column';
  const found = isColumn ? scope.column(name) : undefined;
  if (found !== undefined) return found;
  const binding = scope.names.find(name);
  switch (binding?.kind) {
    case 'scalar': {
      const inner = scope.withNames(binding.names);
      return expression(binding.node, inner);
    }
    case 'value':
      if (!scope.reads(binding.value))
        scope.query.refuse(of, `${name} depends on a row, and cannot be read by the rows of another table`);
      return binding.value;
    case 'function':
      return calledFunction(of, [], scope);
    case 'table':
    case 'rows':
      return scope.query.refuse(of, `${name} is a table, and a value is needed here`, 'Put toscalar(…) around it.');
    default: {
      const other = scope.column(name);
      if (other !== undefined) return other;
      const near = nearest(
        name,
        scope.rows.columns.map((one) => one.name),
      );
      return scope.query.invalid(
        of,
        `there is no column ${name}`,
        near === undefined ? undefined : `Did you mean ${near}?`,
      );
    }
  }
}

/** `a.b` of a dynamic value. */
function member(of: SyntaxNode, scope: Scope): Typed {
  const selector = node(of, 'Selector');
  const target = expression(node(of, 'Expression'), scope);
  const key = selector.kind === 'NameReference' ? literal('string', selector.text ?? '') : expression(selector, scope);
  return access(of, target, key, scope);
}

function access(of: SyntaxNode, target: Typed, key: Typed, scope: Scope): Typed {
  return operate('[]', of, [target, key], scope);
}

function binary(of: SyntaxNode, scope: Scope): Typed {
  const sign = text(of, 'Operator').toLowerCase();
  const right = node(of, 'Right');
  const left = node(of, 'Left');
  if (left.kind === 'StarExpression') return anyColumn(of, sign, right, scope);
  const first = expression(left, scope);
  if (right.kind !== 'ExpressionList') {
    if (right.schema !== undefined && isTable(right, scope)) return inTable(of, sign, first, right, scope);
    return operate(sign, of, [first, expression(right, scope)], scope);
  }
  const items = list(right, 'Expressions');
  const [only] = items;
  if (items.length === 1 && only.schema !== undefined && isTable(only, scope))
    return inTable(of, sign, first, only, scope);
  return operate(sign, of, [first, ...items.map((item) => expression(item, scope))], scope);
}

/** Whether a node stands for rows. */
function isTable(of: SyntaxNode, scope: Scope): boolean {
  const schema = scope.query.schemaOf(of);
  return schema !== undefined;
}

/** `* has 'x'`: in any column, as text. */
function anyColumn(of: SyntaxNode, sign: string, right: SyntaxNode, scope: Scope): Typed {
  const value = expression(right, scope);
  const tests = scope.rows.columns
    .filter(({ type }) => value.type !== 'string' || sign !== '==' || type === 'string' || type === 'dynamic')
    .map((one) => {
      const text_ = value.type === 'string' ? converted(typedColumn(one), 'string', scope, of) : typedColumn(one);
      return operate(sign, of, [text_, value], scope);
    });
  if (tests.length === 0) return literal('bool', false);
  return tests.reduce((a, b) => operate('or', of, [a, b], scope));
}

/** `x in (table)`: whether the first column of the table has the value. */
function inTable(of: SyntaxNode, sign: string, first: Typed, right: SyntaxNode, scope: Scope): Typed {
  const isNot = sign.startsWith('!');
  const plain = sign.replace(/^!/, '');
  if (plain !== 'in' && plain !== 'in~') {
    const list_ = listOf(right, scope);
    return operate(sign, of, [first, list_], scope);
  }
  const folded = (value: Typed): Typed =>
    plain === 'in~' && value.type === 'string' ? apply('tolower', kqlFunctions['tolower'], of, [value], scope) : value;
  const { query } = scope;
  const other = query.rowsOf(right, scope.names);
  const [key] = other.columns;
  const inner = boundTo(other.relation, [folded(typedColumn(key))], query.fresh);
  const [innerKey, found, outerKey] = [query.fresh(), query.fresh(), query.fresh()];
  const keys = summarize(
    project(inner.relation, [{ name: innerKey, value: column(inner.columns[0].column) }]),
    [innerKey],
    [],
  );
  const marked = project(filter(keys, call('not', call('is_null', column(innerKey)))), [
    innerKey,
    { name: found, value: yes },
  ]);
  const outer = boundTo(scope.rows.relation, [folded(first)], () => outerKey);
  const [on] = outer.columns;
  scope.rows = query.checked(of, () => ({
    ...scope.rows,
    relation: join('left', outer.relation, marked, [{ left: on.column, right: innerKey }]),
  }));
  const isFound: Typed = {
    value: call('coalesce', column(found), { kind: 'constant', type: 'boolean', value: false }),
    type: 'bool',
  };
  return isNot ? { value: call('not', isFound.value), type: 'bool' } : isFound;
}

/** The first column of a table as a dynamic array. */
function listOf(of: SyntaxNode, scope: Scope): Typed {
  const { query } = scope;
  const other = query.rowsOf(of, scope.names);
  const lowered = lowerAggregate(of, 'make_list', [typedColumn(other.columns[0])], scope);
  const one = summarize(other.relation, [], lowered.aggregates);
  return attached(one, lowered.result, scope);
}

/** `toscalar(table)`: the first column of its first row. */
function scalarOf(of: SyntaxNode, scope: Scope): Typed {
  const { query } = scope;
  if (of.schema === undefined) {
    // Computed once, also where each call would give another value.
    const value = query.scalars.get(of) ?? expression(of, scope);
    const constant = query.constant(value);
    const once = constant === undefined ? value : literalOfValue(value.type, constant);
    if (constant !== undefined) query.scalars.set(of, once);
    return once;
  }
  const other = query.rowsOf(of, scope.names);
  const [first] = other.columns;
  const one = project(limit(orderedRelation(other), 1), [first.column]);
  // A minimum of one row or none is exactly one row.
  const name = query.fresh();
  const value: Typed = { value: column(name), type: first.type };
  const single = summarize(one, [], [{ name, function: 'min', argument: column(first.column) }]);
  return neverNullText(attached(single, value, scope));
}

/** A relation of one row beside the rows of a scope. */
function attached(one: Relation, value: Typed, scope: Scope): Typed {
  const { relation, columns } = boundTo(one, [value], scope.query.fresh);
  const single = renamed({ relation, columns: [{ name: '', ...columns[0] }], order: [], group: [] }, scope.query.fresh);
  scope.rows = {
    ...scope.rows,
    relation: { kind: 'join', join: 'cross', left: scope.rows.relation, right: single.relation, on: [] },
  };
  return typedColumn(single.columns[0]);
}

function called(of: SyntaxNode, scope: Scope): Typed {
  const name = node(of, 'Name').text ?? '';
  const args = list(node(of, 'ArgumentList'), 'Expressions');
  if (scope.names.find(name)?.kind === 'function') return calledFunction(of, args, scope);
  if (scope.aggregates !== undefined && Object.hasOwn(kqlAggregates, name)) return aggregated(of, name, args, scope);
  if (isWindowFunction(name))
    return windowValue(
      of,
      name,
      args.map((arg) => expression(arg, scope)),
      scope,
    );
  if (name === 'column_ifexists' || name === 'columnifexists') return columnIfExists(args, scope);
  if (name === 'iscolumnexists' || name === 'columnexists')
    return literal('bool', scope.column(args[0]?.text ?? '') !== undefined);
  if (name === 'pack_all') return packAll(of, args, scope);
  if (name === 'bag_pack_columns') {
    const items = args.flatMap((arg) => [literal('string', arg.text ?? ''), expression(arg, scope)]);
    return apply('bag_pack', kqlFunctions['bag_pack'], of, items, scope);
  }
  if (name === 'typeof' || name === 'gettype')
    if (args.length === 1 && !Object.hasOwn(kqlFunctions, name)) {
      const value = expression(args[0], scope);
      if (value.type !== 'dynamic') return literal('string', value.type);
    }
  const found = Object.hasOwn(kqlFunctions, name) ? kqlFunctions[name] : undefined;
  if (found === undefined) {
    if (Object.hasOwn(kqlAggregates, name))
      return scope.query.invalid(of, `${name} is an aggregate, and stands in summarize`);
    return scope.query.refuse(of, `the function ${name} is not supported`, nearFunction(name));
  }
  return apply(
    name,
    found,
    of,
    args.map((arg) => expression(arg, scope)),
    scope,
  );
}

function nearFunction(name: string): string | undefined {
  const near = nearest(name, Object.keys(kqlFunctions));
  return near === undefined ? undefined : `Did you mean ${near}? docs/reference/kql.md lists the functions.`;
}

/** A call of a function of the query, with a value. */
function calledFunction(of: SyntaxNode, args: readonly SyntaxNode[], scope: Scope): Typed {
  const { names, body } = bindArguments(of, args, scope, scope.names, scope.query);
  return scope.query.within(of, () => {
    bindStatements(list(body, 'Statements'), names, scope.query);
    return expression(node(body, 'Expression'), scope.withNames(names));
  });
}

function aggregated(of: SyntaxNode, name: string, args: readonly SyntaxNode[], scope: Scope): Typed {
  const inner = scope.withoutAggregates();
  const values = args.map((arg) => expression(arg, inner));
  // The engine takes an argument of count(), and does not look at it.
  const { aggregates, result } = lowerAggregate(of, name, name === 'count' ? [] : values, scope);
  scope.aggregates!.push(...aggregates);
  return result;
}

/** What an expression of a summarize gives: one column, or several of an aggregate that has more. */
export function aggregateResults(
  of: SyntaxNode,
  scope: Scope,
): { readonly values: readonly Typed[]; readonly names?: readonly string[] } {
  const inner = of.kind === 'SimpleNamedExpression' ? node(of, 'Expression') : of;
  if (of.kind === 'CompoundNamedExpression') return aggregateResults(node(of, 'Expression'), scope);
  if (inner.kind !== 'FunctionCallExpression' || inner.body !== undefined)
    return { values: [expression(inner, scope)] };
  const name = node(inner, 'Name').text ?? '';
  if (!severalResults.has(name)) return { values: [expression(inner, scope)] };
  const items = list(node(inner, 'ArgumentList'), 'Expressions');
  const plain = scope.withoutAggregates();
  const read = new Set(items.map((item) => item.text));
  // `*` leaves out the keys of the groups: the schema knows.
  const shown = scope.query.schemaOf(inner)?.columns.map((one) => one.name);
  const args = items.flatMap((item) =>
    item.kind === 'StarExpression'
      ? scope.rows.columns
          .filter((one) => !read.has(one.name) && shown?.includes(one.name) !== false)
          .map((one) => ({ name: one.name, value: typedColumn(one) }))
      : [{ name: item.text ?? name, value: expression(item, plain) }],
  );
  const lowered = lowerAggregate(
    inner,
    name,
    args.map(({ value }) => value),
    scope,
  );
  scope.aggregates!.push(...lowered.aggregates);
  return { values: [lowered.result, ...(lowered.more ?? [])], names: args.map((arg) => arg.name) };
}

/** The values of an expression, several of `(a, b) = f(x)` and of functions that give an array of columns. */
export function expressionValues(
  of: SyntaxNode,
  scope: Scope,
): readonly { readonly name?: string; readonly value: Typed }[] {
  const isCompound = of.kind === 'CompoundNamedExpression';
  const inner = isCompound || of.kind === 'SimpleNamedExpression' ? node(of, 'Expression') : of;
  const schema = inner.kind === 'FunctionCallExpression' ? scope.query.schemaOf(inner) : undefined;
  const name =
    of.kind === 'SimpleNamedExpression'
      ? optional(of, 'Name')?.text
      : of.kind === 'NameReference'
        ? of.text
        : undefined;
  const value = expression(inner, scope);
  const given = isCompound ? list(node(of, 'Names'), 'Names').map((one) => one.text ?? '') : [];
  if (value.type !== 'dynamic' || (schema === undefined && !isCompound))
    return [name === undefined ? { value } : { name, value }];
  const columns = schema?.columns ?? given.map((one) => ({ name: one, type: 'dynamic' }));
  return columns.map((one, i) => {
    const item = access(of, value, literal('long', i), scope);
    const type = kqlTypes.find((known) => known === one.type) ?? 'dynamic';
    return { name: given[i] ?? one.name, value: converted(item, type, scope, of) };
  });
}

const severalResults: ReadonlySet<string> = new Set(
  'arg_max arg_min argmax argmin take_any any percentiles percentilesw'.split(' '),
);

export function lowerAggregate(of: SyntaxNode, name: string, args: readonly Typed[], scope: Scope): LoweredAggregate {
  const aggregate = Object.hasOwn(kqlAggregates, name) ? kqlAggregates[name] : undefined;
  if (aggregate === undefined) return scope.query.refuse(of, `the aggregate ${name} is not supported`);
  const [least, most] = aggregate.arity;
  if (args.length < least || args.length > most)
    scope.query.invalid(of, `${name} takes ${arityText(least, most)}, not ${args.length}`);
  return scope.query.checked(of, () => aggregate.lower(args, scope.query.contextAt(of, name)));
}

function columnIfExists(args: readonly SyntaxNode[], scope: Scope): Typed {
  const [name, otherwise] = args;
  const found = scope.column(name.text ?? '');
  return found ?? expression(otherwise, scope);
}

function packAll(of: SyntaxNode, args: readonly SyntaxNode[], scope: Scope): Typed {
  const items = scope.rows.columns.flatMap((one) => [literal('string', one.name), typedColumn(one)]);
  const all = apply('bag_pack', kqlFunctions['bag_pack'], of, items, scope);
  const leavesOut = args.length > 0 && constantOf(args[0], scope, 'ignore_null_empty') === true;
  return leavesOut ? { value: call('bag_filled', all.value), type: 'dynamic' } : all;
}

/** Source: Kusto, "Scalar data types". */
const otherTypeNames: Readonly<Record<string, KqlType>> = {
  boolean: 'bool',
  date: 'datetime',
  double: 'real',
  time: 'timespan',
  uniqueid: 'guid',
  uuid: 'guid',
};

/** The type that a `typeof(…)`, or the type of a parameter, names. */
export function typeNamed(of: SyntaxNode | undefined, scope: Pick<Scope, 'query'>): KqlType {
  if (of === undefined) return 'dynamic';
  const written = of.parts['Type'];
  const name = of.symbol?.name ?? (typeof written === 'string' ? written : '');
  const type = kqlTypes.find((one) => one === (otherTypeNames[name] ?? name));
  if (type !== undefined) return type;
  if (name === 'void') return 'dynamic';
  return scope.query.refuse(of, `the type ${name} is not supported`);
}

/** The body of a call with its names bound. Without a scope, arguments are constants and tables. */
export function bindArguments(
  of: SyntaxNode,
  args: readonly SyntaxNode[],
  scope: Scope | undefined,
  callNames: Names,
  query: KqlQuery,
): { readonly names: Names; readonly body: SyntaxNode } {
  const name = (of.kind === 'FunctionCallExpression' ? node(of, 'Name').text : of.text) ?? '';
  const binding = callNames.find(name);
  if (binding?.kind !== 'function') return query.invalid(of, `there is no function ${name}`);
  const declaration = binding.node;
  const names = new Names(binding.names);
  const given = scope ?? new Scope(query, callNames, oneRow(query));
  const byName = new Map<string, SyntaxNode>();
  const inOrder: SyntaxNode[] = [];
  for (const arg of args)
    if (arg.kind === 'SimpleNamedExpression') byName.set(node(arg, 'Name').text ?? '', node(arg, 'Expression'));
    else inOrder.push(arg);
  for (const [i, parameter] of list(node(declaration, 'Parameters'), 'Parameters').entries()) {
    const declared = node(parameter, 'NameAndType');
    const parameterName = node(declared, 'Name').text ?? '';
    const fallback = optional(parameter, 'DefaultValue');
    const arg =
      byName.get(parameterName) ?? inOrder[i] ?? (fallback === undefined ? undefined : node(fallback, 'Value'));
    if (arg === undefined) return query.invalid(of, `${name} needs the argument ${parameterName}`);
    const type = optional(declared, 'Type');
    if (type?.kind === 'SchemaTypeExpression')
      names.bind(parameterName, { kind: 'table', node: arg, names: callNames, cache: {} });
    else {
      const value = converted(expression(arg, given.withNames(callNames)), typeNamed(type, { query }), given, arg);
      names.bind(parameterName, { kind: 'value', value });
    }
  }
  return { names, body: of.body ?? node(declaration, 'Body') };
}

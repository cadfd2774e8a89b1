/** Plugins: pivot, narrow, bag_unpack and ipv4_lookup. */
import { filter, join, limit, project, sort, summarize, union, unnest, window } from '../../../relation/build.ts';
import type { Expression } from '../../../relation/expression.ts';
import { call, column, when, whole } from '../../../relation/expression.ts';
import type { Aggregate, Relation } from '../../../relation/relation.ts';
import { limits } from '../../../../base/limits.ts';
import { kqlFunctions } from '../../functions/kql-functions.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import type { KqlType } from '../../type.ts';
import { kqlTypes } from '../../type.ts';
import { apply, converted, expression, operate } from '../expression.ts';
import { literal } from '../literal.ts';
import { list, node } from '../parts.ts';
import type { KqlQuery } from '../query.ts';
import { RowsNeeded } from '../query.ts';
import type { RowColumn, Rows } from '../rows.ts';
import { boundTo, neverNullText, typedColumn } from '../rows.ts';
import { Scope } from '../scope.ts';
import type { Operator, OperatorInput } from './operator.ts';
import { schemaNames, scopeOf } from './operator.ts';

type Plugin = (from: OperatorInput, call: SyntaxNode, args: readonly SyntaxNode[]) => Rows;

export const evaluate: Operator = (from) => {
  const call_ = node(from.of, 'FunctionCall');
  const name = node(call_, 'Name').text ?? '';
  const plugin = Object.hasOwn(plugins, name) ? plugins[name] : undefined;
  if (plugin === undefined) return from.query.refuse(call_, `the plugin ${name} is not supported`);
  return plugin(from, call_, list(node(call_, 'ArgumentList'), 'Expressions'));
};

/** Rows of the data that decide which columns there are. */
function needed(of: SyntaxNode, relation: Relation, query: KqlQuery): readonly (readonly unknown[])[] {
  const key = `${of.start}:${of.end}`;
  const known = query.settings.known.get(key);
  if (known !== undefined) return known;
  const shared = query.shared.reduceRight<Relation>(
    (body, { name, value }) => ({ kind: 'let', name, value, body }),
    relation,
  );
  throw new RowsNeeded(key, shared);
}

/** Aggregates that are 0 over no rows. */
const zeroOfNothing: ReadonlySet<string> = new Set(['count', 'countif', 'sum', 'sumif', 'dcount', 'dcountif']);

const pivot: Plugin = (from, of, [item, aggregateItem, ...keyItems]) => {
  const { query, names } = from;
  const scope = scopeOf(from);
  const turned = converted(expression(item, scope), 'string', scope, item);
  const bound = boundTo(scope.rows.relation, [turned], query.fresh);
  scope.rows = { ...scope.rows, relation: bound.relation };
  const [turnedColumn] = bound.columns.map((one) => one.column);
  const aggregates: Aggregate[] = [];
  const inner = new Scope(query, names, scope.rows, aggregates);
  const counting: SyntaxNode = {
    kind: 'FunctionCallExpression',
    start: of.start,
    end: of.end,
    parts: {
      Name: { kind: 'NameReference', start: of.start, end: of.end, text: 'count', parts: {} },
      ArgumentList: { kind: 'ExpressionList', start: of.start, end: of.end, parts: {} },
    },
  };
  const aggregate = aggregateItem ?? counting;
  const result = neverNullText(expression(aggregate, inner));
  const read = new Set([...namesIn(item), ...namesIn(aggregate)]);
  const keys =
    keyItems.length > 0
      ? keyItems.map(
          (one) =>
            from.input.columns.find(({ name }) => name === one.text) ??
            query.invalid(one, `there is no column ${one.text}`),
        )
      : from.input.columns.filter(({ name }) => !read.has(name));
  const groups = [...from.input.group, ...keys.map((one) => one.column)];
  const distinct = summarize(scope.rows.relation, [turnedColumn], []);
  const found = needed(of, limit(sort(distinct, turnedColumn), limits.kqlColumnsMax + 1), query).map(([value]) =>
    String(value),
  );
  const sums = summarize(inner.rows.relation, [...new Set([...groups, turnedColumn])], aggregates);
  const value = query.fresh();
  const cells = project(
    sums,
    [...new Set([...groups, turnedColumn])]
      .map((name) => ({ name, value: column(name) }))
      .concat([{ name: value, value: result.value }]),
  );
  const name = aggregate.kind === 'FunctionCallExpression' ? (node(aggregate, 'Name').text ?? '') : '';
  const picked = found.map((text) => ({ text, raw: query.fresh(), column: query.fresh() }));
  const turnedRows = summarize(
    cells,
    groups,
    picked.map(({ text, raw }) => ({
      name: raw,
      function: 'max' as const,
      argument: when(call('equal', column(turnedColumn), literal('string', text).value), column(value)),
    })),
  );
  const filled = picked.map(({ raw, column: one }) => {
    const cell: Typed = { value: column(raw), type: result.type };
    const zero = converted(literal('long', 0), result.type, scope, of).value;
    return {
      name: one,
      value: zeroOfNothing.has(name) ? call('coalesce', cell.value, zero) : neverNullText(cell).value,
    };
  });
  return {
    relation: project(turnedRows, [...groups, ...filled]),
    columns: [...keys, ...picked.map(({ text, column: one }) => ({ name: text, type: result.type, column: one }))],
    order: [],
    group: from.input.group,
  };
};

function namesIn(of: SyntaxNode): string[] {
  const own = of.kind === 'NameReference' ? [of.text ?? ''] : [];
  const below = Object.values(of.parts).flatMap((part) =>
    typeof part === 'string' ? [] : 'kind' in part ? namesIn(part) : part.flatMap(namesIn),
  );
  return [...own, ...below];
}

const narrow: Plugin = (from) => {
  const { query, input } = from;
  const place = query.fresh();
  const numbered = window(input.relation, place, { kind: 'row_number' }, [], input.order);
  const scope = new Scope(query, from.names, { ...input, relation: numbered });
  const names = ['Row', 'Column', 'Value'].map((name) => ({ name, column: query.fresh() }));
  const parts = input.columns.map((one) => {
    const text = converted(typedColumn(one), 'string', scope, from.of);
    return project(numbered, [
      { name: names[0].column, value: call('subtract', column(place), whole(1)) },
      { name: names[1].column, value: literal('string', one.name).value },
      { name: names[2].column, value: text.value },
    ]);
  });
  const types: readonly KqlType[] = ['long', 'string', 'string'];
  return {
    relation: union(parts),
    columns: names.map((one, i) => ({ ...one, type: types[i] })),
    order: [],
    group: [],
  };
};

const bagUnpack: Plugin = (from, of, args) => {
  const { query, input } = from;
  const scope = scopeOf(from);
  const [item, prefixItem] = args;
  const bag = expression(item, scope);
  const bound = boundTo(scope.rows.relation, [bag], query.fresh);
  scope.rows = { ...scope.rows, relation: bound.relation };
  const target: Typed = { value: column(bound.columns[0].column), type: 'dynamic' };
  const prefix =
    prefixItem?.kind === 'StringLiteralExpression'
      ? (prefixItem.text ?? '')
      : prefixItem === undefined
        ? ''
        : undefined;
  if (prefix === undefined || args.length > 2) return query.refuse(of, 'bag_unpack takes a bag and perhaps a prefix');
  const kept = input.columns.filter((one) => one.column !== bound.columns[0].column);
  const schema = query.schemaOf(from.of);
  const found =
    schema?.isOpen === false
      ? schema.columns
          .filter((one) => !kept.some(({ name }) => name === one.name))
          .map((one) => ({
            key: one.name.slice(prefix.length),
            type: kqlTypes.find((type) => type === one.type) ?? 'dynamic',
          }))
      : keysOf(of, target, scope);
  const values = found.map(({ key, type }) =>
    converted(operate('[]', of, [target, literal('string', key)], scope), type, scope, of),
  );
  const made = boundTo(scope.rows.relation, values.map(neverNullText), query.fresh);
  const columns = found.map(({ key }, i): RowColumn => ({ name: `${prefix}${key}`, ...made.columns[i] }));
  const twice = columns.find(({ name }) => kept.some((one) => one.name === name));
  if (twice !== undefined) query.invalid(of, `the bag has a key ${twice.name}, and there is a column of that name`);
  const rows = { ...scope.rows, relation: made.relation, columns: [...kept, ...columns] };
  const names = schema?.isOpen === false ? schemaNames(from) : undefined;
  if (names === undefined) return rows;
  return { ...rows, columns: names.flatMap((name) => rows.columns.find((one) => one.name === name) ?? []) };
};

const kindsOfValues: Readonly<Record<string, KqlType>> = {
  bool: 'bool',
  int: 'long',
  long: 'long',
  double: 'real',
  real: 'real',
  string: 'string',
};

/** The keys of all bags, each with the type that all of its values have. */
function keysOf(of: SyntaxNode, bag: Typed, scope: Scope): readonly { readonly key: string; readonly type: KqlType }[] {
  const { query } = scope;
  const f = (name: string, ...some: Typed[]): Typed => apply(name, kqlFunctions[name], of, some, scope);
  const keys = boundTo(scope.rows.relation, [f('bag_keys', bag)], query.fresh);
  const all: Typed = { value: column(keys.columns[0].column), type: 'dynamic' };
  const [place, key, kind] = [query.fresh(), query.fresh(), query.fresh()];
  const last = call('subtract', f('array_length', all).value, whole(1));
  const expanded = unnest(keys.relation, call('sequence', whole(0), last), place);
  const name = converted(operate('[]', of, [all, { value: column(place), type: 'long' }], scope), 'string', scope, of);
  const value = operate('[]', of, [bag, name], scope);
  const kinds = project(expanded, [
    { name: key, value: name.value },
    { name: kind, value: f('gettype', value).value },
  ]);
  const rows = needed(of, limit(sort(summarize(kinds, [key, kind], []), key, kind), limits.kqlColumnsMax + 1), query);
  const types = new Map<string, Set<string>>();
  for (const [text, type] of rows)
    types.set(String(text), (types.get(String(text)) ?? new Set<string>()).add(String(type)));
  return [...types].map(([text, found]) => {
    const known = [...found].filter((one) => one !== 'null' && one !== '');
    return {
      key: text,
      type: known.length === 1 ? (kindsOfValues[known[0]] ?? 'dynamic') : known.length === 0 ? 'string' : 'dynamic',
    };
  });
}

/** Beside each row, the row of a table whose network has its address: the narrowest one. */
const ipv4Lookup: Plugin = (from, of, args) => {
  const { query, names } = from;
  const [tableItem, addressItem, networkItem, ...more] = args;
  if (tableItem === undefined || addressItem === undefined || networkItem === undefined)
    return query.invalid(of, 'ipv4_lookup takes a table, a column of addresses and a column of its networks');
  const keepsAll = more.some(
    (one) =>
      one.kind === 'SimpleNamedExpression' &&
      node(one, 'Name').text === 'return_unmatched' &&
      /true/i.test(node(one, 'Expression').text ?? ''),
  );
  if (more.some((one) => one.kind !== 'SimpleNamedExpression'))
    query.refuse(of, 'ipv4_lookup with further keys is not supported');
  const scope = scopeOf(from);
  const address = boundTo(scope.rows.relation, [expression(addressItem, scope)], query.fresh);
  const other = query.rowsOf(tableItem, names);
  const otherScope = new Scope(query, names, other);
  const network = boundTo(other.relation, [expression(networkItem, otherScope)], query.fresh);
  const [left, right] = [address.columns[0], network.columns[0]];
  const f = (name: string, ...some: Typed[]): Typed => apply(name, kqlFunctions[name], of, some, scope);
  const asked = query.fresh();
  const addresses = project(summarize(address.relation, [left.column], []), [
    { name: asked, value: column(left.column) },
  ]);
  const pairs: Relation = { kind: 'join', join: 'cross', left: addresses, right: network.relation, on: [] };
  const isIn = f('ipv4_is_in_range', { value: column(asked), type: 'string' }, typedColumn(right));
  const matching = filter(pairs, call('coalesce', isIn.value, { kind: 'constant', type: 'boolean', value: false }));
  const bits = query.fresh();
  const length: Expression = f('ipv4_netmask_suffix', typedColumn(right)).value;
  const measured: Relation = { kind: 'extend', input: matching, columns: [{ name: bits, value: length }] };
  const place = query.fresh();
  const ranked = window(measured, place, { kind: 'row_number' }, [asked], [{ by: bits, descending: true }]);
  const best = filter(ranked, call('equal', column(place), whole(1)));
  const relation = join(keepsAll ? 'left' : 'inner', address.relation, best, [{ left: left.column, right: asked }]);
  const all = [...from.input.columns, ...other.columns];
  const schema = schemaNames(from);
  const texts = boundTo(
    relation,
    all.map((one) => neverNullText(typedColumn(one))),
    query.fresh,
  );
  return {
    relation: texts.relation,
    columns: all.map((one, i) => ({
      ...one,
      column: texts.columns[i].column,
      name: schema?.length === all.length ? schema[i] : one.name,
    })),
    order: from.input.order,
    group: from.input.group,
  };
};

const plugins: Readonly<Record<string, Plugin>> = {
  pivot,
  narrow,
  bag_unpack: bagUnpack,
  ipv4_lookup: ipv4Lookup,
};

/**
 * Groups of groups with fewer keys. Where rows are grouped a second time, and the outer groups need only some keys of the inner ones and only aggregates
 * that add up, the inner groups are made by these keys: of 12 million tuples a few rows remain in place of millions.
 *
 *   summarize(by f(a), sum(x), of summarize(by a, b, c, x = sum(y), of rows))   →   summarize(by f(a), sum(x), of summarize(by a, x = sum(y), of rows))
 */
import type { Expression, Named } from './expression.ts';
import { childrenOf, columnsRead } from './expression.ts';
import type { Aggregate, Relation } from './relation.ts';
import { argumentsOf } from './relation.ts';
import { replaceInputs } from './replace-inputs.ts';

type Summarize = Extract<Relation, { kind: 'summarize' }>;
/** Nodes that change each row alone. */
type RowWise = Extract<Relation, { kind: 'filter' | 'extend' | 'project' | 'names' | 'applications' }>;

/** What becomes of a column of inner groups where these are merged. */
type Role =
  /** It depends on these keys only, and stays the same in groups that agree in them. */
  | { readonly kind: 'key'; readonly keys: ReadonlySet<string> }
  /** Values add up. `nullable`: null stands for nothing. */
  | { readonly kind: 'sum'; readonly nullable: boolean; readonly keys: ReadonlySet<string> }
  | { readonly kind: 'min' | 'max' | 'set' }
  | { readonly kind: 'other' };

const other: Role = { kind: 'other' };

/** A tree with the same rows. */
export function withFewerKeys(relation: Relation): Relation {
  if (relation.kind !== 'summarize') return replaceInputs(relation, withFewerKeys);
  const narrowed = narrow(relation) ?? relation;
  return replaceInputs(narrowed, withFewerKeys);
}

function narrow(outer: Summarize): Summarize | undefined {
  const chain: RowWise[] = [];
  let input = outer.input;
  while (isRowWise(input)) {
    chain.push(input);
    input = input.input;
  }
  if (input.kind !== 'summarize') return undefined;
  const inner = input;
  const used = new Set<string>();
  let roles: ReadonlyMap<string, Role> = rolesOf(inner);
  for (const node of [...chain].reverse()) {
    if (node.kind === 'filter') {
      const role = roleOf(node.where, roles);
      if (role.kind !== 'key') return undefined;
      for (const key of role.keys) used.add(key);
    }
    roles = rolesBehind(node, roles);
  }
  for (const key of outer.by) {
    const role = roles.get(key) ?? other;
    if (role.kind !== 'key') return undefined;
    for (const one of role.keys) used.add(one);
  }
  for (const aggregate of outer.aggregates) {
    const keys = keysOfAggregate(aggregate, roles);
    if (keys === undefined) return undefined;
    for (const key of keys) used.add(key);
  }
  const some = inner.by.filter((key) => used.has(key));
  // Without a key there would be a row even of no rows.
  const by = some.length === 0 ? inner.by.slice(0, 1) : some;
  if (by.length === inner.by.length) return undefined;
  const reads = outer.aggregates.flatMap(argumentsOf).flatMap(columnsRead);
  return { ...outer, input: rebuilt(chain, { ...inner, by }, new Set([...outer.by, ...reads])) };
}

function isRowWise(relation: Relation): relation is RowWise {
  return ['filter', 'extend', 'project', 'names', 'applications'].includes(relation.kind);
}

function rolesOf({ by, aggregates }: Summarize): Map<string, Role> {
  return new Map<string, Role>([
    ...by.map((key): [string, Role] => [key, { kind: 'key', keys: new Set([key]) }]),
    ...aggregates.map(({ name, function: of }): [string, Role] => [name, roleOfAggregate(of)]),
  ]);
}

function roleOfAggregate(of: Aggregate['function']): Role {
  switch (of) {
    case 'count':
    case 'sum':
      return { kind: 'sum', nullable: of === 'sum', keys: new Set() };
    case 'min':
    case 'max':
    case 'set':
      return { kind: of };
    default:
      return other;
  }
}

function rolesBehind(node: RowWise, roles: ReadonlyMap<string, Role>): ReadonlyMap<string, Role> {
  if (node.kind === 'filter') return roles;
  if (node.kind === 'applications') return new Map([...roles, [node.as, ofKeys([node.port, node.protocol], roles)]]);
  const made =
    node.kind === 'names'
      ? node.columns.map(({ name }): [string, Role] => [name, ofKeys([node.address, node.time], roles)])
      : node.columns.map(({ name, value }): [string, Role] => [name, roleOf(value, roles)]);
  return new Map([...(node.kind === 'project' ? [] : roles), ...made]);
}

function ofKeys(names: readonly string[], roles: ReadonlyMap<string, Role>): Role {
  return keyOf(names.map((name) => roles.get(name) ?? other));
}

/** A key if all of these are. */
function keyOf(roles: readonly Role[]): Role {
  const keys = roles.map((role) => (role.kind === 'key' ? role.keys : undefined));
  if (keys.includes(undefined)) return other;
  return { kind: 'key', keys: new Set(keys.flatMap((some) => [...(some ?? [])])) };
}

/** Conversions of numbers, which may be added up before or after. */
const conversions: ReadonlySet<string> = new Set(['to_long', 'to_wide', 'wide_long', 'integer_long', 'long_double']);

function roleOf(expression: Expression, roles: ReadonlyMap<string, Role>): Role {
  if (expression.kind === 'column') return roles.get(expression.name) ?? other;
  const children = childrenOf(expression).map((child) => roleOf(child, roles));
  const key = keyOf(children);
  if (key.kind === 'key') return isRandom(expression) ? other : key;
  if (expression.kind === 'case') return roleOfCase(expression, roles);
  if (expression.kind !== 'call') return other;
  const { function: of, arguments: args } = expression;
  const [first] = children;
  if (first.kind !== 'sum') return other;
  if (conversions.has(of)) return first;
  if (of === 'coalesce' && args.length === 2 && isNumber(args[1], 0)) return { ...first, nullable: false };
  if (of === 'divide' && isNumber(args[1], 1)) return first;
  if ((of === 'add' || of === 'subtract') && children.every((child) => child.kind === 'sum' && !child.nullable))
    return { kind: 'sum', nullable: false, keys: keysOfSums(children) };
  return other;
}

/** Sums under conditions on keys, or 0. */
function roleOfCase(
  { when, otherwise }: Extract<Expression, { kind: 'case' }>,
  roles: ReadonlyMap<string, Role>,
): Role {
  const conditions = keyOf(when.map((branch) => roleOf(branch.if, roles)));
  if (conditions.kind !== 'key') return other;
  const values = [...when.map(({ value }) => value), ...(otherwise === undefined ? [] : [otherwise])];
  const found = values.map((value): Role => {
    if (isNull(value)) return { ...zero, nullable: true };
    return isNumber(value, 0) ? zero : roleOf(value, roles);
  });
  if (!found.every((role) => role.kind === 'sum')) return other;
  const nullable = otherwise === undefined || found.some((role) => role.nullable);
  return { kind: 'sum', nullable, keys: new Set([...conditions.keys, ...keysOfSums(found)]) };
}

const zero = { kind: 'sum', nullable: false, keys: new Set<string>() } as const;

function keysOfSums(roles: readonly Role[]): Set<string> {
  return new Set(roles.flatMap((role) => (role.kind === 'sum' ? [...role.keys] : [])));
}

function isNumber(expression: Expression, value: number): boolean {
  return (expression.kind === 'constant' || expression.kind === 'literal') && expression.value === value;
}

function isNull(expression: Expression): boolean {
  return (expression.kind === 'constant' || expression.kind === 'literal') && expression.value === null;
}

function isRandom(expression: Expression): boolean {
  return expression.kind === 'call' && expression.function.startsWith('random');
}

/** The keys that an aggregate of merged groups needs; `undefined` where it needs the groups as they are. */
function keysOfAggregate(aggregate: Aggregate, roles: ReadonlyMap<string, Role>): readonly string[] | undefined {
  if (aggregate.function === 'count' || aggregate.function === 'apply') return undefined;
  const role = roleOf(aggregate.argument, roles);
  switch (aggregate.function) {
    case 'sum':
      return role.kind === 'sum' ? [...role.keys] : undefined;
    case 'min':
    case 'max':
    case 'set':
      return role.kind === 'key' ? [...role.keys] : role.kind === aggregate.function ? [] : undefined;
    case 'distinct':
      return role.kind === 'key' ? [...role.keys] : undefined;
    default:
      return undefined;
  }
}

/** The nodes of a chain, the uppermost first, over other inner groups, with the columns that are needed only. */
function rebuilt(chain: readonly RowWise[], inner: Summarize, needed: ReadonlySet<string>): Relation {
  const [node, ...rest] = chain;
  if (node === undefined) {
    return { ...inner, aggregates: inner.aggregates.filter(({ name }) => needed.has(name)) };
  }
  if (node.kind === 'filter') {
    const input = rebuilt(rest, inner, new Set([...needed, ...columnsRead(node.where)]));
    return { ...node, input };
  }
  if (node.kind === 'names') {
    const columns = node.columns.filter(({ name }) => needed.has(name));
    if (columns.length === 0) return rebuilt(rest, inner, needed);
    const below = [...needed].filter((name) => !columns.some((one) => one.name === name));
    return { ...node, columns, input: rebuilt(rest, inner, new Set([...below, node.address, node.time])) };
  }
  if (node.kind === 'applications') {
    if (!needed.has(node.as)) return rebuilt(rest, inner, needed);
    const below = [...needed].filter((name) => name !== node.as);
    return { ...node, input: rebuilt(rest, inner, new Set([...below, node.port, node.protocol])) };
  }
  const columns: readonly Named[] = node.columns.filter(({ name }) => needed.has(name));
  const made = new Set(columns.map(({ name }) => name));
  const kept = node.kind === 'extend' ? [...needed].filter((name) => !made.has(name)) : [];
  const input = rebuilt(rest, inner, new Set([...kept, ...columns.flatMap(({ value }) => columnsRead(value))]));
  if (node.kind === 'extend' && columns.length === 0) return input;
  return { ...node, columns, input };
}

/**
 * The reference implementation: what a tree means, row by row. Slow and short. It knows the nodes of the tree, not the questions that become
 * trees.
 */
import { assert } from '../../base/assert.ts';
import { checkRelation, columnsOf } from './check.ts';
import { scanWithNames } from '../names/derive.ts';
import { aggregateRule } from './aggregates.ts';
import type { Expression } from './expression.ts';
import { ruleOf } from './functions.ts';
import type { Aggregate, Relation, SortKey, WindowFunction } from './relation.ts';
import type { TableName } from './node-names.ts';
import type { Row, Value } from './value.ts';
import { compareValues, keyOf, valueOf } from './value.ts';

export type Tables = Readonly<Record<TableName, readonly Row[]>>;

/** The rows of a tree over these tables. Where the tree leaves an order open, they have that of the input. @throws relation-invalid */
export function interpret(relation: Relation, tables: Tables, names: NameLookup = () => null): readonly Row[] {
  checkRelation(relation);
  return rowsOf(relation, { tables, names, refs: new Map() });
}

/** What names say of an address at a time, in epoch microseconds; `app` of a port such as tcp/443. */
export type NameLookup = (attribute: string, address: string, micros: bigint | null) => string | null;

interface Context {
  readonly tables: Tables;
  readonly names: NameLookup;
  readonly refs: ReadonlyMap<string, readonly Row[]>;
}

function rowsOf(relation: Relation, context: Context): readonly Row[] {
  switch (relation.kind) {
    case 'values':
      return relation.rows.map((row) =>
        Object.fromEntries(relation.columns.map(({ name }, i) => [name, evaluate(row[i], {})])),
      );
    case 'scan': {
      if (relation.columns === 'stored') return context.tables[relation.table];
      return rowsOf(scanWithNames(relation.table, new Set(columnsOf(relation).map(({ name }) => name))), context);
    }
    case 'names':
      return rowsOf(relation.input, context).map((row) => {
        const [address, time] = [row[relation.address] as string | null, row[relation.time] as bigint | null];
        const value = (attribute: string): Value => (address === null ? null : context.names(attribute, address, time));
        return { ...row, ...Object.fromEntries(relation.columns.map((one) => [one.name, value(one.attribute)])) };
      });
    case 'ref': {
      const rows = context.refs.get(relation.name);
      assert(rows !== undefined, 'a checked tree refers to what it has');
      return rows;
    }
    case 'let': {
      const value = rowsOf(relation.value, context);
      return rowsOf(relation.body, { ...context, refs: new Map([...context.refs, [relation.name, value]]) });
    }
    case 'applications':
      return rowsOf(relation.input, context).map((row) => {
        const [port, protocol] = [row[relation.port] as bigint | null, row[relation.protocol] as string | null];
        const of = port === null || protocol === null ? null : `${protocol}/${port}`;
        return { ...row, [relation.as]: of === null ? null : context.names('app', of, null) };
      });
    case 'union':
      return relation.inputs.flatMap((input) => rowsOf(input, context));
    case 'join':
      return joined(relation, rowsOf(relation.left, context), rowsOf(relation.right, context));
    default:
      return step(relation, rowsOf(relation.input, context));
  }
}

/** A node that has one input. */
function step(
  relation: Exclude<Extract<Relation, { input: Relation }>, { kind: 'names' | 'applications' }>,
  rows: readonly Row[],
): readonly Row[] {
  switch (relation.kind) {
    case 'filter':
      return rows.filter((row) => evaluate(relation.where, row) === true);
    case 'extend':
    case 'project':
      return rows.map((row) => ({
        ...(relation.kind === 'extend' ? row : {}),
        ...Object.fromEntries(relation.columns.map(({ name, value }) => [name, evaluate(value, row)])),
      }));
    case 'summarize': {
      const groups = relation.by.length === 0 ? [rows] : groupBy(rows, relation.by);
      return groups.map((some) => ({
        ...Object.fromEntries(relation.by.map((name) => [name, some[0][name]])),
        ...Object.fromEntries(relation.aggregates.map((one) => [one.name, aggregate(one, some)])),
      }));
    }
    case 'sort':
      return sorted(rows, relation.by);
    case 'limit':
      return rows.slice(0, relation.rows);
    case 'unnest':
      return rows.flatMap((row) =>
        ((evaluate(relation.list, row) ?? []) as readonly Value[]).map((item) => ({ ...row, [relation.as]: item })),
      );
    default: {
      const { function: of, as, order } = relation;
      return groupBy(rows, relation.partition).flatMap((some) => {
        const all = sorted(some, order);
        const found = windowValues(of, all, (a, b) => compareRows(a, b, order));
        return all.map((row, i) => ({ ...row, [as]: found[i] }));
      });
    }
  }
}

/** The values of a window function over the rows of a partition, in their order. */
function windowValues(of: WindowFunction, rows: readonly Row[], compare: (a: Row, b: Row) => number): Value[] {
  switch (of.kind) {
    case 'row_number':
      return rows.map((_, i) => BigInt(i + 1));
    case 'rank':
    case 'dense_rank': {
      let [rank, ranks] = [0, 0];
      return rows.map((row, i) => {
        if (i === 0 || compare(rows[i - 1], row) !== 0) [rank, ranks] = [i + 1, ranks + 1];
        return BigInt(of.kind === 'rank' ? rank : ranks);
      });
    }
    case 'running_sum':
      return rows.map((_, i) => sumOf(rows.slice(0, i + 1).map((row) => row[of.column])));
    default: {
      const by = of.kind === 'previous' ? -1 : of.kind === 'lag' ? -of.rows : of.rows;
      return rows.map((_, i) => rows[i + by]?.[of.column] ?? null);
    }
  }
}

function joined(relation: Extract<Relation, { kind: 'join' }>, left: readonly Row[], right: readonly Row[]): Row[] {
  const { join, on } = relation;
  const matches = new Map<string, Row[]>();
  for (const row of right) {
    const key = keyOf(on.map((pair) => row[pair.right]));
    matches.set(key, [...(matches.get(key) ?? []), row]);
  }
  const nothing = (of: Relation): Row => Object.fromEntries(columnsOf(of).map(({ name }) => [name, null]));
  const missing = nothing(relation.right);
  const used = new Set<Row>();
  const rows = left.flatMap((row) => {
    const found = matches.get(keyOf(on.map((pair) => row[pair.left]))) ?? [];
    for (const one of found) used.add(one);
    if (join === 'semi' || join === 'anti') return found.length > 0 === (join === 'semi') ? [row] : [];
    if (found.length === 0 && (join === 'left' || join === 'full')) return [{ ...row, ...missing }];
    return found.map((other) => ({ ...row, ...other }));
  });
  if (join !== 'right' && join !== 'full') return rows;
  const alone = right.filter((row) => !used.has(row));
  return [...rows, ...alone.map((row) => ({ ...nothing(relation.left), ...row }))];
}

/** The value of an expression in a row. */
export function evaluate(expression: Expression, row: Row, element: Value = null): Value {
  const value = (inner: Expression): Value => evaluate(inner, row, element);
  switch (expression.kind) {
    case 'column':
      return row[expression.name];
    case 'literal':
    case 'constant':
      return valueOf(expression);
    case 'call': {
      const rule = ruleOf(expression.function);
      const args = expression.arguments.map(value);
      return rule.nulls === 'strict' && args.includes(null) ? null : rule.value(...args);
    }
    case 'case': {
      const branch = expression.when.find(({ if: condition }) => value(condition) === true);
      if (branch !== undefined) return value(branch.value);
      return expression.otherwise === undefined ? null : value(expression.otherwise);
    }
    case 'element':
      return element;
    case 'field':
      return (value(expression.of) as Row | null)?.[expression.name] ?? null;
    case 'struct':
      return Object.fromEntries(expression.fields.map((field) => [field.name, value(field.value)]));
    case 'list':
      return expression.items.map(value);
    default: {
      const { where, value: inner } = expression;
      const items = ((value(expression.list) ?? []) as readonly Value[]).filter(
        (item) => where === undefined || evaluate(where, row, item) === true,
      );
      return sumOf(items.map((item) => evaluate(inner, row, item)));
    }
  }
}

function aggregate(of: Aggregate, rows: readonly Row[]): Value {
  if (of.function === 'count') return BigInt(rows.length);
  if (of.function === 'apply')
    return aggregateRule(of.of).value(
      sorted(rows, of.order ?? []).map((row) => of.arguments.map((one) => evaluate(one, row))),
    );
  const values = rows.map((row) => evaluate(of.argument, row)).filter((value) => value !== null);
  if (of.function === 'set') return setOf(values);
  if (of.function === 'sum') return sumOf(values);
  if (of.function === 'distinct') return BigInt(new Set(values.map((value) => keyOf([value]))).size);
  const ordered = values.sort(compareValues);
  if (ordered.length === 0) return null;
  if (of.function === 'percentile') {
    const rank = (BigInt(of.permille) * BigInt(ordered.length) + 999n) / 1000n;
    return ordered[Number(rank) - 1];
  }
  return of.function === 'min' ? ordered[0] : ordered.at(-1)!;
}

/** The different values in order; lists stand for their elements. */
function setOf(values: readonly Value[]): readonly Value[] {
  const items = values.flatMap((value) => value).filter((item) => item !== null);
  return [...new Map(items.map((item) => [keyOf([item]), item])).values()].sort(compareValues);
}

/** The sum of what is not null; null of nothing. */
function sumOf(values: readonly Value[]): Value {
  const some = values.filter((value) => value !== null);
  if (some.length === 0) return null;
  if (typeof some[0] === 'number') return (some as number[]).reduce((sum, value) => sum + value, 0);
  return (some as bigint[]).reduce((sum, value) => sum + value, 0n);
}

function sorted(rows: readonly Row[], keys: readonly SortKey[]): Row[] {
  return [...rows].sort((a, b) => compareRows(a, b, keys));
}

function compareRows(a: Row, b: Row, keys: readonly SortKey[]): number {
  for (const { by, descending = false, nullsFirst = false } of keys) {
    const [left, right] = [a[by], b[by]];
    if (left === null && right === null) continue;
    if (left === null || right === null) return (left === null) === nullsFirst ? -1 : 1;
    const order = compareValues(left, right);
    if (order !== 0) return descending ? -order : order;
  }
  return 0;
}

/** Rows with equal values of these columns, null being a value; groups in order of their first rows. */
function groupBy(rows: readonly Row[], names: readonly string[]): Row[][] {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const key = keyOf(names.map((name) => row[name]));
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups.values()];
}

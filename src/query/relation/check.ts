/** The columns of a tree, and what refuses a tree that has none: unknown columns, wrong types, names that occur twice. */
import { FlowError } from '../../base/errors.ts';
import { isAttribute } from '../names/columns.ts';
import { aggregateRule, aggregates } from './aggregates.ts';
import type { Expression, Named } from './expression.ts';
import { functions, ruleOf } from './functions.ts';
import type { Aggregate, Relation, SortKey, WindowFunction } from './relation.ts';
import { scanColumns, tableColumns } from './tables.ts';
import type { Column, ScalarType, Type } from './type.ts';
import { commonType, elementOf, fieldsOf, formatType, isScalar, isWhole, sameType, scalarTypes } from './type.ts';

/** What an expression can name. */
export interface Scope {
  readonly columns: readonly Column[];
  /** The type of the element, within a `total`. */
  readonly element?: Type;
}

const known = new WeakMap<Relation, readonly Column[]>();

/** The columns of a tree, in order; each node is looked at once. @throws relation-invalid */
export function columnsOf(relation: Relation): readonly Column[] {
  let columns = known.get(relation);
  if (columns === undefined) {
    columns = find(relation);
    for (const { name } of columns) checkName(name, relation.kind);
    const twice = columns.find(({ name }, i) => columns!.findIndex((other) => other.name === name) !== i);
    if (twice !== undefined) refuse(`${relation.kind} has two columns "${twice.name}"`);
    known.set(relation, columns);
  }
  return columns;
}

/** Checks a whole tree, also that its names of `let` are used once and where they are known. @throws relation-invalid */
export function checkRelation(relation: Relation): readonly Column[] {
  checkNames(relation, new Map(), new Set());
  return columnsOf(relation);
}

/** The type of an expression. @throws relation-invalid */
export function typeOf(expression: Expression, scope: Scope): Type {
  switch (expression.kind) {
    case 'column':
      return typeOfColumn(expression.name, scope.columns);
    case 'literal':
    case 'constant':
      checkValue(expression);
      return expression.type;
    case 'call': {
      if (!Object.hasOwn(functions, expression.function)) refuse(`there is no function "${expression.function}"`);
      const rule = ruleOf(expression.function);
      const types = expression.arguments.map((argument) => typeOf(argument, scope));
      const [least, most] = rule.arity;
      const type = types.length < least || types.length > most ? undefined : rule.type(types);
      return type ?? refuse(`${expression.function} does not take (${types.map(formatType).join(', ')})`);
    }
    case 'case': {
      for (const branch of expression.when) expectType(branch.if, 'boolean', scope, 'a condition');
      const { otherwise } = expression;
      const values = [...expression.when.map(({ value }) => value), ...(otherwise === undefined ? [] : [otherwise])];
      return common(values, scope, 'the branches of a case');
    }
    case 'element':
      return scope.element ?? refuse('an element stands outside of a total');
    case 'field': {
      const type = typeOf(expression.of, scope);
      const found = fieldsOf(type)?.find(({ name }) => name === expression.name);
      return found?.type ?? refuse(`${formatType(type)} has no field "${expression.name}"`);
    }
    case 'struct': {
      for (const { name } of expression.fields) checkName(name, 'a struct');
      return { struct: expression.fields.map(({ name, value }) => ({ name, type: typeOf(value, scope) })) };
    }
    case 'list':
      if (expression.items.length === 0)
        return { list: expression.element ?? refuse('an empty list has no type of its elements') };
      return { list: common(expression.items, scope, 'the items of a list') };
    case 'total': {
      const type = typeOf(expression.list, scope);
      const element = elementOf(type) ?? refuse(`a total is of a list, not of ${formatType(type)}`);
      const inner = { ...scope, element };
      if (expression.where !== undefined) expectType(expression.where, 'boolean', inner, 'the condition of a total');
      const value = typeOf(expression.value, inner);
      return isWhole(value) ? 'wide' : refuse(`a total adds up whole numbers, not ${formatType(value)}`);
    }
    default:
      return refuse(`there is no expression "${(expression as { kind: string }).kind}"`);
  }
}

function find(relation: Relation): readonly Column[] {
  switch (relation.kind) {
    case 'values': {
      const { columns, rows } = relation;
      if (columns.length === 0) refuse('values without columns');
      for (const row of rows) {
        if (row.length !== columns.length) refuse(`a row of ${row.length} values for ${columns.length} columns`);
        for (const [i, value] of row.entries())
          if (!sameType(typeOf(value, { columns: [] }), columns[i].type))
            refuse(`a value of another type than "${columns[i].name}"`);
      }
      return columns;
    }
    case 'scan':
      if (Object.hasOwn(tableColumns, relation.table))
        return relation.columns === 'stored' ? tableColumns[relation.table] : scanColumns(relation.table);
      return refuse(`there is no table "${relation.table}": ${Object.keys(tableColumns).join(', ')}`);
    case 'names': {
      const columns = columnsOf(relation.input);
      expectType({ kind: 'column', name: relation.address }, 'text', { columns }, 'an address');
      expectType({ kind: 'column', name: relation.time }, 'time', { columns }, 'the time of an address');
      const unknown = relation.columns.find(({ attribute }) => !isAttribute(attribute));
      if (unknown !== undefined) refuse(`names do not tell "${unknown.attribute}"`);
      return [...columns, ...relation.columns.map(({ name }): Column => ({ name, type: 'text' }))];
    }
    case 'applications': {
      const columns = columnsOf(relation.input);
      expectType({ kind: 'column', name: relation.port }, 'integer', { columns }, 'a port');
      expectType({ kind: 'column', name: relation.protocol }, 'text', { columns }, 'a protocol');
      return [...columns, { name: relation.as, type: 'text' }];
    }
    case 'filter': {
      const columns = columnsOf(relation.input);
      expectType(relation.where, 'boolean', { columns }, 'a filter');
      return columns;
    }
    case 'extend': {
      const columns = columnsOf(relation.input);
      return [...columns, ...named(relation.columns, columns)];
    }
    case 'project':
      return named(relation.columns, columnsOf(relation.input));
    case 'summarize': {
      const columns = columnsOf(relation.input);
      const by = relation.by.map((name): Column => ({ name, type: typeOfColumn(name, columns) }));
      const list = by.find(({ type }) => !isScalar(type));
      if (list !== undefined) refuse(`rows are not grouped by ${formatType(list.type)}`);
      return [
        ...by,
        ...relation.aggregates.map((one): Column => ({ name: one.name, type: aggregateType(one, columns) })),
      ];
    }
    case 'sort': {
      const columns = columnsOf(relation.input);
      checkOrder(relation.by, columns);
      return columns;
    }
    case 'limit':
      if (!Number.isSafeInteger(relation.rows) || relation.rows < 0) refuse(`a limit of ${relation.rows} rows`);
      return columnsOf(relation.input);
    case 'join': {
      const [left, right] = [columnsOf(relation.left), columnsOf(relation.right)];
      if ((relation.join === 'cross') !== (relation.on.length === 0))
        refuse(`a ${relation.join} join with ${relation.on.length} pairs of columns`);
      for (const pair of relation.on)
        if (commonType([typeOfColumn(pair.left, left), typeOfColumn(pair.right, right)]) === undefined)
          refuse(`"${pair.left}" and "${pair.right}" do not compare`);
      return relation.join === 'semi' || relation.join === 'anti' ? left : [...left, ...right];
    }
    case 'union': {
      const [first, ...rest] = relation.inputs.map(columnsOf);
      if (first === undefined) return refuse('a union of nothing');
      for (const columns of rest)
        if (!sameType({ struct: columns }, { struct: first }))
          refuse(`a union of ${formatType({ struct: first })} and ${formatType({ struct: columns })}`);
      return first;
    }
    case 'unnest': {
      const columns = columnsOf(relation.input);
      const type = typeOf(relation.list, { columns });
      return [...columns, { name: relation.as, type: elementOf(type) ?? refuse(`unnest of ${formatType(type)}`) }];
    }
    case 'window': {
      const columns = columnsOf(relation.input);
      for (const name of relation.partition) typeOfColumn(name, columns);
      checkOrder(relation.order, columns);
      const { function: of } = relation;
      return [...columns, { name: relation.as, type: windowType(of, columns) }];
    }
    case 'let':
      return columnsOf(relation.body);
    case 'ref':
      return relation.columns;
    default:
      return refuse(`there is no relation "${(relation as { kind: string }).kind}"`);
  }
}

function windowType(of: WindowFunction, columns: readonly Column[]): Type {
  if (!('column' in of)) return 'long';
  const type = typeOfColumn(of.column, columns);
  if (of.kind !== 'running_sum') {
    const rows = 'rows' in of ? of.rows : 1;
    return Number.isSafeInteger(rows) && rows >= 0 ? type : refuse(`a value ${rows} rows away`);
  }
  if (type === 'double' || type === 'decimal') return type;
  return isWhole(type) || type === 'timespan' ? 'wide' : refuse(`a sum of ${formatType(type)}`);
}

function named(columns: readonly Named[], input: readonly Column[]): Column[] {
  return columns.map(({ name, value }) => ({ name, type: typeOf(value, { columns: input }) }));
}

function aggregateType(aggregate: Aggregate, columns: readonly Column[]): Type {
  if (aggregate.function === 'count') return 'long';
  if (aggregate.function === 'apply') {
    if (!Object.hasOwn(aggregates, aggregate.of)) refuse(`there is no aggregate "${aggregate.of}"`);
    checkOrder(aggregate.order ?? [], columns);
    const types = aggregate.arguments.map((one) => typeOf(one, { columns }));
    const type = types.length === 0 ? undefined : aggregateRule(aggregate.of).type(types);
    return type ?? refuse(`${aggregate.of} does not take (${types.map(formatType).join(', ')})`);
  }
  const type = typeOf(aggregate.argument, { columns });
  if (aggregate.function === 'set') {
    const element = elementOf(type) ?? type;
    return isScalar(element) ? { list: element } : refuse(`set of ${formatType(type)}`);
  }
  if (!isScalar(type)) return refuse(`${aggregate.function} of ${formatType(type)}`);
  switch (aggregate.function) {
    case 'sum':
      if (type === 'double' || type === 'decimal') return type;
      return isWhole(type) ? 'wide' : refuse(`sum of ${formatType(type)}`);
    case 'percentile': {
      const { permille } = aggregate;
      if (!Number.isSafeInteger(permille) || permille < 1 || permille > 1000) refuse(`a percentile of ${permille} ‰`);
      return isWhole(type) ? type : refuse(`percentile of ${formatType(type)}`);
    }
    case 'distinct':
      return 'long';
    case 'min':
    case 'max':
      return type;
    default:
      return refuse(`there is no aggregate "${(aggregate as { function: string }).function}"`);
  }
}

function checkOrder(order: readonly SortKey[], columns: readonly Column[]): void {
  for (const { by } of order) {
    const type = typeOfColumn(by, columns);
    if (!isScalar(type)) refuse(`rows are not sorted by ${formatType(type)}`);
  }
}

function typeOfColumn(name: string, columns: readonly Column[]): Type {
  const found = columns.find((column) => column.name === name);
  return found?.type ?? refuse(`there is no column "${name}": ${columns.map((column) => column.name).join(', ')}`);
}

function common(values: readonly Expression[], scope: Scope, what: string): Type {
  const types = values.map((value) => typeOf(value, scope));
  return commonType(types) ?? refuse(`${what} have different types: ${types.map(formatType).join(', ')}`);
}

function expectType(expression: Expression, expected: ScalarType, scope: Scope, what: string): void {
  const type = typeOf(expression, scope);
  if (type !== expected) refuse(`${what} is ${expected}, not ${formatType(type)}`);
}

/** A value must be one of its type: values come from outside, and what is a constant becomes text of SQL. */
function checkValue({ kind, type, value }: Extract<Expression, { kind: 'literal' | 'constant' }>): void {
  if (!scalarTypes.includes(type)) refuse(`there is no type "${type}"`);
  if (value !== null && !isOfType(kind, type, value)) refuse(`${JSON.stringify(value)} is no ${kind} of type ${type}`);
}

function isOfType(kind: 'literal' | 'constant', type: ScalarType, value: string | number | boolean): boolean {
  const isLiteralText = kind === 'literal' && typeof value === 'string';
  switch (type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'text':
    case 'dynamic':
      return isLiteralText;
    case 'guid':
      return isLiteralText && /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/.test(value);
    case 'decimal':
      return isLiteralText && /^-?\d{1,26}(\.\d{1,12})?$/.test(value);
    case 'double':
      return Number.isFinite(value) || (isLiteralText && ['NaN', 'Infinity', '-Infinity'].includes(value));
    default:
      return Number.isSafeInteger(value) || (isLiteralText && isDigits(value));
  }
}

function isDigits(text: string): boolean {
  return /^-?\d{1,39}$/.test(text);
}

function checkName(name: string, where: string): void {
  if (!/^[a-z][a-z0-9_]{0,62}$/.test(name))
    refuse(`${where} has a column ${JSON.stringify(name)}: names are lower-case words`);
}

function checkNames(relation: Relation, visible: ReadonlyMap<string, Relation>, used: Set<string>): void {
  if (relation.kind === 'ref') {
    const value = visible.get(relation.name);
    if (value === undefined) return refuse(`there is no relation of the name "${relation.name}" here`);
    if (!sameType({ struct: columnsOf(value) }, { struct: relation.columns }))
      refuse(`"${relation.name}" has other columns`);
    return;
  }
  if (relation.kind !== 'let') {
    for (const input of inputsOf(relation)) checkNames(input, visible, used);
    return;
  }
  checkName(relation.name, 'let');
  if (used.has(relation.name)) refuse(`two relations have the name "${relation.name}"`);
  used.add(relation.name);
  checkNames(relation.value, visible, used);
  checkNames(relation.body, new Map([...visible, [relation.name, relation.value]]), used);
}

/** Whether a tree scans a table. */
export function readsTable(relation: Relation, table: string): boolean {
  return relation.kind === 'scan' ? relation.table === table : inputsOf(relation).some((one) => readsTable(one, table));
}

/** The relations directly below one. */
export function inputsOf(relation: Relation): readonly Relation[] {
  switch (relation.kind) {
    case 'values':
    case 'scan':
    case 'ref':
      return [];
    case 'join':
      return [relation.left, relation.right];
    case 'union':
      return relation.inputs;
    case 'let':
      return [relation.value, relation.body];
    default:
      return [relation.input];
  }
}

function refuse(problem: string): never {
  throw new FlowError('relation-invalid', `the question's tree is wrong: ${problem}`);
}

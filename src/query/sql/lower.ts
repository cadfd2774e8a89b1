/**
 * A relational tree as SQL nodes. Each relation becomes a block, which is a SELECT that is not closed yet: the next node goes into the same
 * SELECT where that means the same, else the block is closed and becomes a subquery. A closed block has only the columns that
 * somebody needs.
 */
import { assert } from '../../base/assert.ts';
import { FlowError } from '../../base/errors.ts';
import { checkRelation, columnsOf, typeOf } from '../relation/check.ts';
import type { Expression } from '../relation/expression.ts';
import { column, columnsRead } from '../relation/expression.ts';
import { withFewerKeys } from '../relation/fewer-keys.ts';
import type { Aggregate, Relation, SortKey, WindowFunction } from '../relation/relation.ts';
import type { TableName } from '../relation/node-names.ts';
import { findNameColumn } from '../names/columns.ts';
import { addressNamesTable, applicationsTable, periodOf, scanWithNames } from '../names/derive.ts';
import { argumentsOf } from '../relation/relation.ts';
import type { SqlDialect } from './dialect.ts';
import { expressionSql } from './lower-expression.ts';
import type { SqlColumn, SqlExpression, SqlFrom, SqlOrder, SqlQuery, SqlStatement } from './node.ts';
import { call, fixed, name, number, operator } from './node.ts';
import { selecting } from './selecting.ts';

/**
 * The SQL of a tree; its columns are those of the tree, in order. `changes`: the times at which what names say changes (enrich/names.ts).
 * @throws relation-invalid
 */
export function lowerRelation(relation: Relation, dialect: SqlDialect, changes: readonly number[] = []): SqlStatement {
  const names = checkRelation(relation).map((column) => column.name);
  const lowering = new Lowering(dialect, changes);
  const query = lowering.query(withFewerKeys(relation), names);
  const { steps, tables, attributes, asksApplications } = lowering;
  return { query, with: steps, tables, attributes, asksApplications };
}

/** How far a block has come: `expanded` by unnest or a window, `grouped`, `ordered` or limited. */
type Stage = 'rows' | 'expanded' | 'grouped' | 'ordered';

interface Block {
  readonly from: SqlFrom;
  readonly where: readonly SqlExpression[];
  readonly columns: ReadonlyMap<string, SqlExpression>;
  readonly groupBy: readonly SqlExpression[];
  readonly orderBy: readonly SqlOrder[];
  readonly limit?: number;
  readonly stage: Stage;
}

class Lowering {
  /** Common table expressions, each behind those that it reads. */
  steps: { readonly name: string; readonly query: SqlQuery }[] = [];
  readonly tables = new Map<TableName, Set<string>>();
  /** What is asked of names. */
  readonly attributes = new Set<string>();
  asksApplications = false;
  readonly #dialect: SqlDialect;
  readonly #changes: readonly number[];
  /** The columns that bodies need of a `let`. */
  readonly #neededOf = new Map<string, Set<string>>();
  #aliases = 0;

  constructor(dialect: SqlDialect, changes: readonly number[]) {
    this.#dialect = dialect;
    this.#changes = changes;
  }

  query(relation: Relation, names: readonly string[]): SqlQuery {
    return this.#closed(this.#block(relation, new Set(names)), names);
  }

  /** A block as a query with these columns. What expands rows is selected also where nobody needs its column, in a query within. */
  #closed(block: Block, names: readonly string[]): SqlQuery {
    const made = [...block.columns].flatMap(([one, value]) => (isSimple(value) || names.includes(one) ? [] : [one]));
    if (block.stage !== 'expanded' || made.length === 0) return closed(block, names);
    const all = [...names, ...made];
    return closed(this.#over(closed(block, all), all), names);
  }

  /** The block of a relation, with the columns `needed` at least. */
  #block(relation: Relation, needed: ReadonlySet<string>): Block {
    switch (relation.kind) {
      case 'values':
        return this.#values(relation, needed);
      case 'scan':
        if (relation.columns !== 'stored' && [...needed].some((one) => findNameColumn(one) !== undefined))
          return this.#block(scanWithNames(relation.table, needed), needed);
        this.tables.set(relation.table, new Set([...(this.tables.get(relation.table) ?? []), ...needed]));
        return blockOver({ kind: 'table', table: relation.table }, namesOf(relation));
      case 'names':
        return this.#named(relation, needed);
      case 'applications':
        return this.#withApplications(relation, needed);
      case 'ref':
        for (const one of needed) this.#neededOf.get(relation.name)?.add(one);
        return blockOver({ kind: 'named', name: relation.name }, namesOf(relation));
      case 'let':
        return this.#shared(relation, needed);
      case 'filter': {
        const input = this.#input(relation.input, needed, [relation.where], ['rows']);
        const { where } = relation;
        const items = where.kind === 'call' && where.function === 'and' ? where.arguments : [where];
        return {
          ...input,
          where: [...input.where, ...items.map((item) => selecting(this.#sql(item, relation.input, input)))],
        };
      }
      case 'extend':
      case 'project':
        return this.#projected(relation, needed);
      case 'summarize':
        return this.#grouped(relation, needed);
      case 'sort': {
        const keys = relation.by.map(({ by }) => by);
        const input = this.#closedInput(relation.input, new Set([...needed, ...keys]));
        return { ...input, orderBy: orderOf(relation.by, aliasOf(input.from)), stage: 'ordered' };
      }
      case 'limit': {
        const input = this.#block(relation.input, needed);
        const open = input.limit === undefined ? input : this.#reopened(input, relation.input, needed);
        return { ...open, limit: relation.rows, stage: 'ordered' };
      }
      case 'join':
        return this.#joined(relation, needed);
      case 'union': {
        const names = pick(relation, needed);
        return this.#over({ kind: 'union', all: relation.inputs.map((input) => this.query(input, names)) }, names);
      }
      case 'unnest': {
        const input = this.#input(relation.input, without(needed, [relation.as]), [relation.list], ['rows']);
        const value = this.#dialect.unnest(this.#sql(relation.list, relation.input, input));
        return expanded(input, needed, [[relation.as, value]]);
      }
      default: {
        const { partition, order, function: of, as } = relation;
        const read = [...partition, ...order.map(({ by }) => by), ...('column' in of ? [of.column] : [])];
        const input = this.#closedInput(relation.input, new Set([...without(needed, [as]), ...read]));
        const value: SqlExpression = {
          kind: 'over',
          ...this.#windowed(of, relation.input),
          partition: partition.map(name),
          order: orderOf(order),
        };
        return expanded(input, needed, [[as, value]]);
      }
    }
  }

  /** SQL has no rows of no row: a row that no condition lets through stands for them. */
  #values({ columns, rows }: Extract<Relation, { kind: 'values' }>, needed: ReadonlySet<string>): Block {
    const kept = columns.flatMap((one, i) => (needed.has(one.name) || i === 0 ? [i] : []));
    const context = { dialect: this.#dialect, scope: { columns: [] }, column: name };
    const all = rows.map((row) => kept.map((i) => expressionSql(row[i], context)));
    const nothing = kept.map(() => fixed('NULL'));
    const from: SqlFrom = {
      kind: 'values',
      columns: kept.map((i) => columns[i]),
      rows: all.length === 0 ? [nothing] : all,
      alias: `s${++this.#aliases}`,
    };
    const block = blockOver(
      from,
      kept.map((i) => columns[i].name),
    );
    return all.length === 0 ? { ...block, where: [{ kind: 'boolean', value: false }] } : block;
  }

  #windowed(of: WindowFunction, input: Relation): Pick<Extract<SqlExpression, { kind: 'over' }>, 'of' | 'frame'> {
    switch (of.kind) {
      case 'previous':
        return { of: call('max', name(of.column)), frame: { start: -1, end: -1 } };
      case 'lag':
        return { of: call('max', name(of.column)), frame: { start: -of.rows, end: -of.rows } };
      case 'lead':
        return { of: call('max', name(of.column)), frame: { start: of.rows, end: of.rows } };
      case 'running_sum': {
        const type = columnsOf(input).find((one) => one.name === of.column)!.type;
        return { of: this.#dialect.aggregates.sum(name(of.column), type), frame: { end: 0 } };
      }
      default:
        return { of: call(of.kind) };
    }
  }

  /** The body first, since it says which columns of the value it needs; the value is a step before those of the body. */
  #shared(relation: Extract<Relation, { kind: 'let' }>, needed: ReadonlySet<string>): Block {
    const before = this.steps;
    const neededHere = new Set<string>();
    this.#neededOf.set(relation.name, neededHere);
    this.steps = [];
    const block = this.#block(relation.body, needed);
    const ofBody = this.steps;
    this.steps = [];
    const query = this.query(relation.value, pick(relation.value, neededHere));
    this.steps = [...before, ...this.steps, { name: relation.name, query }, ...ofBody];
    return block;
  }

  #projected(relation: Extract<Relation, { kind: 'extend' | 'project' }>, needed: ReadonlySet<string>): Block {
    const made = relation.columns.filter((one) => needed.has(one.name));
    const values = made.map(({ value }) => value);
    const kept =
      relation.kind === 'extend'
        ? without(
            needed,
            relation.columns.map((one) => one.name),
          )
        : new Set<string>();
    const input = this.#input(relation.input, kept, values, ['rows', 'grouped', 'ordered']);
    const columns = made.map((one): [string, SqlExpression] => [one.name, this.#sql(one.value, relation.input, input)]);
    return { ...input, columns: new Map([...(relation.kind === 'extend' ? input.columns : []), ...columns]) };
  }

  #grouped(relation: Extract<Relation, { kind: 'summarize' }>, needed: ReadonlySet<string>): Block {
    const { by, input: from } = relation;
    const aggregates = relation.aggregates.filter((one) => needed.has(one.name));
    const values = aggregates.flatMap((one) => [
      ...argumentsOf(one),
      ...orderKeys(one).map(({ by: key }) => column(key)),
    ]);
    let input = this.#input(from, new Set(by), values, ['rows']);
    if (by.some((key) => input.columns.get(key)?.kind !== 'name'))
      input = this.#reopened(input, from, new Set([...by, ...values.flatMap(columnsRead)]));
    const keys = by.map((key): [string, SqlExpression] => [key, columnOf(input, key)]);
    const made = aggregates.map((one): [string, SqlExpression] => [one.name, this.#aggregate(one, from, input)]);
    // Without a key and an aggregate there is one row all the same.
    const one: [string, SqlExpression][] = by.length + made.length === 0 ? [['rows', call('count', fixed('*'))]] : [];
    return {
      ...input,
      columns: new Map([...keys, ...made, ...one]),
      groupBy: keys.map(([, key]) => key),
      stage: 'grouped',
    };
  }

  #joined({ join, left, right, on }: Extract<Relation, { kind: 'join' }>, needed: ReadonlySet<string>): Block {
    const side = (relation: Relation, keys: readonly string[]): SqlFrom =>
      this.#closedInput(relation, new Set([...pick(relation, needed), ...keys])).from;
    const from: SqlFrom = {
      kind: 'join',
      join,
      left: side(
        left,
        on.map((pair) => pair.left),
      ),
      right: side(
        right,
        on.map((pair) => pair.right),
      ),
      on: on.map((pair) => ({
        kind: 'operator',
        operator: 'IS NOT DISTINCT FROM',
        operands: [name(pair.left), name(pair.right)],
      })),
    };
    return blockOver(from, join === 'semi' || join === 'anti' ? namesOf(left) : [...namesOf(left), ...namesOf(right)]);
  }

  /** Joins the table in which the engine has what names say of each address, in each period. */
  #named(relation: Extract<Relation, { kind: 'names' }>, needed: ReadonlySet<string>): Block {
    const { input, address, time, columns } = relation;
    const made = columns.filter((one) => needed.has(one.name));
    const kept = without(
      needed,
      columns.map((one) => one.name),
    );
    if (made.length === 0) return this.#block(input, kept);
    for (const { attribute } of made) this.attributes.add(attribute);
    const hasPeriods = this.#changes.length > 0;
    const left = this.#closedInput(input, new Set([...kept, address, ...(hasPeriods ? [time] : [])])).from;
    const period = (): SqlExpression =>
      this.#sql(periodOf(column(time), this.#changes), input, blockOver(left, [time]));
    const from = this.#joinedTable(left, addressNamesTable, {
      keys: [['address', name(address)], ...(hasPeriods ? [['period', period()] as const] : [])],
      values: made.map((one) => ({ name: one.name, value: name(one.attribute) })),
    });
    return blockOver(from, [...pick(input, kept), ...made.map((one) => one.name)]);
  }

  #withApplications(relation: Extract<Relation, { kind: 'applications' }>, needed: ReadonlySet<string>): Block {
    const { input, port, protocol, as } = relation;
    const kept = without(needed, [as]);
    if (!needed.has(as)) return this.#block(input, kept);
    this.asksApplications = true;
    const left = this.#closedInput(input, new Set([...kept, port, protocol])).from;
    const from = this.#joinedTable(left, applicationsTable, {
      keys: [
        ['port', name(port)],
        ['protocol', name(protocol)],
      ],
      values: [{ name: as, value: name('application') }],
    });
    return blockOver(from, [...pick(input, kept), as]);
  }

  /** A left join with a table that the engine makes for the question; its keys get names of their own. */
  #joinedTable(
    left: SqlFrom,
    table: string,
    of: {
      readonly keys: readonly (readonly [key: string, equals: SqlExpression])[];
      readonly values: readonly SqlColumn[];
    },
  ): SqlFrom {
    const alias = `s${++this.#aliases}`;
    const query: SqlQuery = {
      kind: 'select',
      columns: [...of.keys.map(([key]) => ({ name: `${alias}_${key}`, value: name(key) })), ...of.values],
      from: { kind: 'table', table },
      where: [],
      groupBy: [],
      orderBy: [],
    };
    const on = of.keys.map(([key, equals]) => operator('=', equals, name(`${alias}_${key}`)));
    return { kind: 'join', join: 'left', left, right: { kind: 'query', query, alias }, on };
  }

  #aggregate(of: Aggregate, relation: Relation, input: Block): SqlExpression {
    if (of.function === 'count') return call('count', fixed('*'));
    if (of.function === 'apply') {
      const made = this.#dialect.aggregates.apply?.[of.of];
      if (made === undefined)
        throw new FlowError('relation-invalid', `${this.#dialect.name} has no aggregate "${of.of}"`);
      const order = orderKeys(of).map(({ by, ...key }) => ({
        ...orderOf([{ by, ...key }])[0],
        by: columnOf(input, by),
      }));
      return made(order, ...of.arguments.map((one) => this.#sql(one, relation, input)));
    }
    const value = this.#sql(of.argument, relation, input);
    switch (of.function) {
      case 'sum':
        return this.#dialect.aggregates.sum(value, typeOf(of.argument, { columns: columnsOf(relation) }));
      case 'percentile':
        return this.#dialect.aggregates.percentile(value, of.permille);
      case 'set':
        return this.#dialect.aggregates.set(value, typeOf(of.argument, { columns: columnsOf(relation) }));
      case 'distinct':
        return { kind: 'call', name: 'count', arguments: [value], distinct: true };
      default:
        return call(of.function, value);
    }
  }

  /**
   * The block of an input of which `kept` is kept and `read` is read. It is closed if it has come further than the stages that are `open` to the
   * node, and if SQL would compute a column twice.
   */
  #input(relation: Relation, kept: ReadonlySet<string>, read: readonly Expression[], open: readonly Stage[]): Block {
    const reads = [...kept, ...read.flatMap(columnsRead)];
    const needed = new Set(reads);
    const block = this.#block(relation, needed);
    const isTwice = reads.some((one, i) => !isSimple(block.columns.get(one)) && reads.indexOf(one) !== i);
    return open.includes(block.stage) && !isTwice ? block : this.#reopened(block, relation, needed);
  }

  /** The block of an input, with nothing in it but a relation that has a name. */
  #closedInput(relation: Relation, needed: ReadonlySet<string>): Block {
    return this.#reopened(this.#block(relation, needed), relation, needed);
  }

  #reopened(block: Block, relation: Relation, needed: ReadonlySet<string>): Block {
    if (isPlain(block) && block.from.kind !== 'join') return block;
    const names = pick(relation, needed);
    return this.#over(this.#closed(block, names), names);
  }

  #over(query: SqlQuery, names: readonly string[]): Block {
    return blockOver({ kind: 'query', query, alias: `s${++this.#aliases}` }, names);
  }

  #sql(expression: Expression, relation: Relation, input: Block): SqlExpression {
    return expressionSql(expression, {
      dialect: this.#dialect,
      scope: { columns: columnsOf(relation) },
      column: (one) => columnOf(input, one),
    });
  }
}

function blockOver(from: SqlFrom, names: readonly string[]): Block {
  const columns = new Map(names.map((one) => [one, name(one)]));
  return { from, where: [], columns, groupBy: [], orderBy: [], stage: 'rows' };
}

/** A block with columns that make it expand, and of the others those that are needed. */
function expanded(
  block: Block,
  needed: ReadonlySet<string>,
  made: readonly (readonly [string, SqlExpression])[],
): Block {
  const columns = [...block.columns].filter(([one]) => needed.has(one));
  return { ...block, columns: new Map([...columns, ...made]), stage: 'expanded' };
}

/** A block as a query with these columns. */
function closed(block: Block, names: readonly string[]): SqlQuery {
  const { from, where, groupBy, orderBy, limit } = block;
  if (from.kind === 'query' && isPlain(block) && isSame(namesOfQuery(from.query), names)) return from.query;
  const list = names.map((one) => ({ name: one, value: columnOf(block, one) }));
  if (list.length === 0)
    list.push({ name: 'one', value: block.stage === 'grouped' ? call('count', fixed('*')) : number(1) });
  return {
    kind: 'select',
    columns: list,
    from,
    where,
    groupBy,
    orderBy,
    ...(limit === undefined ? {} : { limit }),
  };
}

/** The columns of a query, in order. */
function namesOfQuery(query: SqlQuery): string[] {
  return query.kind === 'union' ? namesOfQuery(query.all[0]) : query.columns.map((one) => one.name);
}

/** Whether a block is nothing but what it is over. */
function isPlain({ where, columns, groupBy, orderBy, limit, stage }: Block): boolean {
  return (
    stage === 'rows' &&
    where.length + groupBy.length + orderBy.length === 0 &&
    limit === undefined &&
    [...columns].every(([one, value]) => value.kind === 'name' && value.name === one)
  );
}

/** Whether an expression costs nothing to write twice. */
function isSimple(expression: SqlExpression | undefined): boolean {
  return expression === undefined || ['name', 'number', 'boolean', 'null'].includes(expression.kind);
}

function orderKeys(of: Aggregate): readonly SortKey[] {
  return of.function === 'apply' ? (of.order ?? []) : [];
}

function orderOf(keys: readonly SortKey[], of?: string): SqlOrder[] {
  return keys.map(({ by, descending = false, nullsFirst = false }) => ({
    by: of === undefined ? name(by) : { kind: 'name', name: by, of },
    descending,
    nullsFirst,
  }));
}

function aliasOf(from: SqlFrom): string {
  switch (from.kind) {
    case 'table':
      return from.table;
    case 'named':
      return from.name;
    case 'query':
    case 'values':
      return from.alias;
    default:
      assert(false, 'a closed block has a name');
      return '';
  }
}

function columnOf(block: Block, one: string): SqlExpression {
  const column = block.columns.get(one);
  assert(column !== undefined, `the block has the column ${one}`);
  return column;
}

function namesOf(relation: Relation): string[] {
  return columnsOf(relation).map((one) => one.name);
}

/** The columns of a relation that are needed, in its order. */
function pick(relation: Relation, needed: ReadonlySet<string>): string[] {
  return namesOf(relation).filter((one) => needed.has(one));
}

function without(names: ReadonlySet<string>, others: readonly string[]): Set<string> {
  return new Set([...names].filter((one) => !others.includes(one)));
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((one, i) => one === b[i]);
}

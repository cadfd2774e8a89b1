/** The one printer: SQL nodes as text, and the values that belong to its places. */
import { assert } from '../../base/assert.ts';
import type { Literal } from '../relation/value.ts';
import type { TableName } from '../relation/node-names.ts';
import type { Type } from '../relation/type.ts';
import type { SqlDialect } from './dialect.ts';
import type { SqlExpression, SqlFrom, SqlOrder, SqlQuery, SqlSelect, SqlStatement } from './node.ts';

export interface SqlText {
  readonly text: string;
  /** The values of the places, in their order. */
  readonly parameters: readonly Literal[];
}

/** Where each table lies: SQL of a relation, as the engine knows it. */
export type TableSources = Readonly<Record<TableName, string>>;

/** A statement, and the steps that come before it: each makes a temporary table of this name. */
export interface SqlSteps extends SqlText {
  readonly steps: readonly (SqlText & { readonly name: string })[];
}

export function printSql(
  { with: named, query }: Pick<SqlStatement, 'with' | 'query'>,
  dialect: SqlDialect,
  sources: TableSources,
): SqlSteps {
  const printer = new Printer(dialect, sources);
  if (dialect.steps === 'with') {
    const text = printer.statement(named, query);
    return { text, parameters: printer.parameters, steps: [] };
  }
  const steps = named.map((step) => {
    const { text, parameters } = printSql({ with: [], query: step.query }, dialect, sources);
    return { name: step.name, text: dialect.step(step.name, text), parameters };
  });
  return { text: printer.statement([], query), parameters: printer.parameters, steps };
}

/** The engine's name of a type. */
export function typeText(type: Type, dialect: SqlDialect): string {
  if (typeof type === 'string') return dialect.types[type];
  if ('list' in type) return dialect.list(typeText(type.list, dialect));
  return dialect.struct(type.struct.map((field) => ({ name: field.name, type: typeText(field.type, dialect) })));
}

/** Words that are quoted as names: those that either dialect reserves. */
const reserved = new Set(
  (
    'all analyse analyze and any array as asc asymmetric both by case cast check collate column constraint create cross ' +
    'date default deferrable desc describe distinct div do else end except exists explain false fetch final for foreign ' +
    'format from full global grant group having ilike in initially inner intersect interval into is join key lambda lateral ' +
    'leading left like limit mod natural not null offset on only or order outer pivot placing prewhere primary qualify ' +
    'references returning right sample select semi settings show some summarize symmetric table then to trailing true union unique ' +
    'unpivot using values variadic view when where window with'
  ).split(' '),
);

class Printer {
  readonly parameters: Literal[] = [];
  readonly #dialect: SqlDialect;
  readonly #sources: TableSources;
  readonly #places = new Map<Literal, number>();

  constructor(dialect: SqlDialect, sources: TableSources) {
    this.#dialect = dialect;
    this.#sources = sources;
  }

  statement(named: SqlStatement['with'], query: SqlQuery): string {
    const steps = named.map((step) => this.#dialect.step(this.#name(step.name), this.#query(step.query)));
    return `${steps.length === 0 ? '' : `WITH ${steps.join(',\n')}\n`}${this.#query(query)}`;
  }

  #query(query: SqlQuery): string {
    if (query.kind === 'select') return this.#select(query);
    return query.all.map((one) => (isOrdered(one) ? `(${this.#query(one)})` : this.#query(one))).join('\nUNION ALL\n');
  }

  #select({ columns, from, where, groupBy, orderBy, limit }: SqlSelect): string {
    const list = columns.map(({ name, value }) => {
      const text = this.#text(value);
      return text === this.#name(name) ? text : `${text} AS ${this.#name(name)}`;
    });
    const parts = [`SELECT ${list.join(', ')}`, `FROM ${this.#from(from)}`];
    if (where.length > 0) parts.push(`WHERE ${where.map((one) => this.#operand(one, all)).join(' AND ')}`);
    if (groupBy.length > 0) parts.push(`GROUP BY ${groupBy.map((one) => this.#text(one)).join(', ')}`);
    if (orderBy.length > 0) parts.push(`ORDER BY ${this.#order(orderBy)}`);
    if (limit !== undefined) parts.push(`LIMIT ${wholeText(limit)}`);
    return parts.join('\n');
  }

  #from(from: SqlFrom): string {
    switch (from.kind) {
      case 'table':
        return this.#table(from.table);
      case 'named':
        return this.#name(from.name);
      case 'query':
        return `(${this.#query(from.query)}) AS ${this.#name(from.alias)}`;
      case 'values': {
        const rows = from.rows.map((row, at) => {
          const list = row.map(
            (one, i) =>
              this.#value(one, from.columns[i].type) + (at > 0 ? '' : ` AS ${this.#name(from.columns[i].name)}`),
          );
          return `SELECT ${list.join(', ')}`;
        });
        return `(${rows.join(' UNION ALL ')}) AS ${this.#name(from.alias)}`;
      }
      default: {
        const sides = [this.#from(from.left), this.#from(from.right)] as const;
        if (from.join === 'cross') return `${sides[0]} CROSS JOIN ${sides[1]}`;
        const on = from.on.map((one) => this.#text(one)).join(' AND ');
        return `${sides[0]} ${this.#dialect.joins[from.join]} JOIN ${sides[1]} ON ${on}`;
      }
    }
  }

  /** A table of the lake where it lies; any other one has its name in the connection. */
  #table(table: string): string {
    const name = this.#name(table);
    return Object.hasOwn(this.#sources, table) ? `${this.#sources[table as TableName]} AS ${name}` : name;
  }

  #text(expression: SqlExpression): string {
    switch (expression.kind) {
      case 'name':
        return (expression.of === undefined ? '' : `${this.#name(expression.of)}.`) + this.#name(expression.name);
      case 'parameter':
        return this.#dialect.placeholder(
          this.#placeOf(expression.literal),
          typeText(expression.literal.type, this.#dialect),
        );
      case 'number':
        return wholeText(expression.value);
      case 'boolean':
        return String(expression.value);
      case 'null':
        return `CAST(NULL AS ${typeText(expression.type, this.#dialect)})`;
      case 'fixed':
        return expression.text;
      case 'call': {
        const args = expression.arguments.map((one) => this.#text(one)).join(', ');
        const { order = [] } = expression;
        const ordered = order.length === 0 ? '' : ` ORDER BY ${this.#order(order)}`;
        const made = `${expression.name}(${expression.distinct === true ? 'DISTINCT ' : ''}${args}${ordered})`;
        return expression.where === undefined ? made : `${made} FILTER (WHERE ${this.#text(expression.where)})`;
      }
      case 'operator':
        return expression.operands.map((one) => this.#operand(one, expression)).join(` ${expression.operator} `);
      case 'not':
        return `NOT ${this.#operand(expression.of, expression)}`;
      case 'is-null':
        return `${this.#operand(expression.of, expression)} IS NULL`;
      case 'in': {
        const items = expression.items.map((one) => this.#text(one)).join(', ');
        return `${this.#operand(expression.of, expression)} IN (${items})`;
      }
      case 'case': {
        const branches = expression.when.map((one) => `WHEN ${this.#text(one.if)} THEN ${this.#text(one.value)}`);
        const { otherwise } = expression;
        return `CASE ${branches.join(' ')}${otherwise === undefined ? '' : ` ELSE ${this.#text(otherwise)}`} END`;
      }
      case 'cast':
        return `CAST(${this.#text(expression.of)} AS ${typeText(expression.type, this.#dialect)})`;
      case 'try-cast':
        return `TRY_CAST(${this.#text(expression.of)} AS ${expression.type})`;
      case 'lambda':
        return this.#dialect.lambda(expression.parameter, this.#text(expression.body));
      case 'field':
        return this.#dialect.field(this.#operand(expression.of, tight), expression.name);
      case 'struct': {
        const fields = expression.fields.map(({ name, value }) => ({ name, value: this.#text(value) }));
        return this.#dialect.structValue(fields, typeText(expression.type, this.#dialect));
      }
      case 'list':
        return `[${expression.items.map((one) => this.#text(one)).join(', ')}]`;
      default: {
        const partition = expression.partition.map((one) => this.#text(one)).join(', ');
        const parts = [
          ...(partition === '' ? [] : [`PARTITION BY ${partition}`]),
          ...(expression.order.length === 0 ? [] : [`ORDER BY ${this.#order(expression.order)}`]),
          ...(expression.frame === undefined ? [] : [frameText(expression.frame)]),
        ];
        return `${this.#text(expression.of)} OVER (${parts.join(' ')})`;
      }
    }
  }

  /** An expression that is written twice has the same places: DuckDB then computes it once. */
  #placeOf(literal: Literal): number {
    const known = this.#places.get(literal);
    if (known !== undefined) return known;
    this.parameters.push(literal);
    this.#places.set(literal, this.parameters.length);
    return this.parameters.length;
  }

  /** With its type: a parameter alone has none. */
  #value(expression: SqlExpression, type: Type): string {
    return `CAST(${this.#text(expression)} AS ${typeText(type, this.#dialect)})`;
  }

  /** In brackets unless it binds tighter than what it stands in. */
  #operand(expression: SqlExpression, within: SqlExpression): string {
    const text = this.#text(expression);
    return binding(expression) > binding(within) ? text : `(${text})`;
  }

  #order(order: readonly SqlOrder[]): string {
    return order
      .map(({ by, descending, nullsFirst }) => {
        const direction = descending ? ' DESC' : '';
        return `${this.#text(by)}${direction} NULLS ${nullsFirst ? 'FIRST' : 'LAST'}`;
      })
      .join(', ');
  }

  #name(name: string): string {
    assert(/^[a-z][a-z0-9_]*$/.test(name), 'names of a checked tree are lower-case words');
    return reserved.has(name) ? `"${name}"` : name;
  }
}

function frameText({ start, end }: { readonly start?: number; readonly end: number }): string {
  const bound = (by: number): string =>
    by === 0 ? 'CURRENT ROW' : `${wholeText(Math.abs(by))} ${by < 0 ? 'PRECEDING' : 'FOLLOWING'}`;
  return `ROWS BETWEEN ${start === undefined ? 'UNBOUNDED PRECEDING' : bound(start)} AND ${bound(end)}`;
}

/** Stands for what binds tighter than all operators. */
const tight: SqlExpression = { kind: 'operator', operator: '.', operands: [] };

/** Stands for the condition of a SELECT. */
const all: SqlExpression = { kind: 'operator', operator: 'AND', operands: [] };

const bindings = [
  ['OR'],
  ['AND'],
  ['NOT'],
  ['=', '<>', '<', '<=', '>', '>=', 'ILIKE', 'IS NOT DISTINCT FROM'],
  ['+', '-'],
];

/** How tight an expression binds: 0 is the least, what needs no brackets anywhere the most. */
function binding(expression: SqlExpression): number {
  switch (expression.kind) {
    case 'operator': {
      const found = bindings.findIndex((signs) => signs.includes(expression.operator));
      return found < 0 ? bindings.length : found;
    }
    case 'not':
      return 2;
    case 'is-null':
    case 'in':
      return 3;
    case 'lambda':
      return -1;
    default:
      return bindings.length + 1;
  }
}

function isOrdered(query: SqlQuery): boolean {
  return query.kind === 'select' && (query.orderBy.length > 0 || query.limit !== undefined);
}

function wholeText(value: number): string {
  assert(Number.isSafeInteger(value), 'a number in SQL text is whole and safe');
  return String(value);
}

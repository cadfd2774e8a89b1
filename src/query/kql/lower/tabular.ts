/** Expressions that stand for rows. */
import { column, whole } from '../../relation/expression.ts';
import type { Expression } from '../../relation/expression.ts';
import { project, values } from '../../relation/build.ts';
import type { SyntaxNode } from '../language/syntax.ts';
import { nearest } from '../../filter/nearest.ts';
import { scalarOf } from '../type.ts';
import { bindArguments, converted, expression, typeNamed } from './expression.ts';
import { literalOfValue } from './literal.ts';
import { oneRow } from './one-row.ts';
import { operators } from './operators/operators.ts';
import { range } from './operators/range.ts';
import { list, node } from './parts.ts';
import type { KqlQuery } from './query.ts';
import type { Rows } from './rows.ts';
import { neverNullText, renamed } from './rows.ts';
import type { Binding, Names } from './names.ts';
import { Scope } from './scope.ts';
import { sharedRows } from './shared-rows.ts';
import { bindStatements } from './statements.ts';

/** The rows of a tabular expression. `input`: of an operator that begins one, within the brackets of another operator. */
export function tabular(of: SyntaxNode, names: Names, query: KqlQuery, input?: Rows): Rows {
  switch (of.kind) {
    case 'PipeExpression':
      return operator(node(of, 'Operator'), tabular(node(of, 'Expression'), names, query, input), names, query);
    case 'ParenthesizedExpression':
    case 'SubqueryExpression':
      return tabular(node(of, 'Expression'), names, query, input);
    case 'NameReference':
      return namedRows(of, names, query);
    case 'FunctionCallExpression':
      return calledRows(of, names, query);
    case 'DataTableExpression':
      return datatable(of, names, query);
    case 'RangeOperator':
      return range(of, names, query);
    case 'MaterializeExpression': {
      const value = tabular(node(of, 'Expression'), names, query);
      return sharedRows(value, query);
    }
    default:
      return operator(of, input, names, query);
  }
}

function operator(of: SyntaxNode, input: Rows | undefined, names: Names, query: KqlQuery): Rows {
  const lower = Object.hasOwn(operators, of.kind) ? operators[of.kind] : undefined;
  if (lower === undefined) return query.refuse(of, `the operator ${spelled(of)} is not supported`);
  return query.checked(of, () =>
    lower({ of, input: input ?? oneRow(query), hasInput: input !== undefined, names, query }),
  );
}

function spelled({ kind }: SyntaxNode): string {
  return kind
    .replace(/(?:Expression|Operator)$/, '')
    .replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-')
    .toLowerCase();
}

function namedRows(of: SyntaxNode, names: Names, query: KqlQuery): Rows {
  const name = of.text ?? '';
  const binding = names.find(name);
  switch (binding?.kind) {
    case 'table':
      return letRows(binding, query, of);
    case 'rows':
      return renamed(binding.rows, query.fresh);
    case 'function':
      return calledRows(of, names, query);
    case 'scalar':
      return tabular(binding.node, binding.names, query);
    default:
      return tableRows(of, name, query);
  }
}

/** A table that `let` names: where it is used more than once, its rows are computed once. */
function letRows(binding: Extract<Binding, { kind: 'table' }>, query: KqlQuery, of: SyntaxNode): Rows {
  const { cache, node: value, names } = binding;
  if (cache.rows !== undefined) return renamed(cache.rows, query.fresh);
  const rows = tabular(value, names, query);
  if (value.kind === 'NameReference' || query.usesOf(of.text ?? '') < 2) return rows;
  cache.rows = sharedRows(rows, query);
  return renamed(cache.rows, query.fresh);
}

/** A table of the database. */
export function tableRows(of: SyntaxNode, name: string, query: KqlQuery): Rows {
  const { tables, range: times } = query.settings;
  const table = tables.find((one) => one.name === name);
  if (table === undefined) {
    const all = tables.map((one) => one.name);
    const near = nearest(name, all);
    return query.invalid(
      of,
      `there is no table ${name}`,
      `${near === undefined ? '' : `Did you mean ${near}? `}The tables are ${all.join(', ')}.`,
    );
  }
  query.tablesRead.add(name);
  const columns = table.columns.map((one) => ({ name: one.name, type: one.type, column: query.fresh() }));
  const relation = project(
    table.relation(times),
    table.columns.map((one, i) => ({
      name: columns[i].column,
      value: neverNullText({ value: column(one.column), type: one.type }).value,
    })),
  );
  return { relation, columns, order: [], group: [] };
}

function calledRows(of: SyntaxNode, names: Names, query: KqlQuery): Rows {
  const name = (of.kind === 'NameReference' ? of.text : node(of, 'Name').text) ?? '';
  const args = of.kind === 'NameReference' ? [] : list(node(of, 'ArgumentList'), 'Expressions');
  if (names.find(name)?.kind === 'function') {
    const { names: inner, body } = bindArguments(of, args, undefined, names, query);
    return query.within(of, () => {
      bindStatements(list(body, 'Statements'), inner, query);
      return tabular(node(body, 'Expression'), inner, query);
    });
  }
  if (name === 'table' && args[0]?.kind === 'StringLiteralExpression') {
    const table = args[0].text ?? '';
    const binding = names.find(table);
    return binding?.kind === 'table' ? letRows(binding, query, { ...of, text: table }) : tableRows(of, table, query);
  }
  if (name === 'materialize') return sharedRows(tabular(args[0], names, query), query);
  return query.refuse(of, `the function ${name} is not supported as a table`);
}

function datatable(of: SyntaxNode, names: Names, query: KqlQuery): Rows {
  const scope = new Scope(query, names, oneRow(query));
  const declared = list(node(of, 'Schema'), 'Columns').map((one) => ({
    name: node(one, 'Name').text ?? '',
    type: typeNamed(node(one, 'Type'), scope),
    column: query.fresh(),
  }));
  const items = list(of, 'Values');
  const place = query.fresh();
  const rows: Expression[][] = [];
  for (let at = 0; at < items.length; at += declared.length)
    rows.push([
      ...declared.map(({ type }, i) => {
        const item = items[at + i];
        const value = query.constant(converted(expression(item, scope), type, scope, item));
        if (value === undefined) return query.refuse(item, 'a datatable holds constants only');
        return literalOfValue(type, type === 'string' ? (value ?? '') : value).value;
      }),
      whole(at),
    ]);
  const relation = values(
    [...declared.map((one) => ({ name: one.column, type: scalarOf(one.type) })), { name: place, type: 'long' }],
    rows,
  );
  return { relation, columns: declared, order: [{ by: place }], group: [] };
}

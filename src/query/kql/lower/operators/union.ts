/** union: rows of several tables, columns of the same name and type together. */
import { project, union as unionRelations } from '../../../relation/build.ts';
import type { Named } from '../../../relation/expression.ts';
import { column } from '../../../relation/expression.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import type { KqlType } from '../../type.ts';
import { literal } from '../literal.ts';
import { list, optional, parameter, unwrapped } from '../parts.ts';
import type { KqlQuery } from '../query.ts';
import type { RowColumn, Rows } from '../rows.ts';
import { emptyValue } from '../rows.ts';
import { patternOf } from './columns.ts';
import type { Operator } from './operator.ts';

export interface UnionInput {
  readonly rows: Rows;
  /** For `withsource`. */
  readonly source: string;
}

export const union: Operator = (from) => {
  const { of, query, names, input, hasInput } = from;
  const inputs: UnionInput[] = hasInput ? [{ rows: input, source: 'union_arg0' }] : [];
  for (const item of list(of, 'Expressions')) {
    const plain = unwrapped(item);
    if (plain.kind === 'NameReference' && plain.text?.includes('*') === true) {
      const pattern = patternOf(plain.text);
      const found = [...query.settings.tables.map((one) => one.name), ...names.tables()].filter((name) =>
        pattern.test(name),
      );
      for (const name of found) inputs.push({ rows: query.rowsOf(named(plain, name), names), source: name });
      continue;
    }
    const source = nameOf(plain) ?? `union_arg${inputs.length}`;
    inputs.push({ rows: query.rowsOf(item, names), source });
  }
  if (inputs.length === 0) return query.invalid(of, 'the union has no table');
  const isInner = parameter(of, 'kind')?.text?.toLowerCase() === 'inner';
  const source = parameter(of, 'withsource') ?? parameter(of, 'with_source');
  return unionOf(inputs, query, isInner, source?.text);
};

/** The name of a table, or the one that `as` gives rows. */
function nameOf(of: SyntaxNode): string | undefined {
  if (of.kind === 'NameReference') return of.text;
  const last = of.kind === 'PipeExpression' ? optional(of, 'Operator') : undefined;
  return last?.kind === 'AsOperator' ? optional(last, 'Name')?.text : undefined;
}

function named(of: SyntaxNode, name: string): SyntaxNode {
  return { kind: 'NameReference', start: of.start, end: of.end, text: name, parts: {} };
}

/** The rows of all; `source` is the name of a column that says which. */
export function unionOf(
  inputs: readonly UnionInput[],
  query: KqlQuery,
  isInner: boolean,
  source: string | undefined,
): Rows {
  const columns = unionColumns(inputs, isInner).map((one) => ({ ...one, column: query.fresh() }));
  const [sourceColumn, group] = [query.fresh(), inputs[0].rows.group];
  const groupNames = group.map(() => query.fresh());
  const relations = inputs.map(({ rows, source: text }) => {
    const values = columns.map(({ name, base, type }): Named['value'] => {
      const found = rows.columns.find((one) => one.name === base && one.type === type);
      return found === undefined || name === undefined ? emptyValue(type) : column(found.column);
    });
    return project(rows.relation, [
      ...(source === undefined ? [] : [{ name: sourceColumn, value: literal('string', text).value }]),
      ...columns.map((one, i) => ({ name: one.column, value: values[i] })),
      ...rows.group.map((one, i) => ({ name: groupNames[i], value: column(one) })),
    ]);
  });
  const first: RowColumn[] = source === undefined ? [] : [{ name: source, type: 'string', column: sourceColumn }];
  return {
    relation: unionRelations(relations),
    columns: [...first, ...columns.map(({ name, type, column: one }) => ({ name, type, column: one }))],
    order: [],
    group: groupNames,
  };
}

interface UnionColumn {
  /** In the answer: with its type behind it, where a name has several. */
  readonly name: string;
  readonly base: string;
  readonly type: KqlType;
}

function unionColumns(inputs: readonly UnionInput[], isInner: boolean): UnionColumn[] {
  const all = inputs.map(({ rows }) => rows.columns);
  const found: { name: string; type: KqlType }[] = [];
  for (const columns of all)
    for (const { name, type } of columns)
      if (!found.some((one) => one.name === name && one.type === type)) found.push({ name, type });
  const kept = isInner
    ? found.filter((one) => all.every((columns) => columns.some((c) => c.name === one.name && c.type === one.type)))
    : found;
  return kept.map(({ name, type }) => {
    const types = kept.filter((one) => one.name === name);
    return { name: types.length > 1 ? `${name}_${type}` : name, base: name, type };
  });
}

/** project, extend and their kin. */
import type { SyntaxNode } from '../../language/syntax.ts';
import type { Typed } from '../../functions/kinds.ts';
import { expressionValues } from '../expression.ts';
import { list, node, optional } from '../parts.ts';
import type { RowColumn, Rows } from '../rows.ts';
import { boundTo, findColumn, withColumns } from '../rows.ts';
import type { Operator, OperatorInput } from './operator.ts';
import { schemaNames, scopeOf } from './operator.ts';

/** Columns of expressions, each with the name that the schema or the expression gives it. */
export const project: Operator = (from) => {
  const scope = scopeOf(from);
  const made = list(from.of, 'Expressions').flatMap((item) => expressionValues(item, scope));
  const names = schemaNames(from);
  const { relation, columns } = boundTo(
    scope.rows.relation,
    made.map(({ value }) => value),
    from.query.fresh,
  );
  const taken = new Set<string>();
  return {
    ...scope.rows,
    relation,
    columns: columns.map((one, i) => {
      const name = names?.length === made.length ? names[i] : free(made[i].name ?? `Column${i + 1}`, taken);
      taken.add(name);
      return { name, ...one };
    }),
  };
};

export const extend: Operator = (from) => {
  const scope = scopeOf(from);
  const made = list(from.of, 'Expressions').flatMap((item) => expressionValues(item, scope));
  return withNamed(from, scope.rows, made);
};

/** The rows with further columns; those without a name have the names that only the schema knows, in its order. */
export function withNamed(
  from: OperatorInput,
  rows: Rows,
  made: readonly { readonly name?: string; readonly value: Typed }[],
): Rows {
  const known = new Set([...made.map(({ name }) => name), ...from.input.columns.map(({ name }) => name)]);
  const others = (schemaNames(from) ?? []).filter((name) => !known.has(name));
  const named = made.map(({ name, value }, i) => ({ name: name ?? others.shift() ?? `Column${i + 1}`, value }));
  return withColumns(rows, named, from.query.fresh);
}

/** `print`: as project, over one row. */
export const print: Operator = (from) => {
  const rows = project(from);
  return { ...rows, order: [] };
};

/** The name that an expression gives its column; `undefined` if the language makes one. */
export function givenName(of: SyntaxNode): string | undefined {
  if (of.kind === 'SimpleNamedExpression') return optional(of, 'Name')?.text;
  return of.kind === 'NameReference' ? of.text : undefined;
}

function free(name: string, taken: ReadonlySet<string>): string {
  if (!taken.has(name)) return name;
  for (let i = 1; ; i++) if (!taken.has(`${name}${i}`)) return `${name}${i}`;
}

export const projectAway: Operator = (from) => {
  const away = new Set(list(from.of, 'Expressions').flatMap((one) => columnsNamed(one, from)));
  return { ...from.input, columns: from.input.columns.filter((one) => !away.has(one)) };
};

export const projectKeep: Operator = (from) => {
  const kept = new Set(list(from.of, 'Expressions').flatMap((one) => columnsNamed(one, from)));
  return { ...from.input, columns: from.input.columns.filter((one) => kept.has(one)) };
};

export const projectRename: Operator = (from) => {
  const names = new Map<string, string>();
  for (const one of list(from.of, 'Expressions')) {
    const old = node(one, 'Expression');
    if (findColumn(from.input, old.text ?? '') === undefined) from.query.invalid(old, `there is no column ${old.text}`);
    names.set(old.text ?? '', node(one, 'Name').text ?? '');
  }
  return {
    ...from.input,
    columns: from.input.columns.map((one) => ({ ...one, name: names.get(one.name) ?? one.name })),
  };
};

export const projectReorder: Operator = (from) => {
  const names = schemaNames(from);
  if (names !== undefined) return inOrder(from.input, names);
  const first = list(from.of, 'Expressions').flatMap((one) => columnsNamed(unordered(one), from));
  return { ...from.input, columns: [...new Set([...first, ...from.input.columns])] };
};

function inOrder(rows: Rows, names: readonly string[]): Rows {
  return { ...rows, columns: names.flatMap((name) => findColumn(rows, name) ?? []) };
}

function unordered(of: SyntaxNode): SyntaxNode {
  return of.kind === 'OrderedExpression' ? node(of, 'Expression') : of;
}

/** The columns that a name means, in which `*` stands for any text. */
export function columnsNamed(of: SyntaxNode, { input, query }: OperatorInput): readonly RowColumn[] {
  if (of.kind === 'StarExpression') return input.columns;
  const name = of.text ?? '';
  if (of.kind === 'WildcardedNameReference' || name.includes('*')) {
    const pattern = patternOf(name === '' ? query.settings.text.slice(of.start, of.end) : name);
    return input.columns.filter((one) => pattern.test(one.name));
  }
  const found = findColumn(input, name);
  return [found ?? query.invalid(of, `there is no column ${name}`)];
}

export function patternOf(name: string): RegExp {
  const plain = name.replaceAll(/^\['?|'?\]$/g, '');
  return new RegExp(
    `^${plain
      .split('*')
      .map((part) => part.replaceAll(/[\\^$.+?()[\]{}|]/g, String.raw`\$&`))
      .join('.*')}$`,
  );
}

/** search and find: rows of several tables that a condition finds. */
import { filter } from '../../../relation/build.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import { converted, expression, operate } from '../expression.ts';
import { literal } from '../literal.ts';
import { list, node, optional, parameter, unwrapped } from '../parts.ts';
import type { Rows } from '../rows.ts';
import { typedColumn } from '../rows.ts';
import { Scope } from '../scope.ts';
import { patternOf } from './columns.ts';
import type { Operator, OperatorInput } from './operator.ts';
import { schemaNames } from './operator.ts';
import type { UnionInput } from './union.ts';
import { unionOf } from './union.ts';

export const search: Operator = (from) => {
  const inputs = inputsOf(from).map((one) => ({ ...one, rows: found(node(from.of, 'Condition'), one.rows, from) }));
  return inOrder(unionOf(inputs, from.query, false, '$table'), schemaNames(from));
};

export const find: Operator = (from) => {
  const inputs = inputsOf(from).map((one) => ({ ...one, rows: found(node(from.of, 'Condition'), one.rows, from) }));
  const rows = unionOf(inputs, from.query, false, 'source_');
  const clause = optional(from.of, 'Project');
  const names = schemaNames(from);
  if (clause === undefined || names?.every((name) => rows.columns.some((one) => one.name === name)) !== true)
    return from.query.refuse(from.of, 'find without project is not supported');
  return inOrder(rows, names);
};

function inOrder(rows: Rows, names: readonly string[] | undefined): Rows {
  if (names === undefined) return rows;
  return { ...rows, columns: names.flatMap((name) => rows.columns.find((one) => one.name === name) ?? []) };
}

/** The rows in front; else those of the tables that `in` names; else of all tables. */
function inputsOf({ of, input, hasInput, names, query }: OperatorInput): UnionInput[] {
  if (hasInput) return [{ rows: input, source: '' }];
  const clause = optional(of, 'InClause');
  const named = list(clause, 'Expressions').map(unwrapped);
  const all: SyntaxNode[] = clause === undefined ? query.settings.tables.map((one) => reference(of, one.name)) : [];
  for (const one of named) {
    if (one.text?.includes('*') !== true) all.push(one);
    else {
      const pattern = patternOf(one.text);
      for (const table of query.settings.tables) if (pattern.test(table.name)) all.push(reference(one, table.name));
    }
  }
  if (all.length === 0) return query.invalid(of, 'there is no table to search');
  return all.map((one, i) => ({
    rows: query.rowsOf(one, names),
    source: one.kind === 'NameReference' ? (one.text ?? '') : `union_arg${i}`,
  }));
}

function reference({ start, end }: SyntaxNode, text: string): SyntaxNode {
  return { kind: 'NameReference', start, end, text, parts: {} };
}

function found(condition: SyntaxNode, rows: Rows, { of, query, names }: OperatorInput): Rows {
  const scope = new Scope(query, names, rows);
  const holds = conditionOf(condition, scope, parameter(of, 'kind')?.text?.toLowerCase() === 'case_sensitive');
  return { ...scope.rows, relation: filter(scope.rows.relation, holds.value) };
}

/** A text alone is a term of any column; `*` in it stands for the rest of a term. */
function conditionOf(of: SyntaxNode, scope: Scope, isSensitive: boolean): Typed {
  switch (of.kind) {
    case 'ParenthesizedExpression':
      return conditionOf(node(of, 'Expression'), scope, isSensitive);
    case 'AndExpression':
    case 'OrExpression': {
      const sign = of.kind === 'AndExpression' ? 'and' : 'or';
      const sides = [node(of, 'Left'), node(of, 'Right')];
      return operate(
        sign,
        of,
        sides.map((one) => conditionOf(one, scope, isSensitive)),
        scope,
      );
    }
    case 'StringLiteralExpression':
      return termOf(of, scope, isSensitive);
    case 'SearchExpression': {
      const inner = new Scope(scope.query, scope.names, {
        ...scope.rows,
        columns: scope.rows.columns.filter((one) => one.name === node(of, 'Left').text),
      });
      return termOf(node(of, 'Right'), inner, isSensitive);
    }
    default:
      return missingIsNot(isSensitive ? sensitive(of) : of, scope);
  }
}

/** Signs of texts that have a form which tells cases apart. */
const sensitiveSigns: ReadonlyMap<string, string> = new Map([
  ['has', 'has_cs'],
  ['!has', '!has_cs'],
  ['contains', 'contains_cs'],
  ['!contains', '!contains_cs'],
  ['startswith', 'startswith_cs'],
  ['!startswith', '!startswith_cs'],
  ['endswith', 'endswith_cs'],
  ['!endswith', '!endswith_cs'],
  ['hasprefix', 'hasprefix_cs'],
  ['!hasprefix', '!hasprefix_cs'],
  ['hassuffix', 'hassuffix_cs'],
  ['!hassuffix', '!hassuffix_cs'],
  [':', 'has_cs'],
  ['=~', '=='],
  ['!~', '!='],
  ['in~', 'in'],
  ['!in~', '!in'],
]);

function sensitive(of: SyntaxNode): SyntaxNode {
  const parts = Object.entries(of.parts).map(([name, part]) => {
    if (typeof part !== 'string') return [name, 'kind' in part ? sensitive(part) : part.map(sensitive)] as const;
    return [name, name === 'Operator' ? (sensitiveSigns.get(part.toLowerCase()) ?? part) : part] as const;
  });
  return { ...of, parts: Object.fromEntries(parts) };
}

function termOf(of: SyntaxNode, scope: Scope, isSensitive: boolean): Typed {
  const term = of.text ?? '';
  if (term === '*') return literal('bool', true);
  const [isStart, isEnd] = [term.startsWith('*'), term.endsWith('*')];
  const plain = literal('string', term.replaceAll(/^\*|\*$/g, ''));
  const plainSign = isStart && isEnd ? 'contains' : isStart ? 'hassuffix' : isEnd ? 'hasprefix' : 'has';
  const sign = isSensitive ? `${plainSign}_cs` : plainSign;
  const tests = scope.rows.columns.map((one) =>
    operate(sign, of, [converted(typedColumn(one), 'string', scope, of), plain], scope),
  );
  return tests.reduce((a, b) => operate('or', of, [a, b], scope), literal('bool', false));
}

/** A condition on a column that a table lacks does not hold of its rows. */
function missingIsNot(of: SyntaxNode, scope: Scope): Typed {
  const lacks = (one: SyntaxNode): boolean =>
    (one.kind === 'NameReference' && one.symbol?.kind === 'Column' && scope.column(one.text ?? '') === undefined) ||
    Object.values(one.parts).some(
      (part) => typeof part !== 'string' && ('kind' in part ? lacks(part) : part.some(lacks)),
    );
  return lacks(of) ? literal('bool', false) : expression(of, scope);
}

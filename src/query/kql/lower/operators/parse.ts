/** parse, parse-where and parse-kv: columns from texts, by regular expressions. */
import { filter } from '../../../relation/build.ts';
import { kqlFunctions } from '../../functions/kql-functions.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import type { KqlType } from '../../type.ts';
import { apply, converted, expression, operate, typeNamed } from '../expression.ts';
import { literal } from '../literal.ts';
import { list, node, optional, parameter } from '../parts.ts';
import type { Scope } from '../scope.ts';
import { withColumns } from '../rows.ts';
import type { Operator } from './operator.ts';
import { scopeOf } from './operator.ts';

interface Captured {
  readonly name: string;
  readonly type: KqlType;
  /** Number of the group. */
  readonly group: number;
  readonly of: SyntaxNode;
}

interface Pattern {
  readonly text: string;
  readonly columns: readonly Captured[];
}

function parsing(keepsAll: boolean): Operator {
  return (from) => {
    const scope = scopeOf(from);
    const source = expression(node(from.of, 'Expression'), scope);
    const text = converted(source, 'string', scope, from.of);
    const kind = parameter(from.of, 'kind')?.text?.toLowerCase() ?? 'simple';
    if (kind !== 'simple' && kind !== 'regex' && kind !== 'relaxed')
      return from.query.refuse(from.of, `the kind ${kind} of parse is not supported`);
    const flags = parameter(from.of, 'flags')?.text ?? '';
    const { text: regex, columns } = patternOf(list(from.of, 'Patterns'), kind, flags, scope);
    const pattern = literal('string', regex);
    const values = columns.map(({ name, type, group, of }) => {
      const found = apply('extract', kqlFunctions['extract'], of, [pattern, literal('long', group), text], scope);
      return { name, value: converted(found, type, scope, of) };
    });
    const rows = withColumns(scope.rows, values, from.query.fresh);
    if (keepsAll) return rows;
    const matches = operate('matches regex', from.of, [text, pattern], scope);
    return { ...rows, relation: filter(rows.relation, matches.value) };
  };
}

export const parse = parsing(true);

export const parseWhere = parsing(false);

/** What a value of a type looks like; `relaxed` takes any text, and converts it afterwards. */
const forms: Readonly<Partial<Record<KqlType, string>>> = {
  int: '[-+]?[0-9]+',
  long: '[-+]?[0-9]+',
  real: '[-+]?[0-9]*\\.?[0-9]+(?:[eE][-+]?[0-9]+)?',
  decimal: '[-+]?[0-9]*\\.?[0-9]+(?:[eE][-+]?[0-9]+)?',
  bool: '(?i:true|false|0|1)',
};

function patternOf(
  patterns: readonly SyntaxNode[],
  kind: 'simple' | 'regex' | 'relaxed',
  flags: string,
  scope: Scope,
): Pattern {
  const columns: Captured[] = [];
  let text = '';
  let group = 0;
  for (const [i, one] of patterns.entries()) {
    const isLast = i === patterns.length - 1;
    if (one.kind === 'StarExpression') {
      text += isLast ? '' : '.*?';
      continue;
    }
    if (one.kind === 'StringLiteralExpression' || one.kind === 'CompoundStringLiteralExpression') {
      const piece = one.text ?? '';
      text += kind === 'regex' ? `(?:${piece})` : escaped(piece);
      if (kind === 'regex') group += groupsIn(piece);
      continue;
    }
    const name = one.kind === 'NameAndTypeDeclaration' ? node(one, 'Name') : one;
    const type = one.kind === 'NameAndTypeDeclaration' ? typeNamed(optional(one, 'Type'), scope) : 'string';
    const form = kind === 'relaxed' ? undefined : forms[type];
    text += form === undefined ? (isLast ? '(.*)' : kind === 'regex' ? '(.*)' : '(.*?)') : `(${form})`;
    columns.push({ name: name.text ?? '', type, group: ++group, of: one });
    if (isLast) text += '$';
  }
  return { text: `(?s${kind === 'regex' ? flags : ''})^${text}`, columns };
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** Groups that a regular expression captures. */
function groupsIn(regex: string): number {
  return [...regex.replaceAll(/\\.|\[(?:\\.|[^\]])*\]/g, '').matchAll(/\((?!\?(?!P?<))/g)].length;
}

/** Values by their names in the text. */
export const parseKv: Operator = (from) => {
  const scope = scopeOf(from);
  const text = converted(expression(node(from.of, 'Expression'), scope), 'string', scope, from.of);
  const clause = optional(from.of, 'WithClause');
  const properties = new Map(
    list(clause, 'Properties').map((one) => [node(one, 'Name').text?.toLowerCase() ?? '', optional(one, 'Expression')]),
  );
  for (const name of properties.keys())
    if (!['pair_delimiter', 'kv_delimiter', 'quote', 'regex'].includes(name))
      from.query.refuse(from.of, `parse-kv with ${name} is not supported`);
  const regex = properties.get('regex')?.text;
  const pair = properties.get('pair_delimiter')?.text;
  const key = properties.get('kv_delimiter')?.text;
  if (regex !== undefined) from.query.refuse(from.of, 'parse-kv with a regular expression is not supported');
  const quotes = [...(properties.get('quote')?.text ?? '')];
  const between = pair === undefined ? '[^A-Za-z0-9]' : escaped(pair);
  const sign = key === undefined ? '[^A-Za-z0-9]+?' : `\\s*${escaped(key)}\\s*`;
  const values = list(optional(from.of, 'Keys'), 'Columns').map((one) => {
    const name = node(one, 'Name').text ?? '';
    const type = typeNamed(optional(one, 'Type'), scope);
    const head = `(?s)(?:^|${between})\\s*${escaped(name)}${sign}`;
    const plain = pair === undefined ? '[A-Za-z0-9]*' : '.*?';
    const end = pair === undefined ? '' : `(?:${between}|$)`;
    const at = (pattern: string): Typed =>
      apply('extract', kqlFunctions['extract'], one, [literal('string', pattern), literal('long', 1), text], scope);
    const found = at(`${head}(${plain})${end}`);
    const [open, close = open] = quotes;
    if (open === undefined) return { name, value: converted(found, type, scope, one) };
    const quoted = `${head}${escaped(open)}([^${escaped(close)}]*)${escaped(close)}`;
    const isQuoted = operate('matches regex', one, [text, literal('string', quoted)], scope);
    const value = apply('iff', kqlFunctions['iff'], one, [isQuoted, at(quoted), found], scope);
    return { name, value: converted(value, type, scope, one) };
  });
  return withColumns(scope.rows, values, from.query.fresh);
};

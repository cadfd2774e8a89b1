/** parse, parse-where and parse-kv: columns from texts, by regular expressions. */
import { filter } from '../../../relation/build.ts';
import { kqlFunctions } from '../../functions/kql-functions.ts';
import type { Typed } from '../../functions/kinds.ts';
import { allOf, call, column, when, whole } from '../../../relation/expression.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import type { KqlType } from '../../type.ts';
import { apply, converted, expression, operate, typeNamed } from '../expression.ts';
import { literal } from '../literal.ts';
import { list, node, optional, parameter } from '../parts.ts';
import type { Scope } from '../scope.ts';
import type { Fresh, RowColumn, Rows } from '../rows.ts';
import { boundTo, emptyValue, typedColumn, withColumns } from '../rows.ts';
import type { Operator, OperatorInput } from './operator.ts';
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
    const found = columns.map(({ name, type, group, of }) => {
      const part = apply('extract', kqlFunctions['extract'], of, [pattern, literal('long', group), text], scope);
      return { name, type, value: converted(part, type, scope, of).value };
    });
    const [bound, places] = boundColumns(found, scope.rows, from.query.fresh);
    // All columns have their types, or none has a value; `relaxed` takes those that have.
    const tests = places.filter(({ type }) => type !== 'string' && kind !== 'relaxed');
    const isWhole = allOf(tests.map((one) => call('not', call('is_null', column(one.column)))));
    const values = places.map(({ name, type, column: at }) => ({
      name,
      value: { type, value: isWhole === undefined ? column(at) : when(isWhole, column(at), emptyValue(type)) },
    }));
    const rows = withColumns(bound, values, from.query.fresh);
    if (keepsAll) return rows;
    const matches = operate('matches regex', from.of, [text, pattern], scope);
    return { ...rows, relation: filter(rows.relation, matches.value, isWhole) };
  };
}

/** Values as columns of the relation that the query does not see yet. */
function boundColumns(
  found: readonly ({ readonly name: string } & Typed)[],
  rows: Rows,
  fresh: Fresh,
): readonly [Rows, readonly RowColumn[]] {
  const { relation, columns } = boundTo(rows.relation, found, fresh);
  return [{ ...rows, relation }, columns.map((one, i) => ({ name: found[i].name, ...one }))];
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

const relaxedForms = { ...forms, bool: '(?i:true|false)' } as const;

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
    const relaxed = kind === 'relaxed' && !isLast ? relaxedForms[type] : undefined;
    text +=
      relaxed !== undefined
        ? `(${relaxed}|.*?)`
        : form === undefined
          ? isLast
            ? '(.*)'
            : kind === 'regex'
              ? '(.*)'
              : '(.*?)'
          : `(${form})`;
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
  const text = converted(expression(node(from.of, 'Expression'), scope), 'string', scope, from.of).value;
  const columns = list(optional(from.of, 'Keys'), 'Columns').map((one) => ({
    of: one,
    name: node(one, 'Name').text ?? '',
    type: typeNamed(optional(one, 'Type'), scope),
  }));
  const form = formOf(from);
  const spec = { ...form, keys: columns.map(({ name }) => name) };
  const bag: Typed = {
    type: 'dynamic',
    value:
      form.regex === undefined
        ? call('key_values', text, literal('string', JSON.stringify(spec)).value)
        : call(
            'bag_of_pairs',
            ...[1, 2].map((group) =>
              call('regex_extract_all', text, literal('string', form.regex ?? '').value, whole(group)),
            ),
          ),
  };
  const { relation, columns: bound } = boundTo(scope.rows.relation, [bag], from.query.fresh);
  scope.rows = { ...scope.rows, relation };
  const values = columns.map(({ of, name, type }) => {
    const found = operate('[]', of, [typedColumn(bound[0]), literal('string', name)], scope);
    return { name, value: converted(converted(found, 'string', scope, of), type, scope, of) };
  });
  return withColumns(scope.rows, values, from.query.fresh);
};

/** What `with (…)` says: delimiters, quotes, escapes; or a regular expression of a key and a value. */
function formOf({ of, query }: OperatorInput): {
  readonly pair?: string;
  readonly sign?: string;
  readonly quotes: readonly string[];
  readonly escapes: readonly string[];
  readonly greedy: boolean;
  readonly regex?: string;
} {
  const properties = list(optional(of, 'WithClause'), 'Properties').map((one) => {
    const value = optional(one, 'Expression');
    return { name: node(one, 'Name').text?.toLowerCase() ?? '', text: value?.text ?? '', of: one };
  });
  const all = (name: string): string[] => properties.flatMap((one) => (one.name === name ? [one.text] : []));
  for (const one of properties)
    if (!['pair_delimiter', 'kv_delimiter', 'quote', 'escape', 'greedy', 'regex'].includes(one.name))
      query.refuse(one.of, `parse-kv with ${one.name} is not supported`);
  const [pair] = all('pair_delimiter');
  const [sign] = all('kv_delimiter');
  const [regex] = all('regex');
  if ((pair === undefined) !== (sign === undefined))
    query.refuse(of, 'parse-kv takes pair_delimiter and kv_delimiter together');
  const greedy = /^(true|1)$/i.test(all('greedy')[0] ?? '');
  const plain = { quotes: all('quote'), escapes: all('escape'), greedy };
  if (regex !== undefined) return { ...plain, regex };
  return pair === undefined || sign === undefined ? plain : { ...plain, pair, sign };
}

/** join and lookup. */
import { extend, filter, join as joinRelations, window } from '../../../relation/build.ts';
import { call, column, whole } from '../../../relation/expression.ts';
import type { JoinKind } from '../../../relation/node-names.ts';
import type { Typed } from '../../functions/kinds.ts';
import type { SyntaxNode } from '../../language/syntax.ts';
import { expression } from '../expression.ts';
import { list, node, optional, parameter } from '../parts.ts';
import type { RowColumn, Rows } from '../rows.ts';
import { boundTo, findColumn, neverNullText, typedColumn } from '../rows.ts';
import { Scope } from '../scope.ts';
import type { Operator, OperatorInput } from './operator.ts';
import { schemaNames } from './operator.ts';

interface Kind {
  readonly join: Exclude<JoinKind, 'cross'>;
  /** The sides are exchanged before. */
  readonly isTurned?: boolean;
  readonly isUnique?: boolean;
}

const kinds: Readonly<Record<string, Kind>> = {
  innerunique: { join: 'inner', isUnique: true },
  inner: { join: 'inner' },
  leftouter: { join: 'left' },
  rightouter: { join: 'right' },
  fullouter: { join: 'full' },
  leftsemi: { join: 'semi' },
  rightsemi: { join: 'semi', isTurned: true },
  leftanti: { join: 'anti' },
  leftantisemi: { join: 'anti' },
  anti: { join: 'anti' },
  rightanti: { join: 'anti', isTurned: true },
  rightantisemi: { join: 'anti', isTurned: true },
};

export const join: Operator = (from) => {
  const asked = parameter(from.of, 'kind');
  const name = asked?.text?.toLowerCase() ?? 'innerunique';
  const kind = kinds[name] ?? from.query.refuse(asked ?? from.of, `the join kind ${name} is not supported`);
  const { left, right, on } = sidesOf(from);
  const isHalf = kind.join === 'semi' || kind.join === 'anti';
  const relation =
    kind.isTurned === true
      ? joinRelations(
          kind.join,
          right.relation,
          left.relation,
          on.map((pair) => ({ left: pair.right, right: pair.left })),
        )
      : joinRelations(
          kind.join,
          kind.isUnique === true ? oneOfEach(left, on, from) : left.relation,
          right.relation,
          on,
        );
  const sides = isHalf ? (kind.isTurned === true ? right.columns : left.columns) : [...left.columns, ...right.columns];
  return finished(from, { relation, columns: sides, order: [], group: from.input.group });
};

/** As a left outer join, without the keys of the right side. */
export const lookup: Operator = (from) => {
  const asked = parameter(from.of, 'kind')?.text?.toLowerCase() ?? 'leftouter';
  if (asked !== 'leftouter' && asked !== 'inner')
    from.query.refuse(from.of, `the lookup kind ${asked} is not supported`);
  const { left, right, on } = sidesOf(from);
  const keys = new Set(on.map((pair) => pair.right));
  const relation = joinRelations(asked === 'inner' ? 'inner' : 'left', left.relation, right.relation, on);
  const columns = [...left.columns, ...right.columns.filter((one) => !keys.has(one.column))];
  return finished(from, { relation, columns, order: [], group: from.input.group });
};

/** Names of the schema; strings that a side lacks are empty. */
function finished(from: OperatorInput, rows: Rows): Rows {
  const names = schemaNames(from);
  const taken = new Set<string>();
  const columns = rows.columns.map((one, i): RowColumn => {
    let name = names?.length === rows.columns.length ? names[i] : one.name;
    for (let at = 1; taken.has(name); at++) name = `${one.name}${at}`;
    taken.add(name);
    return { ...one, name };
  });
  const texts = columns.filter(({ type }) => type === 'string');
  const filled = new Map(texts.map((one) => [one.column, from.query.fresh()]));
  return {
    ...rows,
    relation: extend(
      rows.relation,
      [...filled].map(([old, name]) => ({
        name,
        value: neverNullText({ value: column(old), type: 'string' }).value,
      })),
    ),
    columns: columns.map((one) => ({ ...one, column: filled.get(one.column) ?? one.column })),
  };
}

interface Sides {
  readonly left: Rows;
  readonly right: Rows;
  readonly on: readonly { readonly left: string; readonly right: string }[];
}

function sidesOf(from: OperatorInput): Sides {
  const { of, input, names, query } = from;
  const leftScope = new Scope(query, names, input);
  const rightScope = new Scope(query, names, query.rowsOf(node(of, 'Expression'), names, undefined));
  const clause = optional(of, 'ConditionClause') ?? optional(of, 'LookupClause');
  const conditions = list(clause, 'Expressions').flatMap(conjuncts);
  if (conditions.length === 0) query.invalid(of, 'a join needs on: the columns that are equal');
  const pairs = conditions.map((condition) => pairOf(condition, leftScope, rightScope));
  const left = boundTo(
    leftScope.rows.relation,
    pairs.map((pair) => pair[0]),
    query.fresh,
  );
  const right = boundTo(
    rightScope.rows.relation,
    pairs.map((pair) => pair[1]),
    query.fresh,
  );
  return {
    left: { ...leftScope.rows, relation: left.relation },
    right: { ...rightScope.rows, relation: right.relation },
    on: left.columns.map((one, i) => ({ left: one.column, right: right.columns[i].column })),
  };
}

function conjuncts(of: SyntaxNode): readonly SyntaxNode[] {
  if (of.kind === 'ParenthesizedExpression') return conjuncts(node(of, 'Expression'));
  return of.kind === 'AndExpression' ? [...conjuncts(node(of, 'Left')), ...conjuncts(node(of, 'Right'))] : [of];
}

function pairOf(of: SyntaxNode, left: Scope, right: Scope): readonly [Typed, Typed] {
  if (of.kind === 'NameReference') {
    const [a, b] = [findColumn(left.rows, of.text ?? ''), findColumn(right.rows, of.text ?? '')];
    if (a !== undefined && b !== undefined) return [typedColumn(a), typedColumn(b)];
    return left.query.invalid(of, `both sides of a join need a column ${of.text}`);
  }
  if (of.kind !== 'EqualExpression') return left.query.refuse(of, 'a join is on columns, or on $left.a == $right.b');
  const sides = [node(of, 'Left'), node(of, 'Right')];
  const found: { $left?: Typed; $right?: Typed } = {};
  for (const side of sides) {
    const target = optional(side, 'Expression');
    const name = target?.text;
    if (side.kind !== 'PathExpression' || (name !== '$left' && name !== '$right'))
      return left.query.refuse(side, 'a join is on columns, or on $left.a == $right.b');
    found[name] = expression(node(side, 'Selector'), name === '$left' ? left : right);
  }
  const { $left, $right } = found;
  if ($left === undefined || $right === undefined)
    return left.query.invalid(of, 'the condition of a join names a column of each side');
  return [$left, $right];
}

/** Of the rows that have equal keys, the first one. */
function oneOfEach(rows: Rows, on: Sides['on'], { query }: OperatorInput): Rows['relation'] {
  const place = query.fresh();
  const keys = on.map((pair) => pair.left);
  const numbered = window(rows.relation, place, { kind: 'row_number' }, [...rows.group, ...keys], rows.order);
  return filter(numbered, call('equal', column(place), whole(1)));
}

/**
 * Bounds that a query sets on the time of a table, as the table's range: `NTANetAnalytics | where TimeGenerated > ago(1h)` reads the files of an hour. The
 * conditions stay where they are; the table only gives fewer rows to them.
 */
import { inputsOf } from '../relation/check.ts';
import type { Expression } from '../relation/expression.ts';
import { columnsRead } from '../relation/expression.ts';
import { evaluate } from '../relation/interpret.ts';
import type { Relation } from '../relation/relation.ts';
import { replaceInputs } from '../relation/replace-inputs.ts';
import type { QueryRange } from '../tree.ts';

interface Ranged {
  readonly timeColumn: string;
  readonly range: QueryRange;
  readonly build: (range: QueryRange) => Relation;
}

/** Relations of tables, by identity: their range can be narrowed. */
const rangedRelations = new WeakMap<Relation, Ranged>();

/**
 * A table's relation, whose range bounds found in a query may narrow.
 * @param timeColumn the column whose bounds in filters become the range; rows outside of the range may be missing
 */
export function ranged(timeColumn: string, build: (range: QueryRange) => Relation): (range: QueryRange) => Relation {
  return (range) => {
    // A node of its own: the same tree may be that of another table.
    const relation = { ...build(range) };
    rangedRelations.set(relation, { timeColumn, range, build });
    return relation;
  };
}

/** A tree with the same answer, whose tables have no rows that conditions above them leave out by their time. */
export function withTimeBounds(relation: Relation): Relation {
  return bounded(relation, []);
}

/** `conditions` hold of the rows of the relation that matter. */
function bounded(relation: Relation, conditions: readonly Expression[]): Relation {
  const table = rangedRelations.get(relation);
  if (table !== undefined) return narrowed(relation, table, conditions);
  switch (relation.kind) {
    case 'filter': {
      const input = bounded(relation.input, [...conditions, ...conjuncts(relation.where)]);
      return { ...relation, input };
    }
    case 'extend': {
      const made = new Set(relation.columns.map(({ name }) => name));
      const kept = conditions.filter((one) => !columnsRead(one).some((name) => made.has(name)));
      return { ...relation, input: bounded(relation.input, kept) };
    }
    case 'project': {
      const sources = new Map(relation.columns.flatMap(({ name, value }) => sourceOf(name, value)));
      return {
        ...relation,
        input: bounded(
          relation.input,
          conditions.flatMap((one) => renamed(one, sources)),
        ),
      };
    }
    case 'sort':
      return { ...relation, input: bounded(relation.input, conditions) };
    default:
      return inputsOf(relation).length === 0 ? relation : replaceInputs(relation, (input) => bounded(input, []));
  }
}

function narrowed(
  relation: Relation,
  { timeColumn, range, build }: Ranged,
  conditions: readonly Expression[],
): Relation {
  let { start = -Infinity, end = Infinity } = range;
  for (const condition of conditions) {
    const bound = boundOf(condition, timeColumn);
    // Bounds of ranges are whole milliseconds, and the end is not included: outwards.
    if (bound?.isLower === true) start = Math.max(start, Math.floor(bound.millis));
    if (bound?.isLower === false) end = Math.min(end, Math.floor(bound.millis) + 1);
  }
  if (start === (range.start ?? -Infinity) && end === (range.end ?? Infinity)) return relation;
  return build({ ...(start === -Infinity ? {} : { start }), ...(end === Infinity ? {} : { end }) });
}

/** Conditions that all hold; of `coalesce(x, false)`, x. */
function conjuncts(where: Expression): readonly Expression[] {
  if (where.kind !== 'call') return [where];
  if (where.function === 'and') return where.arguments.flatMap(conjuncts);
  const [first, second] = where.arguments;
  const isOrFalse = where.function === 'coalesce' && where.arguments.length === 2;
  if (isOrFalse && second.kind === 'constant' && second.value === false) return conjuncts(first);
  return [where];
}

function sourceOf(name: string, value: Expression): readonly (readonly [string, string])[] {
  return value.kind === 'column' ? [[name, value.name]] : [];
}

/** A comparison over the input of a projection; nothing if it reads what is computed there. */
function renamed(condition: Expression, sources: ReadonlyMap<string, string>): readonly Expression[] {
  if (condition.kind !== 'call' || !columnsRead(condition).every((name) => sources.has(name))) return [];
  const args = condition.arguments.map((one): Expression =>
    one.kind === 'column' ? { kind: 'column', name: sources.get(one.name) ?? one.name } : one,
  );
  return args.every((one) => one.kind === 'column' || columnsRead(one).length === 0)
    ? [{ ...condition, arguments: args }]
    : [];
}

interface Bound {
  readonly isLower: boolean;
  readonly millis: number;
}

/** Beyond it (the year 2255) a bound is not worth a condition, and has more than 53 bits. */
const microsMax = 9n * 10n ** 15n;

/** Names of comparisons, and the same with both sides changed over. */
const comparisons: Readonly<Record<string, 'lower' | 'upper'>> = {
  greater: 'lower',
  greater_or_equal: 'lower',
  less: 'upper',
  less_or_equal: 'upper',
};

function boundOf(condition: Expression, timeColumn: string): Bound | undefined {
  if (condition.kind !== 'call' || !Object.hasOwn(comparisons, condition.function)) return undefined;
  const [left, right] = condition.arguments;
  const isOnLeft = left.kind === 'column' && left.name === timeColumn;
  const isOnRight = right.kind === 'column' && right.name === timeColumn;
  if (isOnLeft === isOnRight) return undefined;
  const other = isOnLeft ? right : left;
  if (columnsRead(other).length > 0) return undefined;
  const micros = evaluate(other, {});
  if (typeof micros !== 'bigint' || micros > microsMax || micros < -microsMax) return undefined;
  return { isLower: (comparisons[condition.function] === 'lower') === isOnLeft, millis: Number(micros) / 1000 };
}

/**
 * A condition that selects the same rows, in a form by which DuckDB skips row groups: of a text that is made empty where it is null, the column itself is
 * compared with a text that is not empty. What is false becomes null, so it holds in WHERE only.
 */
import type { SqlExpression } from './node.ts';

export function selecting(condition: SqlExpression): SqlExpression {
  switch (condition.kind) {
    case 'operator': {
      const { operator, operands } = condition;
      if (operator === 'AND' || operator === 'OR') return { ...condition, operands: operands.map(selecting) };
      const [a, b] = operands;
      if (operator !== '=' || operands.length !== 2) return condition;
      if (isText(b)) return { ...condition, operands: [bare(a), b] };
      return isText(a) ? { ...condition, operands: [a, bare(b)] } : condition;
    }
    case 'in':
      return condition.items.every(isText) ? { ...condition, of: bare(condition.of) } : condition;
    case 'call': {
      const [of, part] = condition.arguments;
      return condition.name === 'starts_with' && isText(part)
        ? { ...condition, arguments: [bare(of), part] }
        : condition;
    }
    default:
      return condition;
  }
}

/** Of `coalesce(x, '')`, x. */
function bare(of: SqlExpression): SqlExpression {
  if (of.kind !== 'call' || of.name !== 'coalesce' || of.arguments.length !== 2) return of;
  const [value, otherwise] = of.arguments;
  return textOf(otherwise) === '' ? value : of;
}

/** Whether it is a text of the question that is not empty. */
function isText(of: SqlExpression): boolean {
  return (textOf(of) ?? '') !== '';
}

function textOf(of: SqlExpression): string | undefined {
  if (of.kind !== 'parameter' || of.literal.type !== 'text') return undefined;
  return typeof of.literal.value === 'string' ? of.literal.value : undefined;
}

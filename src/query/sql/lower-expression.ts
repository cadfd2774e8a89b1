/** An expression of the tree as SQL. */
import { assert } from '../../base/assert.ts';
import { FlowError } from '../../base/errors.ts';
import type { Scope } from '../relation/check.ts';
import { typeOf } from '../relation/check.ts';
import type { Expression } from '../relation/expression.ts';
import type { FunctionName } from '../relation/functions.ts';
import { elementOf } from '../relation/type.ts';
import type { Lambda, SqlDialect } from './dialect.ts';
import type { SqlExpression } from './node.ts';
import { name } from './node.ts';

export interface ExpressionContext {
  readonly dialect: SqlDialect;
  /** Columns of the input, with their types. */
  readonly scope: Scope;
  /** The SQL of a column of the input. */
  readonly column: (name: string) => SqlExpression;
}

/** What lambdas call the element of their list. */
const element = 'item';

export function expressionSql(expression: Expression, context: ExpressionContext): SqlExpression {
  const sql = (inner: Expression): SqlExpression => expressionSql(inner, context);
  switch (expression.kind) {
    case 'column':
      return context.column(expression.name);
    case 'literal':
      return { kind: 'parameter', literal: expression };
    case 'constant':
      return constantSql(expression);
    case 'call':
      return functionOf(context.dialect, expression.function)(...expression.arguments.map(sql));
    case 'case': {
      const when = expression.when.map((branch) => ({ if: sql(branch.if), value: sql(branch.value) }));
      const { otherwise } = expression;
      return otherwise === undefined ? { kind: 'case', when } : { kind: 'case', when, otherwise: sql(otherwise) };
    }
    case 'element':
      return name(element);
    case 'field':
      return { kind: 'field', of: sql(expression.of), name: expression.name };
    case 'struct': {
      const fields = expression.fields.map((field) => ({ name: field.name, value: sql(field.value) }));
      return { kind: 'struct', fields, type: typeOf(expression, context.scope) };
    }
    case 'list':
      return { kind: 'list', items: expression.items.map(sql) };
    default: {
      const item = elementOf(typeOf(expression.list, context.scope));
      assert(item !== undefined, 'a checked total is of a list');
      const inner = { ...context, scope: { ...context.scope, element: item } };
      const lambda = (body: Expression): Lambda => ({
        kind: 'lambda',
        parameter: element,
        body: expressionSql(body, inner),
      });
      const where = expression.where === undefined ? undefined : lambda(expression.where);
      return context.dialect.total(sql(expression.list), where, lambda(expression.value));
    }
  }
}

/** @throws relation-invalid for a function that the dialect has not */
function functionOf(dialect: SqlDialect, of: FunctionName): (...args: SqlExpression[]) => SqlExpression {
  const found = dialect.functions[of];
  if (found === undefined) throw new FlowError('relation-invalid', `${dialect.name} has no function "${of}"`);
  return found;
}

function constantSql({ type, value }: Extract<Expression, { kind: 'constant' }>): SqlExpression {
  if (value === null) return { kind: 'null', type };
  if (typeof value === 'boolean') return { kind: 'boolean', value };
  return { kind: 'number', value };
}

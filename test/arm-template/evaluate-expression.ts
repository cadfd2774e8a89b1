/** Evaluates expressions in a template of their own, for tests. */
import { expandTemplate } from '../../src/arm-template/expand.ts';
import { defaultScope } from '../../src/arm-template/scope.ts';
import type { JsonObject, Value } from '../../src/arm-template/value.ts';
import { Unresolved } from '../../src/arm-template/value.ts';

/** The value of an expression, without its brackets; `error: …` where it cannot be resolved. */
export function evaluateExpression(expression: string, template: JsonObject = {}): Value {
  const value = bodyOf({ ...template, resources: [{ type: 'A/b', name: 'x', properties: `[${expression}]` }] });
  return value instanceof Unresolved ? `error: ${value.reason}` : value;
}

function bodyOf(template: JsonObject): Value {
  const options = { file: 'test.json', parameters: new Map(), scope: defaultScope };
  return expandTemplate(template, options).resources[0].body()['properties'];
}

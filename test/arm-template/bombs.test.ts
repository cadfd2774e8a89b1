import { expect, test } from 'vitest';
import { budgetOf, expandTemplate } from '../../src/arm-template/expand.ts';
import { defaultScope } from '../../src/arm-template/scope.ts';
import type { Value } from '../../src/arm-template/value.ts';
import { Unresolved, isArray, isObject } from '../../src/arm-template/value.ts';
import { FlowError } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';
import { cidrFunctions } from '../../src/nsg/cidr-functions.ts';
import type { Bomb } from './bombs.ts';
import { functionNames, makeBombs } from './bombs.ts';

const long = process.env['NSGFLOW_LONG'] === '1';
const seed = Number(process.env['NSGFLOW_SEED'] ?? 20_261_129);
const bombs = makeBombs(long ? 120 : 4, seed);

/** Evaluates all that a deployment would, and walks over all of it as who writes it out. */
function evaluate({ template }: Bomb): { steps: number; made: number; walked: number; refused: boolean } {
  const budget = budgetOf(limits.templateStepsMax);
  const counted = { walked: 0, unresolved: 0 };
  let refused = false;
  try {
    const expanded = expandTemplate(template, {
      file: 'bomb',
      parameters: new Map(),
      scope: defaultScope,
      functions: cidrFunctions,
      budget,
    });
    refused = expanded.unresolved.length > 0 || expanded.resources.length > limits.deploymentResourcesMax;
    for (const resource of expanded.resources) {
      resource.dependsOn();
      walk(resource.body(), counted);
    }
    walk(expanded.outputs(), counted);
  } catch (error) {
    if (!(error instanceof FlowError && error.code === 'network-invalid')) throw error;
    refused = true;
  }
  const { walked, unresolved } = counted;
  return { steps: budget.steps - budget.left, made: budget.made, walked, refused: refused || unresolved > 0 };
}

function walk(value: Value, counted: { walked: number; unresolved: number }): void {
  counted.walked++;
  if (value instanceof Unresolved) counted.unresolved++;
  else if (isArray(value)) for (const item of value) walk(item, counted);
  else if (isObject(value)) for (const key of Object.keys(value)) walk(value[key], counted);
}

test('the bombs go to every function', () => {
  const text = makeBombs(400, seed)
    .map(({ name }) => name)
    .join('\n');
  for (const name of functionNames) expect(text).toContain(`to ${name},`);
});

test.each(bombs.map((bomb) => [bomb.name, bomb] as const))('%s', (_, bomb) => {
  expect(JSON.stringify(bomb.template).length).toBeLessThan(150_000);
  const { steps, made, walked, refused } = evaluate(bomb);
  expect(refused).toBe(true);
  expect(steps).toBeLessThanOrEqual(limits.templateStepsMax + 1);
  expect(made).toBeLessThan(64 * limits.templateStepsMax + limits.templateValueCharsMax);
  expect(walked).toBeLessThan(4 * limits.templateStepsMax);
});

import { describe, expect, test } from 'vitest';
import { budgetOf, expandTemplate } from '../../src/arm-template/expand.ts';
import { readJson } from '../../src/arm-template/read-json.ts';
import { defaultScope } from '../../src/arm-template/scope.ts';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { isObject } from '../../src/arm-template/value.ts';
import { FlowError } from '../../src/base/errors.ts';
import { limits } from '../../src/base/limits.ts';

/** Expands and evaluates everything; a FlowError is an answer, any other error a fault. */
function survive(text: string, budget = budgetOf(limits.templateStepsMax)): 'expanded' | 'refused' {
  try {
    const json: Json = readJson(text, 'hostile.json');
    if (!isObject(json)) return 'refused';
    const { resources } = expandTemplate(json, {
      file: 'hostile.json',
      parameters: new Map(),
      scope: defaultScope,
      budget,
    });
    for (const resource of resources) resource.body();
    return 'expanded';
  } catch (error) {
    if (error instanceof FlowError && error.code === 'network-invalid') return 'refused';
    throw error;
  }
}

const small = JSON.stringify({
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: { n: { type: 'int', defaultValue: 2 } },
  variables: {
    names: "[createArray('a', 'b')]",
    copy: [{ name: 'c', count: "[parameters('n')]", input: "[copyIndex('c')]" }],
  },
  resources: [
    {
      type: 'A.B/c',
      name: "[concat(variables('names')[copyIndex()], '-', string(variables('c')[1]))]",
      copy: { name: 'l', count: "[length(variables('names'))]" },
      condition: "[not(equals(parameters('n'), 3))]",
      properties: { copy: [{ name: 'p', count: 2, input: "[format('{0:D2}', copyIndex('p'))]" }], x: '[[literal]' },
      resources: [{ type: 'd', name: '[uniqueString(resourceGroup().id)]' }],
    },
    {
      type: 'Microsoft.Resources/deployments',
      name: 'n',
      properties: { template: { resources: [{ type: 'A.B/c', name: 'z', properties: "[reference('a-1').p]" }] } },
    },
  ],
});

describe('changed templates', () => {
  test('the unchanged one expands', () => {
    expect(survive(small)).toBe('expanded');
  });

  test('every prefix is refused or expands', () => {
    for (let length = 0; length < small.length; length++) expect(survive(small.slice(0, length))).toBe('refused');
  });

  test('every change of one character is refused or expands', () => {
    const replacements = process.env['NSGFLOW_LONG'] === '1' ? [...'[]{}(),.\'":0-x\\ $'] : [...']("9'];
    const outcomes = { expanded: 0, refused: 0 };
    for (let at = 0; at < small.length; at++)
      for (const replacement of replacements)
        outcomes[survive(small.slice(0, at) + replacement + small.slice(at + 1))]++;
    expect(outcomes.expanded).toBeGreaterThan(100);
    expect(outcomes.refused).toBeGreaterThan(100);
  });
});

describe('templates made to hurt', () => {
  const withVariables = (variables: Json, expression: string): string =>
    JSON.stringify({ variables, resources: [{ type: 'A.B/c', name: 'n', properties: expression }] });
  const chain = (count: number, step: (index: number) => string): JsonObject =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`v${index + 1}`, step(index)]));

  test.each([
    [
      'doubling texts',
      withVariables(
        { v0: 'x'.repeat(1000), ...chain(60, (index) => `[concat(variables('v${index}'), variables('v${index}'))]`) },
        "[variables('v60')]",
      ),
    ],
    [
      'doubling lists',
      withVariables(
        { v0: [1], ...chain(60, (index) => `[concat(variables('v${index}'), variables('v${index}'))]`) },
        "[variables('v60')]",
      ),
    ],
    [
      'doubling objects',
      withVariables(
        { v0: {}, ...chain(60, (index) => `[createArray(variables('v${index}'), variables('v${index}'))]`) },
        "[string(variables('v60'))]",
      ),
    ],
    [
      'comparing doubled objects',
      withVariables(
        { v0: {}, ...chain(60, (index) => `[createArray(variables('v${index}'), variables('v${index}'))]`) },
        "[equals(variables('v60'), variables('v59'))]",
      ),
    ],
    [
      'a long chain',
      withVariables({ v0: 1, ...chain(20_000, (index) => `[variables('v${index}')]`) }, "[variables('v20000')]"),
    ],
    ['deep calls', withVariables({}, `[${'string('.repeat(3000)}1${')'.repeat(3000)}]`)],
    ['deep indexes', withVariables({ a: [] }, `[variables('a')${'[0]'.repeat(5000)}]`)],
    ['a long expression', withVariables({}, `[concat('${'x'.repeat(30_000)}')]`)],
    ['a slow pattern', withVariables({}, `['${"''".repeat(12_000)}`)],
    [
      'loops in loops',
      JSON.stringify({
        resources: [
          {
            type: 'Microsoft.Resources/deployments',
            name: 'd',
            copy: { name: 'a', count: 800 },
            properties: {
              template: {
                resources: [
                  {
                    type: 'Microsoft.Resources/deployments',
                    name: 'e',
                    copy: { name: 'b', count: 800 },
                    properties: {
                      template: { resources: [{ type: 'A.B/c', name: 'n', copy: { name: 'c', count: 800 } }] },
                    },
                  },
                ],
              },
            },
          },
        ],
      }),
    ],
    [
      'loops of properties',
      JSON.stringify({
        resources: [
          {
            type: 'A.B/c',
            name: 'n',
            properties: {
              copy: [
                {
                  name: 'a',
                  count: 800,
                  input: {
                    copy: [{ name: 'b', count: 800, input: { copy: [{ name: 'c', count: 800, input: 'x' }] } }],
                  },
                },
              ],
            },
          },
        ],
      }),
    ],
    [
      'walks over a long list',
      withVariables({}, "[filter(range(0, 10000), lambda('x', contains(range(0, 10000), lambdaVariables('x'))))]"),
    ],
    [
      'a prototype',
      '{"resources":[{"type":"A.B/c","name":"n","__proto__":{"x":1},"properties":{"__proto__":{"y":2},"constructor":"[parameters(\'__proto__\')]"}}]}',
    ],
    [
      'deployments that ask each other',
      JSON.stringify({
        resources: ['a', 'b'].map((name, index) => ({
          type: 'Microsoft.Resources/deployments',
          name,
          properties: {
            parameters: { p: { value: `[reference('${'ba'[index]}').outputs.x.value]` } },
            template: { resources: [], outputs: { x: { value: 1 } } },
          },
        })),
      }),
    ],
  ])('%s', (_, text) => {
    const budget = budgetOf(limits.templateStepsMax);
    survive(text, budget);
    expect(budget.steps - budget.left).toBeLessThanOrEqual(limits.templateStepsMax + 1);
  });

  test('keys named like a prototype stay keys', () => {
    const json = readJson(
      '{"resources":[{"type":"A.B/c","name":"n","properties":{"__proto__":{"y":2}}}]}',
      'x',
    ) as JsonObject;
    const [resource] = expandTemplate(json, { file: 'x', parameters: new Map(), scope: defaultScope }).resources;
    expect(Object.keys(resource.body()['properties'] as object)).toEqual(['__proto__']);
    expect(Object.hasOwn(Object.prototype, 'y')).toBe(false);
  });
});

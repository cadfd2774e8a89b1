import { describe, expect, test } from 'vitest';
import type { ExpandedTemplate } from '../../src/arm-template/expand.ts';
import { expandTemplate } from '../../src/arm-template/expand.ts';
import { readParameters } from '../../src/arm-template/parameters.ts';
import { defaultScope } from '../../src/arm-template/scope.ts';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { Unresolved } from '../../src/arm-template/value.ts';

const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/NSGFLOW/providers';

function expand(template: JsonObject, parameters = ''): ExpandedTemplate {
  const given = parameters === '' ? new Map() : readParameters(parameters, 'parameters.json');
  return expandTemplate(template, { file: 'test.json', parameters: given, scope: defaultScope });
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

describe('resources', () => {
  test('turn their loops, and know their index', () => {
    const { resources } = expand({
      resources: [
        {
          type: 'A.B/c',
          name: "[concat('n', copyIndex(1))]",
          copy: { name: 'loop', count: '[length(createArray(1, 2))]' },
          properties: { index: '[copyIndex()]', named: "[copyIndex('loop', 10)]" },
        },
      ],
    });
    expect(resources.map(({ id, name }) => [id, name])).toEqual([
      [`${group}/A.B/c/n1`, 'n1'],
      [`${group}/A.B/c/n2`, 'n2'],
    ]);
    expect(plain(resources[1].body()['properties'])).toEqual({ index: 1, named: 11 });
  });

  test('turn loops of properties, which see the resource loop around them', () => {
    const { resources } = expand({
      resources: [
        {
          type: 'A.B/c',
          name: '[string(copyIndex())]',
          copy: { name: 'outer', count: 2 },
          properties: {
            copy: [
              { name: 'rules', count: 2, input: { at: "[format('{0}.{1}', copyIndex('outer'), copyIndex('rules'))]" } },
              { name: 'none', count: 0, input: 'x' },
            ],
          },
        },
      ],
    });
    expect(plain(resources[1].body()['properties'])).toEqual({ rules: [{ at: '1.0' }, { at: '1.1' }], none: [] });
  });

  test('are left out where their condition is false', () => {
    const of = (condition: unknown): number =>
      expand({ resources: [{ type: 'A.B/c', name: 'n', condition: condition as string }] }).resources.length;
    expect(of(true)).toBe(1);
    expect(of(false)).toBe(0);
    expect(of("[equals('a', 'b')]")).toBe(0);
  });

  test('bring their children, named short or in full', () => {
    const { resources } = expand({
      resources: [
        {
          type: 'A.B/c',
          name: 'p',
          resources: [
            { type: 'd', name: 'q', resources: [{ type: 'e', name: 'r' }] },
            { type: 'A.B/c/d', name: 's' },
          ],
        },
      ],
    });
    expect(resources.map(({ type, id }) => `${type} ${id}`)).toEqual([
      `A.B/c ${group}/A.B/c/p`,
      `A.B/c/d ${group}/A.B/c/p/d/q`,
      `A.B/c/d/e ${group}/A.B/c/p/d/q/e/r`,
      `A.B/c/d ${group}/A.B/c/p/d/s`,
    ]);
  });

  test('may be listed under symbolic names, existing ones aside', () => {
    const { resources } = expand({
      languageVersion: '2.0',
      resources: {
        mine: { type: 'A.B/c', name: 'n', properties: { a: 1 } },
        there: { type: 'A.B/c', name: 'm', existing: true },
        asking: { type: 'A.B/c', name: 'o', properties: { a: "[reference('mine').a]" } },
      },
    });
    expect(resources.map(({ name }) => name)).toEqual(['n', 'o']);
    expect(plain(resources[1].body()['properties'])).toEqual({ a: 1 });
  });

  test('refer to each other, in whole or to their properties, and not to themselves', () => {
    const { resources } = expand({
      resources: [
        {
          type: 'A.B/c',
          name: 'one',
          location: 'here',
          properties: { two: "[reference(resourceId('A.B/c', 'two')).value]" },
        },
        {
          type: 'A.B/c',
          name: 'two',
          properties: { value: 7, where: "[reference('one', '2020-01-01', 'Full').location]" },
        },
        { type: 'A.B/c', name: 'three', properties: { self: "[reference('three').self]" } },
      ],
    });
    expect(plain(resources[0].body()['properties'])).toEqual({ two: 7 });
    const two = resources[1].body()['properties'];
    expect(plain(two)).toMatchObject({ value: 7 });
    expect(JSON.stringify(resources[2].body()['properties'])).toContain('refers to itself');
  });

  test('need not be resolvable where nobody asks', () => {
    const { resources, unresolved } = expand({
      parameters: { open: { type: 'string' } },
      resources: [
        { type: 'A.B/c', name: 'n', properties: { good: 1, bad: "[parameters('open')]" } },
        { type: 'A.B/c', name: "[parameters('open')]" },
        { type: 'A.B/c', name: 'many', copy: { name: 'l', count: -1 } },
        { type: 'A.B/c/d', name: 'short' },
      ],
    });
    expect(resources.map(({ name }) => name)).toEqual(['n']);
    const properties = resources[0].body()['properties'] as Record<string, unknown>;
    expect(properties['good']).toBe(1);
    expect(properties['bad']).toBeInstanceOf(Unresolved);
    expect((properties['bad'] as Unresolved).error().message).toBe(
      "test.json: resources[0].properties.bad: cannot resolve [parameters('open')]: parameter 'open' has no value and no default; give it in a parameters file",
    );
    expect(unresolved.map(({ problem }) => `${problem.where}: ${problem.reason}`)).toEqual([
      "test.json: resources[1].name: parameter 'open' has no value and no default; give it in a parameters file",
      'test.json: resources[2].copy.count: a copy count is -1, not 0 to 800',
      "test.json: resources[3].name: the name 'short' has 1 part, which do not fit the type A.B/c/d",
    ]);
  });
});

describe('parameters', () => {
  const template: JsonObject = {
    parameters: { a: { type: 'string', defaultValue: 'preset' }, b: { type: 'object' } },
    resources: [{ type: 'A.B/c', name: 'n', properties: { a: "[parameters('a')]", b: "[parameters('b').x]" } }],
  };

  test.each([
    ['{"$schema":"x","contentVersion":"1.0.0.0","parameters":{"A":{"value":"given"},"b":{"value":{"x":1}}}}'],
    ['{"a":{"value":"given"},"b":{"value":{"x":1}}}'],
  ])('of a file win over defaults: %s', (file) => {
    expect(plain(expand(template, file).resources[0].body()['properties'])).toEqual({ a: 'given', b: 1 });
  });

  test('from a key vault have no value', () => {
    const file = '{"parameters":{"a":{"reference":{"keyVault":{"id":"x"},"secretName":"y"}},"b":{"value":{"x":2}}}}';
    expect(plain(expand(template, file).resources[0].body()['properties'])).toEqual({ a: 'preset', b: 2 });
  });
});

describe('nested deployments', () => {
  const nested = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
    parameters: { p: { type: 'string', defaultValue: 'outer' } },
    variables: { v: 'outer variable' },
    resources: [
      { type: 'Microsoft.Resources/deployments', name: 'inside', properties, ...more },
      { type: 'A.B/c', name: 'after', properties: { out: "[reference('inside').outputs.made.value]" } },
    ],
  });
  const template = {
    parameters: { p: { type: 'string', defaultValue: 'inner default' } },
    variables: { v: 'inner variable' },
    resources: [
      {
        type: 'A.B/c',
        name: 'n',
        properties: { p: "[parameters('p')]", v: "[variables('v')]", group: '[resourceGroup().name]' },
      },
    ],
    outputs: { made: { type: 'string', value: "[concat('made by ', parameters('p'))]" } },
  };

  test('of inner scope see their own parameters and variables, and their resource group', () => {
    const { resources } = expand(
      nested(
        {
          expressionEvaluationOptions: { scope: 'inner' },
          parameters: { p: { value: "[concat(parameters('p'), '!')]" } },
          template,
        },
        { resourceGroup: 'other' },
      ),
    );
    const inside = resources.find((resource) => resource.name === 'n');
    expect(inside?.id).toContain('/resourceGroups/other/');
    expect(plain(inside?.body()['properties'])).toEqual({ p: 'outer!', v: 'inner variable', group: 'other' });
    const after = resources.find((resource) => resource.name === 'after');
    expect(plain(after?.body()['properties'])).toEqual({ out: 'made by outer!' });
  });

  test('of outer scope, the preset, see the parameters and variables around them', () => {
    const { resources } = expand(nested({ template }, { resourceGroup: 'other' }));
    const inside = resources.find((resource) => resource.name === 'n');
    expect(inside?.id).toContain('/resourceGroups/other/');
    expect(plain(inside?.body()['properties'])).toEqual({ p: 'outer', v: 'outer variable', group: 'NSGFLOW' });
  });

  test('that are links are named', () => {
    const { resources, linked } = expand(nested({ templateLink: { uri: 'https://example.com/x.json' } }));
    expect(resources.map(({ name }) => name)).toEqual(['inside', 'after']);
    expect(linked).toEqual([{ name: 'inside', path: 'resources[0]' }]);
  });

  test('in a loop keep their index', () => {
    const { resources } = expand({
      resources: [
        {
          type: 'Microsoft.Resources/deployments',
          name: "[concat('d', copyIndex())]",
          copy: { name: 'l', count: 3 },
          properties: { template: { resources: [{ type: 'A.B/c', name: "[concat('n', copyIndex())]" }] } },
        },
      ],
    });
    expect(resources.filter(({ type }) => type === 'A.B/c').map(({ name }) => name)).toEqual(['n0', 'n1', 'n2']);
  });
});

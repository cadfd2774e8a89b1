import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import type { TestPlane } from './plane.ts';
import { countNodes, replaceAt } from './junk.ts';
import { account, group, inside, location, network, openPlane, rule, subscription } from './plane.ts';

let plane: TestPlane;

beforeEach(async () => {
  plane = await openPlane();
  await plane.put(group, { location });
});

afterEach(() => plane.end());

const path = `${group}/providers/Microsoft.Resources/deployments/main`;

function template(resources: readonly JsonObject[], more: JsonObject = {}): JsonObject {
  return {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources,
    ...more,
  };
}

const deploy = (body: JsonObject, properties: JsonObject = {}) =>
  plane.ask('PUT', path, { properties: { mode: 'Incremental', template: body, ...properties } });

const nsg = (name: string, properties: JsonObject = {}): JsonObject => ({
  type: 'Microsoft.Network/networkSecurityGroups',
  apiVersion: '2024-05-01',
  name,
  location: '[resourceGroup().location]',
  properties,
});

/** NIC before VNet before NSG in the file, a loop, a nested deployment of the watcher's group, and outputs. */
const whole = template(
  [
    {
      type: 'Microsoft.Resources/deployments',
      apiVersion: '2022-09-01',
      name: 'logs',
      resourceGroup: 'NetworkWatcherRG',
      dependsOn: ["[variables('nsg')]", "[resourceId('Microsoft.Storage/storageAccounts', parameters('account'))]"],
      properties: {
        mode: 'Incremental',
        expressionEvaluationOptions: { scope: 'inner' },
        parameters: {
          target: { value: "[variables('nsg')]" },
          storage: { value: "[resourceId('Microsoft.Storage/storageAccounts', parameters('account'))]" },
        },
        template: template(
          [
            {
              type: 'Microsoft.Network/networkWatchers/flowLogs',
              apiVersion: '2022-11-01',
              name: 'NetworkWatcher_westeurope/fl',
              location: 'westeurope',
              properties: {
                targetResourceId: "[parameters('target')]",
                storageId: "[parameters('storage')]",
                enabled: true,
                flowAnalyticsConfiguration: {},
                retentionPolicy: {},
                format: {},
              },
            },
          ],
          { parameters: { target: { type: 'string' }, storage: { type: 'string' } } },
        ),
      },
    },
    {
      type: 'Microsoft.Network/networkInterfaces',
      apiVersion: '2024-05-01',
      name: "[concat('nic', copyIndex(1))]",
      location: '[resourceGroup().location]',
      copy: { name: 'nics', count: "[parameters('count')]" },
      properties: {
        ipConfigurations: [
          {
            name: 'a',
            properties: {
              subnet: { id: "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'default')]" },
            },
          },
        ],
      },
      dependsOn: ['vnet'],
    },
    {
      type: 'Microsoft.Network/virtualNetworks',
      apiVersion: '2024-05-01',
      name: 'vnet',
      location: '[resourceGroup().location]',
      properties: {
        addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
        subnets: [
          {
            name: 'default',
            properties: {
              addressPrefix: "[cidrSubnet('10.0.0.0/16', 24, 0)]",
              networkSecurityGroup: { id: "[variables('nsg')]" },
            },
          },
        ],
      },
    },
    {
      type: 'Microsoft.Network/networkSecurityGroups/securityRules',
      apiVersion: '2024-05-01',
      name: 'web/Later',
      properties: rule('Later', { priority: 200 })['properties'] ?? {},
    },
    nsg('web', { securityRules: [rule('AllowWeb')] }),
    {
      type: 'Microsoft.Storage/storageAccounts',
      apiVersion: '2025-01-01',
      name: "[parameters('account')]",
      location: '[resourceGroup().location]',
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS' },
    },
  ],
  {
    parameters: { account: { type: 'string' }, count: { type: 'int', defaultValue: 2 } },
    variables: { nsg: "[resourceId('Microsoft.Network/networkSecurityGroups', 'web')]" },
    outputs: {
      endpoint: { type: 'string', value: "[reference(parameters('account')).primaryEndpoints.blob]" },
      address: { type: 'string', value: "[reference('nic2').ipConfigurations[0].properties.privateIPAddress]" },
      keys: { type: 'int', value: "[length(listKeys(parameters('account'), '2025-01-01').keys)]" },
    },
  },
);

test('a body as az deployment sends it: the template as its file stands, under a name without quotes', async () => {
  const file = `{\r\n  // what is it for? {a: 1}\r\n  "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#", "contentVersion": "1.0.0.0",
    "resources": [{ "type": "Microsoft.Network/networkSecurityGroups", "apiVersion": "2024-05-01", "name": "web", "location": "westeurope", "tags": { "note": "{, a: b" } }] }`;
  const bytes = Buffer.from(`{"properties": {"parameters": {}, "mode": "Incremental", template:${file}}}`);
  const { status, message } = await plane.ask('PUT', path, new Uint8Array(bytes));
  expect([status, message]).toEqual([201, '']);
  expect(inside(await plane.get(`${network}/networkSecurityGroups/web`), 'tags', 'note')).toBe('{, a: b');
  const bad = await plane.ask('PUT', path, new Uint8Array(Buffer.from('{properties: {mode: Incremental}}')));
  expect([bad.status, bad.code]).toEqual([400, 'InvalidRequestContent']);
});

describe('a deployment', () => {
  test('makes all of a template in the order of its dependencies, and says what came out', async () => {
    const answer = await deploy(whole, { parameters: { account: { value: 'logs' }, count: { value: 3 } } });
    expect([answer.status, answer.message]).toEqual([201, '']);
    expect(answer.body).toMatchObject({
      id: path,
      type: 'Microsoft.Resources/deployments',
      properties: {
        provisioningState: 'Succeeded',
        outputs: { endpoint: { type: 'string', value: 'https://localhost:8443/logs/' }, keys: { value: 2 } },
      },
    });
    expect(inside(answer.body, 'properties', 'outputs', 'address', 'value')).toMatch(/^10\.0\.0\.[456]$/);
    expect(inside(await plane.get(`${network}/networkSecurityGroups/web`), 'properties', 'securityRules')).toHaveLength(
      2,
    );
    expect(plane.plane.network().nics).toHaveLength(3);
    expect(plane.plane.snapshot().flowLogs).toMatchObject([{ enabled: true, delivery: 'ok', targetKind: 'nsg' }]);
    expect((await deploy(whole, { parameters: { account: { value: 'logs' } } })).status).toBe(200);
    expect(inside(await plane.get(`${path}/operations`), 'value')).toHaveLength(8);
    const deploymentsOf = async (one: string) =>
      inside(await plane.get(`${one}/providers/Microsoft.Resources/deployments`), 'value');
    expect(await deploymentsOf(group)).toMatchObject([{ name: 'main' }]);
    expect(await deploymentsOf(group.replace('/net', '/NetworkWatcherRG'))).toMatchObject([{ name: 'logs' }]);
    expect((await plane.ask('DELETE', path)).status).toBe(204);
    expect(plane.plane.network().nics).toHaveLength(3);
  });

  test('is validated without making anything', async () => {
    const body = { properties: { mode: 'Incremental', template: whole, parameters: { account: { value: 'logs' } } } };
    const answer = await plane.ask('POST', `${path}/validate`, body);
    expect(answer.status).toBe(200);
    expect(inside(answer.body, 'properties', 'validatedResources')).toHaveLength(8);
    expect((await plane.ask('GET', account('logs'))).status).toBe(404);
  });

  test('of mode Complete removes what the template does not name', async () => {
    await plane.put(`${network}/networkSecurityGroups/old`, { location });
    expect((await deploy(template([nsg('web')]))).status).toBe(201);
    expect((await plane.ask('GET', `${network}/networkSecurityGroups/old`)).status).toBe(200);
    expect((await deploy(template([nsg('web')]), { mode: 'Complete' })).status).toBe(200);
    expect((await plane.ask('GET', `${network}/networkSecurityGroups/old`)).status).toBe(404);
    expect((await plane.ask('GET', `${network}/networkSecurityGroups/web`)).status).toBe(200);
  });

  test('that fails says at which resource and why, and is kept as failed', async () => {
    const answer = await deploy(template([nsg('good'), nsg('bad', { securityRules: [rule('r', { priority: 1 })] })]));
    expect([answer.status, answer.code]).toEqual([400, 'DeploymentFailed']);
    expect(inside(answer.body, 'error', 'details', 0)).toMatchObject({
      code: 'SecurityRuleInvalidPriority',
      target: `${network}/networkSecurityGroups/bad`,
    });
    expect(await plane.get(path)).toMatchObject({
      properties: { provisioningState: 'Failed', error: { code: 'DeploymentFailed' } },
    });
    expect((await plane.ask('GET', `${network}/networkSecurityGroups/good`)).status).toBe(200);
  });

  test.each([
    [
      'a circle',
      template([
        { ...nsg('a'), dependsOn: ['b'] },
        { ...nsg('b'), dependsOn: ['a'] },
      ]),
      'circular dependency',
    ],
    [
      'a dependency that is not there',
      template([{ ...nsg('a'), dependsOn: ['nothing'] }]),
      'not defined in the template',
    ],
    [
      'a parameter without value',
      template([nsg('a')], { parameters: { p: { type: 'string' } } }),
      "'p' is not provided",
    ],
    ['an unknown function', template([nsg("[nonsense('a')]")]), 'nonsense'],
    ['a type that is none', template([{ type: 'nonsense', apiVersion: '2024-01-01', name: 'x' }]), 'nonsense'],
    ['resources that are none', { resources: 7 }, 'resources'],
  ] as const)('of %s is refused before anything is made', async (_, body, said) => {
    const answer = await deploy(body);
    expect([answer.status, answer.code]).toEqual([400, 'InvalidTemplate']);
    expect(answer.message).toContain(said);
    expect(inside(await plane.get(`${subscription}/resources`), 'value')).toEqual([]);
  });

  test('with parameters that the template does not know, or a link, is refused', async () => {
    expect((await deploy(template([nsg('a')]), { parameters: { q: { value: 1 } } })).message).toContain("'q'");
    const linked = await plane.ask('PUT', path, {
      properties: { mode: 'Incremental', templateLink: { uri: 'https://example.com' } },
    });
    expect(linked.code).toBe('InvalidTemplate');
  });

  test.each([
    ['in a subscription', 'PUT', `${subscription}/providers/Microsoft.Resources/deployments/d`],
    ['validated in a subscription', 'POST', `${subscription}/providers/Microsoft.Resources/deployments/d/validate`],
    ['shown in a subscription', 'GET', `${subscription}/providers/Microsoft.Resources/deployments/d`],
    ['in the tenant', 'PUT', '/providers/Microsoft.Resources/deployments/d'],
    [
      'in a management group',
      'PUT',
      '/providers/Microsoft.Management/managementGroups/m/providers/Microsoft.Resources/deployments/d',
    ],
  ])('%s is refused by a code of its own', async (_, method, at) => {
    const body = { location, properties: { mode: 'Incremental', template: template([nsg('a')]) } };
    const { status, code, message } = await plane.ask(method, at, method === 'GET' ? undefined : body);
    expect([status, code]).toEqual([400, 'DeploymentScopeNotSupported']);
    expect(message).toContain('resource groups');
  });

  test.each([
    ['cancel', 404, 'InvalidResourceType'],
    ['exportTemplate', 404, 'InvalidResourceType'],
  ])('has no %s', async (action, status, code) => {
    const answer = await plane.ask('POST', `${path}/${action}`, {
      properties: { mode: 'Incremental', template: template([nsg('a')]) },
    });
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(answer.message).toContain(action);
  });

  test('whose template, nested template or parameters are links is refused, and nothing is kept of it', async () => {
    const link = { uri: 'https://example.com/template.json' };
    const nested = {
      type: 'Microsoft.Resources/deployments',
      apiVersion: '2021-04-01',
      name: 'inner',
      properties: { mode: 'Incremental', templateLink: link },
    };
    for (const properties of [
      { mode: 'Incremental', templateLink: link },
      { mode: 'Incremental', template: template([nested]) },
      { mode: 'Incremental', template: template([nsg('a')]), parametersLink: link },
    ]) {
      const answer = await plane.ask('PUT', path, { properties });
      expect([answer.status, answer.code]).toEqual([400, 'InvalidTemplate']);
      expect(answer.message).toMatch(/link.* not followed/i);
      expect((await plane.ask('GET', path)).status).toBe(404);
    }
  });

  test('does not show secure parameters', async () => {
    const secret = template([nsg('a')], { parameters: { s: { type: 'secureString' } } });
    const answer = await deploy(secret, { parameters: { s: { value: 'hidden-value' } } });
    expect(answer.status).toBe(201);
    expect(JSON.stringify(await plane.get(path))).not.toContain('hidden-value');
  });

  test('of a template with anything anywhere is answered below 500', async () => {
    const places = countNodes(whole);
    await fc.assert(
      fc.asyncProperty(fc.nat(places - 1), fc.oneof(fc.jsonValue({ maxDepth: 2 }), expressions), async (at, junk) => {
        const answer = await deploy(replaceAt(whole, { at }, junk as Json) as JsonObject, {
          parameters: { account: { value: 'logs' } },
        });
        expect(answer.status, answer.message).toBeLessThan(500);
        plane.plane.network();
      }),
      { seed: 7, numRuns: process.env['NSGFLOW_LONG'] === '1' ? 300 : 20 },
    );
  });
});

const expressions = fc.constantFrom(
  "[reference('vnet')]",
  "[resourceId('a/b', 'c')]",
  '[copyIndex()]',
  "[listKeys('logs', '2023-01-01').keys[0].value]",
  "[parameters('count')]",
  "[concat('a', ",
  '[newGuid()]',
  '[utcNow()]',
  '[variables(parameters(variables()))]',
);

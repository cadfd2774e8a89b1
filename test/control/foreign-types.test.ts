import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readJson } from '../../src/arm-template/read-json.ts';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { textOf } from '../../src/control/resources/resource.ts';
import type { TestPlane } from './plane.ts';
import { buildNetwork, group, inside, location, network, openPlane, rule, subscription } from './plane.ts';

let plane: TestPlane & { clock: { millis: number } };
const notices: string[] = [];

beforeEach(async () => {
  notices.splice(0);
  plane = await openPlane({ onNotice: (sentence) => notices.push(sentence) });
  await plane.put(group, { location });
});

afterEach(() => plane.end());

const deployment = `${group}/providers/Microsoft.Resources/deployments/main`;
const deploy = (resources: readonly JsonObject[], more: JsonObject = {}, properties: JsonObject = {}) =>
  plane.ask('PUT', deployment, {
    properties: { mode: 'Incremental', template: { resources, ...more }, ...properties },
  });

/** What a client gets in the end: 202, then the result at Location. */
async function whatIf(template: JsonObject, properties: JsonObject = {}): Promise<JsonObject[]> {
  const asked = await plane.ask('POST', `${deployment}/whatIf`, {
    properties: { mode: 'Incremental', template, ...properties },
  });
  expect([asked.status, asked.message]).toEqual([202, '']);
  plane.clock.millis += 1000;
  const { status, body } = await plane.ask('GET', asked.headers['location'].replace('https://localhost:8443', ''));
  expect([status, body['status']]).toEqual([200, 'Succeeded']);
  return inside(body, 'properties', 'changes') as JsonObject[];
}

const vault = {
  type: 'Contoso.Vaults/vaults',
  apiVersion: '2023-01-01',
  name: 'v',
  location,
  sku: { name: 'standard' },
  properties: { a: 1 },
};
const vaultPath = `${group}/providers/Contoso.Vaults/vaults/v`;

describe('a resource of a type that is not known', () => {
  test('is kept, shown, listed, named by others, and deleted', async () => {
    const part = {
      type: 'Contoso.Vaults/vaults/secrets',
      apiVersion: '2023-01-01',
      name: 'v/s',
      dependsOn: ['v'],
      properties: { from: "[reference('v').a]" },
    };
    const lock = {
      type: 'Microsoft.Authorization/locks',
      apiVersion: '2020-05-01',
      name: 'l',
      scope: "[resourceId('Contoso.Vaults/vaults', 'v')]",
      properties: { level: 'CanNotDelete' },
    };
    const made = await deploy([part, vault, lock], { outputs: { a: { type: 'int', value: "[reference('v').a]" } } });
    expect([made.status, made.message]).toEqual([201, '']);
    expect(inside(made.body, 'properties', 'outputs', 'a', 'value')).toBe(1);
    const diagnostics = inside(made.body, 'properties', 'diagnostics') as JsonObject[];
    expect(diagnostics).toHaveLength(1);
    expect(diagnostics[0]).toMatchObject({ level: 'Warning', code: 'ResourceTypesNotKnown' });
    for (const type of ['Contoso.Vaults/vaults', 'Contoso.Vaults/vaults/secrets', 'Microsoft.Authorization/locks'])
      expect(textOf(diagnostics[0]['message'])).toContain(type);
    expect(notices).toHaveLength(1);
    expect(await plane.get(vaultPath)).toMatchObject({
      id: vaultPath,
      sku: { name: 'standard' },
      properties: { a: 1 },
    });
    expect(await plane.get(`${vaultPath}/secrets/s`)).toMatchObject({ properties: { from: 1 } });
    expect(await plane.get(`${vaultPath}/providers/Microsoft.Authorization/locks/l`)).toMatchObject({ name: 'l' });
    for (const list of [`${group}/providers/Contoso.Vaults/vaults`, `${subscription}/providers/Contoso.Vaults/vaults`])
      expect(inside(await plane.get(list), 'value')).toMatchObject([{ name: 'v' }]);
    expect(inside(await plane.get(`${group}/resources`), 'value')).toHaveLength(3);
    expect((await plane.ask('DELETE', vaultPath)).status).toBe(200);
    expect((await plane.ask('GET', vaultPath)).status).toBe(404);
    expect(inside(await plane.get(`${group}/resources`), 'value')).toEqual([]);
  });

  test('keeps expressions that only Azure can answer; an output with one is refused before anything is made', async () => {
    const asking = { ...vault, name: 'w', properties: { name: "[reference('v').fqdn]" } };
    expect((await deploy([vault, asking])).status).toBe(201);
    expect(await plane.get(`${vaultPath.slice(0, -1)}w`)).toMatchObject({
      properties: { name: "[reference('v').fqdn]" },
    });
    await plane.ask('DELETE', vaultPath);
    const refused = await deploy([vault], { outputs: { a: { type: 'string', value: "[reference('v').fqdn]" } } });
    expect([refused.status, refused.code]).toEqual([400, 'InvalidTemplate']);
    expect(refused.message).toContain('outputs.a.value');
    expect((await plane.ask('GET', vaultPath)).status).toBe(404);
  });

  test('goes with a deployment of mode Complete', async () => {
    await deploy([vault]);
    await deploy([], {}, { mode: 'Complete' });
    expect((await plane.ask('GET', vaultPath)).status).toBe(404);
  });
});

describe('modules', () => {
  const moduleOf = (name: string, more: JsonObject, resources: Json, outputs: JsonObject = {}): JsonObject => ({
    type: 'Microsoft.Resources/deployments',
    apiVersion: '2022-09-01',
    name,
    ...more,
    properties: {
      mode: 'Incremental',
      expressionEvaluationOptions: { scope: 'inner' },
      template: { resources, outputs },
    },
  });
  const flowLog = {
    type: 'Microsoft.Network/networkWatchers/flowLogs',
    apiVersion: '2024-05-01',
    name: 'NetworkWatcher_westeurope/fl',
    location,
    properties: {
      targetResourceId: `${network}/networkSecurityGroups/web`,
      storageId: `${group}/providers/Microsoft.Storage/storageAccounts/logs`,
      enabled: true,
    },
  };
  const read = (name: string): string =>
    `[reference(resourceId('NetworkWatcherRG', 'Microsoft.Resources/deployments', '${name}'), '2020-10-01').outputs.id.value]`;

  test('of another resource group have outputs', async () => {
    await buildNetwork(plane);
    const id = {
      type: 'string',
      value: "[resourceId('Microsoft.Network/networkWatchers/flowLogs', 'NetworkWatcher_westeurope', 'fl')]",
    };
    const inner = moduleOf('m', { resourceGroup: 'NetworkWatcherRG' }, [flowLog], { id });
    const made = await deploy([inner], { outputs: { id: { type: 'string', value: read('m') } } });
    expect([made.status, made.message]).toEqual([201, '']);
    expect(inside(made.body, 'properties', 'outputs', 'id', 'value')).toMatch(
      /resourceGroups\/NetworkWatcherRG\/.*flowLogs\/fl$/,
    );
    const later = await deploy([], { outputs: { id: { type: 'string', value: read('m') } } });
    expect([later.status, later.message]).toEqual([200, '']);
  });

  test.each([
    ['an output of a module that is nowhere', [], read('nowhere'), 'nowhere'],
    [
      'an output that the module does not have',
      [moduleOf('m', { resourceGroup: 'NetworkWatcherRG' }, [])],
      read('m'),
      'no property',
    ],
    ['a module in a group that is nowhere', [moduleOf('m', { resourceGroup: 'nowhere' }, [vault])], '1', 'nowhere'],
  ] as const)('%s is refused before anything is made, by validate too', async (_, modules, value, said) => {
    const nsg = { type: 'Microsoft.Network/networkSecurityGroups', apiVersion: '2024-05-01', name: 'n', location };
    const template = { resources: [nsg, ...modules], outputs: { id: { type: 'string', value } } };
    const body = { properties: { mode: 'Incremental', template } };
    for (const [method, path] of [
      ['PUT', deployment],
      ['POST', `${deployment}/validate`],
      ['POST', `${deployment}/whatIf`],
    ] as const) {
      const answer = await plane.ask(method, path, body);
      expect([400, 404]).toContain(answer.status);
      expect(answer.message).toContain(said);
    }
    expect(inside(await plane.get(`${subscription}/resources`), 'value')).toEqual([]);
  });

  test('that take the outputs of others are made after all of theirs', async () => {
    const nsg = { type: 'Microsoft.Network/networkSecurityGroups', apiVersion: '2024-05-01', name: 'late', location };
    const first = moduleOf('first', {}, [nsg], {
      guid: {
        type: 'string',
        value: "[reference(resourceId('Microsoft.Network/networkSecurityGroups', 'late'), '2024-05-01').resourceGuid]",
      },
    });
    const second = {
      ...moduleOf('second', {}, [{ ...vault, properties: { guid: "[parameters('guid')]" } }]),
    };
    const properties = second['properties'] as JsonObject;
    const made = await deploy([
      {
        ...second,
        properties: {
          ...properties,
          parameters: { guid: { value: "[reference('first').outputs.guid.value]" } },
          template: { ...(properties['template'] as JsonObject), parameters: { guid: { type: 'string' } } },
        },
      },
      first,
    ]);
    expect([made.status, made.message]).toEqual([201, '']);
    const { properties: shown } = await plane.get(`${network}/networkSecurityGroups/late`);
    expect(await plane.get(vaultPath)).toMatchObject({ properties: { guid: (shown as JsonObject)['resourceGuid'] } });
  });
});

test('a template reads a subnet that is there, and changes it', async () => {
  await buildNetwork(plane);
  const id = `${network}/virtualNetworks/vnet/subnets/default`;
  const nsg = {
    type: 'Microsoft.Network/networkSecurityGroups',
    apiVersion: '2024-05-01',
    name: 'other',
    location,
    properties: {
      securityRules: [rule('r', { sourceAddressPrefix: `[reference('${id}', '2024-05-01').addressPrefix]` })],
    },
  };
  const subnet = {
    type: 'Microsoft.Network/virtualNetworks/subnets',
    apiVersion: '2024-05-01',
    name: 'vnet/default',
    properties: {
      addressPrefix: `[reference('${id}', '2024-05-01').addressPrefix]`,
      networkSecurityGroup: { id: "[resourceId('Microsoft.Network/networkSecurityGroups', 'other')]" },
    },
  };
  const made = await deploy([subnet, nsg]);
  expect([made.status, made.message]).toEqual([201, '']);
  expect(
    inside(await plane.get(`${network}/networkSecurityGroups/other`), 'properties', 'securityRules', 0, 'properties'),
  ).toMatchObject({
    sourceAddressPrefix: '10.0.0.0/24',
  });
  expect(await plane.get(id)).toMatchObject({
    properties: {
      addressPrefix: '10.0.0.0/24',
      networkSecurityGroup: { id: `${network}/networkSecurityGroups/other` },
    },
  });
});

test('the example is deployed whole, and its load balancer decides as in a file', async () => {
  const text = await readFile(new URL('../../examples/network.json', import.meta.url), 'utf8');
  const template = readJson(text, 'network.json') as JsonObject;
  const made = await plane.ask('PUT', deployment, { properties: { mode: 'Incremental', template } });
  expect([made.status, made.message]).toEqual([201, '']);
  expect(inside(made.body, 'properties', 'diagnostics')).toBeUndefined();
  expect(plane.plane.network().warnings).toEqual([]);
  const again = await whatIf(template);
  expect(again.filter(({ changeType }) => changeType !== 'NoChange')).toEqual([]);
});

describe('what-if', () => {
  const nsg = (name: string, rules: Json = []): JsonObject => ({
    type: 'Microsoft.Network/networkSecurityGroups',
    apiVersion: '2024-05-01',
    name,
    location,
    properties: { securityRules: rules },
  });

  test('tells what is made, changed, left as it is and ignored, property by property, and makes nothing', async () => {
    await deploy([nsg('same', [rule('a')]), nsg('changed', [rule('a'), rule('b', { priority: 200 })]), nsg('other')]);
    const template = {
      resources: [
        nsg('new'),
        nsg('SAME', [rule('a')]),
        nsg('changed', [rule('a', { priority: 110 }), rule('c', { priority: 300 })]),
      ],
    };
    const before = plane.plane.snapshot().revision;
    const changes = await whatIf(template);
    expect(changes.map(({ resourceId, changeType }) => [textOf(resourceId).split('/').pop(), changeType])).toEqual([
      ['changed', 'Modify'],
      ['new', 'Create'],
      ['other', 'Ignore'],
      ['same', 'NoChange'],
    ]);
    expect(changes[0]['delta']).toMatchObject([
      {
        path: 'properties.securityRules',
        propertyChangeType: 'Array',
        children: [
          {
            path: '0',
            propertyChangeType: 'Modify',
            children: [{ path: 'properties.priority', propertyChangeType: 'Modify', before: 100, after: 110 }],
          },
          { path: '1', propertyChangeType: 'Delete' },
          { path: '1', propertyChangeType: 'Create' },
        ],
      },
    ]);
    expect(changes[1]).toMatchObject({ after: { apiVersion: '2024-05-01', name: 'new', location } });
    expect(plane.plane.snapshot().revision).toBe(before);
    expect((await plane.ask('GET', `${network}/networkSecurityGroups/new`)).status).toBe(404);
  });

  test('deletes in mode Complete, and names ids only where asked', async () => {
    await deploy([nsg('a'), nsg('b')]);
    const complete = await whatIf({ resources: [nsg('a')] }, { mode: 'Complete' });
    expect(complete.map(({ changeType }) => changeType)).toEqual(['NoChange', 'Delete']);
    const ids = await whatIf(
      { resources: [nsg('a'), nsg('c')] },
      { whatIfSettings: { resultFormat: 'ResourceIdOnly' } },
    );
    expect(ids).toEqual([
      { resourceId: `${network}/networkSecurityGroups/a`, changeType: 'Deploy' },
      { resourceId: `${network}/networkSecurityGroups/b`, changeType: 'Ignore' },
      { resourceId: `${network}/networkSecurityGroups/c`, changeType: 'Create' },
    ]);
  });

  test('says which resource would be refused', async () => {
    await deploy([nsg('a')]);
    const { status, code, message } = await plane.ask('POST', `${deployment}/whatIf`, {
      properties: { mode: 'Incremental', template: { resources: [nsg('a', [rule('r', { priority: 1 })])] } },
    });
    expect([status, code]).toEqual([400, 'SecurityRuleInvalidPriority']);
    expect(message).toContain('networkSecurityGroups/a');
  });
});

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { limits } from '../../src/base/limits.ts';
import { textOf } from '../../src/control/resources/resource.ts';
import {
  account,
  buildNetwork,
  flowLogBody,
  group,
  inside,
  location,
  network,
  openPlane,
  subscription,
  watcher,
} from './plane.ts';

let plane: Awaited<ReturnType<typeof openPlane>>;

beforeAll(async () => {
  plane = await openPlane({ pageSize: 5 });
  await buildNetwork(plane);
  await plane.put(`${subscription}/resourceGroups/shop`, { location: 'northeurope', tags: { team: 'shop' } });
  await plane.put(`${subscription}/resourceGroups/shop/providers/Microsoft.Network/networkSecurityGroups/shop-web`, {
    location: 'northeurope',
    tags: { Team: 'Net', stage: 'test' },
  });
  await plane.put(`${network}/networkSecurityGroups/o'hara`.replace("'", '.'), {
    location,
    tags: { team: 'shop', note: "it's" },
  });
  await plane.put(`${watcher}/flowLogs/fl`, flowLogBody());
});

afterAll(async () => {
  expect(plane.faults).toEqual([]);
  await plane.end();
});

/** Names of all pages. */
async function names(path: string, filter: string, more = ''): Promise<string[]> {
  const all: string[] = [];
  let next: string | undefined = `${path}?$filter=${encodeURIComponent(filter)}${more}`;
  while (next !== undefined) {
    const page: JsonObject = await plane.get(next);
    all.push(...(page['value'] as JsonObject[]).map(({ name }) => textOf(name)));
    next = page['nextLink'] as string | undefined;
  }
  return all.sort((a, b) => (a < b ? -1 : 1));
}

const resources = `${subscription}/resources`;

describe('$filter of resources', () => {
  test.each([
    ["tagName eq 'team'", ['o.hara', 'shop-web']],
    ["tagname eq 'TEAM' and tagvalue eq 'Net'", ['shop-web']],
    ["tagName eq 'team' and tagValue eq 'net'", []],
    ["tagName eq 'stage' and tagValue eq 'shop'", []],
    ["tagName eq 'note' and tagValue eq 'it''s'", ['o.hara']],
    ["tagName eq 'no' or tagName eq 'stage'", ['shop-web']],
    ["startswith(tagname, 'st')", ['shop-web']],
    ["tagName eq 'no'", []],
    ["name eq 'WEB'", ['web']],
    ["substringof('web', name)", ['shop-web', 'web']],
    ["substringof('web', name) and resourceGroup eq 'shop'", ['shop-web']],
    ["substringof('ho', resourcegroup)", ['shop-web']],
    ["location eq 'North Europe'", ['NetworkWatcher_northeurope', 'shop-web']],
    ["resourceType eq 'microsoft.storage/STORAGEACCOUNTS'", ['logs']],
    ["resourceType eq 'Microsoft.Network/networkWatchers/flowLogs'", ['NetworkWatcher_westeurope/fl']],
    ["name eq 'NetworkWatcher_westeurope/fl'", ['NetworkWatcher_westeurope/fl']],
    [
      "resourceType eq 'Microsoft.Network/networkInterfaces' or resourceType eq 'Microsoft.Network/virtualNetworks'",
      ['nic', 'vnet'],
    ],
    ["resourceType eq 'Microsoft.Network/networkSecurityGroups' and location ne 'westeurope'", ['shop-web']],
    ["name eq 'web' or name eq 'logs' and location eq 'nowhere'", ['web']],
    ["(name eq 'web' or name eq 'logs') and location eq 'nowhere'", []],
    ["identity ne 'SystemAssigned' and name eq 'nic'", ['nic']],
    ["plan/publisher eq 'somebody'", []],
    ['   ', undefined],
  ])('%s', async (filter, expected) => {
    const found = await names(resources, filter);
    expect(found).toEqual(expected ?? (await names(resources, '')));
  });

  test('holds over pages, with $top', async () => {
    const path = `${resources}?$filter=${encodeURIComponent("location ne 'northeurope'")}&$top=2`;
    const page = await plane.get(path);
    expect(page['value']).toHaveLength(2);
    expect(await names(resources, "location ne 'northeurope'", '&$top=2')).toEqual(
      await names(resources, "location eq 'westeurope'"),
    );
  });

  test('is of a group alone in a group', async () => {
    expect(await names(`${group}/resources`, "substringof('web', name)")).toEqual(['web']);
    expect(await names(`${network}/networkSecurityGroups`, "name ne 'web'")).toEqual(['o.hara']);
    expect(await names(`${network}/networkSecurityGroups/web/securityRules`, "name eq 'allowweb'")).toEqual([
      'AllowWeb',
    ]);
    expect(await names(`${network}/networkSecurityGroups/web/securityRules`, "name eq 'no'")).toEqual([]);
  });

  test('shows the state where $expand asks for it', async () => {
    const shown = await plane.get(`${resources}?$expand=createdTime,provisioningState`);
    expect(inside(shown, 'value', 0, 'provisioningState')).toBe('Succeeded');
  });

  test.each([
    'nonsense',
    'name eq',
    "name eq 'a",
    'name eq web',
    "name is 'a'",
    "size eq '3'",
    "__proto__ eq 'a'",
    "constructor eq 'a'",
    "name eq 'a' and",
    "name eq 'a' name eq 'b'",
    "(name eq 'a'",
    "name eq 'a')",
    "not name eq 'a'",
    "tagName ne 'a'",
    "tagName eq 'a' and location eq 'westeurope'",
    "resourceType eq 'Microsoft.Network/networkSecurityGroups' and tagName eq 'team'",
    "startswith(name, 'a')",
    "substringof('a', location)",
    "substringof(name, 'a')",
    "$filter=name eq 'a'",
    "name eq 'a' %",
    '('.repeat(3000),
    `name eq '${'a'.repeat(limits.armFilterCharsMax)}'`,
  ])('%s is refused', async (filter) => {
    const answer = await plane.ask('GET', `${resources}?$filter=${encodeURIComponent(filter)}`);
    expect([answer.status, answer.code]).toEqual([400, 'InvalidFilterInQueryString']);
  });
});

describe('$filter of groups and deployments', () => {
  test('groups are found by their tags alone', async () => {
    const groups = `${subscription}/resourceGroups`;
    expect(await names(groups, "tagName eq 'team' and tagValue eq 'shop'")).toEqual(['shop']);
    expect(await names(groups, "tagName eq 'no'")).toEqual([]);
    const answer = await plane.ask('GET', `${groups}?$filter=${encodeURIComponent("name eq 'shop'")}`);
    expect(answer.code).toBe('InvalidFilterInQueryString');
  });

  test('deployments are found by their state', async () => {
    const deployments = `${group}/providers/Microsoft.Resources/deployments`;
    const put = (name: string, resources: JsonObject[]) =>
      plane.ask('PUT', `${deployments}/${name}`, { properties: { mode: 'Incremental', template: { resources } } });
    expect((await put('good', [])).status).toBe(201);
    const bad = {
      type: 'Microsoft.Network/virtualNetworks',
      apiVersion: '2023-05-01',
      name: 'v',
      location,
      properties: { addressSpace: { addressPrefixes: ['x'] } },
    };
    expect((await put('bad', [bad])).status).toBe(400);
    expect(await names(deployments, "provisioningState eq 'Failed'")).toEqual(['bad']);
    expect(await names(deployments, "provisioningState eq 'succeeded'")).toEqual(['good']);
    expect((await plane.ask('GET', `${deployments}?$filter=${encodeURIComponent("name eq 'good'")}`)).status).toBe(400);
  });
});

test.each(['0', '-1', 'x', '1.5', '99999999999'])('$top=%s is refused', async (top) => {
  const answer = await plane.ask('GET', `${resources}?$top=${top}`);
  expect([answer.status, answer.code]).toEqual([400, 'InvalidTopInQueryString']);
});

describe('the operations of a deployment', () => {
  const older = `${subscription}/resourcegroups/net/deployments/o`;
  const newer = `${group}/providers/Microsoft.Resources/deployments/o`;

  test('are at both paths, all and one by one', async () => {
    const template = {
      resources: [
        { type: 'Microsoft.Network/applicationSecurityGroups', apiVersion: '2023-05-01', name: 'one', location },
        {
          type: 'Microsoft.Network/networkSecurityGroups/securityRules',
          apiVersion: '2023-05-01',
          name: 'web/r',
          properties: {
            protocol: '*',
            sourcePortRange: '*',
            destinationPortRange: '1',
            sourceAddressPrefix: '*',
            destinationAddressPrefix: '*',
            access: 'Deny',
            priority: 300,
            direction: 'Inbound',
          },
        },
      ],
    };
    await plane.put(newer, { properties: { mode: 'Incremental', template } });
    expect((await plane.get(older))['name']).toBe('o');
    const all = (await plane.get(`${older}/operations`))['value'] as JsonObject[];
    expect(await plane.get(`${newer}/operations`)).toEqual({ value: all });
    expect(new Set(all.map((one) => inside(one, 'properties', 'targetResource', 'resourceType')))).toEqual(
      new Set(['Microsoft.Network/applicationSecurityGroups', 'Microsoft.Network/networkSecurityGroups/securityRules']),
    );
    for (const one of all) {
      expect(one['id']).toMatch(new RegExp(`^${newer}/operations/`, 'i'));
      expect(await plane.get(`${older}/operations/${textOf(one['operationId'])}`)).toEqual(one);
      expect(await plane.get(`${newer}/operations/${textOf(one['operationId'])}`)).toEqual(one);
    }
    expect(((await plane.get(`${older}/operations?$top=1`))['value'] as unknown[]).length).toBe(1);
    expect((await plane.ask('GET', `${older}/operations/no`)).code).toBe('DeploymentOperationNotFound');
    expect((await plane.ask('GET', `${older.replace(/o$/, 'none')}/operations`)).code).toBe('DeploymentNotFound');
    expect((await plane.ask('DELETE', `${older}/operations`)).status).toBe(405);
    expect((await plane.ask('GET', `${older}/operations/a/b/c`)).status).toBe(404);
  });

  test('say what a deployment failed at', async () => {
    const bad = {
      type: 'Microsoft.Storage/storageAccounts',
      apiVersion: '2023-01-01',
      name: 'Bad_Name',
      location,
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS' },
    };
    const failed = `${group}/providers/Microsoft.Resources/deployments/f`;
    expect(
      (await plane.ask('PUT', failed, { properties: { mode: 'Incremental', template: { resources: [bad] } } })).status,
    ).toBe(400);
    expect(inside(await plane.get(`${failed}/operations`), 'value', 0, 'properties')).toMatchObject({
      provisioningState: 'Failed',
      statusMessage: { error: { code: 'AccountNameInvalid' } },
      targetResource: { id: account('Bad_Name') },
    });
  });
});

describe('headers of every answer', () => {
  const guid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

  test.each([
    ['GET', resources, 200, 'x-ms-ratelimit-remaining-subscription-reads'],
    ['HEAD', `${group}x`, 404, 'x-ms-ratelimit-remaining-subscription-reads'],
    ['PUT', `${subscription}/resourceGroups/heads`, 201, 'x-ms-ratelimit-remaining-subscription-writes'],
    ['POST', `${watcher}/none`, 404, 'x-ms-ratelimit-remaining-subscription-writes'],
    ['DELETE', `${network}/networkSecurityGroups/none`, 204, 'x-ms-ratelimit-remaining-subscription-deletes'],
    ['GET', '/tenants', 200, 'x-ms-ratelimit-remaining-tenant-reads'],
    ['GET', '/none', 404, 'x-ms-ratelimit-remaining-tenant-reads'],
    ['GET', `${resources}?api-version=never`, 400, 'x-ms-ratelimit-remaining-subscription-reads'],
  ])('%s %s', async (method, path, status, limit) => {
    const { headers, ...answer } = await plane.ask(method, path, method === 'PUT' ? { location } : undefined);
    expect(answer.status).toBe(status);
    expect(headers[limit]).toMatch(/^\d+$/);
    expect(headers['x-ms-request-id']).toMatch(guid);
    expect(headers['x-ms-correlation-request-id']).toMatch(guid);
    expect(headers['x-ms-routing-request-id']).toMatch(/^LOCAL:20261122T120000Z:/);
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-cache' });
  });

  test('take up the ids of the client where they are well-formed', async () => {
    const id = '11111111-2222-3333-4444-555555555555';
    const asked = {
      'x-ms-correlation-request-id': id,
      'x-ms-client-request-id': 'me-1',
      'x-ms-return-client-request-id': 'True',
    };
    const { headers } = await plane.ask('GET', resources, undefined, asked);
    expect([headers['x-ms-correlation-request-id'], headers['x-ms-client-request-id']]).toEqual([id, 'me-1']);
    const odd = await plane.ask('GET', resources, undefined, {
      ...asked,
      'x-ms-correlation-request-id': 'a\nb: c',
      'x-ms-client-request-id': 'a\r\nb',
    });
    expect(odd.headers['x-ms-correlation-request-id']).toMatch(guid);
    expect(odd.headers).not.toHaveProperty('x-ms-client-request-id');
  });
});

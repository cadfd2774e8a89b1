import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { limits } from '../../src/base/limits.ts';
import { countNodes, replaceAt } from './junk.ts';
import {
  account,
  buildNetwork,
  flowLogBody,
  group,
  inside,
  location,
  network,
  openPlane,
  rule,
  subscription,
  watcher,
} from './plane.ts';

let plane: Awaited<ReturnType<typeof openPlane>>;

beforeEach(async () => {
  plane = await openPlane({ pageSize: 3 });
  await buildNetwork(plane);
});

afterEach(async () => {
  expect(plane.faults).toEqual([]);
  await plane.end();
});

const nsg = `${network}/networkSecurityGroups/web`;

function files(): string[] {
  return readdirSync(join(plane.folder, 'resources'), { recursive: true, encoding: 'utf8' }).sort();
}

describe('what is refused', () => {
  test.each([
    ['GET', `${nsg}?x=1&api-version=`, 400, 'MissingApiVersionParameter'],
    ['GET', `${nsg}?api-version=latest`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${nsg}?api-version=2025-02-29`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${nsg}?api-version=2023-13-45`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${nsg}?api-version=2026-11-23`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${nsg}?api-version=2026-11-22-preview`, 200, ''],
    ['GET', `${nsg}?api-version=2021-04-01`, 200, ''],
    ['GET', `${nsg}?api-version=2014-12-01-preview`, 200, ''],
    ['GET', `${nsg}?api-version=2021-04-01-preview`, 400, 'NoRegisteredProviderFound'],
    ['PUT', `${network}/networkSecurityGroups/n?api-version=2023-01-01`, 400, 'NoRegisteredProviderFound'],
    ['GET', `${network}/networkSecurityGroups?api-version=2023-01-01`, 400, 'NoRegisteredProviderFound'],
    ['GET', `${nsg}/securityRules?api-version=2023-01-01`, 400, 'NoRegisteredProviderFound'],
    ['GET', `${nsg}/securityRules/AllowWeb?api-version=2023-01-01`, 400, 'NoRegisteredProviderFound'],
    ['POST', `${account('logs')}/listKeys?api-version=2025-05-01`, 400, 'NoRegisteredProviderFound'],
    ['GET', `${group}?api-version=2025-05-01`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${group}/resources?api-version=2025-05-01`, 400, 'InvalidApiVersionParameter'],
    ['GET', `${subscription}/providers/Microsoft.Network?api-version=2025-05-01`, 400, 'InvalidApiVersionParameter'],
    ['GET', '/subscriptions?api-version=2022-12-02', 400, 'InvalidApiVersionParameter'],
    ['GET', `${network}/networkSecurityGroups/no`, 404, 'ResourceNotFound'],
    ['GET', `${nsg}/securityRules/no`, 404, 'NotFound'],
    ['GET', `${network}/natGateways/r`, 404, 'InvalidResourceType'],
    ['PUT', `${network}/natGateways/r`, 404, 'InvalidResourceType'],
    ['GET', `${group}/providers/Contoso.Network/things/t`, 404, 'InvalidResourceNamespace'],
    [
      'GET',
      `${subscription}/resourceGroups/no/providers/Microsoft.Network/networkSecurityGroups/web`,
      404,
      'ResourceGroupNotFound',
    ],
    [
      'PUT',
      `${subscription}/resourceGroups/no/providers/Microsoft.Network/networkSecurityGroups/web`,
      404,
      'ResourceGroupNotFound',
    ],
    ['DELETE', `${subscription}/resourceGroups/no`, 404, 'ResourceGroupNotFound'],
    ['PUT', `${network}/networkSecurityGroups/no/securityRules/r`, 404, 'ParentResourceNotFound'],
    ['PUT', `${network}/networkWatchers/no/flowLogs/f`, 404, 'ParentResourceNotFound'],
    ['GET', '/subscriptions/nonsense/resourceGroups', 400, 'InvalidSubscriptionId'],
    ['GET', '/subscriptions/11111111-1111-1111-1111-111111111111/resourceGroups', 404, 'SubscriptionNotFound'],
    ['POST', nsg, 405, 'MethodNotAllowed'],
    ['BREW', nsg, 405, 'MethodNotAllowed'],
    ['POST', `${nsg}/listKeys`, 404, 'InvalidResourceType'],
    [
      'GET',
      `${subscription}/resourceGroups/%2e%2e/providers/Microsoft.Network/networkSecurityGroups/x`,
      400,
      'InvalidResourceName',
    ],
    ['PUT', `${network}/networkSecurityGroups/a%2fb`, 400, 'InvalidResourceName'],
    ['PUT', `${network}/networkSecurityGroups/a%00`, 400, 'InvalidResourceName'],
    ['PUT', `${network}/networkSecurityGroups/%zz`, 400, 'BadRequest'],
    ['PUT', `${network}/networkSecurityGroups/${'x'.repeat(81)}`, 400, 'InvalidResourceName'],
    ['PUT', `${subscription}/resourceGroups/dot.`, 400, 'InvalidResourceName'],
    ['GET', `/${'x/'.repeat(3000)}`, 400, 'BadRequest'],
    ['GET', '/', 404, 'NotFound'],
    ['GET', '//etc/passwd', 404, 'NotFound'],
    ['GET', `${subscription}/resourceGroups/net/providers`, 404, 'NotFound'],
    ['GET', `${network}/networkSecurityGroups?$skiptoken=xyz`, 400, 'InvalidSkipToken'],
    ['GET', `${subscription}/providers/Microsoft.Network/locations/local/operations/no`, 404, 'NotFound'],
  ] as const)('%s %s', async (method, path, status, code) => {
    const before = files();
    const answer = await plane.ask(method, path, method === 'PUT' ? { location } : undefined);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect(files()).toEqual(before);
  });

  test.each([
    ['no JSON', Buffer.from('{"location": '), 'InvalidRequestContent', 400],
    ['no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'InvalidRequestContent', 400],
    ['an array', Buffer.from('[]'), 'InvalidRequestContent', 400],
    ['no location', Buffer.from('{}'), 'LocationRequired', 400],
    ['a location that is none', Buffer.from('{"location": "../x"}'), 'LocationNotAvailableForResourceType', 400],
    ['nested without end', Buffer.from(`{"a":${'['.repeat(100_000)}`), 'InvalidRequestContent', 400],
    ['huge', Buffer.alloc(limits.armRequestBytesMax + 1, 32), 'RequestContentTooLarge', 413],
    [
      'a prototype',
      Buffer.from('{"location":"westeurope","properties":{"__proto__":{"a":1}}}'),
      'InvalidRequestContent',
      400,
    ],
    [
      'wrong types',
      Buffer.from('{"location":"westeurope","properties":{"securityRules":7}}'),
      'InvalidRequestContent',
      400,
    ],
  ] as const)('a body that is %s', async (_, body, code, status) => {
    const answer = await plane.ask('PUT', `${network}/networkSecurityGroups/fresh`, body);
    expect([answer.status, answer.code]).toEqual([status, code]);
    expect((await plane.ask('GET', `${network}/networkSecurityGroups/fresh`)).status).toBe(404);
  });

  test('ids of very many slashes are refused like any other that name nothing', async () => {
    const id = `${'/'.repeat(1_500_000)}x`;
    const nic = { location, properties: { networkSecurityGroup: { id }, ipConfigurations: [] } };
    const subnet = { name: 'a', properties: { addressPrefix: '10.9.0.0/24', networkSecurityGroup: { id } } };
    for (const [path, body] of [
      [`${network}/networkInterfaces/fresh`, nic],
      [
        `${network}/virtualNetworks/fresh`,
        { location, properties: { addressSpace: { addressPrefixes: ['10.9.0.0/16'] }, subnets: [subnet] } },
      ],
      [`${watcher}/flowLogs/fresh`, { location, properties: { targetResourceId: id, storageId: id } }],
    ] as const) {
      const answer = await plane.ask('PUT', path, body);
      expect(answer.status).toBe(400);
      expect(answer.code).not.toBe('');
    }
  });

  test('bodies with anything anywhere: an answer below 500, and no change where it is refused', async () => {
    const valid: readonly (readonly [string, JsonObject])[] = [
      [`${network}/networkSecurityGroups/f`, { location, properties: { securityRules: [rule('a')] } }],
      [
        `${network}/virtualNetworks/f`,
        {
          location,
          properties: {
            addressSpace: { addressPrefixes: ['10.9.0.0/16'] },
            subnets: [{ name: 'a', properties: { addressPrefix: '10.9.0.0/24' } }],
          },
        },
      ],
      [
        `${network}/networkInterfaces/f`,
        {
          location,
          properties: {
            ipConfigurations: [
              { name: 'a', properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` } } },
            ],
          },
        },
      ],
      [
        `${watcher}/flowLogs/f`,
        flowLogBody({ format: { type: 'JSON', version: 2 }, retentionPolicy: { days: 1, enabled: true } }),
      ],
      [
        account('fuzz'),
        { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' }, properties: { networkAcls: { bypass: 'None' } } },
      ],
      [
        `${network}/publicIPAddresses/f`,
        { location, sku: { name: 'Standard' }, properties: { publicIPAllocationMethod: 'Static' } },
      ],
    ];
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...valid),
        fc.nat(),
        fc.jsonValue({ maxDepth: 2 }),
        async ([path, body], at, junk) => {
          const before = plane.plane.snapshot();
          const answer = await plane.ask('PUT', path, replaceAt(body, { at: at % countNodes(body) }, junk as Json));
          expect(answer.status).toBeLessThan(500);
          if (answer.status >= 400) {
            expect(answer.code).not.toBe('');
            expect(plane.plane.snapshot()).toEqual(before);
          }
          plane.plane.network();
        },
      ),
      { seed: 5, numRuns: process.env['NSGFLOW_LONG'] === '1' ? 1000 : 100 },
    );
  });
});

describe('what clients do', () => {
  test('a GET can be PUT back, with all its read-only fields', async () => {
    await plane.put(`${watcher}/flowLogs/fl`, flowLogBody());
    for (const path of [
      nsg,
      `${network}/virtualNetworks/vnet`,
      `${network}/networkInterfaces/nic`,
      account('logs'),
      `${watcher}/flowLogs/fl`,
      group,
    ]) {
      const { etag: _, ...shown } = await plane.get(path);
      const { etag: __, ...again } = await plane.put(path, shown);
      expect(withoutEtags(again)).toEqual(withoutEtags(shown));
    }
  });

  test('If-Match and If-None-Match hold', async () => {
    const { etag } = await plane.get(nsg);
    const put = (headers: Record<string, string>, path = nsg) => plane.ask('PUT', path, { location }, headers);
    expect((await put({ 'if-none-match': '*' })).code).toBe('PreconditionFailed');
    expect((await put({ 'if-match': 'W/"old"' })).status).toBe(412);
    expect((await put({ 'if-match': '*' }, `${network}/networkSecurityGroups/no`)).status).toBe(412);
    expect((await put({ 'if-match': etag as string })).status).toBe(200);
    expect((await put({ 'if-match': etag as string })).status).toBe(412);
    expect((await put({ 'if-none-match': '*' }, `${network}/networkSecurityGroups/second`)).status).toBe(201);
    expect((await plane.ask('DELETE', nsg, undefined, { 'if-match': 'W/"old"' })).status).toBe(412);
  });

  test('PATCH changes tags, and of an account what it names', async () => {
    const patched = await plane.ask('PATCH', nsg, { tags: { team: 'net' } });
    expect(patched.body).toMatchObject({ tags: { team: 'net' } });
    expect(inside(patched.body, 'properties', 'securityRules')).toHaveLength(1);
    expect((await plane.ask('PATCH', nsg, { properties: {} })).code).toBe('InvalidRequestContent');
    expect((await plane.ask('PATCH', nsg, { tags: 'no' })).code).toBe('InvalidRequestContent');
    const changed = await plane.ask('PATCH', account('logs'), {
      tags: { a: 'b' },
      sku: { name: 'Standard_ZRS' },
      properties: { allowBlobPublicAccess: true },
    });
    expect(changed.body).toMatchObject({
      kind: 'StorageV2',
      sku: { name: 'Standard_ZRS' },
      tags: { a: 'b' },
      properties: { allowBlobPublicAccess: true, accessTier: 'Hot' },
    });
  });

  test('lists have pages, and a link to the next', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f'])
      await plane.put(`${network}/networkSecurityGroups/${name}`, { location });
    const names: unknown[] = [];
    let next: string | undefined = `${subscription}/providers/Microsoft.Network/networkSecurityGroups`;
    let pages = 0;
    while (next !== undefined) {
      const page: JsonObject = await plane.get(next);
      names.push(...(page['value'] as JsonObject[]).map(({ name }) => name));
      next = page['nextLink'] as string | undefined;
      pages++;
    }
    expect([names, pages]).toEqual([['a', 'b', 'c', 'd', 'e', 'f', 'web'], 3]);
    expect(inside(await plane.get(`${network}/networkSecurityGroups?$top=2`), 'value')).toHaveLength(2);
    expect(inside(await plane.get(`${nsg}/securityRules`), 'value', 0, 'name')).toBe('AllowWeb');
    expect(inside(await plane.get(`${subscription}/resourceGroups`), 'value')).toHaveLength(2);
    const filter = encodeURIComponent("resourceType eq 'Microsoft.Storage/storageAccounts'");
    expect(inside(await plane.get(`${group}/resources?$filter=${filter}`), 'value')).toMatchObject([{ name: 'logs' }]);
    expect(
      inside(await plane.get(`${subscription}/providers/Microsoft.Network/networkWatchers`), 'value'),
    ).toMatchObject([{ location }]);
  });

  test('subscriptions, tenants, locations and providers are there', async () => {
    expect(inside(await plane.get('/subscriptions'), 'value', 0)).toMatchObject({
      state: 'Enabled',
      tenantId: '00000000-0000-0000-0000-000000000000',
    });
    expect(await plane.get(subscription)).toMatchObject({ id: subscription });
    expect(inside(await plane.get('/tenants'), 'value')).toHaveLength(1);
    expect(JSON.stringify(await plane.get(`${subscription}/locations`))).toContain('"westeurope"');
    const provider = await plane.get(`${subscription}/providers/microsoft.network`);
    expect(provider).toMatchObject({ namespace: 'Microsoft.Network', registrationState: 'Registered' });
    const types = provider['resourceTypes'] as { resourceType: string; apiVersions: string[] }[];
    expect(types.find(({ resourceType }) => resourceType === 'networkSecurityGroups')?.apiVersions[0]).toMatch(
      /^\d{4}-\d{2}-\d{2}$/,
    );
    await plane.ask('POST', `${subscription}/providers/Microsoft.Network/unregister`);
    expect((await plane.ask('PUT', nsg, { location })).code).toBe('MissingSubscriptionRegistration');
  });
});

describe('diagnostics', () => {
  const nic = `${network}/networkInterfaces/nic`;

  test('ipFlowVerify says what the rules decide', async () => {
    const verify = async (localPort: string, direction = 'Inbound') =>
      (
        await plane.ask('POST', `${watcher}/ipFlowVerify`, {
          targetResourceId: nic,
          direction,
          protocol: 'TCP',
          localPort,
          remotePort: '50000',
          localIPAddress: '10.0.0.4',
          remoteIPAddress: '8.8.8.8',
        })
      ).body;
    expect(await verify('443')).toEqual({ access: 'Allow', ruleName: 'securityRules/AllowWeb' });
    expect(await verify('22')).toEqual({ access: 'Deny', ruleName: 'defaultSecurityRules/DenyAllInBound' });
    expect(await verify('22', 'outbound')).toEqual({
      access: 'Allow',
      ruleName: 'defaultSecurityRules/AllowInternetOutBound',
    });
  });

  test('effective groups and the security group view show the rules of both levels', async () => {
    const effective = await plane.ask('POST', `${nic}/effectiveNetworkSecurityGroups`);
    expect(inside(effective.body, 'value')).toHaveLength(1);
    expect(inside(effective.body, 'value', 0, 'association', 'subnet', 'id')).toBe(
      `${network}/virtualNetworks/vnet/subnets/default`,
    );
    expect(inside(effective.body, 'value', 0, 'effectiveSecurityRules')).toHaveLength(7);
    const view = await plane.ask('POST', `${watcher}/securityGroupView`, { targetResourceId: nic });
    expect(
      inside(
        view.body,
        'networkInterfaces',
        0,
        'securityRuleAssociations',
        'subnetAssociation',
        'securityRules',
        0,
        'name',
      ),
    ).toBe('AllowWeb');
    expect((await plane.ask('POST', `${watcher}/securityGroupView`, { targetResourceId: `${group}/no` })).code).toBe(
      'ResourceNotFound',
    );
  });

  test('service tags are those of the file', async () => {
    const path = `${subscription}/providers/Microsoft.Network/locations/westeurope/serviceTags`;
    expect(inside(await plane.get(path), 'values', 0, 'name')).toBe('AzurePlatformDNS');
    const text = JSON.stringify({
      changeNumber: 7,
      cloud: 'Public',
      values: [{ name: 'Storage', id: 'Storage', properties: { addressPrefixes: ['20.60.0.0/16'] } }],
    });
    const tagged = await openPlane({ serviceTags: { path: 'tags.json', text } });
    await buildNetwork(tagged);
    expect(await tagged.get(path)).toMatchObject({ changeNumber: '7', values: [{ name: 'Storage' }] });
    const put = (sourceAddressPrefix: string) =>
      tagged.ask('PUT', `${nsg}/securityRules/t`, rule('t', { priority: 200, sourceAddressPrefix }));
    expect((await put('Storage')).status).toBe(201);
    expect(tagged.plane.network().unknownTags).toEqual([]);
    expect((await put('Sql')).status).toBe(200);
    expect(tagged.plane.network().unknownTags.map(({ tag }) => tag)).toEqual(['Sql']);
    await tagged.end();
  });
});

describe('asynchronous mode', () => {
  test('answers come before operations are done, and polls end', async () => {
    const slow = await openPlane({ asynchronous: true });
    const poll = async (url: string | undefined) => slow.ask('GET', (url ?? '').replace('https://localhost:8443', ''));
    await slow.ask('PUT', group, { location });
    const made = await slow.ask('PUT', nsg, { location });
    expect([made.status, made.headers['retry-after']]).toEqual([201, '1']);
    expect(made.body).toMatchObject({ properties: { provisioningState: 'Updating' } });
    expect((await poll(made.headers['azure-asyncoperation'])).body).toMatchObject({ status: 'InProgress' });
    slow.clock.millis += 1000;
    expect((await poll(made.headers['azure-asyncoperation'])).body).toMatchObject({ status: 'Succeeded' });
    expect(await slow.get(nsg)).toMatchObject({ properties: { provisioningState: 'Succeeded' } });
    const stored = await slow.ask('PUT', account('logs'), { location, sku: { name: 'Standard_LRS' } });
    expect(stored.status).toBe(202);
    expect((await poll(stored.headers['location'])).status).toBe(202);
    slow.clock.millis += 1000;
    expect((await poll(stored.headers['location'])).body).toMatchObject({ name: 'logs' });
    const deleted = await slow.ask('DELETE', nsg);
    expect(deleted.status).toBe(202);
    slow.clock.millis += 1000;
    expect((await poll(deleted.headers['azure-asyncoperation'])).body).toMatchObject({ status: 'Succeeded' });
    expect((await poll(deleted.headers['location'])).status).toBe(204);
    await slow.end();
  });
});

function withoutEtags(json: JsonObject): unknown {
  return JSON.parse(JSON.stringify(json), (key, value: unknown) => (key === 'etag' ? '' : value));
}

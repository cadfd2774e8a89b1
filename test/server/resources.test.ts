import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { blobClient, clients, dataFolder, serve, subscription } from './process.ts';
import type { Clients, Served } from './process.ts';
import { ask } from './serving.ts';

/** Every resource of the control plane through the official clients, over HTTPS, against a process of its own: answered at once, and by polling. */
const long = process.env['NSGFLOW_LONG'] === '1';
const location = 'westeurope';
const group = 'rg-sdk';
const watcherGroup = 'NetworkWatcherRG';
const watcher = `NetworkWatcher_${location}`;
const fast = { updateIntervalInMs: 50 };

function refused(code: string, statusCode: number): object {
  return { code, statusCode };
}

async function names(things: AsyncIterable<{ name?: string | undefined }>): Promise<(string | undefined)[]> {
  const all: (string | undefined)[] = [];
  for await (const { name } of things) all.push(name);
  return all;
}

describe.each(long ? ['at once', 'asynchronous'] : ['at once'])('the official clients, %s', (mode) => {
  let data: Awaited<ReturnType<typeof dataFolder>>;
  let served: Served;
  let sdk: Clients;
  const args = mode === 'asynchronous' ? ['--asynchronous', '--no-ingest'] : ['--no-ingest'];
  const idOf = (type: string, name: string): string =>
    `/subscriptions/${subscription}/resourceGroups/${group}/providers/${type}/${name}`;

  beforeAll(async () => {
    data = await dataFolder();
    served = await serve(data.path, args);
    sdk = clients(served);
    await sdk.resources.resourceGroups.createOrUpdate(group, { location });
  });

  afterAll(async () => {
    await served.end('SIGKILL');
    await data.remove();
  });

  test('resource groups and providers', async () => {
    const { resources } = sdk;
    expect(await resources.resourceGroups.checkExistence(group)).toMatchObject({ body: true });
    expect((await resources.resourceGroups.get(group.toUpperCase())).name).toBe(group);
    expect(await names(resources.resourceGroups.list())).toContain(group);
    await expect(resources.resourceGroups.get('none')).rejects.toMatchObject(refused('ResourceGroupNotFound', 404));
    expect((await resources.providers.get('Microsoft.Insights')).registrationState).toBe('Registered');
    const nsgs = (await resources.providers.get('Microsoft.Network')).resourceTypes!;
    expect(nsgs.map(({ resourceType }) => resourceType?.toLowerCase())).toContain('networksecuritygroups');
  });

  test('NSGs and rules, with Azure’s limits', async () => {
    const { networkSecurityGroups, securityRules } = sdk.network;
    const nsg = await networkSecurityGroups.beginCreateOrUpdateAndWait(group, 'nsg-a', { location }, fast);
    expect([nsg.id, nsg.provisioningState]).toEqual([
      idOf('Microsoft.Network/networkSecurityGroups', 'nsg-a'),
      'Succeeded',
    ]);
    expect(nsg.defaultSecurityRules!.map(({ name }) => name)).toContain('DenyAllInBound');
    const rule = {
      priority: 100,
      direction: 'Inbound',
      access: 'Allow',
      protocol: 'Tcp',
      sourceAddressPrefix: '*',
      sourcePortRange: '*',
      destinationAddressPrefix: '*',
      destinationPortRange: '443',
    };
    await securityRules.beginCreateOrUpdateAndWait(group, 'nsg-a', 'AllowHttps', rule, fast);
    await expect(securityRules.beginCreateOrUpdateAndWait(group, 'nsg-a', 'Again', rule, fast)).rejects.toMatchObject(
      refused('SecurityRuleConflict', 400),
    );
    await expect(
      securityRules.beginCreateOrUpdateAndWait(group, 'nsg-a', 'Low', { ...rule, priority: 99 }, fast),
    ).rejects.toMatchObject(refused('SecurityRuleInvalidPriority', 400));
    expect((await securityRules.get(group, 'nsg-a', 'AllowHttps')).priority).toBe(100);
    await securityRules.beginDeleteAndWait(group, 'nsg-a', 'AllowHttps', fast);
    const tagged = await networkSecurityGroups.updateTags(group, 'nsg-a', { tags: { owner: 'me' } });
    expect(tagged.tags).toEqual({ owner: 'me' });
    await expect(networkSecurityGroups.get(group, 'none')).rejects.toMatchObject(refused('ResourceNotFound', 404));
  });

  test('networks, interfaces, groups, addresses; what is in use stays', async () => {
    const { network } = sdk;
    const asg = await network.applicationSecurityGroups.beginCreateOrUpdateAndWait(group, 'asg', { location }, fast);
    const pip = await network.publicIPAddresses.beginCreateOrUpdateAndWait(
      group,
      'pip',
      { location, sku: { name: 'Standard' }, publicIPAllocationMethod: 'Static' },
      fast,
    );
    const nsgId = idOf('Microsoft.Network/networkSecurityGroups', 'nsg-a');
    await network.virtualNetworks.beginCreateOrUpdateAndWait(
      group,
      'vnet',
      { location, addressSpace: { addressPrefixes: ['10.1.0.0/16'] } },
      fast,
    );
    const subnet = await network.subnets.beginCreateOrUpdateAndWait(
      group,
      'vnet',
      'web',
      { addressPrefix: '10.1.1.0/24', networkSecurityGroup: { id: nsgId } },
      fast,
    );
    const nic = await network.networkInterfaces.beginCreateOrUpdateAndWait(
      group,
      'nic',
      {
        location,
        ipConfigurations: [
          {
            name: 'one',
            subnet: { id: subnet.id! },
            publicIPAddress: { id: pip.id! },
            applicationSecurityGroups: [{ id: asg.id! }],
          },
        ],
      },
      fast,
    );
    expect(nic.ipConfigurations![0].privateIPAddress).toBe('10.1.1.4');
    await expect(network.networkSecurityGroups.beginDeleteAndWait(group, 'nsg-a', fast)).rejects.toMatchObject(
      refused('InUseNetworkSecurityGroupCannotBeDeleted', 400),
    );
    await expect(network.subnets.beginDeleteAndWait(group, 'vnet', 'web', fast)).rejects.toMatchObject(
      refused('InUseSubnetCannotBeDeleted', 400),
    );
    const verified = await network.networkWatchers.beginVerifyIPFlowAndWait(
      watcherGroup,
      watcher,
      {
        targetResourceId: nic.id!,
        direction: 'Inbound',
        protocol: 'TCP',
        localPort: '22',
        remotePort: '60000',
        localIPAddress: '10.1.1.4',
        remoteIPAddress: '203.0.113.9',
      },
      fast,
    );
    expect(verified.access).toBe('Deny');
    expect(await names(network.networkWatchers.listAll())).toEqual([watcher]);
  });

  test('storage accounts, keys and their blobs', async () => {
    const { storage } = sdk;
    const made = await storage.storageAccounts.create(
      group,
      'stsdk',
      { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } },
      fast,
    );
    expect(made.primaryEndpoints!.blob).toBe(`${served.origin}/stsdk/`);
    expect(
      await storage.storageAccounts.checkNameAvailability({ name: 'stsdk', type: 'Microsoft.Storage/storageAccounts' }),
    ).toMatchObject({ nameAvailable: false });
    const before = await blobClient(served, sdk, group, 'stsdk');
    expect(await names(before.listContainers())).toEqual([]);
    const { keys } = await storage.storageAccounts.regenerateKey(group, 'stsdk', { keyName: 'key1' });
    expect(keys!.map(({ keyName }) => keyName)).toEqual(['key1', 'key2']);
    await expect(names(before.listContainers())).rejects.toMatchObject({ statusCode: 403 });
    expect(await names((await blobClient(served, sdk, group, 'stsdk')).listContainers())).toEqual([]);
  });

  test('flow logs, with Azure’s rules', async () => {
    const { flowLogs } = sdk.network;
    const { storageAccounts } = sdk.storage;
    const storageId = idOf('Microsoft.Storage/storageAccounts', 'stsdk');
    const target = { location, targetResourceId: idOf('Microsoft.Network/networkSecurityGroups', 'nsg-a') };
    const set = (name: string, more: object): ReturnType<typeof flowLogs.beginCreateOrUpdateAndWait> =>
      flowLogs.beginCreateOrUpdateAndWait(
        watcherGroup,
        watcher,
        name,
        { ...target, storageId, enabled: true, ...more },
        fast,
      );
    const made = await set('log', {
      format: { type: 'JSON', version: 2 },
      retentionPolicy: { days: 7, enabled: true },
    });
    expect(made).toMatchObject({ enabled: true, provisioningState: 'Succeeded', retentionPolicy: { days: 7 } });
    expect(await names(flowLogs.list(watcherGroup, watcher))).toEqual(['log']);
    await expect(set('other', {})).rejects.toMatchObject({ statusCode: 409 });
    await expect(set('log', { retentionPolicy: { days: 366, enabled: true } })).rejects.toMatchObject({
      statusCode: 400,
    });
    await expect(set('log', { format: { type: 'JSON', version: 3 } })).rejects.toMatchObject({ statusCode: 400 });
    const bad = [
      { name: 'stnorth', location: 'northeurope', kind: 'StorageV2', sku: 'Standard_LRS' },
      { name: 'stpremium', location, kind: 'BlockBlobStorage', sku: 'Premium_LRS' },
    ];
    for (const { name, kind, sku, ...rest } of bad) {
      await storageAccounts.create(group, name, { ...rest, kind, sku: { name: sku } }, fast);
      await expect(set('log', { storageId: idOf('Microsoft.Storage/storageAccounts', name) })).rejects.toMatchObject({
        statusCode: 400,
      });
    }
    await sdk.resources.providers.unregister('Microsoft.Insights');
    await expect(set('log', {})).rejects.toMatchObject({
      ...refused('AuthorizationFailed', 403),
      message: expect.stringContaining('az provider register'),
    });
    await sdk.resources.providers.register('Microsoft.Insights');
    const status = await sdk.network.networkWatchers.beginGetFlowLogStatusAndWait(
      watcherGroup,
      watcher,
      { targetResourceId: target.targetResourceId },
      fast,
    );
    expect(status).toMatchObject({ enabled: true, storageId });
    await flowLogs.beginDeleteAndWait(watcherGroup, watcher, 'log', fast);
    await expect(flowLogs.get(watcherGroup, watcher, 'log')).rejects.toMatchObject({ statusCode: 404 });
  });

  test.runIf(long)(
    'a template deploys network, account and flow log; after kill -9 every resource is back',
    async () => {
      const template = {
        $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
        contentVersion: '1.0.0.0',
        parameters: { location: { type: 'string' }, names: { type: 'array', defaultValue: ['a', 'b'] } },
        resources: [
          {
            type: 'Microsoft.Network/networkSecurityGroups',
            apiVersion: '2024-05-01',
            name: "[format('nsg-t-{0}', parameters('names')[copyIndex()])]",
            location: "[parameters('location')]",
            copy: { name: 'nsgs', count: "[length(parameters('names'))]" },
            properties: {},
          },
          {
            type: 'Microsoft.Storage/storageAccounts',
            apiVersion: '2023-05-01',
            name: 'sttemplate',
            location: "[parameters('location')]",
            kind: 'StorageV2',
            sku: { name: 'Standard_LRS' },
          },
          {
            type: 'Microsoft.Resources/deployments',
            apiVersion: '2022-09-01',
            name: 'flowlogs',
            resourceGroup: watcherGroup,
            dependsOn: ['nsgs', "[resourceId('Microsoft.Storage/storageAccounts', 'sttemplate')]"],
            properties: {
              mode: 'Incremental',
              template: {
                $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
                contentVersion: '1.0.0.0',
                resources: [
                  {
                    type: 'Microsoft.Network/networkWatchers/flowLogs',
                    apiVersion: '2024-05-01',
                    name: `${watcher}/templated`,
                    location,
                    properties: {
                      targetResourceId: idOf('Microsoft.Network/networkSecurityGroups', 'nsg-t-a'),
                      storageId: idOf('Microsoft.Storage/storageAccounts', 'sttemplate'),
                      enabled: true,
                      format: { type: 'JSON', version: 2 },
                    },
                  },
                ],
              },
            },
          },
        ],
      };
      const properties = { mode: 'Incremental' as const, template, parameters: { location: { value: location } } };
      const path = `/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Resources/deployments/story?api-version=2022-09-01`;
      const headers = { 'content-type': 'application/json' };
      const answer = await ask(served, path, { method: 'PUT', headers, body: JSON.stringify({ properties }) });
      expect([answer.status, answer.text]).toEqual([201, expect.stringContaining('provisioningState')]);
      const isDone = async (): Promise<boolean> =>
        (await ask(served, path, { headers })).text.includes('"provisioningState":"Succeeded"');
      while (!(await isDone())) await new Promise((resolve) => setTimeout(resolve, 100));
      const everything = async (): Promise<string[]> => {
        const answers = ['networkSecurityGroups', 'virtualNetworks', 'networkInterfaces', 'networkWatchers'].map(
          async (type) =>
            (
              await ask(
                served,
                `/subscriptions/${subscription}/providers/Microsoft.Network/${type}?api-version=2025-05-01`,
                { headers },
              )
            ).text,
        );
        const log = ask(
          served,
          `/subscriptions/${subscription}/resourceGroups/${watcherGroup}/providers/Microsoft.Network/networkWatchers/${watcher}/flowLogs/templated?api-version=2025-05-01`,
          { headers },
        );
        const keys = sdk.storage.storageAccounts.listKeys(group, 'sttemplate');
        return [...(await Promise.all(answers)), (await log).text, JSON.stringify((await keys).keys)];
      };
      const before = await everything();
      expect(before[0]).toContain('nsg-t-b');
      expect(before[4]).toContain('"enabled":true');
      await served.end('SIGKILL');
      served = await serve(data.path, args, { listen: new URL(served.origin).host.replace('localhost', '127.0.0.1') });
      sdk = clients(served);
      expect(await everything()).toEqual(before);
    },
  );

  test('hostile requests change nothing', async () => {
    const headers = { 'content-type': 'application/json' };
    const nsg = idOf('Microsoft.Network/networkSecurityGroups', 'nsg-x');
    const version = '?api-version=2025-05-01';
    const deep = '['.repeat(5000);
    const cases: [string, string, string | undefined][] = [
      ['PUT', `${nsg}${version}`, '{"location":'],
      ['PUT', `${nsg}${version}`, '"text"'],
      ['PUT', `${nsg}${version}`, deep],
      ['PUT', `${nsg}${version}`, '{"location":{"a":1},"properties":[]}'],
      ['PUT', `${nsg}${version}`, '{"location":"westeurope","properties":{"securityRules":"no"}}'],
      ['PUT', `${nsg}${version}`, '{"properties":{}}'],
      ['PUT', nsg, '{"location":"westeurope"}'],
      ['PUT', `${nsg}?api-version=newest`, '{"location":"westeurope"}'],
      [
        'PUT',
        `${idOf('Microsoft.Network/networkSecurityGroups', '..%2f..%2fetc')}${version}`,
        '{"location":"westeurope"}',
      ],
      ['PUT', `${idOf('Microsoft.Network/networkSecurityGroups', '%00')}${version}`, '{"location":"westeurope"}'],
      ['PUT', `${idOf('Microsoft.Nothing/things', 'x')}${version}`, '{"location":"westeurope"}'],
      ['PUT', `${idOf('Microsoft.Network/things', 'x')}${version}`, '{"location":"westeurope"}'],
      ['PUT', `/subscriptions/not-a-guid/resourceGroups/x${version}`, '{"location":"westeurope"}'],
      ['GET', `/subscriptions/12345678-0000-0000-0000-000000000000/resourceGroups${version}`, undefined],
      ['BREW', `${nsg}${version}`, undefined],
      ['GET', `/nothing/at/all${version}`, undefined],
    ];
    for (const [method, path, body] of cases) {
      const answer = await ask(served, path, {
        method: method === 'BREW' ? 'OPTIONS' : method,
        headers,
        ...(body === undefined ? {} : { body }),
      });
      expect([answer.status >= 400 && answer.status < 500, `${method} ${path} ${answer.status}`]).toEqual([
        true,
        `${method} ${path} ${answer.status}`,
      ]);
      expect(typeof (JSON.parse(answer.text) as { error: { code: string } }).error.code).toBe('string');
    }
    expect(await names(sdk.network.networkSecurityGroups.list(group))).not.toContain('nsg-x');
  });
});

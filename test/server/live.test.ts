/**
 * Settings that change while a capture is replayed, a minute a second: the key of the account, the flow log's version, target and whether it
 * is on; and what comes back after a kill.
 */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nsgflow } from '../cli/nsgflow.ts';
import { blobClient, clients, dataFolder, downloadAll, serve, subscription, until } from './process.ts';
import type { Clients, Served } from './process.ts';
import { ask } from './serving.ts';

const capture = join(import.meta.dirname, '..', '..', 'examples', 'traffic.pcap');
const replay = ['--capture', capture, '--pace', '60x', '--shift', 'now', '--loop', '--no-ingest'];
const location = 'westeurope';
const group = 'shop';
const account = 'stlive';
const groupPath = `/subscriptions/${subscription}/resourceGroups/${group}/providers`;
const ids = {
  nsg: `${groupPath}/Microsoft.Network/networkSecurityGroups/nsg-web`,
  virtualNetwork: `${groupPath}/Microsoft.Network/virtualNetworks/vnet`,
  deployment: `${groupPath}/Microsoft.Resources/deployments/story`,
  account: `${groupPath}/Microsoft.Storage/storageAccounts/${account}`,
};

const template = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  parameters: { account: { type: 'string' } },
  variables: { nsg: 'nsg-web' },
  resources: [
    {
      type: 'Microsoft.Network/networkSecurityGroups',
      apiVersion: '2023-09-01',
      name: "[variables('nsg')]",
      location,
      properties: {},
    },
    {
      type: 'Microsoft.Network/virtualNetworks',
      apiVersion: '2023-09-01',
      name: 'vnet',
      location,
      dependsOn: ["[resourceId('Microsoft.Network/networkSecurityGroups', variables('nsg'))]"],
      properties: {
        addressSpace: { addressPrefixes: ['10.20.0.0/16'] },
        subnets: [
          {
            name: 'web',
            properties: {
              addressPrefix: '10.20.1.0/24',
              networkSecurityGroup: { id: "[resourceId('Microsoft.Network/networkSecurityGroups', variables('nsg'))]" },
            },
          },
        ],
      },
    },
    {
      type: 'Microsoft.Network/networkInterfaces',
      apiVersion: '2023-09-01',
      name: 'nic-web',
      location,
      dependsOn: ["[resourceId('Microsoft.Network/virtualNetworks', 'vnet')]"],
      properties: {
        ipConfigurations: [
          {
            name: 'ipconfig1',
            properties: {
              privateIPAllocationMethod: 'Static',
              privateIPAddress: '10.20.1.4',
              subnet: { id: "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'web')]" },
            },
          },
        ],
      },
    },
    {
      type: 'Microsoft.Storage/storageAccounts',
      apiVersion: '2023-05-01',
      name: "[parameters('account')]",
      location,
      kind: 'StorageV2',
      sku: { name: 'Standard_LRS' },
      properties: {},
    },
    {
      type: 'Microsoft.Resources/deployments',
      apiVersion: '2022-09-01',
      name: 'logs',
      resourceGroup: 'NetworkWatcherRG',
      dependsOn: [
        "[resourceId('Microsoft.Storage/storageAccounts', parameters('account'))]",
        "[resourceId('Microsoft.Network/networkInterfaces', 'nic-web')]",
      ],
      properties: {
        mode: 'Incremental',
        template: {
          $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
          contentVersion: '1.0.0.0',
          resources: [
            {
              type: 'Microsoft.Network/networkWatchers/flowLogs',
              apiVersion: '2023-09-01',
              name: `NetworkWatcher_${location}/web`,
              location,
              properties: {
                targetResourceId: "[resourceId('shop', 'Microsoft.Network/networkSecurityGroups', variables('nsg'))]",
                storageId: "[resourceId('shop', 'Microsoft.Storage/storageAccounts', parameters('account'))]",
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

interface FlowRecord {
  readonly time: string;
  readonly category: string;
  readonly properties: { readonly Version: number };
}

describe.skipIf(process.env['NSGFLOW_LONG'] !== '1')('a flow log that a template made, while packets pass', () => {
  let data: Awaited<ReturnType<typeof dataFolder>>;
  let served: Served;
  let sdk: Clients;

  const start = async (): Promise<void> => {
    served = await serve(data.path, replay);
    sdk = clients(served);
  };
  /** By name of the blob. */
  const records = async (): Promise<Map<string, FlowRecord[]>> => {
    const blobs = await downloadAll(await blobClient(served, sdk, group, account));
    return new Map([...blobs].map(([name, text]) => [name, (JSON.parse(text) as { records: FlowRecord[] }).records]));
  };
  const all = async (): Promise<FlowRecord[]> =>
    [...(await records()).values()].flat().sort((a, b) => (a.time < b.time ? -1 : 1));
  const spooled = async (): Promise<number> =>
    Number(/^nsgflow_spool_bytes (\d+)$/m.exec((await ask(served, '/metrics')).text)?.[1] ?? 0);
  const setFlowLog = async (changes: { enabled?: boolean; version?: number; target?: string }): Promise<void> => {
    const { enabled = true, version = 2, target = ids.nsg } = changes;
    await sdk.network.flowLogs.beginCreateOrUpdateAndWait('NetworkWatcherRG', `NetworkWatcher_${location}`, 'web', {
      location,
      targetResourceId: target,
      storageId: ids.account,
      enabled,
      format: { type: 'JSON', version },
    });
  };
  const more = (than: number): Promise<FlowRecord[]> => until(all, (found) => found.length > than, 20_000);

  beforeAll(async () => {
    data = await dataFolder();
    await start();
  });

  afterAll(async () => {
    await served.end('SIGKILL');
    await data.remove();
  });

  test('delivers; after kill -9 every resource is back, and deliveries go on', async () => {
    await sdk.resources.resourceGroups.createOrUpdate(group, { location });
    // The nested deployment lies in the group of network watchers, which the first network resource makes.
    await sdk.resources.resourceGroups.createOrUpdate('NetworkWatcherRG', { location });
    const parameters = { account: { value: account } };
    const deployed = await sdk.resources.resources.beginCreateOrUpdateByIdAndWait(ids.deployment, '2022-09-01', {
      properties: { mode: 'Incremental', template, parameters },
    });
    expect(deployed.properties).toMatchObject({ provisioningState: 'Succeeded' });
    const before = (await more(0)).length;
    await served.end('SIGKILL');
    await start();
    expect((await sdk.network.networkSecurityGroups.get(group, 'nsg-web')).id).toBe(ids.nsg);
    expect((await sdk.network.virtualNetworks.get(group, 'vnet')).subnets?.[0]?.networkSecurityGroup?.id).toBe(ids.nsg);
    expect((await sdk.storage.storageAccounts.getProperties(group, account)).id).toBe(ids.account);
    const kept = await sdk.resources.resources.getById(ids.deployment, '2022-09-01');
    expect(kept.properties).toMatchObject({ provisioningState: 'Succeeded' });
    await more(before);
  });

  test('key1 regenerated: no new block, the doctor names the key; disabled and enabled, the spooled minutes arrive, each in its hour', async () => {
    await more((await all()).length);
    await sdk.storage.storageAccounts.regenerateKey(group, account, { keyName: 'key1' });
    const { length } = await all();
    await until(spooled, (bytes) => bytes > 1000, 20_000);
    const first = await spooled();
    await until(spooled, (bytes) => bytes > first, 20_000);
    expect(await all()).toHaveLength(length);
    const doctor = await nsgflow(['doctor', '--server', served.origin, '--data', data.path]);
    expect(doctor.code).toBe(1);
    expect(doctor.out).toMatch(/key1/);

    await setFlowLog({ enabled: false });
    await setFlowLog({});
    await until(spooled, (bytes) => bytes < first, 5000);
    await more(length + 1);
    for (const [name, found] of await records()) {
      const [year, month, day, hour] = /y=(\d+)\/m=(\d+)\/d=(\d+)\/h=(\d+)/.exec(name)!.slice(1);
      for (const { time } of found) expect(time.slice(0, 13)).toBe(`${year}-${month}-${day}T${hour}`);
    }
  });

  test('takes a version and a target at the next minute; disabled, it writes no more', async () => {
    await setFlowLog({ version: 1 });
    await until(all, (found) => found.at(-1)?.properties.Version === 1, 10_000);
    await setFlowLog({ target: ids.virtualNetwork });
    await until(all, (found) => found.some(({ category }) => category === 'FlowLogFlowEvent'), 10_000);
    await setFlowLog({ target: ids.virtualNetwork, enabled: false });
    const quiet = await until(
      async () => {
        const before = (await all()).length;
        await new Promise((done) => setTimeout(done, 4000));
        return { before, after: (await all()).length };
      },
      ({ before, after }) => before === after,
      12_000,
    );
    expect(quiet.after).toBeGreaterThan(0);
    expect(await spooled()).toBe(0);
  });
});

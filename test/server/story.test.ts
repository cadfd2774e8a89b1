import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import { captureInput } from '../../src/record/packet-input.ts';
import { record } from '../../src/record/record.ts';
import { nsgflow } from '../cli/nsgflow.ts';
import { blobClient, clients, dataFolder, downloadAll, serve, until } from './process.ts';
import type { Clients, Served } from './process.ts';
import { ask } from './serving.ts';

const example = join(import.meta.dirname, '..', '..', 'examples');
const capture = join(example, 'traffic.pcap');
const location = 'westeurope';
const group = 'shop';

/** VNet, subnet, NSG and a NIC at the web server's address of the example. */
async function makeNetwork({ resources, network }: Clients): Promise<{ nsgId: string }> {
  await resources.resourceGroups.createOrUpdate(group, { location });
  const nsg = await network.networkSecurityGroups.beginCreateOrUpdateAndWait(group, 'nsg-web', {
    location,
    securityRules: [
      {
        name: 'AllowHttp',
        priority: 100,
        direction: 'Inbound',
        access: 'Allow',
        protocol: 'Tcp',
        sourceAddressPrefix: '*',
        sourcePortRange: '*',
        destinationAddressPrefix: '*',
        destinationPortRanges: ['80', '443'],
      },
    ],
  });
  const virtualNetwork = await network.virtualNetworks.beginCreateOrUpdateAndWait(group, 'vnet-shop', {
    location,
    addressSpace: { addressPrefixes: ['10.20.0.0/16'] },
    subnets: [{ name: 'snet-web', addressPrefix: '10.20.1.0/24', networkSecurityGroup: { id: nsg.id! } }],
  });
  await network.networkInterfaces.beginCreateOrUpdateAndWait(group, 'nic-web-1', {
    location,
    ipConfigurations: [
      {
        name: 'ipconfig1',
        subnet: { id: virtualNetwork.subnets![0].id! },
        privateIPAllocationMethod: 'Static',
        privateIPAddress: '10.20.1.4',
      },
    ],
  });
  return { nsgId: nsg.id! };
}

async function makeAccount({ storage }: Clients, name: string): Promise<string> {
  const account = await storage.storageAccounts.create(group, name, {
    location,
    kind: 'StorageV2',
    sku: { name: 'Standard_LRS' },
  });
  return account.id!;
}

function flowLog(targetResourceId: string, storageId: string, enabled = true) {
  return { location, targetResourceId, storageId, enabled, format: { type: 'JSON', version: 2 } };
}

async function setFlowLog({ network }: Clients, parameters: ReturnType<typeof flowLog>): Promise<void> {
  await network.flowLogs.beginCreateOrUpdateAndWait(
    'NetworkWatcherRG',
    `NetworkWatcher_${location}`,
    'nsg-web-log',
    parameters,
  );
}

function tuplesOf(blobs: ReadonlyMap<string, string>): string[] {
  const tuples: string[] = [];
  for (const [name, text] of blobs)
    for (const { properties } of (JSON.parse(text) as { records: { properties: { flows: Flow[] } }[] }).records)
      for (const { rule, flows } of properties.flows)
        for (const { mac, flowTuples } of flows)
          for (const tuple of flowTuples) tuples.push([name.split('/').at(-5), rule, mac, tuple].join(' '));
  return tuples.sort();
}

interface Flow {
  rule: string;
  flows: { mac: string; flowTuples: string[] }[];
}

/** The quick run takes one way through; each start of a process costs a second or two. */
const long = process.env['NSGFLOW_LONG'] === '1';

describe.each(long ? ['at once', 'asynchronous'] : ['at once'])(
  'a capture through resources made with the SDKs, %s',
  (mode) => {
    let data: Awaited<ReturnType<typeof dataFolder>>;
    let served: Served;
    let sdk: Clients;
    const args = mode === 'asynchronous' ? ['--asynchronous'] : [];

    beforeAll(async () => {
      data = await dataFolder();
      served = await serve(data.path, args);
      sdk = clients(served);
    });

    afterAll(async () => {
      await served.end('SIGKILL');
      await data.remove();
    });

    test('becomes blobs whose tuples equal those of the capture recorded by itself', async () => {
      const { nsgId } = await makeNetwork(sdk);
      const storageId = await makeAccount(sdk, 'stshoplogs');
      await setFlowLog(sdk, flowLog(nsgId, storageId));
      expect(await served.end()).toBe(0);

      served = await serve(data.path, [...args, '--capture', capture]);
      sdk = clients(served);
      await until(
        () => Promise.resolve(served.said()),
        (said) => said.includes('the capture has ended'),
        30_000,
      );
      const service = await blobClient(served, sdk, group, 'stshoplogs');
      const blobs = await downloadAll(service);
      expect(
        [...blobs.keys()].map((name) => name.replace(/.*\/NSG-WEB\//, '').replace(/macAddress=\w+/, 'MAC')),
      ).toEqual(['y=2026/m=11/d=20/h=09/m=00/MAC/PT1H.json', 'y=2026/m=11/d=20/h=10/m=00/MAC/PT1H.json']);

      const resources = [];
      for await (const item of sdk.network.networkSecurityGroups.listAll()) resources.push(item);
      const network = [];
      for (const type of ['networkSecurityGroups', 'virtualNetworks', 'networkInterfaces']) {
        const path = `/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Network/${type}?api-version=2025-05-01`;
        const answer = await ask(served, path);
        network.push({ path: type, text: answer.text });
      }
      const folder = await mkdtemp(join(tmpdir(), 'nsgflow-plain-'));
      const account = folderAccount(folder, { sync: false });
      await record({
        input: captureInput([capture]),
        network: importNetwork({ files: network }),
        mac: undefined,
        local: [],
        accountOf: () => account,
        formats: ['nsg2'],
        flowTimeoutMinutes: undefined,
      });
      const plain = new Map<string, string>();
      for await (const name of account.containers())
        for await (const blob of account.container(name).list())
          plain.set(
            `${name}/${blob.name}`,
            Buffer.from((await account.container(name).read(blob.name)).bytes).toString(),
          );
      await rm(folder, { recursive: true });
      const tuples = tuplesOf(plain);
      expect(tuples.length).toBeGreaterThan(500);
      expect(tuplesOf(blobs)).toEqual(tuples);
      expect(resources.map((nsg) => nsg.name)).toEqual(['nsg-web']);
    });

    test('lands in the table, and stays there when the service ends cleanly', async () => {
      const blobs = await downloadAll(await blobClient(served, sdk, group, 'stshoplogs'));
      const lines = tuplesOf(blobs).length;
      await until(
        () => Promise.resolve(served.said()),
        (said) => said.includes('the table has the whole capture'),
        60_000,
      );
      // From then on nothing is missing.
      const { text } = await ask(served, '/metrics');
      expect(Number(/^nsgflow_ingested_tuples_total (\d+)$/m.exec(text)?.[1])).toBe(lines);
      expect(await served.end()).toBe(0);
      const { out } = await nsgflow(['count', '--observations', '--lake', join(data.path, 'lake'), '-o', 'json']);
      expect(JSON.stringify(JSON.parse(out))).toContain(String(lines));
      await expect(readFile(join(data.path, 'serve.json'))).rejects.toMatchObject({ code: 'ENOENT' });
    });
  },
);

describe.skipIf(!long)('key1 regenerated while a capture is replayed', () => {
  let data: Awaited<ReturnType<typeof dataFolder>>;
  let served: Served;

  beforeAll(async () => {
    data = await dataFolder();
  });

  afterAll(async () => {
    await served.end('SIGKILL');
    await data.remove();
  });

  test('stops delivery; disabled and enabled, the spooled minutes arrive, each in its hour; kill -9 in between loses nothing', async () => {
    served = await serve(data.path);
    let sdk = clients(served);
    const { nsgId } = await makeNetwork(sdk);
    const storageId = await makeAccount(sdk, 'stkeys');
    await setFlowLog(sdk, flowLog(nsgId, storageId));
    await sdk.storage.storageAccounts.regenerateKey(group, 'stkeys', { keyName: 'key1' });
    expect(await served.end()).toBe(0);

    served = await serve(data.path, ['--capture', capture]);
    await until(
      () => Promise.resolve(served.said()),
      (said) => said.includes('the capture has ended'),
      30_000,
    );
    sdk = clients(served);
    expect(await downloadAll(await blobClient(served, sdk, group, 'stkeys'))).toEqual(new Map());
    expect(served.said()).toContain('key1 of the storage account stkeys was regenerated');
    const spooled = async (): Promise<number> => {
      const { text } = await ask(served, '/metrics');
      return Number(/^nsgflow_spool_bytes (\d+)$/m.exec(text)?.[1] ?? 0);
    };
    expect(await spooled()).toBeGreaterThan(10_000);

    await served.end('SIGKILL');
    served = await serve(data.path);
    sdk = clients(served);
    expect(await until(spooled, (bytes) => bytes > 0, 10_000)).toBeGreaterThan(10_000);
    await setFlowLog(sdk, flowLog(nsgId, storageId, false));
    await setFlowLog(sdk, flowLog(nsgId, storageId, true));
    await until(spooled, (bytes) => bytes === 0, 45_000);
    const blobs = await downloadAll(await blobClient(served, sdk, group, 'stkeys'));
    expect([...blobs.keys()].map((name) => /h=(\d\d)/.exec(name)![1])).toEqual(['09', '10']);
    for (const [name, text] of blobs) {
      const hour = /h=(\d\d)/.exec(name)![1];
      const times = (JSON.parse(text) as { records: { time: string }[] }).records.map(({ time }) => time.slice(11, 13));
      expect(new Set(times)).toEqual(new Set([hour]));
    }
    expect(tuplesOf(blobs).length).toBeGreaterThan(500);
  });

  test('what waits in the spool when its flow log is deleted arrives', async () => {
    const sdk = clients(served);
    const account = await makeAccount(sdk, 'stdeleted');
    const nsgId = (await sdk.network.networkSecurityGroups.get(group, 'nsg-web')).id!;
    await setFlowLog(sdk, flowLog(nsgId, account));
    await sdk.storage.storageAccounts.regenerateKey(group, 'stdeleted', { keyName: 'key1' });
    expect(await served.end()).toBe(0);
    served = await serve(data.path, ['--capture', capture]);
    await until(
      () => Promise.resolve(served.said()),
      (said) => said.includes('the capture has ended'),
      30_000,
    );
    const again = clients(served);
    expect(await downloadAll(await blobClient(served, again, group, 'stdeleted'))).toEqual(new Map());
    await again.network.flowLogs.beginDeleteAndWait('NetworkWatcherRG', `NetworkWatcher_${location}`, 'nsg-web-log');
    await until(
      async () => Number(/^nsgflow_spool_bytes (\d+)$/m.exec((await ask(served, '/metrics')).text)?.[1] ?? 0),
      (bytes) => bytes === 0,
      20_000,
    );
    expect((await downloadAll(await blobClient(served, again, group, 'stdeleted'))).size).toBe(2);
  });

  test('a firewall without bypass for Azure services stops delivery until it is opened', async () => {
    const sdk = clients(served);
    const account = await makeAccount(sdk, 'stfirewall');
    const nsgId = (await sdk.network.networkSecurityGroups.get(group, 'nsg-web')).id!;
    await setFlowLog(sdk, flowLog(nsgId, account));
    await setFirewall(sdk, 'None');
    expect(await served.end()).toBe(0);
    served = await serve(data.path, ['--capture', capture]);
    await until(
      () => Promise.resolve(served.said()),
      (said) => said.includes('the capture has ended'),
      30_000,
    );
    const again = clients(served);
    expect(await downloadAll(await blobClient(served, again, group, 'stfirewall'))).toEqual(new Map());
    expect(served.said()).toContain('the firewall of the storage account stfirewall lets nothing in');
    await setFirewall(again, 'AzureServices');
    const blobs = await until(
      async () => await downloadAll(await blobClient(served, again, group, 'stfirewall')),
      (found) => found.size === 2,
      45_000,
    );
    await again.network.flowLogs.beginDeleteAndWait('NetworkWatcherRG', `NetworkWatcher_${location}`, 'nsg-web-log');
    expect(await downloadAll(await blobClient(served, again, group, 'stfirewall'))).toEqual(blobs);
  });
});

/** The client leaves `networkRuleSet` out of a request that changes nothing else, so the access tier stands beside it. */
async function setFirewall({ storage }: Clients, bypass: 'None' | 'AzureServices'): Promise<void> {
  const networkRuleSet = { defaultAction: 'Deny' as const, bypass };
  await storage.storageAccounts.update(group, 'stfirewall', { accessTier: 'Hot', networkRuleSet });
}

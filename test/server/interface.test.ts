/** `serve --interface`: packets of the loopback interface, through resources made with the SDKs, become blobs of the account. */
import { spawnSync } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { folderAccount } from '../../src/blob/folder.ts';
import { fiveTupleKey } from '../corpus/oracle.ts';
import { readAllLogs, sumLogs } from '../record/logs.ts';
import { clients, dataFolder, serve, until } from './process.ts';
import type { Served } from './process.ts';

function findObstacle(): string | undefined {
  if (process.env['NSGFLOW_LONG'] !== '1') return 'only in the long run (NSGFLOW_LONG=1)';
  if (process.platform !== 'linux') return 'needs Linux';
  if (process.getuid?.() !== 0) return 'needs root, to capture';
  return spawnSync('sh', ['-c', 'command -v tcpdump']).status === 0 ? undefined : 'needs tcpdump';
}

const obstacle = findObstacle();
const location = 'westeurope';
const group = 'shop';
const address = '127.77.0.4';
const allowUdp = {
  name: 'AllowUdp',
  priority: 100,
  direction: 'Inbound',
  access: 'Allow',
  protocol: 'Udp',
  sourceAddressPrefix: '*',
  sourcePortRange: '*',
  destinationAddressPrefix: '*',
  destinationPortRange: '*',
} as const;

describe.skipIf(obstacle !== undefined)(`a service on an interface${obstacle ? `: skipped, ${obstacle}` : ''}`, () => {
  let data: Awaited<ReturnType<typeof dataFolder>>;
  let served: Served;

  beforeAll(async () => {
    data = await dataFolder();
    served = await serve(data.path);
    const { resources, network, storage } = clients(served);
    await resources.resourceGroups.createOrUpdate(group, { location });
    const nsg = await network.networkSecurityGroups.beginCreateOrUpdateAndWait(group, 'nsg', {
      location,
      securityRules: [allowUdp],
    });
    const subnets = [{ name: 'loop', addressPrefix: '127.77.0.0/24', networkSecurityGroup: { id: nsg.id! } }];
    const addressSpace = { addressPrefixes: ['127.77.0.0/16'] };
    const made = await network.virtualNetworks.beginCreateOrUpdateAndWait(group, 'vnet', {
      location,
      addressSpace,
      subnets,
    });
    await network.networkInterfaces.beginCreateOrUpdateAndWait(group, 'nic', {
      location,
      ipConfigurations: [
        {
          name: 'one',
          subnet: { id: made.subnets![0].id! },
          privateIPAllocationMethod: 'Static',
          privateIPAddress: address,
        },
      ],
    });
    const kind = { location, kind: 'StorageV2', sku: { name: 'Standard_LRS' } } as const;
    const { id: storageId } = await storage.storageAccounts.create(group, 'stloop', kind);
    await network.flowLogs.beginCreateOrUpdateAndWait('NetworkWatcherRG', `NetworkWatcher_${location}`, 'log', {
      location,
      targetResourceId: nsg.id!,
      storageId: storageId!,
      enabled: true,
      format: { type: 'JSON', version: 2 },
    });
    expect(await served.end()).toBe(0);
  });

  afterAll(async () => {
    await served.end('SIGKILL');
    await data.remove();
  });

  test('records its packets, and has flushed all when it was stopped', async () => {
    const receiver = createSocket('udp4');
    await new Promise<void>((done) => receiver.bind(0, address, done));
    const { port } = receiver.address();
    served = await serve(data.path, ['--interface', 'lo', '--filter', `udp port ${port}`]);
    await until(
      () => Promise.resolve(served.said()),
      (said) => said.includes('recording lo with tcpdump'),
      20_000,
    );
    const sender = createSocket('udp4');
    let received = 0;
    receiver.on('message', () => received++);
    for (let n = 0; n < 20; n++) await new Promise<unknown>((done) => sender.send('hello', port, address, done));
    await until(
      () => Promise.resolve(received),
      (count) => count === 20,
      10_000,
    );
    const source = sender.address().port;
    sender.close();
    receiver.close();
    expect(await served.end()).toBe(0);
    const logs = await readAllLogs(folderAccount(join(data.path, 'accounts', 'stloop'), { sync: false }));
    expect([...logs.keys()].every((name) => name.includes('/NETWORKSECURITYGROUPS/NSG/'))).toBe(true);
    const { directed } = sumLogs(logs.values());
    expect(directed.get(fiveTupleKey(17, '127.0.0.1', source, address, port))?.packets).toBe(20);
  });
});

import { mkdir, readdir, rename, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/arm-template/value.ts';
import { removalOrder } from '../../src/control/resources/removal-order.ts';
import type { Resource } from '../../src/control/resources/resource.ts';
import { buildNetwork, flowLogBody, group, location, network, openPlane, watcher } from './plane.ts';

const subnetLog = `${watcher}/flowLogs/subnet`;

/** Puts a folder in the place of a resource's file: nothing can be renamed onto it, and it cannot be removed as a file. */
async function block(folder: string, type: string): Promise<() => Promise<void>> {
  const all = join(folder, 'resources', type.toLowerCase().replaceAll('/', '.'));
  const [name] = await readdir(all);
  const path = join(all, name);
  await rename(path, `${path}.aside`);
  await mkdir(join(path, 'full'), { recursive: true });
  return async () => {
    await rmdir(join(path, 'full'));
    await rmdir(path);
    await rename(`${path}.aside`, path);
  };
}

async function withSubnetLog(): ReturnType<typeof openPlane> {
  const plane = await openPlane();
  await buildNetwork(plane);
  await plane.put(`${network}/virtualNetworks/vnet/subnets/logged`, {
    properties: { addressPrefix: '10.0.9.0/24' },
  });
  await plane.put(subnetLog, flowLogBody({ targetResourceId: `${network}/virtualNetworks/vnet/subnets/logged` }));
  return plane;
}

describe('a change that is cut short', () => {
  test('takes no flow log of a subnet that is still there', async () => {
    const plane = await withSubnetLog();
    const unblock = await block(plane.folder, 'Microsoft.Network/virtualNetworks');
    const refused = await plane.ask('DELETE', `${network}/virtualNetworks/vnet/subnets/logged`);
    expect(refused.status).toBe(500);
    await plane.get(`${network}/virtualNetworks/vnet/subnets/logged`);
    await plane.get(subnetLog);
    await unblock();
    const done = await plane.ask('DELETE', `${network}/virtualNetworks/vnet/subnets/logged`);
    expect(done.status).toBeLessThan(300);
    expect((await plane.ask('GET', subnetLog)).status).toBe(404);
    await plane.end();
  });

  test('is completed by the next change of the same resource', async () => {
    const plane = await withSubnetLog();
    const unblock = await block(plane.folder, 'Microsoft.Network/networkWatchers/flowLogs');
    expect((await plane.ask('DELETE', `${network}/virtualNetworks/vnet/subnets/logged`)).status).toBe(500);
    await unblock();
    await plane.plane.close();
    const again = await openPlane({}, plane.folder);
    const vnet = await again.get(`${network}/virtualNetworks/vnet`);
    await again.put(`${network}/virtualNetworks/vnet`, { location, properties: vnet['properties'] as JsonObject });
    expect((await again.ask('GET', subnetLog)).status).toBe(404);
    await again.end();
  });

  test('a group goes from its users to what they use, wherever it is cut', async () => {
    const plane = await openPlane();
    await buildNetwork(plane);
    await plane.put(`${watcher}/flowLogs/fl`, flowLogBody());
    const gone: string[] = [];
    const warnings: string[] = [];
    plane.plane.onChange(({ id, verb }) => {
      gone.push(`${verb} ${id.split('/').at(-1)}`);
      warnings.push(...plane.plane.network().warnings);
    });
    expect((await plane.ask('DELETE', group)).status).toBe(202);
    expect([...gone].sort()).toEqual(['fl', 'logs', 'net', 'nic', 'vnet', 'web'].map((name) => `delete ${name}`));
    expect(gone.indexOf('delete nic')).toBeLessThan(gone.indexOf('delete vnet'));
    expect(gone.indexOf('delete vnet')).toBeLessThan(gone.indexOf('delete web'));
    expect(gone.at(-1)).toBe('delete net');
    expect(warnings).toEqual([]);
    await plane.end();
  });

  test('resources that refer to each other go, too', () => {
    const peered = (name: string, other: string): Resource => ({
      id: `${network}/virtualNetworks/${name}`,
      type: 'Microsoft.Network/virtualNetworks',
      name,
      etag: '',
      body: {
        properties: {
          subnets: [],
          virtualNetworkPeerings: [
            { name: 'p', properties: { remoteVirtualNetwork: { id: `${network}/virtualNetworks/${other}` } } },
          ],
        },
      },
      hidden: {},
    });
    const both = [peered('a', 'b'), peered('b', 'a')];
    expect(
      removalOrder(both)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(['a', 'b']);
  });
});

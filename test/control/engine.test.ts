import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestPlane } from './plane.ts';
import {
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

let plane: TestPlane;

beforeEach(async () => {
  plane = await openPlane();
});

afterEach(() => plane.end());

describe('resources', () => {
  test('a network is made, shown with what the server decides, and gone with its group', async () => {
    await buildNetwork(plane);
    const nsg = await plane.get(`${network}/networkSecurityGroups/web`);
    expect(nsg).toMatchObject({
      name: 'web',
      id: `${network}/networkSecurityGroups/web`,
      type: 'Microsoft.Network/networkSecurityGroups',
      location,
      properties: {
        provisioningState: 'Succeeded',
        securityRules: [{ name: 'AllowWeb', properties: { priority: 100, sourcePortRanges: [] } }],
        subnets: [{ id: `${network}/virtualNetworks/vnet/subnets/default` }],
      },
    });
    expect(inside(nsg, 'properties', 'defaultSecurityRules')).toHaveLength(6);
    const nic = await plane.get(`${network}/networkInterfaces/nic`);
    expect(inside(nic, 'properties', 'ipConfigurations', 0, 'properties', 'privateIPAddress')).toBe('10.0.0.4');
    expect(inside(nic, 'properties', 'macAddress')).toMatch(/^00-0D-3A(-[0-9A-F]{2}){3}$/);
    expect(await plane.get(watcher)).toMatchObject({ name: 'NetworkWatcher_westeurope', location });
    expect(plane.plane.network().nics).toHaveLength(1);
    const deleted = await plane.ask('DELETE', group);
    expect(deleted.status).toBe(202);
    expect(deleted.headers['location']).toContain('/operationResults/');
    expect((await plane.ask('HEAD', group)).status).toBe(404);
    expect(plane.plane.network().nics).toHaveLength(0);
  });

  test('a flow log has the shape that clients read', async () => {
    await buildNetwork(plane);
    const first = await plane.ask('PUT', `${watcher}/flowLogs/fl`, flowLogBody({ format: { version: 0 } }));
    expect(first.status).toBe(201);
    const nsg = await plane.get(`${network}/networkSecurityGroups/web`);
    expect(first.body).toMatchObject({
      name: 'fl',
      id: `${watcher}/FlowLogs/fl`,
      type: 'Microsoft.Network/networkWatchers/FlowLogs',
      properties: {
        provisioningState: 'Succeeded',
        targetResourceGuid: inside(nsg, 'properties', 'resourceGuid'),
        enabled: true,
        flowAnalyticsConfiguration: {},
        retentionPolicy: { days: 0, enabled: false },
        format: { type: 'JSON', version: 1 },
      },
    });
    expect(inside(nsg, 'properties', 'flowLogs')).toEqual([{ id: `${watcher}/FlowLogs/fl` }]);
    expect((await plane.ask('PUT', `${watcher}/flowLogs/FL`, flowLogBody({ format: { version: 2 } }))).status).toBe(
      200,
    );
    expect(plane.plane.snapshot().flowLogs).toMatchObject([
      {
        id: `${watcher}/FlowLogs/fl`,
        format: 'nsg2',
        enabled: true,
        storage: 'logs',
        delivery: 'ok',
        targetKind: 'nsg',
      },
    ]);
    expect((await plane.ask('DELETE', `${watcher}/flowLogs/fl`)).status).toBe(204);
    expect((await plane.ask('DELETE', `${watcher}/flowLogs/fl`)).status).toBe(204);
  });

  test('ids are compared in any casing, and slashes may be doubled', async () => {
    await buildNetwork(plane);
    const odd = `/${subscription}/resourcegroups/NET/providers/microsoft.network/NETWORKsecuritygroups/WEB`;
    expect(await plane.get(odd)).toMatchObject({ id: `${network}/networkSecurityGroups/web` });
    expect((await plane.ask('PUT', odd, { location })).body).toMatchObject({
      id: `${network}/networkSecurityGroups/web`,
    });
  });
});

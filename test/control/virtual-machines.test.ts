import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../src/arm-template/value.ts';
import { buildNetwork, group, inside, location, network, openPlane, watcher } from './plane.ts';

let plane: Awaited<ReturnType<typeof openPlane>>;

const machines = `${group}/providers/Microsoft.Compute/virtualMachines`;
const nics = `${network}/networkInterfaces`;

beforeEach(async () => {
  plane = await openPlane();
  await buildNetwork(plane);
  await plane.put(`${nics}/second`, {
    location,
    properties: {
      networkSecurityGroup: { id: `${network}/networkSecurityGroups/web` },
      ipConfigurations: [
        { name: 'a', properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` } } },
      ],
    },
  });
});

afterEach(async () => {
  expect(plane.faults).toEqual([]);
  await plane.end();
});

function machine(names: readonly string[], more: JsonObject = {}): JsonObject {
  const networkInterfaces = names.map((name, index) => ({
    id: `${nics}/${name}`,
    properties: { primary: index === 0 },
  }));
  return { location, properties: { ...more, networkProfile: { networkInterfaces } } };
}

const refusal = async (name: string, body: JsonObject): Promise<string> =>
  (await plane.ask('PUT', `${machines}/${name}`, body)).code;

describe('a virtual machine', () => {
  test('is made, shown, listed, changed and deleted', async () => {
    const made = await plane.ask('PUT', `${machines}/vm1`, machine(['nic']));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      location,
      properties: { provisioningState: 'Succeeded', vmId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    });
    const again = await plane.put(`${machines}/vm1`, await plane.get(`${machines}/vm1`));
    expect(inside(again, 'properties', 'vmId')).toBe(inside(made.body, 'properties', 'vmId'));
    expect(inside(await plane.get(machines), 'value', 0, 'name')).toBe('vm1');
    expect((await plane.ask('PATCH', `${machines}/vm1`, { tags: { a: 'b' } })).body).toMatchObject({
      tags: { a: 'b' },
    });
    expect((await plane.ask('DELETE', `${machines}/vm1`)).status).toBe(200);
    expect((await plane.ask('GET', `${machines}/vm1`)).code).toBe('ResourceNotFound');
  });

  test('has interfaces that say so, and that stay as long as it does', async () => {
    await plane.put(`${machines}/vm1`, machine(['nic']));
    expect(inside(await plane.get(`${nics}/nic`), 'properties', 'virtualMachine', 'id')).toBe(`${machines}/vm1`);
    expect((await plane.ask('DELETE', `${nics}/nic`)).code).toBe('NicInUse');
    await plane.put(`${nics}/nic`, await plane.get(`${nics}/nic`));
    await plane.ask('DELETE', `${machines}/vm1`);
    expect(inside(await plane.get(`${nics}/nic`), 'properties', 'virtualMachine')).toBeUndefined();
    expect((await plane.ask('DELETE', `${nics}/nic`)).status).toBe(200);
  });

  test('does not keep secrets', async () => {
    const osProfile = {
      computerName: 'vm1',
      adminUsername: 'me',
      adminPassword: 'hunter2-secret',
      customData: 'c2VjcmV0',
    };
    await plane.put(`${machines}/vm1`, machine(['nic'], { osProfile, userData: 'dXNlcg-secret' }));
    expect(inside(await plane.get(`${machines}/vm1`), 'properties', 'osProfile')).toEqual({
      computerName: 'vm1',
      adminUsername: 'me',
    });
    const folder = join(plane.folder, 'resources', 'microsoft.compute.virtualmachines');
    const kept = readdirSync(folder).map((name) => readFileSync(join(folder, name), 'utf8'));
    expect(kept).toHaveLength(1);
    for (const secret of ['hunter2-secret', 'c2VjcmV0', 'dXNlcg-secret']) expect(kept[0]).not.toContain(secret);
  });

  test('is refused with interfaces that are not its own', async () => {
    await plane.put(`${machines}/vm1`, machine(['nic']));
    expect(await refusal('vm2', machine(['nic']))).toBe('NicInUse');
    expect(await refusal('vm2', machine(['no']))).toBe('InvalidResourceReference');
    expect(await refusal('vm2', { ...machine(['second']), location: 'northeurope' })).toBe('InvalidResourceReference');
    expect(await refusal('vm2', machine(['second', 'second']))).toBe('InvalidRequestContent');
    expect(await refusal('vm2', machine([]))).toBe('InvalidRequestContent');
    expect(await refusal('vm2', { location, properties: {} })).toBe('InvalidRequestContent');
    expect(await refusal('-vm', machine(['second']))).toBe('InvalidResourceName');
  });
});

describe('diagnostics of a virtual machine', () => {
  const verify = (more: JsonObject) =>
    plane.ask('POST', `${watcher}/ipFlowVerify`, {
      targetResourceId: `${machines}/vm1`,
      direction: 'Inbound',
      protocol: 'TCP',
      localPort: '443',
      remotePort: '50000',
      localIPAddress: '10.0.0.4',
      remoteIPAddress: '8.8.8.8',
      ...more,
    });

  beforeEach(async () => {
    await plane.put(`${machines}/vm1`, machine(['nic']));
  });

  test('ipFlowVerify takes the machine, and one of its interfaces', async () => {
    expect((await verify({})).body).toEqual({ access: 'Allow', ruleName: 'securityRules/AllowWeb' });
    expect((await verify({ localPort: '22' })).body).toMatchObject({ access: 'Deny' });
    expect((await verify({ targetNicResourceId: `${nics}/NIC` })).body).toMatchObject({ access: 'Allow' });
    expect((await verify({ targetNicResourceId: `${nics}/second` })).code).toBe('InvalidRequestContent');
    expect((await verify({ targetResourceId: `${machines}/none` })).code).toBe('ResourceNotFound');
  });

  test('ipFlowVerify takes the interface that has the local address', async () => {
    await plane.put(`${network}/networkSecurityGroups/closed`, { location });
    await plane.put(`${nics}/third`, {
      location,
      properties: {
        networkSecurityGroup: { id: `${network}/networkSecurityGroups/closed` },
        ipConfigurations: [
          { name: 'a', properties: { subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` } } },
        ],
      },
    });
    await plane.put(`${machines}/vm1`, machine(['nic', 'third']));
    expect((await verify({ localIPAddress: '10.0.0.4' })).body).toMatchObject({ access: 'Allow' });
    expect((await verify({ localIPAddress: '10.0.0.6' })).body).toMatchObject({ access: 'Deny' });
  });

  test('securityGroupView shows its interfaces, the primary one first', async () => {
    const both = machine(['second', 'nic']);
    await plane.put(`${machines}/vm1`, both);
    const view = await plane.ask('POST', `${watcher}/securityGroupView`, { targetResourceId: `${machines}/VM1` });
    const shown = inside(view.body, 'networkInterfaces') as readonly JsonObject[];
    expect(shown.map(({ id }) => id)).toEqual([`${nics}/second`, `${nics}/nic`]);
  });

  test('effective rules say what tags and groups stand for', async () => {
    await plane.put(`${network}/applicationSecurityGroups/asg`, { location });
    await plane.put(`${nics}/second`, {
      location,
      properties: {
        networkSecurityGroup: { id: `${network}/networkSecurityGroups/web` },
        ipConfigurations: [
          {
            name: 'a',
            properties: {
              subnet: { id: `${network}/virtualNetworks/vnet/subnets/default` },
              applicationSecurityGroups: [{ id: `${network}/applicationSecurityGroups/asg` }],
            },
          },
        ],
      },
    });
    await plane.put(`${network}/networkSecurityGroups/web/securityRules/fromGroup`, {
      properties: {
        protocol: 'Tcp',
        sourcePortRange: '*',
        destinationPortRange: '80',
        destinationAddressPrefix: '*',
        sourceApplicationSecurityGroups: [{ id: `${network}/applicationSecurityGroups/asg` }],
        access: 'Allow',
        priority: 300,
        direction: 'Inbound',
      },
    });
    const { body } = await plane.ask('POST', `${nics}/nic/effectiveNetworkSecurityGroups`);
    const rules = inside(body, 'value', 0, 'effectiveSecurityRules') as readonly JsonObject[];
    const of = (name: string, side: string): Json | undefined =>
      rules.find((rule) => rule['name'] === name)?.[`expanded${side}AddressPrefix`];
    expect(of('securityRules/fromGroup', 'Source')).toEqual(['10.0.0.5/32']);
    expect(of('defaultSecurityRules/AllowVnetInBound', 'Source')).toEqual(['10.0.0.0/16', '168.63.129.16/32']);
    expect(of('defaultSecurityRules/AllowAzureLoadBalancerInBound', 'Source')).toEqual(['168.63.129.16/32']);
    const internet = of('defaultSecurityRules/AllowInternetOutBound', 'Destination') as readonly string[];
    expect(internet[0]).toBe('1.0.0.0/8');
    expect(internet).toContain('11.0.0.0/8');
    expect(internet).not.toContain('10.0.0.0/8');
    expect(of('securityRules/AllowWeb', 'Source')).toEqual([]);
  });
});

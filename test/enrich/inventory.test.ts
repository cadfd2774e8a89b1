/** The same small network as each kind of file has it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { AddressNames } from '../../src/enrich/attribute.ts';
import { openNames } from '../../src/enrich/names.ts';

const folder = mkdtempSync(join(tmpdir(), 'nsgflow-inventory-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, json: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof json === 'string' ? json : JSON.stringify(json));
  return path;
}

async function look(paths: readonly string[], address: string, period = 0): Promise<AddressNames> {
  return (await openNames({ inventory: paths })).look(address, period);
}

const group = '/subscriptions/0a1b/resourceGroups/rg-shop/providers';
const network = (type: string, name: string): string => `${group}/Microsoft.Network/${type}/${name}`;
const vmId = `${group}/Microsoft.Compute/virtualMachines/web-1`;
const subnetId = `${network('virtualNetworks', 'v-shop')}/subnets/web`;

const vnet = {
  id: network('virtualNetworks', 'v-shop'),
  type: 'Microsoft.Network/virtualNetworks',
  name: 'v-shop',
  location: 'West Europe',
  properties: {
    addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
    subnets: [
      {
        id: subnetId,
        name: 'web',
        properties: {
          addressPrefix: '10.1.1.0/24',
          networkSecurityGroup: { id: network('networkSecurityGroups', 'nsg-web') },
        },
      },
      { name: 'gateways', properties: { addressPrefixes: ['10.1.9.0/24'] } },
    ],
  },
};
const nic = {
  id: network('networkInterfaces', 'nic-web-1'),
  name: 'nic-web-1',
  location: 'westeurope',
  tags: { env: 'prod' },
  properties: {
    ipConfigurations: [
      {
        properties: {
          privateIPAddress: '10.1.1.4',
          subnet: { id: subnetId },
          publicIPAddress: { id: network('publicIPAddresses', 'pip-web') },
          applicationSecurityGroups: [{ id: network('applicationSecurityGroups', 'asg-web') }],
          loadBalancerBackendAddressPools: [{ id: `${network('loadBalancers', 'lb-web')}/backendAddressPools/web` }],
        },
      },
    ],
  },
};
const vm = {
  id: vmId,
  name: 'web-1',
  location: 'westeurope',
  tags: { owner: 'team-a' },
  properties: { networkProfile: { networkInterfaces: [{ id: nic.id }] } },
};
const others = [
  {
    id: network('publicIPAddresses', 'pip-web'),
    properties: { ipAddress: '20.50.2.10', publicIPAllocationMethod: 'Static' },
  },
  {
    id: network('loadBalancers', 'lb-web'),
    properties: {
      backendAddressPools: [{ id: `${network('loadBalancers', 'lb-web')}/backendAddressPools/web` }],
      frontendIPConfigurations: [{ properties: { privateIPAddress: '10.1.1.100', subnet: { id: subnetId } } }],
    },
  },
  {
    id: network('applicationGateways', 'agw'),
    properties: {
      gatewayIPConfigurations: [
        { properties: { subnet: { id: `${network('virtualNetworks', 'v-shop')}/subnets/gateways` } } },
      ],
      frontendIPConfigurations: [],
    },
  },
  {
    id: network('privateEndpoints', 'pe-sql'),
    properties: { subnet: { id: subnetId }, customDnsConfigs: [{ fqdn: 'x', ipAddresses: ['10.1.1.50'] }] },
  },
  {
    id: network('localNetworkGateways', 'site'),
    properties: { localNetworkAddressSpace: { addressPrefixes: ['192.168.0.0/16'] } },
  },
  {
    id: network('virtualNetworkGateways', 'vpn'),
    properties: { vpnClientConfiguration: { vpnClientAddressPool: { addressPrefixes: ['172.20.0.0/24'] } } },
  },
];

const web = {
  vm: 'web-1',
  vm_id: vmId,
  nic: 'nic-web-1',
  subnet: 'web',
  vnet: 'v-shop',
  nsg: 'nsg-web',
  load_balancer: 'lb-web',
  asg: 'asg-web',
  azure_tags: 'owner=team-a, env=prod',
  resource_group: 'rg-shop',
  subscription: '0a1b',
  region: 'westeurope',
  place: 'vnet',
};

describe('an inventory', () => {
  test('of answers of the REST API: NIC, VM, subnet, VNet, NSG and all that stands before them', async () => {
    const paths = [file('network.json', { value: [vnet, nic, ...others] }), file('machines.json', [vm])];
    expect(await look(paths, '10.1.1.4')).toMatchObject(web);
    expect(await look(paths, '10.1.1.77')).toMatchObject({
      subnet: 'web',
      vnet: 'v-shop',
      nsg: 'nsg-web',
      place: 'vnet',
      region: 'westeurope',
    });
    expect((await look(paths, '10.1.1.77'))['vm']).toBeUndefined();
    expect(await look(paths, '10.1.200.1')).toMatchObject({ vnet: 'v-shop', place: 'vnet' });
    expect(await look(paths, '10.1.1.100')).toMatchObject({ load_balancer: 'lb-web', subnet: 'web' });
    expect(await look(paths, '10.1.9.5')).toMatchObject({ application_gateway: 'agw', subnet: 'gateways' });
    expect(await look(paths, '10.1.1.50')).toMatchObject({ private_endpoint: 'pe-sql', subnet: 'web' });
    expect(await look(paths, '192.168.3.4')).toMatchObject({ place: 'site' });
    expect(await look(paths, '172.20.0.9')).toMatchObject({ place: 'client' });
    expect(await look(paths, '172.21.0.9')).toMatchObject({ place: 'private' });
    // A public address of one's own is the NIC's, not Azure's.
    expect(await look(paths, '20.50.2.10')).toMatchObject({ vm: 'web-1', vnet: 'v-shop', place: 'vnet' });
  });

  test('of output of az, which leaves out "properties" and writes some keys otherwise', async () => {
    const { properties, ...rest } = nic;
    const flat = {
      ...rest,
      ipConfigurations: properties.ipConfigurations.map(
        ({ properties: { privateIPAddress, publicIPAddress, ...more } }) => ({
          ...more,
          privateIpAddress: privateIPAddress,
          publicIpAddress: publicIPAddress,
        }),
      ),
      virtualMachine: { id: vmId },
    };
    const { properties: ofVnet, ...about } = vnet;
    const flatVnet = {
      ...about,
      ...ofVnet,
      subnets: ofVnet.subnets.map(({ properties: own, ...named }) => ({ ...named, ...own })),
    };
    const { load_balancer: _, ...expected } = web;
    expect(await look([file('az.json', [flat, flatVnet])], '10.1.1.4')).toMatchObject({
      ...expected,
      azure_tags: 'env=prod',
    });
  });

  test('of a template or an export', async () => {
    const template = {
      $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
      contentVersion: '1.0.0.0',
      parameters: { prefix: { type: 'string', defaultValue: '10.7.0.0/24' } },
      resources: [
        {
          type: 'Microsoft.Network/virtualNetworks',
          apiVersion: '2024-05-01',
          name: 'v-made',
          location: 'westeurope',
          properties: {
            addressSpace: { addressPrefixes: ["[parameters('prefix')]"] },
            subnets: [{ name: 'a', properties: { addressPrefix: "[parameters('prefix')]" } }],
          },
        },
      ],
    };
    expect(await look([file('template.json', template)], '10.7.0.8')).toMatchObject({
      vnet: 'v-made',
      subnet: 'a',
      place: 'vnet',
    });
  });

  test('of the state of Terraform', async () => {
    const instance = (type: string, attributes: object): object => ({
      mode: 'managed',
      type,
      name: 'x',
      instances: [{ attributes }],
    });
    const state = {
      version: 4,
      terraform_version: '1.9.0',
      resources: [
        instance('azurerm_virtual_network', {
          id: vnet.id,
          name: 'v-shop',
          address_space: ['10.1.0.0/16'],
          location: 'westeurope',
          tags: {},
        }),
        instance('azurerm_subnet', { id: subnetId, name: 'web', address_prefixes: ['10.1.1.0/24'] }),
        instance('azurerm_network_interface', {
          id: nic.id,
          name: 'nic-web-1',
          location: 'westeurope',
          tags: { env: 'prod' },
          ip_configuration: [
            {
              name: 'a',
              private_ip_address: '10.1.1.4',
              subnet_id: subnetId,
              public_ip_address_id: network('publicIPAddresses', 'pip-web'),
            },
          ],
        }),
        instance('azurerm_linux_virtual_machine', {
          id: vmId,
          name: 'web-1',
          network_interface_ids: [nic.id],
          tags: { owner: 'team-a' },
        }),
        instance('azurerm_public_ip', { id: network('publicIPAddresses', 'pip-web'), ip_address: '20.50.2.10' }),
        instance('azurerm_subnet_network_security_group_association', {
          subnet_id: subnetId,
          network_security_group_id: network('networkSecurityGroups', 'nsg-web'),
        }),
        instance('azurerm_network_interface_application_security_group_association', {
          network_interface_id: nic.id,
          application_security_group_id: network('applicationSecurityGroups', 'asg-web'),
        }),
        instance('azurerm_storage_account', { id: 'x' }),
      ],
    };
    const { load_balancer: _, ...expected } = web;
    const paths = [file('terraform.tfstate', state)];
    expect(await look(paths, '10.1.1.4')).toMatchObject(expected);
    expect(await look(paths, '20.50.2.10')).toMatchObject({ vm: 'web-1' });
  });

  test('as CSV, one row for each NIC or prefix', async () => {
    const path = file(
      'nics.csv',
      'Private IP,VM,NIC,VNet,Location,Tags\n"10.5.0.4 fd00::4",app-1,nic-app,v-app,westeurope,"env=prod; owner=b"\n10.5.1.0/24,,,v-app,,\n',
    );
    const app = {
      vm: 'app-1',
      nic: 'nic-app',
      vnet: 'v-app',
      region: 'westeurope',
      azure_tags: 'env=prod, owner=b',
      place: 'vnet',
    };
    expect(await look([path], '10.5.0.4')).toMatchObject(app);
    expect(await look([path], 'fd00::4')).toMatchObject(app);
    expect(await look([path], '10.5.1.9')).toMatchObject({ vnet: 'v-app', place: 'vnet' });
  });

  test('of a folder is one inventory of all its files', async () => {
    mkdirSync(join(folder, 'all', 'deep'), { recursive: true });
    file('all/vnet.json', { version: 1, id: vnet.id, type: vnet.type, name: 'v-shop', body: vnet });
    file('all/deep/nic.json', nic);
    expect(await look([join(folder, 'all')], '10.1.1.4')).toMatchObject({ nic: 'nic-web-1', nsg: 'nsg-web' });
  });

  test('of a scale set names the set and the instance', async () => {
    const id = `${group}/Microsoft.Compute/virtualMachineScaleSets/pool/virtualMachines/88/networkInterfaces/nic`;
    const one = {
      id,
      name: 'nic',
      properties: { ipConfigurations: [{ properties: { privateIPAddress: '10.1.1.8', subnet: { id: subnetId } } }] },
    };
    expect(await look([file('vmss.json', [one])], '10.1.1.8')).toMatchObject({
      vm: 'pool_88',
      nic: 'nic',
      vnet: 'v-shop',
    });
  });

  test('never says of an address in two networks what holds in one of them only', async () => {
    const twin = JSON.parse(
      JSON.stringify(nic).replaceAll('v-shop', 'v-copy').replaceAll('nic-web-1', 'nic-copy'),
    ) as typeof nic;
    const names = await look([file('twins.json', [nic, twin])], '10.1.1.4');
    expect(names).toMatchObject({ subnet: 'web', place: 'vnet', resource_group: 'rg-shop' });
    for (const name of ['nic', 'nic_id', 'vnet', 'vnet_id', 'vm']) expect(names[name]).toBeUndefined();
  });

  test('of a date holds from it on', async () => {
    const at = (name: string, date: string): string => file(`nics-${date}.csv`, `ip,vm\n10.0.0.4,${name}\n`);
    const paths = [at('old', '2026-05-01'), at('new', '2026-06-01T1200'), at('newest', '2026-07-01')];
    const names = await openNames({ inventory: paths });
    expect(names.changes).toEqual([Date.parse('2026-06-01T12:00:00Z'), Date.parse('2026-07-01T00:00:00Z')]);
    expect([0, 1, 2].map((period) => names.look('10.0.0.4', period)['vm'])).toEqual(['old', 'new', 'newest']);
  });

  test.each([
    ['empty.json', '{}', 'no NIC, VNet, subnet'],
    ['bad.json', '{', 'is no JSON'],
    ['bad.csv', 'vm,nic\na,b\n', 'no column is an address'],
    ['columns.csv', 'ip,colour\n10.0.0.1,red\n', '"colour" is no attribute of an inventory'],
  ])('a wrong file is named: %s', async (name, text, message) => {
    const path = file(name, text);
    await expect(openNames({ inventory: [path] })).rejects.toThrow(message);
    await expect(openNames({ inventory: [path] })).rejects.toThrow(path);
  });
});

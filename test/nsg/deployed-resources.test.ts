import { describe, expect, test } from 'vitest';
import { parsePrefix } from '../../src/net/prefix.ts';
import { importNetwork } from '../../src/nsg/import.ts';

const subnetId =
  '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/NSGFLOW/providers/Microsoft.Network/virtualNetworks/v/subnets/s';

const rule = {
  name: 'r',
  properties: {
    protocol: 'Tcp',
    sourcePortRange: '*',
    destinationPortRange: '22',
    sourceAddressPrefix: "[reference(variables('sid'), '2018-04-01').addressPrefix]",
    destinationAddressPrefix: '*',
    access: 'Allow',
    priority: 100,
    direction: 'Inbound',
  },
};

/** An NSG whose rule has the prefix of a subnet, and a nested deployment that puts the NSG on that subnet. */
const template = {
  $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
  contentVersion: '1.0.0.0',
  variables: { sid: "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]" },
  resources: [
    {
      type: 'Microsoft.Network/networkSecurityGroups',
      apiVersion: '2018-04-01',
      name: 'n',
      properties: { securityRules: [rule] },
    },
    {
      type: 'Microsoft.Resources/deployments',
      apiVersion: '2018-05-01',
      name: 'd',
      dependsOn: ['n'],
      properties: {
        mode: 'Incremental',
        template: {
          resources: [
            {
              type: 'Microsoft.Network/virtualNetworks/subnets',
              apiVersion: '2018-04-01',
              name: 'v/s',
              properties: {
                addressPrefix: "[reference(variables('sid'), '2018-04-01').addressPrefix]",
                networkSecurityGroup: { id: "[resourceId('Microsoft.Network/networkSecurityGroups', 'n')]" },
              },
            },
          ],
        },
      },
    },
  ],
};

const subnet = { name: 's', id: subnetId, properties: { addressPrefix: '10.1.2.0/24' } };
const virtualNetwork = {
  id: subnetId.replace('/subnets/s', ''),
  name: 'v',
  type: 'Microsoft.Network/virtualNetworks',
  properties: { addressSpace: { addressPrefixes: ['10.1.0.0/16'] }, subnets: [subnet] },
};
const lifted = {
  id: virtualNetwork.id,
  name: 'v',
  type: 'Microsoft.Network/virtualNetworks',
  addressSpace: { addressPrefixes: ['10.1.0.0/16'] },
  subnets: [{ name: 's', id: subnetId, addressPrefix: '10.1.2.0/24' }],
};
const declared = {
  $schema: template.$schema,
  contentVersion: '1.0.0.0',
  resources: [
    { type: virtualNetwork.type, apiVersion: '2018-04-01', name: 'v', properties: virtualNetwork.properties },
  ],
};

const load = (...files: readonly object[]) =>
  importNetwork({ files: files.map((file, index) => ({ path: `${index}.json`, text: JSON.stringify(file) })) });

describe('a template that reads a subnet which it also changes', () => {
  test.each([
    ['as the REST API answers', virtualNetwork],
    ['as az shows it', lifted],
    ['in a list', { value: [virtualNetwork] }],
    ['in another template', declared],
  ])('finds it in another file, %s', (_, other) => {
    for (const files of [
      [template, other],
      [other, template],
    ]) {
      const network = load(...files);
      const [nsg] = network.nsgs;
      const prefix = parsePrefix('10.1.2.0/24');
      expect(nsg.inboundRules.find(({ name }) => name === 'r')?.source.addresses).toEqual([{ kind: 'prefix', prefix }]);
      expect(network.subnets.find(({ name }) => name === 's')?.nsg?.name).toBe('n');
    }
  });

  test('says without one what is missing', () => {
    expect(() => load(template)).toThrow(/subnets\/s.*known only if it is already deployed/);
  });
});

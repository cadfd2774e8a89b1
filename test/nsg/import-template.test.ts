import { describe, expect, test } from 'vitest';
import { FlowError } from '../../src/base/errors.ts';
import { formatAddress } from '../../src/net/address.ts';
import { formatPrefix } from '../../src/net/prefix.ts';
import { importNetwork } from '../../src/nsg/import.ts';
import type { Network } from '../../src/nsg/network.ts';
import { ruleBody } from './bodies.ts';

const group = '/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/NSGFLOW/providers/Microsoft.Network';

function load(template: object, parameters?: object): Network {
  const whole = {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    ...template,
  };
  return importNetwork({
    files: [{ path: 'net.json', text: JSON.stringify(whole) }],
    parameters: parameters && { path: 'parameters.json', text: JSON.stringify({ parameters }) },
  });
}

function refusal(template: object, parameters?: object): string {
  try {
    load(template, parameters);
  } catch (error) {
    if (error instanceof FlowError && error.code === 'network-invalid') return error.message;
    throw error;
  }
  return 'imported';
}

const template = {
  parameters: {
    prefix: { type: 'string', defaultValue: '10.4.0.0/16' },
    tiers: { type: 'array', defaultValue: ['web', 'db'] },
    admin: { type: 'string' },
    password: { type: 'securestring' },
  },
  variables: {
    vnet: 'main',
    nsgId: "[resourceId('Microsoft.Network/networkSecurityGroups', 'shared')]",
  },
  resources: [
    {
      type: 'Microsoft.Network/networkSecurityGroups',
      name: 'shared',
      location: '[resourceGroup().location]',
      properties: {
        securityRules: [ruleBody('admin', { sourceAddressPrefix: "[parameters('admin')]", destinationPortRange: 22 })],
      },
    },
    {
      type: 'Microsoft.Network/networkSecurityGroups/securityRules',
      name: "[concat('shared/', parameters('tiers')[copyIndex()])]",
      copy: { name: 'rules', count: "[length(parameters('tiers'))]" },
      properties: ruleBody('', {
        priority: '[add(200, copyIndex())]',
        destinationPortRange: '[string(add(8000, copyIndex()))]',
      }).properties,
    },
    {
      type: 'Microsoft.Network/virtualNetworks',
      name: "[variables('vnet')]",
      properties: {
        addressSpace: { addressPrefixes: ["[parameters('prefix')]"] },
        flowTimeoutInMinutes: 10,
        copy: [
          {
            name: 'subnets',
            count: "[length(parameters('tiers'))]",
            input: {
              name: "[parameters('tiers')[copyIndex('subnets')]]",
              properties: {
                addressPrefix: "[cidrSubnet(parameters('prefix'), 24, copyIndex('subnets'))]",
                networkSecurityGroup:
                  "[if(equals(copyIndex('subnets'), 0), createObject('id', variables('nsgId')), null())]",
              },
            },
          },
        ],
      },
    },
    {
      type: 'Microsoft.Network/networkInterfaces',
      name: "[format('{0}{1}', parameters('tiers')[mod(copyIndex(), 2)], copyIndex())]",
      copy: { name: 'nics', count: 4 },
      properties: {
        ipConfigurations: [
          {
            name: 'ip',
            properties: {
              privateIPAllocationMethod: "[if(equals(copyIndex(), 2), 'Static', 'Dynamic')]",
              privateIPAddress: "[if(equals(copyIndex(), 2), '10.4.0.4', null())]",
              subnet: {
                id: "[resourceId('Microsoft.Network/virtualNetworks/subnets', variables('vnet'), parameters('tiers')[mod(copyIndex(), 2)])]",
              },
              publicIPAddress: { id: "[reference('nowhere').id]" },
            },
          },
        ],
      },
    },
    { type: 'Microsoft.Compute/virtualMachines', name: 'vm', properties: { password: "[parameters('password')]" } },
  ],
};

describe('a template', () => {
  const network = load(template, { admin: { value: '203.0.113.7' } });

  test('gives NSGs with rules from inside and beside', () => {
    expect(network.nsgs[0].id).toBe(`${group}/networkSecurityGroups/shared`);
    expect(network.nsgs[0].location).toBe('local');
    expect(
      network.nsgs[0].inboundRules.map(({ name, priority, destination }) => [
        name,
        priority,
        destination.ports[0].start,
      ]),
    ).toEqual([
      ['admin', 100, 22],
      ['web', 200, 8000],
      ['db', 201, 8001],
      ['AllowVnetInBound', 65_000, 0],
      ['AllowAzureLoadBalancerInBound', 65_001, 0],
      ['DenyAllInBound', 65_500, 0],
    ]);
  });

  test('gives VNets with subnets from a loop', () => {
    expect(network.virtualNetworks[0]).toMatchObject({ name: 'main', flowTimeoutMinutes: 10 });
    expect(
      network.subnets.map(({ id, addressPrefixes, nsg }) => [id, addressPrefixes.map(formatPrefix).join(), nsg?.name]),
    ).toEqual([
      [`${group}/virtualNetworks/main/subnets/web`, '10.4.0.0/24', 'shared'],
      [`${group}/virtualNetworks/main/subnets/db`, '10.4.1.0/24', undefined],
    ]);
  });

  test('gives NICs the next free addresses of their subnets, in file order, with warnings', () => {
    expect(network.nics.map(({ name, addresses }) => [name, addresses.map(formatAddress).join()])).toEqual([
      ['web0', '10.4.0.5'],
      ['db1', '10.4.1.4'],
      ['web2', '10.4.0.4'],
      ['db3', '10.4.1.5'],
    ]);
    expect(network.warnings).toEqual([
      'net.json: resources[3]: NIC web0: its address is dynamic; it is taken to be 10.4.0.5, the next free one of subnet web',
      'net.json: resources[3]: NIC db1: its address is dynamic; it is taken to be 10.4.1.4, the next free one of subnet db',
      'net.json: resources[3]: NIC db3: its address is dynamic; it is taken to be 10.4.1.5, the next free one of subnet db',
    ]);
    expect(network.nics.map((nic) => nic.mac).every((mac) => /^000D3A[0-9A-F]{6}$/.test(mac))).toBe(true);
    expect(new Set(network.nics.map((nic) => nic.mac)).size).toBe(4);
  });

  test('says where a value is missing that a network needs, and which one', () => {
    expect(refusal(template)).toBe(
      "net.json: resources[0].properties.securityRules[0].properties.sourceAddressPrefix: cannot resolve [parameters('admin')]: parameter 'admin' has no value and no default; give it in a parameters file",
    );
  });

  test('warns of parameters that it does not declare', () => {
    const { warnings } = load(template, { admin: { value: '*' }, tears: { value: [] } });
    expect(warnings).toContain("parameters.json: no template declares the parameter 'tears'");
  });
});

describe('dynamic addresses', () => {
  const nics = (prefix: string, count: number, version = 'IPv4'): object => ({
    resources: [
      {
        type: 'Microsoft.Network/virtualNetworks',
        name: 'v',
        properties: {
          addressSpace: { addressPrefixes: [prefix] },
          subnets: [{ name: 's', properties: { addressPrefix: prefix } }],
        },
      },
      {
        type: 'Microsoft.Network/networkInterfaces',
        name: "[concat('n', copyIndex())]",
        copy: { name: 'l', count },
        properties: {
          ipConfigurations: [
            {
              properties: {
                privateIPAddressVersion: version,
                subnet: { id: "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'v', 's')]" },
              },
            },
          ],
        },
      },
    ],
  });
  const addressesOf = (network: Network): string[] => network.nics.flatMap((nic) => nic.addresses.map(formatAddress));

  test('leave out the last of an IPv4 subnet; when none is left the network is refused', () => {
    expect(addressesOf(load(nics('10.0.0.0/29', 3)))).toEqual(['10.0.0.4', '10.0.0.5', '10.0.0.6']);
    expect(refusal(nics('10.0.0.0/29', 4))).toBe(
      'net.json: resources[1]: NIC n3: its subnet s (10.0.0.0/29) has no free address left',
    );
  });

  test('are of the family that is asked for', () => {
    expect(addressesOf(load(nics('fd00::/64', 2, 'IPv6')))).toEqual(['fd00::4', 'fd00::5']);
    expect(load(nics('10.0.0.0/24', 1, 'IPv6')).warnings[0]).toContain('the files have no IPv6 prefix of its subnet s');
  });

  test('in the file are refused when static, but not given', () => {
    const open = JSON.parse(
      JSON.stringify(nics('10.0.0.0/29', 1)).replace(
        '"privateIPAddressVersion"',
        '"privateIPAllocationMethod":"Static","x"',
      ),
    ) as object;
    expect(refusal(open)).toContain('NIC n0: its address is static, but not given');
  });
});

describe('what a template leaves open', () => {
  test('a scale set and a linked deployment are named', () => {
    const { warnings } = load({
      resources: [
        { type: 'Microsoft.Network/networkSecurityGroups', name: 'n', properties: {} },
        { type: 'Microsoft.Compute/virtualMachineScaleSets', name: 'set', properties: "[reference('x')]" },
        {
          type: 'Microsoft.Resources/deployments',
          name: 'far',
          properties: { templateLink: { uri: 'https://example.com' } },
        },
        { type: "[parameters('x')]", name: 'z' },
      ],
    });
    expect(warnings).toEqual([
      "net.json: resources[3].type: a resource is left out: its type [parameters('x')]: the template declares no parameter 'x'",
      "net.json: resources[2]: the nested deployment 'far' is a link, which is not followed; give its template as a file",
      "net.json: resources[1]: the NICs of the scale set 'set' are not in a template; export them with az vmss nic list",
    ]);
  });

  test.each([
    ['name', { name: "[parameters('x')]" }],
    ['loop', { name: 'n', copy: { name: 'l', count: "[parameters('x')]" } }],
    ['condition', { name: 'n', condition: "[parameters('x')]" }],
  ])('a %s of an NSG that cannot be resolved is refused', (_, fields) => {
    expect(
      refusal({ resources: [{ type: 'Microsoft.Network/networkSecurityGroups', properties: {}, ...fields }] }),
    ).toContain("cannot resolve [parameters('x')]: the template declares no parameter 'x'");
  });

  test('resources that are neither list nor object', () => {
    expect(refusal({ resources: 'none' })).toBe('net.json: resources is neither an array nor an object');
    expect(refusal({ resources: [7] })).toBe('net.json: resources[0] is not an object');
  });
});

describe('functions of prefixes', () => {
  const prefixOf = (expression: string): string => {
    const addressSpace = { addressPrefixes: [`[${expression}]`] };
    const network = load({
      resources: [{ type: 'Microsoft.Network/virtualNetworks', name: 'v', properties: { addressSpace } }],
    });
    return network.virtualNetworks[0].addressPrefixes.map(formatPrefix).join();
  };

  test.each([
    ["cidrSubnet('10.144.0.0/20', 24, 4)", '10.144.4.0/24'],
    ["cidrSubnet('fdad:3236:5555::/48', 52, 2)", 'fdad:3236:5555:2000::/52'],
    ["cidrHost('10.144.3.0/24', 0)", '10.144.3.1/32'],
    ["cidrHost('fdad:3236:5555:3000::/52', 4)", 'fdad:3236:5555:3000::5/128'],
    ["parseCidr('10.144.0.0/20').netmask", '255.255.240.0/32'],
    ["parseCidr('10.144.0.0/20').broadcast", '10.144.15.255/32'],
    ["parseCidr('10.144.0.0/20').firstUsable", '10.144.0.1/32'],
    ["parseCidr('10.144.0.0/20').lastUsable", '10.144.15.254/32'],
    ["concat('10.0.0.0/', parseCidr('10.144.0.0/20').cidr)", '10.0.0.0/20'],
    ["parseCidr('fdad:3236:5555::/48').firstUsable", 'fdad:3236:5555::/128'],
    ["parseCidr('fdad:3236:5555::/48').lastUsable", 'fdad:3236:5555:ffff:ffff:ffff:ffff:ffff/128'],
  ])('%s', (expression, prefix) => {
    expect(prefixOf(expression)).toBe(prefix);
  });

  test.each([
    "cidrSubnet('10.0.0.0/24', 25, 2)",
    "cidrSubnet('10.0.0.0/24', 23, 0)",
    "cidrHost('10.0.0.0/30', 3)",
    "parseCidr('x')",
  ])('%s is refused', (expression) => {
    expect(() => prefixOf(expression)).toThrow(/cannot resolve/);
  });
});

test('an export has rules and subnets both inside and beside, and counts them once', () => {
  const rule = ruleBody('ssh', { destinationPortRange: '22' });
  const network = load({
    parameters: {
      networkSecurityGroups_web_name: { defaultValue: 'web', type: 'String' },
      virtualNetworks_v_name: { defaultValue: 'v', type: 'String' },
    },
    resources: [
      {
        type: 'Microsoft.Network/networkSecurityGroups',
        name: "[parameters('networkSecurityGroups_web_name')]",
        location: 'westeurope',
        properties: {
          securityRules: [
            {
              ...rule,
              id: "[resourceId('Microsoft.Network/networkSecurityGroups/securityRules', parameters('networkSecurityGroups_web_name'), 'ssh')]",
            },
          ],
        },
      },
      {
        type: 'Microsoft.Network/networkSecurityGroups/securityRules',
        name: "[concat(parameters('networkSecurityGroups_web_name'), '/ssh')]",
        dependsOn: [
          "[resourceId('Microsoft.Network/networkSecurityGroups', parameters('networkSecurityGroups_web_name'))]",
        ],
        properties: rule.properties,
      },
      {
        type: 'Microsoft.Network/virtualNetworks',
        name: "[parameters('virtualNetworks_v_name')]",
        location: 'westeurope',
        properties: {
          addressSpace: { addressPrefixes: ['10.0.0.0/16'] },
          subnets: [
            {
              name: 'default',
              id: "[resourceId('Microsoft.Network/virtualNetworks/subnets', parameters('virtualNetworks_v_name'), 'default')]",
              properties: { addressPrefix: '10.0.0.0/24' },
            },
          ],
        },
      },
      {
        type: 'Microsoft.Network/virtualNetworks/subnets',
        name: "[concat(parameters('virtualNetworks_v_name'), '/default')]",
        properties: { addressPrefix: '10.0.0.0/24' },
      },
    ],
  });
  expect(network.nsgs[0].inboundRules.map(({ name }) => name)).toEqual([
    'ssh',
    'AllowVnetInBound',
    'AllowAzureLoadBalancerInBound',
    'DenyAllInBound',
  ]);
  expect(network.subnets).toHaveLength(1);
  expect(network.nsgs[0].location).toBe('westeurope');
  expect(network.warnings).toEqual([]);
});

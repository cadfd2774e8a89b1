// The network of the recording benchmark as an ARM template: one VNet, one subnet behind one NSG with the rules of gen_rules.mjs, and 32 NICs, the near
// ends of the traffic that gen_pcap makes. A line of rules: direction, source, its mask, destination, its mask, first port, last port, protocol (0: any),
// 1 to allow, name; addresses and masks as numbers.
const nicCount = 32;
const apiVersion = '2024-05-01';
const vnetPrefixes = ['10.1.0.0/16', 'fd00:10::/32'];

const dotted = (word) => [24, 16, 8, 0].map((shift) => (word >>> shift) & 255).join('.');
const prefix = (word, mask) => (mask === 0 ? '*' : `${dotted(word)}/${32 - Math.log2(2 ** 32 - mask)}`);

/** A security rule; priorities are 100, 110, … in each direction. */
function securityRule(line, priority) {
  const [direction, source, sourceMask, destination, destinationMask, low, high, protocol, allow, name] = line;
  return {
    name: name.replace('UserRule_', ''),
    properties: {
      priority,
      direction: direction === 0 ? 'Inbound' : 'Outbound',
      access: allow === 1 ? 'Allow' : 'Deny',
      protocol: { 6: 'Tcp', 17: 'Udp', 0: '*' }[protocol],
      sourceAddressPrefix: prefix(source, sourceMask),
      sourcePortRange: '*',
      destinationAddressPrefix: prefix(destination, destinationMask),
      destinationPortRange: low === high ? String(low) : `${low}-${high}`,
    },
  };
}

/** @param rules the output of gen_rules.mjs; default rules among them are left to Azure's own */
export function benchmarkTemplate(rules) {
  const lines = rules
    .trim()
    .split('\n')
    .map((line) => line.split(' ').map((field) => (/^\d+$/.test(field) ? Number(field) : field)))
    .filter((line) => line[9].startsWith('UserRule_'));
  const next = [100, 100];
  const securityRules = lines.map((line) => {
    const priority = next[line[0]];
    next[line[0]] += 10;
    return securityRule(line, priority);
  });
  const subnet = { id: "[resourceId('Microsoft.Network/virtualNetworks/subnets', 'vnet', 'default')]" };
  const nics = Array.from({ length: nicCount }, (_, nic) => {
    const host = nic + 4;
    const address = (version, privateIPAddress) => ({
      name: version,
      properties: {
        subnet,
        primary: version === 'IPv4',
        privateIPAddressVersion: version,
        privateIPAllocationMethod: 'Static',
        privateIPAddress,
      },
    });
    return {
      type: 'Microsoft.Network/networkInterfaces',
      apiVersion,
      name: `nic${nic}`,
      location: 'westeurope',
      properties: {
        macAddress: `00-0D-3A-F8-78-${nic.toString(16).padStart(2, '0')}`,
        ipConfigurations: [address('IPv4', `10.1.0.${host}`), address('IPv6', `fd00:10::a01:${host.toString(16)}`)],
      },
    };
  });
  return {
    $schema: 'https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#',
    contentVersion: '1.0.0.0',
    resources: [
      {
        type: 'Microsoft.Network/networkSecurityGroups',
        apiVersion,
        name: 'nsg',
        location: 'westeurope',
        properties: { securityRules },
      },
      {
        type: 'Microsoft.Network/virtualNetworks',
        apiVersion,
        name: 'vnet',
        location: 'westeurope',
        properties: {
          addressSpace: { addressPrefixes: vnetPrefixes },
          subnets: [
            {
              name: 'default',
              properties: {
                addressPrefixes: ['10.1.0.0/24', 'fd00:10::/64'],
                networkSecurityGroup: { id: "[resourceId('Microsoft.Network/networkSecurityGroups', 'nsg')]" },
              },
            },
          ],
        },
      },
      ...nics,
    ],
  };
}

// The network of the recording benchmark as an ARM template: one VNet, one subnet behind one NSG with 200 rules, and 32 NICs, the near ends of the
// traffic that made-packets.mjs makes.
import { randomNumbers } from './made-logs.mjs';

const nicCount = 32;
const apiVersion = '2024-05-01';
const vnetPrefixes = ['10.1.0.0/16', 'fd00:10::/32'];

/** A hundred user rules in each direction, the same each time; priorities are 100, 110, … Six in each allow common services from anywhere. */
function securityRules() {
  const random = randomNumbers(7);
  const far = () => {
    const bytes = [8, 16, 24, 24, 32][random(5)] / 8;
    const address = [1 + random(222), random(256), random(256), random(256)].map((byte, i) => (i < bytes ? byte : 0));
    return `${address.join('.')}/${8 * bytes}`;
  };
  const near = () => (random(3) === 0 ? `10.1.0.${4 + random(nicCount)}` : '10.1.0.0/16');
  const ports = [443, 80, 22, 53, 8443, 8080, 3389, 445, 25, 5432, 1433, 3306];
  return ['Inbound', 'Outbound'].flatMap((direction) =>
    Array.from({ length: 100 }, (_, i) => {
      const service = i < 80 ? undefined : ports.slice(0, 6)[i - 80];
      const ends = service === undefined ? [far(), near()] : ['*', '10.1.0.0/16'];
      const [source, destination] = direction === 'Inbound' ? ends : ends.toReversed();
      const port = service ?? ports[random(ports.length)];
      return {
        name: `${direction}-${100 + 10 * i}`,
        properties: {
          priority: 100 + 10 * i,
          direction,
          access: service !== undefined || random(3) > 0 ? 'Allow' : 'Deny',
          protocol: port === 53 ? 'Udp' : random(5) === 0 ? '*' : 'Tcp',
          sourceAddressPrefix: source,
          sourcePortRange: '*',
          destinationAddressPrefix: destination,
          destinationPortRange:
            service !== undefined || random(4) > 0 ? String(port) : `${port}-${Math.min(65_535, port + random(4000))}`,
        },
      };
    }),
  );
}

export function benchmarkTemplate() {
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
        properties: { securityRules: securityRules() },
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

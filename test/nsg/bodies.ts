/**
 * Resources as the REST API gives them, for tests.
 */
const group = '/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/Test-RG/providers/Microsoft.Network';

export const nsgId = (name: string): string => `${group}/networkSecurityGroups/${name}`;
export const groupId = (name: string): string => `${group}/applicationSecurityGroups/${name}`;
export const virtualNetworkId = (name: string): string => `${group}/virtualNetworks/${name}`;
export const subnetId = (network: string, name: string): string => `${virtualNetworkId(network)}/subnets/${name}`;
export const nicId = (name: string): string => `${group}/networkInterfaces/${name}`;

/** An inbound TCP allow rule from anywhere to anywhere, unless `fields` say otherwise. */
export function ruleBody(name: string, fields: object): { name: string; properties: object } {
  return {
    name,
    properties: {
      protocol: 'Tcp',
      sourcePortRange: '*',
      destinationPortRange: '*',
      sourceAddressPrefix: '*',
      destinationAddressPrefix: '*',
      access: 'Allow',
      priority: 100,
      direction: 'Inbound',
      ...fields,
    },
  };
}

export function nsgBody(name: string, securityRules: readonly object[], fields: object = {}): object {
  return {
    name,
    id: nsgId(name),
    type: 'Microsoft.Network/networkSecurityGroups',
    location: 'westeurope',
    properties: { securityRules, ...fields },
  };
}

export function virtualNetworkBody(
  name: string,
  addressPrefixes: string[],
  subnets: { name: string; /** One or more, with blanks between. */ prefix: string; nsg: string | undefined }[],
  peers: string[] = [],
): object {
  return {
    name,
    id: virtualNetworkId(name),
    type: 'Microsoft.Network/virtualNetworks',
    location: 'westeurope',
    properties: {
      addressSpace: { addressPrefixes },
      subnets: subnets.map(({ name: subnet, prefix, nsg }) => ({
        name: subnet,
        id: subnetId(name, subnet),
        properties: {
          addressPrefixes: prefix.split(' '),
          ...(nsg !== undefined && { networkSecurityGroup: { id: nsgId(nsg) } }),
        },
      })),
      virtualNetworkPeerings: peers.map((peer) => ({
        name: `to-${peer}`,
        properties: { peeringState: 'Connected', remoteVirtualNetwork: { id: virtualNetworkId(peer) } },
      })),
    },
  };
}

export function nicBody(
  name: string,
  addresses: string[],
  place: { subnet: string; network?: string; nsg?: string | undefined; groups?: string[]; mac?: string },
): object {
  return {
    name,
    id: nicId(name),
    type: 'Microsoft.Network/networkInterfaces',
    location: 'westeurope',
    properties: {
      macAddress: place.mac,
      ...(place.nsg !== undefined && { networkSecurityGroup: { id: nsgId(place.nsg) } }),
      ipConfigurations: addresses.map((privateIPAddress, index) => ({
        name: `ipconfig${index}`,
        properties: {
          privateIPAddress,
          privateIPAllocationMethod: 'Dynamic',
          subnet: { id: subnetId(place.network ?? 'v', place.subnet) },
          applicationSecurityGroups: (place.groups ?? []).map((name) => ({ id: groupId(name) })),
        },
      })),
    },
  };
}

export const serviceTagsText = JSON.stringify({
  changeNumber: 1,
  cloud: 'Public',
  values: [
    {
      name: 'Storage',
      id: 'Storage',
      properties: { changeNumber: 1, region: '', addressPrefixes: ['20.38.98.0/24', '2603:1020:206:1::/64'] },
    },
    { name: 'Sql.WestEurope', id: 'Sql.WestEurope', properties: { addressPrefixes: ['13.69.105.0/24'] } },
  ],
});

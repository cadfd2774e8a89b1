/**
 * Resources of an inventory as rows of Traffic Analytics' topology, keyed by columns of NTATopologyDetails. Names are in lower case: a resource is `group/name`
 * (a child `group/parent/name`), what may lie in another subscription is `subscription/group/name`. Texts with several values have spaces between them.
 */
import { parentId, resourceKey } from '../../arm-template/resource-id.ts';
import type { InventoryResource } from './fields.ts';
import { field, ids, list, text } from './fields.ts';

export type TopologyRow = Readonly<Record<string, string | number | boolean>>;

type Values = Readonly<Record<string, string | number | boolean | undefined>>;

/** A row for each resource, the first one of several with the same id, and one for each subscription and region that was read. */
export function topologyRows(resources: readonly InventoryResource[]): TopologyRow[] {
  const all = new Map<string, InventoryResource>();
  const add = (resource: InventoryResource): void => {
    const key = resourceKey(resource.id);
    if (!all.has(key)) all.set(key, resource);
    for (const [name, type] of Object.entries(childrenOf[resource.type] ?? {}))
      for (const body of list(resource.body, name)) {
        const id = text(body, 'id') || `${resource.id}/${type.slice(type.lastIndexOf('/') + 1)}/${text(body, 'name')}`;
        if (typeof body === 'object' && body !== null) add({ id, type, body: body as InventoryResource['body'] });
      }
  };
  resources.forEach(add);
  const known: Known = { all, vmOfNic: new Map(), flowLogs: new Map(), hasFlowLogs: false };
  for (const { id, type, body } of all.values()) {
    if (type === 'microsoft.compute/virtualmachines')
      for (const nic of ids(body, 'networkProfile', 'networkInterfaces')) known.vmOfNic.set(resourceKey(nic), id);
    if (type === flowLogType) {
      known.hasFlowLogs = true;
      if (field(body, 'enabled') === true)
        known.flowLogs.set(resourceKey(text(body, 'targetResourceId')), text(body, 'storageId'));
    }
  }
  const rows = [...all.values()].flatMap((one): TopologyRow[] => rowOf(one, known));
  const seen = new Map(rows.map((row) => [`${row['Subscription']}/${row['DiscoveryRegion']}`, row]));
  const statuses = [...seen.values()].map(({ Subscription, DiscoveryRegion }) =>
    defined({
      SubType: 'StatusMessage',
      ComponentType: 'Topology',
      Status: 'Completed',
      Subscription,
      DiscoveryRegion,
    }),
  );
  return [...rows, ...statuses];
}

interface Known {
  readonly all: ReadonlyMap<string, InventoryResource>;
  readonly vmOfNic: Map<string, string>;
  /** Storage accounts of the flow logs that are on, by what they log. */
  readonly flowLogs: Map<string, string>;
  hasFlowLogs: boolean;
}

const network = 'microsoft.network';
const flowLogType = `${network}/networkwatchers/flowlogs`;

/** Resources that lie within others, by the name of their list. */
const childrenOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  [`${network}/virtualnetworks`]: {
    subnets: `${network}/virtualnetworks/subnets`,
    virtualNetworkPeerings: `${network}/virtualnetworks/virtualnetworkpeerings`,
  },
  [`${network}/networksecuritygroups`]: {
    securityRules: `${network}/networksecuritygroups/securityrules`,
    defaultSecurityRules: `${network}/networksecuritygroups/defaultsecurityrules`,
  },
  [`${network}/routetables`]: { routes: `${network}/routetables/routes` },
};

/** What a row is called and what it says, by the type of the resource. */
const kinds: Readonly<Record<string, readonly [string, (of: InventoryResource, known: Known) => Values]>> = {
  [`${network}/virtualnetworks`]: [
    'VirtualNetwork',
    ({ body }) => ({
      AddressPrefixes: joined(list(body, 'addressSpace', 'addressPrefixes')),
      EncryptionEnabled: boolOf(field(field(body, 'encryption'), 'enabled')),
      EncryptionEnforcement: text(body, 'encryption', 'enforcement'),
    }),
  ],
  [`${network}/virtualnetworks/subnets`]: [
    'VirtualSubnetwork',
    ({ id, body }) => {
      const prefixes = prefixesOf(body, 'addressPrefix', 'addressPrefixes');
      return {
        AddressPrefixes: prefixes,
        SubnetPrefixes: prefixes,
        VirtualNetwork1: longName(parentId(id)),
        Nsg: longName(text(body, 'networkSecurityGroup', 'id')),
        RouteTable: longName(text(body, 'routeTable', 'id')),
      };
    },
  ],
  [`${network}/virtualnetworks/virtualnetworkpeerings`]: [
    'VirtualNetworkPeering',
    ({ id, body }) => ({
      ConnectionType: 'VNetPeering',
      VirtualNetwork1: longName(parentId(id)),
      VirtualNetwork2: longName(text(body, 'remoteVirtualNetwork', 'id')),
      AllowForwardedTraffic: boolOf(field(body, 'allowForwardedTraffic')),
      AllowGatewayTransit: boolOf(field(body, 'allowGatewayTransit')),
      AllowVirtualNetworkAccess: boolOf(field(body, 'allowVirtualNetworkAccess')),
      UseRemoteGateways: boolOf(field(body, 'useRemoteGateways')),
      State: text(body, 'peeringState'),
    }),
  ],
  [`${network}/networkinterfaces`]: ['NetworkInterface', nicValues],
  'microsoft.compute/virtualmachinescalesets/virtualmachines/networkinterfaces': ['NetworkInterface', nicValues],
  'microsoft.compute/virtualmachines': [
    'VirtualMachine',
    ({ body }) => ({ VmssName: shortName(text(body, 'virtualMachineScaleSet', 'id')) }),
  ],
  'microsoft.compute/virtualmachinescalesets/virtualmachines': [
    'VirtualMachine',
    ({ id }) => ({ VmssName: shortName(parentId(id)) }),
  ],
  [`${network}/networksecuritygroups`]: [
    'NetworkSecurityGroup',
    ({ id }, { flowLogs, hasFlowLogs }) => {
      const storage = flowLogs.get(resourceKey(id));
      // An inventory without any flow log does not know.
      return {
        IsFlowEnabled: hasFlowLogs ? storage !== undefined : undefined,
        FlowLogStorageAccount: longName(storage),
      };
    },
  ],
  [`${network}/networksecuritygroups/securityrules`]: ['NetworkSecurityGroupRule', ruleValues('User Defined')],
  [`${network}/networksecuritygroups/defaultsecurityrules`]: ['NetworkSecurityGroupRule', ruleValues('Default')],
  [`${network}/loadbalancers`]: [
    'LoadBalancer',
    ({ body }, known) => ({
      ...frontends(body, known),
      Sku: text(body, 'sku', 'name'),
      LoadBalancerBackendPools: joined(list(body, 'backendAddressPools').map((one) => text(one, 'name'))),
    }),
  ],
  [`${network}/applicationgateways`]: [
    'ApplicationGateway',
    ({ body }, known) => ({
      ...frontends(body, known),
      Sku: text(body, 'sku', 'name'),
      GatewaySubnet: joined(list(body, 'gatewayIPConfigurations').map((one) => shortName(text(one, 'subnet', 'id')))),
      ApplicationGatewayBackendPools: joined(list(body, 'backendAddressPools').map((one) => text(one, 'name'))),
    }),
  ],
  [`${network}/virtualnetworkgateways`]: [
    'VirtualNetworkGateway',
    ({ body }, known) => ({
      GatewayType: text(body, 'gatewayType'),
      VirtualSubnetwork: shortName(gatewaySubnet(body)),
      BgpEnabled: boolOf(field(body, 'enableBgp')),
      AzureAsn: numberOf(field(field(body, 'bgpSettings'), 'asn')),
      Sku: text(body, 'sku', 'name'),
      VpnClientAddressPrefixes: joined(list(body, 'vpnClientConfiguration', 'vpnClientAddressPool', 'addressPrefixes')),
      PublicIpAddresses: joined(list(body, 'ipConfigurations').map((one) => publicAddress(one, known))),
    }),
  ],
  [`${network}/connections`]: [
    'VirtualNetworkGatewayConnection',
    ({ body }, known) => {
      const gateways = ['virtualNetworkGateway1', 'virtualNetworkGateway2'].map((name) => text(body, name, 'id'));
      const [vnet1, vnet2] = gateways.map((id) => {
        const gateway = known.all.get(resourceKey(id));
        return gateway === undefined ? '' : longName(parentId(gatewaySubnet(gateway.body)));
      });
      return {
        ConnectionType: text(body, 'connectionType'),
        ConnectionStatus: text(body, 'connectionStatus'),
        VirtualNetworkGateway1: longName(gateways[0]),
        VirtualNetworkGateway2: longName(gateways[1]),
        VirtualNetwork1: vnet1,
        VirtualNetwork2: vnet2,
        LocalNetworkGateway: longName(text(body, 'localNetworkGateway2', 'id')),
        BgpEnabled: boolOf(field(body, 'enableBgp')),
        RoutingWeight: numberOf(field(body, 'routingWeight')),
        EgressBytesTransferred: numberOf(field(body, 'egressBytesTransferred')),
        IngressBytesTransferred: numberOf(field(body, 'ingressBytesTransferred')),
      };
    },
  ],
  [`${network}/localnetworkgateways`]: [
    'LocalNetworkGateway',
    ({ body }) => ({
      AddressPrefixes: joined(
        ['localNetworkAddressSpace', 'localNetworkSiteAddressSpace'].flatMap((space) =>
          list(body, space, 'addressPrefixes'),
        ),
      ),
      IpAddress: text(body, 'gatewayIpAddress'),
      PeerAsn: numberOf(field(field(body, 'bgpSettings'), 'asn')),
    }),
  ],
  [`${network}/routetables`]: ['RouteTable', () => ({})],
  [`${network}/routetables/routes`]: [
    'Route',
    ({ id, body }) => ({
      AddressPrefixes: text(body, 'addressPrefix'),
      NextHopType: text(body, 'nextHopType'),
      NextHopIp: text(body, 'nextHopIpAddress'),
      RouteTable: longName(parentId(id)),
    }),
  ],
  [`${network}/publicipaddresses`]: ['PublicIpAddress', ({ body }) => ({ IpAddress: text(body, 'ipAddress') })],
  [`${network}/privateendpoints`]: [
    'PrivateEndpoint',
    ({ id, body }) => ({
      PrivateEndpointResourceId: id.toLowerCase(),
      PrivateLinkResourceId: joined(
        list(body, 'privateLinkServiceConnections').map((one) => text(one, 'privateLinkServiceId').toLowerCase()),
      ),
      Subnetwork: shortName(text(body, 'subnet', 'id')),
      PrivateIpAddresses: joined(list(body, 'customDnsConfigs').flatMap((one) => list(one, 'ipAddresses'))),
    }),
  ],
};

function rowOf(resource: InventoryResource, known: Known): TopologyRow[] {
  if (!Object.hasOwn(kinds, resource.type)) return [];
  const [AzureResourceType, valuesOf] = kinds[resource.type];
  const region = regionOf(resource.id, known);
  const tags = field(resource.body, 'tags');
  const row = defined({
    SubType: 'Topology',
    AzureResourceType,
    Name: shortName(resource.id),
    Subscription: parts(resource.id)[0],
    Region: region,
    DiscoveryRegion: region,
    Tags: typeof tags === 'object' && tags !== null && Object.keys(tags).length > 0 ? JSON.stringify(tags) : undefined,
    ...valuesOf(resource, known),
  });
  return [row];
}

function nicValues({ id, body }: InventoryResource, known: Known): Values {
  const configurations = list(body, 'ipConfigurations');
  const instance = id.toLowerCase().includes('/virtualmachinescalesets/') ? parentId(id) : '';
  const machine = text(body, 'virtualMachine', 'id') || instance || known.vmOfNic.get(resourceKey(id)) || '';
  return {
    MacAddress: text(body, 'macAddress').toUpperCase(),
    PrivateIpAddresses: joined(configurations.map((one) => text(one, 'privateIPAddress'))),
    PublicIpAddresses: joined(configurations.map((one) => publicAddress(one, known))),
    VirtualMachine: shortName(machine),
    VmssName: instance === '' ? '' : shortName(parentId(instance)),
    Subnetwork: shortName(configurations.map((one) => text(one, 'subnet', 'id')).find((one) => one !== '') ?? ''),
    Nsg: longName(text(body, 'networkSecurityGroup', 'id')),
    EnableIpForwarding: boolOf(field(body, 'enableIPForwarding')),
    LoadBalancerBackendPools: joined(
      configurations.flatMap((one) => ids(one, 'loadBalancerBackendAddressPools').map(shortName)),
    ),
  };
}

function ruleValues(RuleType: string): (of: InventoryResource) => Values {
  return ({ id, body }) => ({
    RuleType,
    Nsg: longName(parentId(id)),
    Access: text(body, 'access'),
    Direction: text(body, 'direction'),
    Priority: numberOf(field(body, 'priority')),
    Protocol: text(body, 'protocol'),
    Description: text(body, 'description'),
    SourceAddressPrefix: prefixesOf(body, 'sourceAddressPrefix', 'sourceAddressPrefixes'),
    SourcePortRange: prefixesOf(body, 'sourcePortRange', 'sourcePortRanges'),
    DestinationAddressPrefix: prefixesOf(body, 'destinationAddressPrefix', 'destinationAddressPrefixes'),
    DestinationPortRange: prefixesOf(body, 'destinationPortRange', 'destinationPortRanges'),
  });
}

function frontends(body: unknown, known: Known): Values {
  const all = list(body, 'frontendIPConfigurations');
  const inside = all.map((one) => text(one, 'privateIPAddress'));
  const outside = all.map((one) => publicAddress(one, known));
  return {
    FrontendIps: joined([...inside, ...outside]),
    PrivateFrontendIps: joined(inside),
    PublicFrontendIps: joined(outside),
    FrontendSubnet: joined(all.map((one) => shortName(text(one, 'subnet', 'id')))),
  };
}

function publicAddress(configuration: unknown, { all }: Known): string {
  const own = text(configuration, 'publicIPAddress', 'ipAddress');
  const resource = all.get(resourceKey(text(configuration, 'publicIPAddress', 'id')));
  return own !== '' || resource === undefined ? own : text(resource.body, 'ipAddress');
}

function gatewaySubnet(body: unknown): string {
  return (
    list(body, 'ipConfigurations')
      .map((one) => text(one, 'subnet', 'id'))
      .find((one) => one !== '') ?? ''
  );
}

function regionOf(id: string, { all }: Known): string {
  for (let at = id; at !== ''; at = parentId(at)) {
    const location = text(all.get(resourceKey(at))?.body, 'location');
    if (location !== '') return location.toLowerCase().replaceAll(' ', '');
  }
  return '';
}

/** Subscription, group, and names of the resource and of those that it lies within; of a scale set's instance one name. */
function parts(id: string): string[] {
  const [, subscription = '', group = '', rest = ''] =
    /^\/?subscriptions\/([^/]+)\/resourcegroups\/([^/]+)\/providers\/[^/]+\/(.+)$/.exec(resourceKey(id)) ?? [];
  const short = rest.replace(/^virtualmachinescalesets\/([^/]+)\/virtualmachines\/([^/]+)/, 'virtualmachines/$1_$2');
  return [subscription, group, ...short.split('/').filter((_, i) => i % 2 === 1)];
}

/** `group/name`. */
function shortName(id: string): string {
  return parts(id)
    .slice(1)
    .filter((one) => one !== '')
    .join('/');
}

/** `subscription/group/name`. */
function longName(id = ''): string {
  return parts(id)
    .filter((one) => one !== '')
    .join('/');
}

function prefixesOf(body: unknown, one: string, several: string): string {
  return joined([text(body, one), ...list(body, several)]);
}

function joined(texts: readonly unknown[]): string {
  return [...new Set(texts.filter((one) => typeof one === 'string' && one !== ''))].join(' ');
}

function boolOf(value: unknown): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined;
}

function defined(values: Values): TopologyRow {
  return Object.fromEntries(
    Object.entries(values).filter(([, value]) => value !== undefined && value !== ''),
  ) as TopologyRow;
}

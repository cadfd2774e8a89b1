/** NTATopologyDetails: a row for each resource and connection that was discovered. Source: Azure Monitor's table reference, 2024-02. */
import type { DeclaredColumn } from './column.ts';
import { column, textValue } from '../relation/expression.ts';
import { bool, datetime, inOrderOfNames, int, long, string } from './column.ts';
import { topologyValue } from './topology-rows.ts';

const strings = `
  Access AddressPrefixes AppGatewayType ApplicationGatewayBackendPools AzureResourceType BackendAddressPool BackendIpAddress BackendSubnets
  CircuitProvisioningState ComponentType ConnectionStatus ConnectionType Description DestinationAddressPrefix DestinationPortRange Direction
  DiscoveryRegion EncryptionEnforcement FlowLogStorageAccount FrontendIpAddress FrontendIps FrontendSubnet FrontendSubnets GatewayConnectionType
  GatewaySubnet GatewayType IpAddress LoadBalancerBackendPools LoadBalancerType LocalNetworkGateway LocalPreference MacAddress Name Network NextHopIp
  NextHopType Nsg Path Peer PeeringType PrimaryAzurePort PrimaryNextHop PrimaryPeerAddressPrefix PrivateEndpointResourceId PrivateFrontendIps
  PrivateIpAddresses PrivateLinkResourceId Protocol PublicFrontendIps PublicIpAddresses Region RouteTable RuleType SchemaVersion SecondaryAzurePort
  SecondaryNextHop SecondaryPeerAddressPrefix ServiceProviderProperties ServiceProviderProvisioningState Sku SkuDetail SourceAddressPrefix
  SourcePortRange SourceSystem State Status Subnet1 Subnet2 SubnetPrefixes SubnetRegion1 SubnetRegion2 Subnetwork Subscription SubscriptionName SubType
  Tags TenantId TopologyVersion Type VipAddress VirtualAppliances VirtualMachine VirtualNetwork1 VirtualNetwork2 VirtualNetworkGateway1
  VirtualNetworkGateway2 VirtualSubnetwork VmssName VpnClientAddressPrefixes Zones`;
const bools = `
  AllowForwardedTraffic AllowGatewayTransit AllowVirtualNetworkAccess BgpEnabled EnableIpForwarding EncryptionEnabled FloatingIpEnabled IsFlowEnabled
  IsVirtualAppliance UseRemoteGateways VnetEncryptionSupported`;
const longs =
  'AzureAsn EgressBytesTransferred IngressBytesTransferred PeerAsn PrimaryBytesIn PrimaryBytesOut SecondaryBytesIn SecondaryBytesOut';
const ints = 'BackendPort FrontendPort Priority RoutingWeight VlanId Weight';

/** `VirtualNetworkGateway1` as `Virtual network gateway 1`. */
function about(name: string): string {
  const [first, ...rest] = name.split(/(?<=[a-z])(?=[A-Z\d])/);
  return `${[first, ...rest.map((word) => word.toLowerCase())].join(' ')} of the resource.`;
}

const own: Readonly<Record<string, DeclaredColumn>> = {
  SubType: string(
    'SubType',
    '`Topology`; `StatusMessage` in a row for each subscription and region.',
    topologyValue('SubType', 'string'),
  ),
  ComponentType: string('ComponentType', 'Always `Topology`.', textValue('Topology')),
  Type: string('Type', 'The name of the table.', textValue('NTATopologyDetails')),
};

const of = (declare: typeof string, names: string): DeclaredColumn[] =>
  names
    .trim()
    .split(/\s+/)
    .map((name) => {
      const declared = declare(name, about(name));
      return own[name] ?? { ...declared, value: topologyValue(name, declared.type) };
    });

export const topologyColumns: readonly DeclaredColumn[] = inOrderOfNames([
  ...of(string, strings),
  ...of(bool, bools),
  ...of(long, longs),
  ...of(int, ints),
  datetime(
    'TimeGenerated',
    'When the resource was seen: midnight, or the begin of a dated inventory.',
    column('t_time'),
  ),
  datetime('TimeProcessed', 'The same.', column('t_time')),
]);

import { describe, expect, test } from 'vitest';
import type { KqlType } from '../../../src/query/kql/type.ts';
import { scalarOf } from '../../../src/query/kql/type.ts';
import { columnsOf } from '../../../src/query/relation/check.ts';
import {
  defaultTrafficAnalytics,
  parseTrafficAnalytics,
  trafficAnalyticsSettings,
} from '../../../src/query/traffic-analytics/settings.ts';
import { trafficAnalyticsTables } from '../../../src/query/traffic-analytics/tables.ts';
import { tableNamed } from './table-rows.ts';

const sidesOf = (names: string): string[] => names.split(' ').flatMap((name) => [`Src${name}`, `Dest${name}`]);
const words = (text: string): string[] => text.trim().split(/\s+/);

/** Columns of each table by type, as Azure Monitor's table references and the schema article list them. */
const documented: Readonly<Record<string, Partial<Record<KqlType, readonly string[]>>>> = {
  NTANetAnalytics: {
    string: [
      ...words(`AclGroup AclRule Action AzureRegion ConnectingVnets ConnectionName ConnectionType Country Description ExpressRouteCircuitPeeringType
        FaSchemaVersion FlowDirection FlowEncryption FlowLogResourceId FlowStatus FlowType L4Protocol L7Protocol LogResourceId MacAddress NsgList NsgRule
        NsgRuleType PrivateEndpointResourceId PrivateLinkResourceId PrivateLinkResourceName SourceSystem SrcPorts Status SubType TargetResourceId
        TargetResourceType TenantId TrafficAnalyticsResourceId Type _IsBillable _ItemId`),
      ...sidesOf(
        'ApplicationGateway Cloud Environment ExpressRouteCircuit Ip LoadBalancer LocalNetworkGateway NetworkGroups Nic PublicIps Region ServiceId ServiceName ServiceTags Subnet Subscription TenantId TenantName Vm',
      ),
    ],
    long: words(`AllowedInFlows AllowedOutFlows DeniedInFlows DeniedOutFlows CompletedFlows BytesDestToSrc BytesSrcToDest PacketsDestToSrc
      PacketsSrcToDest RecordCount`),
    int: ['DestPort'],
    bool: ['IsFlowCapturedAtUdrHop'],
    real: ['_BilledSize'],
    datetime: words(
      'TimeGenerated TimeProcessed FlowIntervalStartTime FlowIntervalEndTime FlowStartTime FlowEndTime _TimeReceived',
    ),
  },
  NTAIpDetails: {
    string: words(
      'DnsDomain FaSchemaVersion FlowType Ip Location PublicIpDetails SubType ThreatDescription ThreatType Url TenantId Type SourceSystem _IsBillable',
    ),
    int: ['Port'],
    real: ['_BilledSize'],
    datetime: words('TimeGenerated FlowIntervalStartTime FlowIntervalEndTime'),
  },
  NTATopologyDetails: {
    string:
      words(`Access AddressPrefixes AppGatewayType ApplicationGatewayBackendPools AzureResourceType BackendAddressPool BackendIpAddress
      BackendSubnets CircuitProvisioningState ComponentType ConnectionStatus ConnectionType Description DestinationAddressPrefix DestinationPortRange
      Direction DiscoveryRegion EncryptionEnforcement FlowLogStorageAccount FrontendIpAddress FrontendIps FrontendSubnet FrontendSubnets
      GatewayConnectionType GatewaySubnet GatewayType IpAddress LoadBalancerBackendPools LoadBalancerType LocalNetworkGateway LocalPreference MacAddress
      Name Network NextHopIp NextHopType Nsg Path Peer PeeringType PrimaryAzurePort PrimaryNextHop PrimaryPeerAddressPrefix PrivateEndpointResourceId
      PrivateFrontendIps PrivateIpAddresses PrivateLinkResourceId Protocol PublicFrontendIps PublicIpAddresses Region RouteTable RuleType SchemaVersion
      SecondaryAzurePort SecondaryNextHop SecondaryPeerAddressPrefix ServiceProviderProperties ServiceProviderProvisioningState Sku SkuDetail
      SourceAddressPrefix SourcePortRange SourceSystem State Status Subnet1 Subnet2 SubnetPrefixes SubnetRegion1 SubnetRegion2 Subnetwork Subscription
      SubscriptionName SubType Tags TenantId TopologyVersion Type VipAddress VirtualAppliances VirtualMachine VirtualNetwork1 VirtualNetwork2
      VirtualNetworkGateway1 VirtualNetworkGateway2 VirtualSubnetwork VmssName VpnClientAddressPrefixes Zones`),
    bool: words(`AllowForwardedTraffic AllowGatewayTransit AllowVirtualNetworkAccess BgpEnabled EnableIpForwarding EncryptionEnabled FloatingIpEnabled
      IsFlowEnabled IsVirtualAppliance UseRemoteGateways VnetEncryptionSupported`),
    long: words(
      'AzureAsn EgressBytesTransferred IngressBytesTransferred PeerAsn PrimaryBytesIn PrimaryBytesOut SecondaryBytesIn SecondaryBytesOut',
    ),
    int: words('BackendPort FrontendPort Priority RoutingWeight VlanId Weight'),
    datetime: words('TimeGenerated TimeProcessed'),
  },
  NTAInsights: {
    real: words('AdFlag AdScore Periodicity SeriesNumber TrafficVolumeActual TrafficVolumeBaseline _BilledSize'),
    string:
      words(`AggregationType DataPoints FlowStatus InsightsResourceId PivotType Region SchemaVersion SubType TrafficVolumeUnit SourceSystem
      TenantId Type _IsBillable`),
    datetime: words('IntervalStart IntervalEnd ProcessingTime TrafficTime TimeGenerated'),
  },
  NTARuleRecommendation: {
    string:
      words(`RecommendedRuleName RecommendedAction RuleScope SummarizationType SchemaVersion TargetResourceId TargetResourceIdsList
      SrcSubscriptionId DestSubscriptionId L4Protocol PortCategory SrcPublicIpCidrs DestPublicIpCidrs SrcServiceTagsList DestServiceTagsList
      DestPortsRanges IpRegionDetails IpUrls UnecryptedFlowDetails AdditionalProperties Type`),
    long: ['TotalFlowCount'],
    datetime: words('StartTime EndTime TimeGenerated'),
  },
  AzureNetworkAnalytics_CL: {
    string:
      words(`TableName Subscription_g Subscription1_g Subscription2_g SubType_s FASchemaVersion_s FlowType_s SrcIP_s DestIP_s VMIP_s L4Protocol_s L7Protocol_s FlowDirection_s FlowStatus_s
      NSGList_s NSGRules_s NSGRule_s NSGRuleType_s MACAddress_s Region_s Region1_s Region2_s NIC_s NIC1_s NIC2_s VM_s VM1_s VM2_s Subnet_s Subnet1_s
      Subnet2_s ApplicationGateway1_s ApplicationGateway2_s ExpressRouteCircuit1_s ExpressRouteCircuit2_s ExpressRouteCircuitPeeringType_s
      LoadBalancer1_s LoadBalancer2_s LocalNetworkGateway1_s LocalNetworkGateway2_s ConnectionType_s ConnectionName_s ConnectingVNets_s Country_s
      AzureRegion_s PublicIPs_s SrcPublicIPs_s DestPublicIPs_s Name_s VirtualNetwork1_s VirtualNetwork2_s VirtualNetworkGateway1_s
      VirtualNetworkGateway2_s GatewayType_s VirtualSubnetwork_s VmssName_s VirtualMachine_s ResourceType DiscoveryRegion_s PublicIPAddresses_s
      PrivateIPAddresses_s AddressPrefixes_s Access_s Direction_s SourceAddressPrefix_s DestinationPortRange_s BackendIPAddress_s NextHopIP_s`),
    real: words(`DestPort_d AllowedInFlows_d DeniedInFlows_d AllowedOutFlows_d DeniedOutFlows_d FlowCount_d InboundPackets_d OutboundPackets_d
      InboundBytes_d OutboundBytes_d CompletedFlows_d Priority_d IngressBytesTransferred_d EgressBytesTransferred_d`),
    bool: words('IsFlowCapturedAtUDRHop_b IsFlowEnabled_b EnableIPForwarding_b'),
    datetime: words(
      'TimeProcessed_t FlowIntervalStartTime_t FlowIntervalEndTime_t FlowStartTime_t FlowEndTime_t TimeGenerated',
    ),
  },
  AzureNetworkAnalyticsIPDetails_CL: {
    string: words(
      'SubType_s FASchemaVersion_s FlowType_s IP Location PublicIPDetails ThreatType ThreatDescription DNSDomain Url Port',
    ),
    datetime: words('FlowIntervalStartTime_t FlowIntervalEndTime_t TimeGenerated'),
  },
};

/** Tables of which all columns are documented above. */
const whole = ['NTANetAnalytics', 'NTAIpDetails', 'NTATopologyDetails', 'NTAInsights', 'NTARuleRecommendation'];

describe('tables have the columns of the documentation', () => {
  test.each(Object.entries(documented))('%s', (name, byType) => {
    const { columns } = tableNamed(name, []);
    const expected = Object.entries(byType).flatMap(([type, names]) => names.map((one) => `${one}: ${type}`));
    const own = columns.map((one) => `${one.name}: ${one.type}`);
    expect(own).toEqual(expect.arrayContaining(expected));
    if (whole.includes(name)) expect([...own].sort()).toEqual([...expected].sort());
  });

  test('columns of the references are in the order of their names', () => {
    const { columns } = tableNamed('NTANetAnalytics', []);
    const names = columns.map(({ name }) => name.replace(/^_/, '').toLowerCase());
    expect(names).toEqual([...names].sort());
  });
});

describe('relations of tables', () => {
  test.each(trafficAnalyticsTables().map((table) => [table.name, table] as const))(
    '%s: each column has its type, also in a range',
    (_, { columns, relation }) => {
      for (const range of [{}, { start: 0, end: 1e12 }, { start: -1e15, end: 1e15 }])
        expect(columnsOf(relation(range))).toEqual(
          columns.map(({ column, type }) => ({ name: column, type: scalarOf(type) })),
        );
    },
  );
});

describe('settings', () => {
  test('each value of each setting gives tables', () => {
    for (const [name, { values }] of Object.entries(trafficAnalyticsSettings))
      for (const value of values) {
        const settings = parseTrafficAnalytics([`${name.toUpperCase()} = ${value}`]);
        expect(settings).toEqual({ ...defaultTrafficAnalytics, [name]: value });
        for (const { relation } of trafficAnalyticsTables(settings)) columnsOf(relation({}));
      }
  });

  test.each([
    ['interval=5', 'interval is one of 60, 10, 1'],
    ['intervals=10', 'names no setting of Traffic Analytics'],
    ['interval', 'names no setting of Traffic Analytics'],
    ['', 'names no setting of Traffic Analytics'],
  ])('"%s" is refused', (text, words) => {
    expect(() => parseTrafficAnalytics([text])).toThrow(words);
  });
});

/** NTANetAnalytics: reduced flow logs with names. Source: Azure Monitor's table reference, 2026-07. */
import { column, textValue } from '../relation/expression.ts';
import type { DeclaredColumn } from './column.ts';
import { bool, bothSides, datetime, inOrderOfNames, int, long, real, string } from './column.ts';
import { named, namedById } from './names.ts';
import type { TrafficAnalyticsSettings } from './settings.ts';
import type { Side } from './side.ts';
import * as values from './values.ts';

const sideOf = { Src: 'src', Dest: 'dst' } as const satisfies Record<string, Side>;

function columnsOfSide(name: 'Src' | 'Dest'): DeclaredColumn[] {
  const side = sideOf[name];
  const end = name === 'Src' ? 'source' : 'destination';
  return [
    string(
      `${name}ApplicationGateway`,
      `Application gateway of the ${end}, by name.`,
      named(side, 'application_gateway'),
    ),
    string(`${name}Cloud`, `Cloud of the ${end}: always empty.`),
    string(`${name}Environment`, `Environment of the ${end}: always empty.`),
    string(`${name}ExpressRouteCircuit`, `ExpressRoute circuit of the ${end}: always empty.`),
    string(
      `${name}Ip`,
      `Address of the ${end}; empty where \`${name}PublicIps\` lists addresses.`,
      column(`${side}_ip`),
    ),
    string(`${name}LoadBalancer`, `Load balancer of the ${end}, by name.`, named(side, 'load_balancer')),
    string(`${name}LocalNetworkGateway`, `Local network gateway of the ${end}: always empty.`),
    string(`${name}NetworkGroups`, `Network groups of the ${end}: always empty.`),
    string(`${name}Nic`, `NIC of the ${end}: \`group/name\`.`, namedById(side, 'nic')),
    string(
      `${name}PublicIps`,
      `Public addresses of the ${end}: \`address|begun|ended|packets out|packets in|bytes out|bytes in\`, with spaces between them. Out is from source to destination.`,
      column(`${side}_public_ips`),
    ),
    string(`${name}Region`, `Azure region of the ${end}.`, named(side, 'region')),
    string(`${name}ServiceId`, `Service of the ${end}: always empty.`),
    string(`${name}ServiceName`, `Service of the ${end}: always empty.`),
    string(
      `${name}ServiceTags`,
      `Public addresses of the ${end} with their service tags: \`address|tag\`, with spaces between them.`,
      column(`${side}_service_tags`),
    ),
    string(`${name}Subnet`, `Subnet of the ${end}: \`group/vnet/subnet\`.`, namedById(side, 'subnet')),
    string(`${name}Subscription`, `Subscription of the ${end}.`, named(side, 'subscription')),
    string(`${name}TenantId`, `Tenant of the ${end}: always empty.`),
    string(`${name}TenantName`, `Tenant of the ${end}: always empty.`),
    string(`${name}Vm`, `Virtual machine of the ${end}: \`group/name\`.`, namedById(side, 'vm')),
  ];
}

export function netAnalyticsColumns({ codes, sourcePorts, flowEndTime }: TrafficAnalyticsSettings): DeclaredColumn[] {
  const isWords = codes === 'words';
  const direction = isWords ? { inbound: 'Inbound', outbound: 'Outbound' } : { inbound: 'I', outbound: 'O' };
  const status = isWords ? { allow: 'Allowed', deny: 'Denied' } : { allow: 'A', deny: 'D' };
  const protocol = isWords ? {} : { tcp: 'T', udp: 'U' };
  return inOrderOfNames([
    ...bothSides(['Src', 'Dest'], columnsOfSide),
    string('AclGroup', 'NSG or other ACL that decided: its ARM id in lower case, or `Unspecified`.', values.aclGroup),
    string('AclRule', 'Rule that decided, in lower case, without `UserRule_` and `DefaultRule_`.', values.ruleName),
    string('Action', 'Of firewall logs: always empty.'),
    long('AllowedInFlows', 'Inbound flows that were allowed and began in the interval.', values.flows.allowedIn),
    long('AllowedOutFlows', 'Outbound flows that were allowed and began in the interval.', values.flows.allowedOut),
    string('AzureRegion', 'Azure region of the public address, for the flow type AzurePublic.', column('azure_region')),
    real('_BilledSize', 'Always null: nsgflow does not bill.'),
    long('BytesDestToSrc', 'Bytes from destination to source.', values.counter('bytes.reverse')),
    long('BytesSrcToDest', 'Bytes from source to destination.', values.counter('bytes.forward')),
    long('CompletedFlows', 'Flows that ended in the interval.', values.flows.completed),
    string('ConnectingVnets', 'Hub VNets: always empty.'),
    string('ConnectionName', 'Name of the connection: always empty.'),
    string('ConnectionType', 'Type of the connection: always empty.'),
    string(
      'Country',
      'Country of the public address, two lower-case letters, for the flow types ExternalPublic and MaliciousFlow.',
      column('country'),
    ),
    long('DeniedInFlows', 'Inbound flows that were denied.', values.flows.deniedIn),
    long('DeniedOutFlows', 'Outbound flows that were denied.', values.flows.deniedOut),
    string('Description', 'Of firewall logs: always empty.'),
    int('DestPort', 'Destination port.', column('dst_port')),
    string('ExpressRouteCircuitPeeringType', 'ExpressRoute peering: always empty.'),
    string('FaSchemaVersion', 'Always `3`.', textValue('3')),
    string(
      'FlowDirection',
      'Direction, seen from the NIC: `Inbound` or `Outbound`.',
      values.words('direction', direction),
    ),
    string(
      'FlowEncryption',
      'VNet encryption of the flow, such as `Unencrypted`; empty for NSG flow logs.',
      values.encryption,
    ),
    datetime('FlowEndTime', 'Time of the last tuple of the row.', values.endTime(flowEndTime)),
    datetime('FlowIntervalEndTime', 'End of the interval.', column('interval_end')),
    datetime(
      'FlowIntervalStartTime',
      'Start of the interval. It is that of the records; tuples can be up to a minute older.',
      column('interval_start'),
    ),
    string(
      'FlowLogResourceId',
      'VNet flow log: `subscription/group/watcher/flow log` in lower case.',
      values.flowLogShortId,
    ),
    datetime('FlowStartTime', 'Time of the first tuple of the row.', column('first_time')),
    string('FlowStatus', '`Allowed` or `Denied`.', values.words('access', status)),
    string('FlowType', 'Kind of flow, by its two addresses.', column('flow_type')),
    string('_IsBillable', 'Always `False`.', textValue('False')),
    bool('IsFlowCapturedAtUdrHop', 'Whether the flow was seen at the next hop of a route: always null.'),
    string('_ItemId', 'Always empty.'),
    string(
      'L4Protocol',
      '`TCP` or `UDP`; of other protocols the name, or the IANA number.',
      values.words('protocol', protocol),
    ),
    string(
      'L7Protocol',
      'IANA name of the application protocol of the destination port, in lower case; else `Unknown`.',
      values.application,
    ),
    string('LogResourceId', 'Of firewall logs: always empty.'),
    string('MacAddress', 'MAC address of the NIC that saw the flow: `00-0D-3A-98-82-CE`.', values.mac),
    string('NsgList', 'Always empty: see `AclGroup`.'),
    string('NsgRule', 'Always empty: see `AclRule`.'),
    string('NsgRuleType', 'Always empty.'),
    long('PacketsDestToSrc', 'Packets from destination to source.', values.counter('packets.reverse')),
    long('PacketsSrcToDest', 'Packets from source to destination.', values.counter('packets.forward')),
    string('PrivateEndpointResourceId', 'Private endpoint: always empty.'),
    string('PrivateLinkResourceId', 'Private link: always empty.'),
    string('PrivateLinkResourceName', 'Private link: always empty.'),
    long('RecordCount', 'Of firewall logs: always null.'),
    string('SourceSystem', 'Always empty.'),
    string(
      'SrcPorts',
      'Source ports of the row, with `|` between them.',
      sourcePorts === 'listed' ? values.sourcePorts : undefined,
    ),
    string('Status', 'Of status messages, which do not occur: always empty.'),
    string('SubType', 'Always `FlowLog`.', textValue('FlowLog')),
    string(
      'TargetResourceId',
      'What the flow log logs: `subscription/group/vnet` in lower case.',
      values.targetShortId,
    ),
    string(
      'TargetResourceType',
      '`VirtualNetwork`, `Subnet`, `NetworkInterface`, or `NetworkSecurityGroup` for NSG flow logs.',
      values.targetType,
    ),
    string('TenantId', 'Always empty.'),
    datetime('TimeGenerated', 'When the row is complete: by default the end of the interval.', column('generated')),
    datetime('TimeProcessed', 'The same.', column('generated')),
    datetime('_TimeReceived', 'The same.', column('generated')),
    string('TrafficAnalyticsResourceId', 'Always empty.'),
    string('Type', 'The name of the table.', textValue('NTANetAnalytics')),
  ]);
}

/** AzureNetworkAnalytics_CL: the older form, with topology columns. Source: schema article of Traffic Analytics. */
import type { Expression } from '../relation/expression.ts';
import { call, column, textValue } from '../relation/expression.ts';
import type { DeclaredColumn } from './column.ts';
import { bool, bothSides, datetime, real, string } from './column.ts';
import { named, namedById } from './names.ts';
import type { TrafficAnalyticsSettings } from './settings.ts';
import type { Side } from './side.ts';
import { topologyColumns } from './topology-details.ts';
import { topologyValue } from './topology-rows.ts';
import * as values from './values.ts';

const sideOf = { '1': 'src', '2': 'dst' } as const satisfies Record<string, Side>;

const direction = values.words('direction', { inbound: 'I', outbound: 'O' });
const status = values.words('access', { allow: 'A', deny: 'D' });

/** Columns of the source end with 1, those of the destination with 2. */
function columnsOfSide(end: '1' | '2'): DeclaredColumn[] {
  const side = sideOf[end];
  const what = end === '1' ? 'source' : 'destination';
  return [
    // GUIDs are stored as texts, as custom tables of Log Analytics do.
    string(`Subscription${end}_g`, `Subscription of the ${what}.`, named(side, 'subscription')),
    string(`Region${end}_s`, `Azure region of the ${what}.`, named(side, 'region')),
    string(`NIC${end}_s`, `NIC of the ${what}: \`group/name\`.`, namedById(side, 'nic')),
    string(`VM${end}_s`, `Virtual machine of the ${what}: \`group/name\`.`, namedById(side, 'vm')),
    string(`Subnet${end}_s`, `Subnet of the ${what}: \`group/vnet/subnet\`.`, namedById(side, 'subnet')),
    string(`ApplicationGateway${end}_s`, `Application gateway of the ${what}.`, named(side, 'application_gateway')),
    string(`ExpressRouteCircuit${end}_s`, `ExpressRoute circuit of the ${what}: always empty.`),
    string(`LoadBalancer${end}_s`, `Load balancer of the ${what}.`, named(side, 'load_balancer')),
    string(`LocalNetworkGateway${end}_s`, `Local network gateway of the ${what}: always empty.`),
  ];
}

const double = (of: Expression): Expression => call('long_double', of);

function flowColumns({ flowEndTime }: TrafficAnalyticsSettings): DeclaredColumn[] {
  return [
    string('TableName', 'Always `AzureNetworkAnalytics`.', textValue('AzureNetworkAnalytics')),
    string('SubType_s', '`FlowLog` in rows of flow logs, `Topology` in those of resources.', textValue('FlowLog')),
    string('FASchemaVersion_s', 'Always `2`.', textValue('2')),
    datetime('TimeProcessed_t', 'When the row is complete: by default the end of the interval.', column('generated')),
    datetime('FlowIntervalStartTime_t', 'Start of the interval.', column('interval_start')),
    datetime('FlowIntervalEndTime_t', 'End of the interval.', column('interval_end')),
    datetime('FlowStartTime_t', 'Time of the first tuple of the row.', column('first_time')),
    datetime('FlowEndTime_t', 'Time of the last tuple of the row.', values.endTime(flowEndTime)),
    string('FlowType_s', 'Kind of flow, by its two addresses.', column('flow_type')),
    string('SrcIP_s', 'Source address; empty where `SrcPublicIPs_s` lists addresses.', column('src_ip')),
    string('DestIP_s', 'Destination address; empty where `DestPublicIPs_s` lists addresses.', column('dst_ip')),
    string('VMIP_s', 'Deprecated since 2019: always empty.'),
    real('DestPort_d', 'Destination port.', double(call('to_long', column('dst_port')))),
    string('L4Protocol_s', '`T` for TCP, `U` for UDP.', values.words('protocol', { tcp: 'T', udp: 'U' })),
    string('L7Protocol_s', 'IANA name of the application protocol of the destination port.', values.application),
    string('FlowDirection_s', '`I` for inbound, `O` for outbound.', direction),
    string('FlowStatus_s', '`A` for allowed, `D` for denied.', status),
    string('NSGList_s', 'NSG that decided: `subscription/group/name` in lower case.', values.nsgShortId),
    string(
      'NSGRules_s',
      'Deprecated since 2019: `0|rule|direction|status|flows`.',
      call(
        'concat',
        textValue('0|'),
        values.ruleName,
        textValue('|'),
        direction,
        textValue('|'),
        status,
        textValue('|'),
        call('digits', values.flows.all),
      ),
    ),
    string('NSGRule_s', 'Rule that decided, in lower case, without `UserRule_` and `DefaultRule_`.', values.ruleName),
    string('NSGRuleType_s', '`User Defined` or `Default`.', values.ruleType),
    string('MACAddress_s', 'MAC address of the NIC that saw the flow: `00-0D-3A-98-82-CE`.', values.mac),
    string('Subscription_g', 'Deprecated since 2019, and subscription of a resource.', undefined),
    string('Region_s', 'Deprecated since 2019, and region of a resource.'),
    string('NIC_s', 'Deprecated since 2019: always empty.'),
    string('VM_s', 'Deprecated since 2019: always empty.'),
    string('Subnet_s', 'Deprecated since 2019: always empty.'),
    ...bothSides(['1', '2'], columnsOfSide),
    string('ExpressRouteCircuitPeeringType_s', 'ExpressRoute peering: always empty.'),
    string('ConnectionType_s', 'Type of the connection: always empty for flows.'),
    string('ConnectionName_s', 'Name of the connection: always empty.'),
    string('ConnectingVNets_s', 'Hub VNets: always empty.'),
    string(
      'Country_s',
      'Country of the public address, for the flow types ExternalPublic and MaliciousFlow.',
      column('country'),
    ),
    string(
      'AzureRegion_s',
      'Azure region of the public address, for the flow type AzurePublic.',
      column('azure_region'),
    ),
    real(
      'AllowedInFlows_d',
      'Inbound flows that were allowed and began in the interval.',
      double(values.flows.allowedIn),
    ),
    real('DeniedInFlows_d', 'Inbound flows that were denied.', double(values.flows.deniedIn)),
    real(
      'AllowedOutFlows_d',
      'Outbound flows that were allowed and began in the interval.',
      double(values.flows.allowedOut),
    ),
    real('DeniedOutFlows_d', 'Outbound flows that were denied.', double(values.flows.deniedOut)),
    real('FlowCount_d', 'Deprecated since 2019: the sum of the four columns before.', double(values.flows.all)),
    real(
      'InboundPackets_d',
      'Packets from destination to source; null in NSG flow logs version 1.',
      double(values.counter('packets.reverse')),
    ),
    real(
      'OutboundPackets_d',
      'Packets from source to destination; null in NSG flow logs version 1.',
      double(values.counter('packets.forward')),
    ),
    real(
      'InboundBytes_d',
      'Bytes from destination to source; null in NSG flow logs version 1.',
      double(values.counter('bytes.reverse')),
    ),
    real(
      'OutboundBytes_d',
      'Bytes from source to destination; null in NSG flow logs version 1.',
      double(values.counter('bytes.forward')),
    ),
    real('CompletedFlows_d', 'Flows that ended in the interval.', double(values.flows.completed)),
    string(
      'PublicIPs_s',
      'Deprecated since 2019: the addresses of the next two columns.',
      call('concat', column('src_public_ips'), column('dst_public_ips')),
    ),
    string(
      'SrcPublicIPs_s',
      'Public source addresses: `address|begun|ended|packets out|packets in|bytes out|bytes in`, with spaces between them.',
      column('src_public_ips'),
    ),
    string('DestPublicIPs_s', 'Public destination addresses, in the same form.', column('dst_public_ips')),
    bool('IsFlowCapturedAtUDRHop_b', 'Whether the flow was seen at the next hop of a route: always null.'),
    datetime('TimeGenerated', 'When the row is complete: by default the end of the interval.', column('generated')),
    string('Type', 'The name of the table.', textValue('AzureNetworkAnalytics_CL')),
    string('TenantId', 'Always empty.'),
    string('SourceSystem', 'Always empty.'),
    string('Computer', 'Always empty.'),
    string('MG', 'Always empty.'),
    string('ManagementGroupName', 'Always empty.'),
    string('RawData', 'Always empty.'),
    string('ResourceType', 'Type of the resource, in rows of resources.'),
    string('_ResourceId', 'Always empty.'),
  ];
}

const suffixes: Readonly<Record<string, string>> = { string: '_s', long: '_d', int: '_d', bool: '_b', datetime: '_t' };
/** Standard columns, which have no suffix, and what has another name in the older form. */
const plain = new Set([
  'TimeGenerated',
  'TimeProcessed',
  'Type',
  'TenantId',
  'SourceSystem',
  'SubType',
  'SchemaVersion',
  'AzureResourceType',
  'Subscription',
]);

/** Columns of resources, with the suffixes of the older form and `IP` in capitals. */
function olderTopologyColumns(): DeclaredColumn[] {
  return topologyColumns.flatMap(({ name, type: newer, about }) => {
    if (plain.has(name)) return [];
    const type = newer === 'long' || newer === 'int' ? 'real' : newer;
    const older = name.replaceAll(/Ip(?=[A-Z]|s$|$)/g, 'IP').replace(/^Mac/, 'MAC') + suffixes[newer];
    return [{ name: older, type, about, value: topologyValue(name, type) }];
  });
}

/** Columns that rows of flows and of resources both have, in rows of resources. */
const ofResources: Readonly<Record<string, Expression>> = {
  TableName: textValue('AzureNetworkAnalytics'),
  SubType_s: topologyValue('SubType', 'string'),
  FASchemaVersion_s: textValue('2'),
  TimeGenerated: column('t_time'),
  TimeProcessed_t: column('t_time'),
  Type: textValue('AzureNetworkAnalytics_CL'),
  ResourceType: topologyValue('AzureResourceType', 'string'),
  Subscription_g: topologyValue('Subscription', 'string'),
  ComponentType_s: textValue('Topology'),
};

export function networkAnalyticsColumns(settings: TrafficAnalyticsSettings): DeclaredColumn[] {
  const own = flowColumns(settings);
  const names = new Set(own.map(({ name }) => name));
  const others = olderTopologyColumns().filter(({ name }) => !names.has(name));
  return [...own, ...others.map(({ name, type, about }) => ({ name, type, about }))];
}

/** The values of the same columns in rows of resources; those that only flows have are absent. */
export function resourceValues(): ReadonlyMap<string, Expression> {
  const values = olderTopologyColumns().map(({ name, value }) => [name, value] as const);
  return new Map(
    [...values, ...Object.entries(ofResources)].flatMap(([name, value]) => (value ? [[name, value]] : [])),
  );
}

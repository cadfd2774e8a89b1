/** NTAIpDetails and AzureNetworkAnalyticsIPDetails_CL: a row for each public address, flow type and interval. Source: table reference, 2026-07; schema article. */
import { column, textValue } from '../relation/expression.ts';
import type { DeclaredColumn } from './column.ts';
import { datetime, inOrderOfNames, int, real, string } from './column.ts';

export const ipDetailsColumns: readonly DeclaredColumn[] = inOrderOfNames([
  real('_BilledSize', 'Always null: nsgflow does not bill.'),
  string('DnsDomain', 'Always empty: nsgflow asks no name server.'),
  string('FaSchemaVersion', 'Always `2`.', textValue('2')),
  datetime('FlowIntervalEndTime', 'End of the interval.', column('interval_end')),
  datetime('FlowIntervalStartTime', 'Start of the interval.', column('interval_start')),
  string('FlowType', '`AzurePublic`, `ExternalPublic` or `MaliciousFlow`.', column('flow_type')),
  string('Ip', 'The public address.', column('ip')),
  string('_IsBillable', 'Always `False`.', textValue('False')),
  string(
    'Location',
    'Azure region, or country in two lower-case letters; `Global` for 168.63.129.16.',
    column('location'),
  ),
  int('Port', 'Always null.'),
  string('PublicIpDetails', 'Azure service or organization of the address.', column('details')),
  string('SourceSystem', 'Always empty.'),
  string('SubType', 'Always `FlowLog`.', textValue('FlowLog')),
  string('TenantId', 'Always empty.'),
  string('ThreatDescription', 'What the threat list says, for MaliciousFlow.', column('threat_description')),
  string('ThreatType', 'Type of the threat, for MaliciousFlow.', column('threat_type')),
  datetime('TimeGenerated', 'When the row is complete: by default the end of the interval.', column('generated')),
  string('Type', 'The name of the table.', textValue('NTAIpDetails')),
  string('Url', 'Always empty.'),
]);

export const olderIpDetailsColumns: readonly DeclaredColumn[] = [
  string('TableName', 'Always `AzureNetworkAnalyticsIPDetails`.', textValue('AzureNetworkAnalyticsIPDetails')),
  string('SubType_s', 'Always `FlowLog`.', textValue('FlowLog')),
  string('FASchemaVersion_s', 'Always `2`.', textValue('2')),
  datetime('FlowIntervalStartTime_t', 'Start of the interval.', column('interval_start')),
  datetime('FlowIntervalEndTime_t', 'End of the interval.', column('interval_end')),
  string('FlowType_s', '`AzurePublic`, `ExternalPublic` or `MaliciousFlow`.', column('flow_type')),
  string('IP', 'The public address.', column('ip')),
  string('Location', 'Azure region, or country; `Global` for 168.63.129.16.', column('location')),
  string('PublicIPDetails', 'Azure service or organization of the address.', column('details')),
  string('ThreatType', 'Type of the threat, for MaliciousFlow.', column('threat_type')),
  string('ThreatDescription', 'What the threat list says, for MaliciousFlow.', column('threat_description')),
  string('DNSDomain', 'Always empty: nsgflow asks no name server.'),
  string('Url', 'Always empty.'),
  string('Port', 'Always empty.'),
  datetime('TimeGenerated', 'When the row is complete: by default the end of the interval.', column('generated')),
  string('Type', 'The name of the table.', textValue('AzureNetworkAnalyticsIPDetails_CL')),
  string('TenantId', 'Always empty.'),
  string('SourceSystem', 'Always empty.'),
  string('Computer', 'Always empty.'),
  string('MG', 'Always empty.'),
  string('ManagementGroupName', 'Always empty.'),
  string('RawData', 'Always empty.'),
  string('_ResourceId', 'Always empty.'),
];

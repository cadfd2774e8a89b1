/** NTARuleRecommendation: rules that Azure suggests. Source: a public data collection rule; its column list was not seen in full. */
import type { DeclaredColumn } from './column.ts';
import { datetime, inOrderOfNames, long, string } from './column.ts';

export const ruleRecommendationColumns: readonly DeclaredColumn[] = inOrderOfNames([
  string('AdditionalProperties', 'Further properties.'),
  string('DestPortsRanges', 'Destination ports.'),
  string('DestPublicIpCidrs', 'Public destinations.'),
  string('DestServiceTagsList', 'Service tags of destinations.'),
  string('DestSubscriptionId', 'Subscription of the destination.'),
  datetime('EndTime', 'End of the traffic.'),
  string('IpRegionDetails', 'Regions of addresses.'),
  string('IpUrls', 'URLs of addresses.'),
  string('L4Protocol', 'Protocol.'),
  string('PortCategory', 'Kind of the ports.'),
  string('RecommendedAction', 'Action of the rule.'),
  string('RecommendedRuleName', 'Name of the rule.'),
  string('RuleScope', 'Scope of the rule, such as `Vnet`.'),
  string('SchemaVersion', 'Version of the columns.'),
  string('SrcPublicIpCidrs', 'Public sources.'),
  string('SrcServiceTagsList', 'Service tags of sources.'),
  string('SrcSubscriptionId', 'Subscription of the source.'),
  datetime('StartTime', 'Start of the traffic.'),
  string('SummarizationType', 'How the traffic was summed up, such as `Hourly`.'),
  string('TargetResourceId', 'Resource that the rule is for.'),
  string('TargetResourceIdsList', 'Resources that the rule is for.'),
  datetime('TimeGenerated', 'When the record was made.'),
  long('TotalFlowCount', 'Flows that the rule matches. Azure does not document the type.'),
  string('Type', 'The name of the table.'),
  string('UnecryptedFlowDetails', 'Flows that are not encrypted; the name is spelled so.'),
]);

/** NTAInsights: anomalies. Source: Azure Monitor's table reference, 2026-06. */
import type { DeclaredColumn } from './column.ts';
import { datetime, inOrderOfNames, real, string } from './column.ts';

export const insightsColumns: readonly DeclaredColumn[] = inOrderOfNames([
  real('AdFlag', 'Whether the value is an anomaly.'),
  real('AdScore', 'Score of the anomaly.'),
  string('AggregationType', '`1` for short, `2` for long aggregation.'),
  real('_BilledSize', 'Size of the record in bytes.'),
  string('DataPoints', 'Values of the series.'),
  string('FlowStatus', '`Allowed`, `Denied` or `All`.'),
  string('InsightsResourceId', 'Resource of the series.'),
  datetime('IntervalEnd', 'End of the interval.'),
  datetime('IntervalStart', 'Start of the interval.'),
  string('_IsBillable', 'Whether the record is billed.'),
  real('Periodicity', 'Period of the series.'),
  string('PivotType', 'What the series is made for.'),
  datetime('ProcessingTime', 'When the series was processed.'),
  string('Region', 'Azure region.'),
  string('SchemaVersion', 'Version of the columns.'),
  real('SeriesNumber', 'Number of the series.'),
  string('SourceSystem', 'Origin of the record.'),
  string('SubType', 'Kind of the record.'),
  string('TenantId', 'Id of the workspace.'),
  datetime('TimeGenerated', 'When the record was made.'),
  datetime('TrafficTime', 'Time of the traffic.'),
  real('TrafficVolumeActual', 'Volume that was seen.'),
  real('TrafficVolumeBaseline', 'Volume that was expected.'),
  string('TrafficVolumeUnit', '`Flows`, `Bytes` or `Packets`.'),
  string('Type', 'The name of the table.'),
]);

import type { ControlSnapshot } from '../control/resources/snapshot.ts';
import type { Ingester } from './ingester.ts';
import type { Metric } from './metrics.ts';
import { byLabel, single } from './metrics.ts';
import type { Recorder } from './recorder.ts';
import type { Retainer } from './retainer.ts';

/** Metrics of the started parts of the service. Names: docs/reference/serve.md. */
export function serviceMetrics(
  recorder: Recorder | undefined,
  ingester: Ingester | undefined,
  retainer: Retainer | undefined,
  snapshot: ControlSnapshot | undefined,
): Metric[] {
  return [
    ...(snapshot === undefined ? [] : controlMetrics(snapshot)),
    ...(recorder === undefined ? [] : recorderMetrics(recorder)),
    ...(ingester === undefined ? [] : ingesterMetrics(ingester)),
    ...(retainer === undefined
      ? []
      : [single('nsgflow_retained_blobs_deleted_total', 'counter', 'Blobs that retention deleted.', retainer.deleted)]),
    single('process_resident_memory_bytes', 'gauge', 'Resident memory of the process.', process.memoryUsage.rss()),
  ];
}

function controlMetrics({ flowLogs, resources, storageAccounts }: ControlSnapshot): Metric[] {
  const states = { enabled: 0, disabled: 0, stopped: 0 };
  for (const { enabled, delivery } of flowLogs)
    states[!enabled ? 'disabled' : delivery === 'ok' ? 'enabled' : 'stopped']++;
  return [
    byLabel('nsgflow_flow_logs', 'gauge', 'Flow logs; stopped ones may not deliver.', 'state', states),
    single(
      'nsgflow_network_resources',
      'gauge',
      'NSGs, VNets, NICs and application security groups.',
      resources.length,
    ),
    single('nsgflow_storage_accounts', 'gauge', 'Storage accounts of the control plane.', storageAccounts.length),
  ];
}

function recorderMetrics(recorder: Recorder): Metric[] {
  const { packets, refused, flows, delivery, delivered } = recorder.figures();
  return [
    single('nsgflow_packets_total', 'counter', 'Packets read from the capture.', packets),
    byLabel('nsgflow_packets_refused_total', 'counter', 'Packets not recorded, by reason.', 'reason', refused),
    single('nsgflow_flows', 'gauge', 'Flows in memory.', flows),
    single('nsgflow_spool_bytes', 'gauge', 'Bytes waiting for storage.', delivery?.spoolBytes),
    single(
      'nsgflow_spool_oldest_timestamp_seconds',
      'gauge',
      'The earliest minute in the spool.',
      secondsOf(delivery?.oldestMinute),
    ),
    single('nsgflow_blocks_delivered_total', 'counter', 'Blocks delivered to storage.', delivered),
    single(
      'nsgflow_blocks_dropped_total',
      'counter',
      'Blocks that did not fit into the spool.',
      delivery?.dropped.blocks,
    ),
    single(
      'nsgflow_delivery_up',
      'gauge',
      '1 while all storage is available.',
      delivery && (delivery.reason === null ? 1 : 0),
    ),
  ];
}

function ingesterMetrics(ingester: Ingester): Metric[] {
  const { tuples, mended, rejected, bytes, commits, lookAgeMillis } = ingester.figures();
  return [
    single('nsgflow_ingested_tuples_total', 'counter', 'Tuples added to the table.', tuples),
    single('nsgflow_ingested_bytes_total', 'counter', 'Bytes of flow logs read.', bytes),
    single('nsgflow_mended_tuples_total', 'counter', 'Tuples in an undocumented form that were repaired.', mended),
    single('nsgflow_rejected_ranges_total', 'counter', 'Byte ranges of flow logs that could not be used.', rejected),
    single('nsgflow_lake_commits_total', 'counter', 'Commits to the table.', commits),
    single(
      'nsgflow_ingest_lag_seconds',
      'gauge',
      'Seconds since the last successful poll of storage.',
      lookAgeMillis === undefined ? undefined : lookAgeMillis / 1000,
    ),
  ];
}

function secondsOf(time: string | null | undefined): number | undefined {
  return typeof time === 'string' ? Date.parse(time) / 1000 : undefined;
}

/**
 * Settings of Traffic Analytics' tables, where Azure has two forms or its behavior is not documented. docs/reference/traffic-analytics.md is made from
 * this table.
 */
import { limits } from '../../base/limits.ts';
import type { Setting } from '../../base/settings.ts';
import { readSettings } from '../../base/settings.ts';

export const trafficAnalyticsSettings = {
  interval: {
    values: ['60', '10', '1'],
    effect: 'Minutes of records that one row covers.',
    source: 'Azure processes every 60 or every 10 minutes. One minute is an addition.',
  },
  timeGenerated: {
    values: ['interval-end', 'interval-start', 'delayed'],
    effect:
      '`TimeGenerated` of a row. `interval-end`: the end of its interval, which can be in the future while the interval runs. `interval-start`: its start. `delayed`: ten minutes after its end.',
    source: 'In real rows of 2025, `TimeGenerated` is 9 to 11 minutes after the end of the interval.',
  },
  logs: {
    values: ['all', 'own'],
    effect:
      '`all`: `NTANetAnalytics` and `AzureNetworkAnalytics_CL` both have rows of all flow logs. `own`: `NTANetAnalytics` has those of VNet flow logs only, and `AzureNetworkAnalytics_CL` those of NSG flow logs only. Set `own` for a query that adds both tables.',
    source: 'Azure writes `NTANetAnalytics` for VNet flow logs and `AzureNetworkAnalytics_CL` for NSG flow logs.',
  },
  sourcePorts: {
    values: ['listed', 'empty'],
    effect: '`listed`: `SrcPorts` has the source ports of a row, with `|` between them. `empty`: it is empty.',
    source: 'The table reference says that ports are separated by `|`. In real rows of 2025, the column is empty.',
  },
  publicAddresses: {
    values: ['packed', 'rows'],
    effect:
      '`packed`: rows that differ only in a public address are one row, which lists the addresses in `SrcPublicIps` or `DestPublicIps`. `rows`: each address has a row of its own, with `SrcIp` and `DestIp`.',
    source: 'Documented, and in real rows of 2025, for the flow types AzurePublic and ExternalPublic.',
  },
  codes: {
    values: ['words', 'letters'],
    effect:
      'In `NTANetAnalytics`: `words` gives `Inbound`, `Allowed` and `TCP`; `letters` gives `I`, `A` and `T` in `FlowDirection`, `FlowStatus` and `L4Protocol`.',
    source: 'Real rows of 2025 have words. The table reference describes letters.',
  },
  flowEndTime: {
    values: ['last-tuple', 'last-begin'],
    effect:
      '`last-tuple`: the time of the last tuple of a row. `last-begin`: that of the last flow which began or was denied; without one, the last tuple.',
    source: 'Real rows of 2025 have the last tuple. The schema article describes the last begin.',
  },
} as const satisfies Readonly<Record<string, Setting>>;

/** A value for each setting. */
export type TrafficAnalyticsSettings = Readonly<Record<keyof typeof trafficAnalyticsSettings, string>>;

export const defaultTrafficAnalytics: TrafficAnalyticsSettings = parseTrafficAnalytics([]);

/** From `NAME=VALUE` texts; the last of one name counts. @throws usage */
export function parseTrafficAnalytics(texts: readonly string[]): TrafficAnalyticsSettings {
  return readSettings(trafficAnalyticsSettings, texts, {
    one: 'setting of Traffic Analytics',
    all: 'Settings',
    page: 'docs/reference/traffic-analytics.md',
  });
}

export function intervalMillis({ interval }: TrafficAnalyticsSettings): number {
  return Number(interval) * 60_000;
}

/** From the start of a row's interval to its TimeGenerated. */
export function generatedAfterMillis(settings: TrafficAnalyticsSettings): number {
  switch (settings.timeGenerated) {
    case 'interval-start':
      return 0;
    case 'delayed':
      return intervalMillis(settings) + limits.trafficAnalyticsDelayMillis;
    default:
      return intervalMillis(settings);
  }
}

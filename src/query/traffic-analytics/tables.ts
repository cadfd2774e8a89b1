/**
 * Traffic Analytics' tables, as KQL names them: relations over the tuples of a lake.
 *
 *   const tables = trafficAnalyticsTables(parseTrafficAnalytics(['interval=10']));
 */
import type { KqlTable } from '../kql/table.ts';
import { ranged } from '../kql/time-bounds.ts';
import { scalarOf } from '../kql/type.ts';
import { project, values } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { nothing } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { QueryRange } from '../tree.ts';
import type { DeclaredColumn } from './column.ts';
import { ipDetailsColumns, olderIpDetailsColumns } from './ip-details.ts';
import { insightsColumns } from './insights.ts';
import { netAnalyticsColumns } from './net-analytics.ts';
import { networkAnalyticsColumns } from './network-analytics.ts';
import { publicAddressRows } from './public-addresses.ts';
import { reducedRows } from './reduction.ts';
import { ruleRecommendationColumns } from './rule-recommendation.ts';
import type { TrafficAnalyticsSettings } from './settings.ts';
import { defaultTrafficAnalytics } from './settings.ts';
import { topologyColumns } from './topology-details.ts';

/** A table with what its columns mean, for the documents. */
export interface TrafficAnalyticsTable extends KqlTable {
  readonly declared: readonly DeclaredColumn[];
}

export function trafficAnalyticsTables(
  settings: TrafficAnalyticsSettings = defaultTrafficAnalytics,
): readonly TrafficAnalyticsTable[] {
  const isOwn = settings.logs === 'own';
  const addresses = (range: QueryRange): Relation => publicAddressRows(range, settings);
  return [
    table(
      'NTANetAnalytics',
      'Flows by interval, NIC, addresses, port and rule',
      netAnalyticsColumns(settings),
      (range) => reducedRows(range, settings, isOwn ? 'vnet' : undefined),
    ),
    table('NTAIpDetails', 'Public addresses by interval', ipDetailsColumns, addresses),
    table('NTATopologyDetails', 'Resources: empty until nsgflow discovers them', topologyColumns),
    table('NTAInsights', 'Anomalies: empty until nsgflow finds them', insightsColumns),
    table('NTARuleRecommendation', 'Suggested rules: empty until nsgflow makes them', ruleRecommendationColumns),
    table('AzureNetworkAnalytics_CL', 'The older form of NTANetAnalytics', networkAnalyticsColumns(settings), (range) =>
      reducedRows(range, settings, isOwn ? 'nsg' : undefined),
    ),
    table('AzureNetworkAnalyticsIPDetails_CL', 'The older form of NTAIpDetails', olderIpDetailsColumns, addresses),
  ];
}

/** A table whose columns have internal names in its relation: KQL's names differ in case. Without `rows` it has none. */
function table(
  name: string,
  about: string,
  declared: readonly DeclaredColumn[],
  rows?: (range: QueryRange) => Relation,
): TrafficAnalyticsTable {
  const columns = declared.map(({ name, type }) => ({ name, type, column: `k_${name.toLowerCase()}` }));
  if (rows === undefined) {
    const empty = values(
      columns.map(({ column, type }) => ({ name: column, type: scalarOf(type) })),
      [],
    );
    return { name, about, declared, columns, relation: () => empty };
  }
  const named = declared.map((one, i) => ({ name: columns[i].column, value: valueOf(one) }));
  return {
    name,
    about,
    declared,
    columns,
    relation: ranged('k_timegenerated', (range) => project(rows(range), named)),
  };
}

function valueOf({ type, value }: DeclaredColumn): Expression {
  return value ?? nothing(scalarOf(type));
}

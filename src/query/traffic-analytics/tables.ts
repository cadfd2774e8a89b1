/**
 * Traffic Analytics' tables, as KQL names them: relations over the tuples of a lake.
 *
 *   const tables = trafficAnalyticsTables(parseTrafficAnalytics(['interval=10']));
 */
import type { KqlTable } from '../kql/table.ts';
import { ranged } from '../kql/time-bounds.ts';
import { scalarOf } from '../kql/type.ts';
import { project, union, values } from '../relation/build.ts';
import type { Expression } from '../relation/expression.ts';
import { nothing } from '../relation/expression.ts';
import type { Relation } from '../relation/relation.ts';
import type { QueryRange } from '../tree.ts';
import type { DeclaredColumn } from './column.ts';
import { ipDetailsColumns, olderIpDetailsColumns } from './ip-details.ts';
import { insightsColumns } from './insights.ts';
import { netAnalyticsColumns } from './net-analytics.ts';
import { networkAnalyticsColumns, resourceValues } from './network-analytics.ts';
import { publicAddressRows } from './public-addresses.ts';
import { reducedRows } from './reduction.ts';
import { ruleRecommendationColumns } from './rule-recommendation.ts';
import type { TrafficAnalyticsSettings } from './settings.ts';
import { defaultTrafficAnalytics } from './settings.ts';
import { topologyColumns } from './topology-details.ts';
import type { Topology } from './topology-rows.ts';
import { topologyRelation } from './topology-rows.ts';

/** A table with what its columns mean, for the documents. */
export interface TrafficAnalyticsTable extends KqlTable {
  readonly declared: readonly DeclaredColumn[];
}

export function trafficAnalyticsTables(
  settings: TrafficAnalyticsSettings = defaultTrafficAnalytics,
  topology?: Topology,
): readonly TrafficAnalyticsTable[] {
  const isOwn = settings.logs === 'own';
  const addresses = (range: QueryRange): Relation => publicAddressRows(range, settings);
  const resources =
    topology === undefined ? undefined : (range: QueryRange): Relation => topologyRelation(topology, range);
  return [
    table(
      'NTANetAnalytics',
      'Flows by interval, NIC, addresses, port and rule',
      netAnalyticsColumns(settings),
      (range) => reducedRows(range, settings, isOwn ? 'vnet' : undefined),
    ),
    table('NTAIpDetails', 'Public addresses by interval', ipDetailsColumns, addresses),
    table('NTATopologyDetails', 'Resources of the inventory, each day', topologyColumns, resources),
    table('NTAInsights', 'Anomalies: empty until nsgflow finds them', insightsColumns),
    table('NTARuleRecommendation', 'Suggested rules: empty until nsgflow makes them', ruleRecommendationColumns),
    table(
      'AzureNetworkAnalytics_CL',
      'The older form of NTANetAnalytics and NTATopologyDetails',
      networkAnalyticsColumns(settings),
      (range) => reducedRows(range, settings, isOwn ? 'nsg' : undefined),
      resources === undefined ? undefined : { rows: resources, values: resourceValues() },
    ),
    table('AzureNetworkAnalyticsIPDetails_CL', 'The older form of NTAIpDetails', olderIpDetailsColumns, addresses),
  ];
}

/** A table whose columns have internal names in its relation: KQL's names differ in case. Without `rows` it has none; `more` are rows with other values. */
function table(
  name: string,
  about: string,
  declared: readonly DeclaredColumn[],
  rows?: (range: QueryRange) => Relation,
  more?: { readonly rows: (range: QueryRange) => Relation; readonly values: ReadonlyMap<string, Expression> },
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
  const others = declared.map(({ name, type }, i) => ({
    name: columns[i].column,
    value: more?.values.get(name) ?? nothing(scalarOf(type)),
  }));
  return {
    name,
    about,
    declared,
    columns,
    relation: ranged('k_timegenerated', (range) => {
      const own = project(rows(range), named);
      return more === undefined ? own : union([own, project(more.rows(range), others)]);
    }),
  };
}

function valueOf({ type, value }: DeclaredColumn): Expression {
  return value ?? nothing(scalarOf(type));
}

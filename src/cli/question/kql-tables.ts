/** What a question in KQL is asked with. */
import { FlowError } from '../../base/errors.ts';
import type { Engine } from '../../query/engine/engine.ts';
import type { KqlSettings } from '../../query/kql/kql.ts';
import { lakeTables } from '../../query/kql/lake-tables.ts';
import type { KqlTable } from '../../query/kql/table.ts';
import { parseTrafficAnalytics } from '../../query/traffic-analytics/settings.ts';
import { topologyPeriods } from '../../query/names/topology-periods.ts';
import { trafficAnalyticsTables } from '../../query/traffic-analytics/tables.ts';
import type { Topology } from '../../query/traffic-analytics/topology-rows.ts';
import { nameFiles } from '../options/name-options.ts';
import type { AskOptions } from './question.ts';
import { readRange } from './question.ts';

export interface KqlOptions extends AskOptions {
  readonly param?: readonly string[];
  readonly trafficAnalytics?: readonly string[];
}

/** The tables that KQL names: those of the lake, and those of Traffic Analytics. @throws usage */
export function kqlTables(trafficAnalytics: readonly string[] = [], topology?: Topology): readonly KqlTable[] {
  return [...lakeTables, ...trafficAnalyticsTables(parseTrafficAnalytics(trafficAnalytics), topology)];
}

/** With the resources of the inventory, which are read if the query names a table of them. @throws usage, not-found, permission, io */
export async function kqlSettings(engine: Engine, options: KqlOptions): Promise<KqlSettings> {
  const periods = await topologyPeriods(options.lake, nameFiles(options));
  const nowMillis = Date.now();
  const topology = { periods, nowMillis, firstMillis: engine.timesOf?.({})?.firstMillis ?? nowMillis };
  return {
    tables: kqlTables(options.trafficAnalytics, topology),
    nowMillis,
    range: readRange(options),
    parameters: readParameters(options.param ?? []),
  };
}

/** `Name=value`, several times. @throws usage */
function readParameters(given: readonly string[]): Map<string, string> {
  return new Map(
    given.map((one) => {
      const at = one.indexOf('=');
      if (at <= 0)
        throw new FlowError('usage', `--param takes Name=value, not ${JSON.stringify(one)}`, {
          hint: 'The parameter {TimeRange} of a workbook: --param "TimeRange=> ago(1d)".',
        });
      return [one.slice(0, at), one.slice(at + 1)] as const;
    }),
  );
}

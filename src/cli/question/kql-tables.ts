/** What a question in KQL is asked with. */
import type { KqlSettings } from '../../query/kql/kql.ts';
import type { KqlTable } from '../../query/kql/table.ts';
import type { AskOptions } from './question.ts';
import { readRange } from './question.ts';

export interface KqlOptions extends AskOptions {
  readonly param?: readonly string[];
  readonly trafficAnalytics?: readonly string[];
}

/** The tables that KQL names: those of the lake, and those of Traffic Analytics. @throws usage */
export async function kqlTables(trafficAnalytics: readonly string[] = []): Promise<readonly KqlTable[]> {
  const { lakeTables } = await import('../../query/kql/lake-tables.ts');
  const { trafficAnalyticsTables } = await import('../../query/traffic-analytics/tables.ts');
  const { parseTrafficAnalytics } = await import('../../query/traffic-analytics/settings.ts');
  return [...lakeTables, ...trafficAnalyticsTables(parseTrafficAnalytics(trafficAnalytics))];
}

export async function kqlSettings(options: KqlOptions): Promise<KqlSettings> {
  const { readParameters } = await import('./kql-question.ts');
  return {
    tables: await kqlTables(options.trafficAnalytics),
    range: readRange(options),
    parameters: readParameters(options.param ?? []),
  };
}

/** What a question in KQL is asked with. */
import type { KqlSettings } from '../../query/kql/kql.ts';
import type { KqlTable } from '../../query/kql/table.ts';
import type { AskOptions } from './question.ts';
import { readRange } from './question.ts';

export interface KqlOptions extends AskOptions {
  readonly param?: readonly string[];
}

/** The tables that KQL names: those of the lake, and those of Traffic Analytics. */
export async function kqlTables(): Promise<readonly KqlTable[]> {
  const { lakeTables } = await import('../../query/kql/lake-tables.ts');
  const { trafficAnalyticsTables } = await import('../../query/traffic-analytics/tables.ts');
  return [...lakeTables, ...trafficAnalyticsTables()];
}

export async function kqlSettings(options: KqlOptions): Promise<KqlSettings> {
  const { readParameters } = await import('./kql-question.ts');
  return { tables: await kqlTables(), range: readRange(options), parameters: readParameters(options.param ?? []) };
}

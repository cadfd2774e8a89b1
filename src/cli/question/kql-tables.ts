/** What a question in KQL is asked with. */
import { FlowError } from '../../base/errors.ts';
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
  return {
    tables: await kqlTables(options.trafficAnalytics),
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

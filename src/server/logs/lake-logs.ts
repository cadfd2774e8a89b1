/** The service's lake for the query API: each question sees the newest version. */
import type { NameFiles } from '../../enrich/names.ts';
import { askKql } from '../../query/kql/kql.ts';
import { lakeTables } from '../../query/kql/lake-tables.ts';
import type { KnownTopology } from '../../query/names/topology-periods.ts';
import { topologyPeriods } from '../../query/names/topology-periods.ts';
import { trafficAnalyticsTables } from '../../query/traffic-analytics/tables.ts';
import { activityTable } from './activity-table.ts';
import type { ServiceLake } from '../service-lake.ts';
import { untilRead } from '../service-lake.ts';
import type { LogsAnswer, LogsEngine, LogsQuestion } from './logs-engine.ts';

/** The tables that KQL names here. */
export const logsTables = [...lakeTables, ...trafficAnalyticsTables(), activityTable];

export class LakeLogs implements LogsEngine {
  readonly tables = logsTables;
  readonly #lake: ServiceLake;
  readonly #now: () => number;
  readonly #files: NameFiles;
  /** Periods of the topology, which keep what they have read. */
  readonly #known: KnownTopology = new Map();

  /** @param files inventories of the user, beside the resources that the lake keeps */
  constructor(lake: ServiceLake, now: () => number, files: NameFiles = {}) {
    this.#lake = lake;
    this.#now = now;
    this.#files = files;
  }

  async ask({ text, range, signal }: LogsQuestion): Promise<LogsAnswer> {
    const { engine, giveBack } = await this.#lake.take();
    try {
      const nowMillis = this.#now();
      const periods = await topologyPeriods(this.#lake.folder, this.#files, this.#known);
      const firstMillis = engine.timesOf?.({})?.firstMillis ?? nowMillis;
      const tables = [
        ...lakeTables,
        ...trafficAnalyticsTables(undefined, { periods, firstMillis, nowMillis }),
        activityTable,
      ];
      const settings = { tables, range, nowMillis };
      const { plan, answer } = await askKql(engine, text, settings, { signal });
      return {
        columns: plan.columns.map(({ name, type }) => ({ name, type })),
        chunks: untilRead(answer.chunks, giveBack),
        render: plan.render,
        bytesRead: answer.scan.bytesRead,
      };
    } catch (error) {
      await giveBack();
      throw error;
    }
  }
}

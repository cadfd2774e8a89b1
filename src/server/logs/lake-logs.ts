/** The service's lake for the query API: each question sees the newest version. */
import { askKql } from '../../query/kql/kql.ts';
import { lakeTables } from '../../query/kql/lake-tables.ts';
import { trafficAnalyticsTables } from '../../query/traffic-analytics/tables.ts';
import { activityTable } from './activity-table.ts';
import type { ServiceLake } from '../service-lake.ts';
import { untilRead } from '../service-lake.ts';
import type { LogsAnswer, LogsEngine, LogsQuestion } from './logs-engine.ts';

export class LakeLogs implements LogsEngine {
  readonly tables = [...lakeTables, ...trafficAnalyticsTables(), activityTable];
  readonly #lake: ServiceLake;
  readonly #now: () => number;

  constructor(lake: ServiceLake, now: () => number) {
    this.#lake = lake;
    this.#now = now;
  }

  async ask({ text, range, signal }: LogsQuestion): Promise<LogsAnswer> {
    const { engine, giveBack } = await this.#lake.take();
    try {
      const settings = { tables: this.tables, range, nowMillis: this.#now() };
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

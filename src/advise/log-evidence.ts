/**
 * Evidence in the rows of a lake about the minutes of each NIC's log: minutes with records, the position of rejected
 * ranges, and open flows that did not continue. It runs SQL over the data files of the range; DuckDB spills to disk for
 * large ranges.
 */
import type { DuckDBValue } from '@duckdb/node-api';
import { limits } from '../base/limits.ts';
import { hourMillis, minuteMillis, tickMillis } from '../base/time.ts';
import type { DuckdbConnection } from '../lake/duckdb/connection.ts';
import { streamChunks } from '../lake/duckdb/duckdb-stream.ts';
import type { Duckdb } from '../lake/duckdb/duckdb.ts';
import { openDuckdb } from '../lake/duckdb/duckdb.ts';
import { questionGate } from '../lake/duckdb/gates.ts';
import { ownSqlError } from '../lake/duckdb/duckdb-error.ts';
import { fileRows } from '../lake/files/file-rows.ts';
import type { Snapshot, TimeRange } from '../lake/delta/snapshot.ts';
import { filesWithin } from '../lake/delta/snapshot.ts';

/** One NIC in one flow log. Texts are in upper case; '' if the log does not have them. */
export interface LogKey {
  readonly kind: 'nsg' | 'vnet';
  readonly resourceId: string;
  readonly mac: string;
}

/** The minutes of an hour with records: bits 0 to 29 in `first`, 30 to 59 in `second`. */
export interface RecordedHour extends LogKey {
  readonly hourMillis: number;
  readonly first: number;
  readonly second: number;
  readonly rows: number;
}

/** A minute in which open flows should have continued but did not. */
export interface DueMinute extends LogKey {
  readonly minuteMillis: number;
  readonly flows: number;
}

export interface NewestRecord {
  readonly kind: LogKey['kind'];
  readonly resourceId: string;
  readonly nics: number;
  readonly newestMillis: number;
  /** Tuples of the hour that ends with the newest record. */
  readonly hourTuples: number;
}

/** The records before and after a rejected range; `undefined` if there is none on that side. */
export interface RejectedNeighbours extends LogKey {
  /** Index of the requested range. */
  readonly range: number;
  readonly beforeMillis: number | undefined;
  readonly afterMillis: number | undefined;
}

/**
 * Clocks differ by seconds, and a flow's first tick can be late: only a gap longer than two ticks and this time is
 * evidence.
 */
const slackMillis = minuteMillis;
/** The most ticks counted for one gap: a week. */
const ticksMax = 2016;

/** Rows whose flows are sorted together: about 300 MB. */
const rowsPerPass = 4_000_000;

export class LogEvidence {
  readonly #duckdb: Duckdb;
  readonly #connection: DuckdbConnection;
  readonly #rows: string;
  readonly #passes: number;

  private constructor(duckdb: Duckdb, connection: DuckdbConnection, rows: string, passes: number) {
    this.#duckdb = duckdb;
    this.#connection = connection;
    this.#rows = rows;
    this.#passes = passes;
  }

  /** Opens a version of a lake; also reads rows up to a day around the range, for flows that began before it. */
  static async open(snapshot: Snapshot, range: TimeRange): Promise<LogEvidence> {
    const duckdb = await openDuckdb(limits.queryMemoryBytesMax, questionGate);
    const connection = await duckdb.connect();
    const around = {
      ...(range.start === undefined ? {} : { start: range.start - 24 * hourMillis }),
      ...(range.end === undefined ? {} : { end: range.end + 24 * hourMillis }),
    };
    const files = filesWithin(snapshot, around);
    const rows = files.reduce((sum, file) => sum + (file.rows ?? rowsPerPass), 0);
    try {
      return new LogEvidence(duckdb, connection, await fileRows(connection, files), Math.ceil(rows / rowsPerPass) || 1);
    } catch (error) {
      connection.closeSync();
      await duckdb.close();
      throw error;
    }
  }

  /** By NIC, in order of hours. */
  async *recordedHours(): AsyncGenerator<RecordedHour> {
    // Whole numbers: DuckDB's functions for times with zones take ten times as long.
    const bits = (from: number): string =>
      `bit_or(CASE WHEN minute BETWEEN ${from} AND ${from + 29} THEN 1 << (minute - ${from})::INTEGER ELSE 0 END)::INTEGER`;
    const sql = `SELECT kind, id, nic, (t // ${hourMillis} * ${hourMillis})::DOUBLE, ${bits(0)}, ${bits(30)}, count(*)::DOUBLE
      FROM (SELECT *, t // ${minuteMillis} % 60 AS minute FROM (SELECT ${keyColumns}, epoch_ms(coalesce(record_time, time)) AS t FROM ${this.#rows}))
      GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;
    for await (const [kind, id, mac, hour, first, second, rows] of this.#ask(sql))
      yield {
        ...keyOf(kind, id, mac),
        hourMillis: Number(hour),
        first: Number(first),
        second: Number(second),
        rows: Number(rows),
      };
  }

  /**
   * An open flow continues at every tick (facts 1.3, 1.6). If there are more than two ticks between two of its tuples,
   * each tick between was due; if they are between its last tuple and the NIC's last one, only the first of them. Flows
   * of rules that never continue (stateless ones) are left out. Flows are distinguished by a hash of 64 bits and read
   * in as many passes as memory requires; a minute can occur once per pass.
   */
  async *dueMinutes(): AsyncGenerator<DueMinute> {
    const tuples = `(SELECT ${keyColumns}, *, epoch_ms(time) AS t FROM ${this.#rows}
      WHERE access = 'allow' AND state IN ('begin', 'continuing', 'end'))`;
    const ruleHash = 'hash(kind, id, nic, direction, protocol, rule)';
    const flowHash = 'hash(kind, id, nic, direction, src_ip, src_port, dst_ip, dst_port, protocol)';
    const gap = 2 * tickMillis + slackMillis;
    await this.#run(
      `CREATE TEMP TABLE ends AS SELECT kind, id, nic, hash(kind, id, nic) AS log, max(t) AS last FROM ${tuples} GROUP BY ALL`,
    );
    await this.#run(
      `CREATE TEMP TABLE stateful AS SELECT DISTINCT ${ruleHash} AS rule FROM ${tuples} WHERE state <> 'begin'`,
    );
    for (let pass = 0; pass < this.#passes; pass++) {
      const some = this.#passes === 1 ? '' : ` WHERE ${flowHash} % ${this.#passes} = ${pass}`;
      const sql = `WITH steps AS (
          SELECT log, rule, state, t, lead(t) OVER steps AS next, lead(state) OVER steps AS next_state
          FROM (SELECT hash(kind, id, nic) AS log, ${ruleHash} AS rule, ${flowHash} AS flow, t,
              CASE state WHEN 'begin' THEN 0 WHEN 'continuing' THEN 1 ELSE 2 END::UTINYINT AS state FROM ${tuples}${some})
          WINDOW steps AS (PARTITION BY flow ORDER BY t, state)),
        gaps AS (
          SELECT kind, id, nic, t, next, next_state,
            CASE WHEN next IS NULL THEN 1 ELSE least(${ticksMax}, (next - t - ${slackMillis}) // ${tickMillis}) END AS ticks
          FROM steps JOIN ends USING (log) JOIN stateful USING (rule)
          WHERE state < 2 AND coalesce(next, last) - t > ${gap}),
        due AS (
          SELECT kind, id, nic, CASE WHEN next_state = 1 THEN next - tick * ${tickMillis} ELSE t + tick * ${tickMillis} END AS due_at
          FROM (SELECT *, unnest(range(1, ticks + 1)) AS tick FROM gaps))
        SELECT kind, id, nic, (due_at // ${minuteMillis} * ${minuteMillis})::DOUBLE AS minute, count(*)::DOUBLE
        FROM due GROUP BY ALL ORDER BY 1, 2, 3, 4`;
      for await (const [kind, id, mac, minute, flows] of this.#ask(sql))
        yield { ...keyOf(kind, id, mac), minuteMillis: Number(minute), flows: Number(flows) };
    }
    await this.#connection.run('DROP TABLE ends; DROP TABLE stateful');
  }

  /** The minutes of the records before and after each range, by NIC. */
  async *neighbours(
    ranges: readonly { readonly blob: string; readonly startByte: number; readonly endByte: number }[],
  ): AsyncGenerator<RejectedNeighbours> {
    await this.#connection.run('CREATE TEMP TABLE rejected (range INTEGER, blob VARCHAR, s BIGINT, e BIGINT)');
    const appender = await this.#connection.createAppender('rejected', 'main', 'temp');
    for (const [i, { blob, startByte, endByte }] of ranges.entries()) {
      appender.appendInteger(i);
      appender.appendVarchar(blob);
      appender.appendBigInt(BigInt(startByte));
      appender.appendBigInt(BigInt(endByte));
      appender.endRow();
    }
    appender.closeSync();
    const minute = `(epoch_ms(coalesce(record_time, time)) // ${minuteMillis} * ${minuteMillis})::DOUBLE`;
    const before = `max(CASE WHEN record_offset < s THEN ${minute} END)`;
    const after = `min(CASE WHEN record_offset >= e THEN ${minute} END)`;
    const rows = `${this.#rows} JOIN rejected USING (blob)`;
    const sql = `SELECT ${keyColumns}, range, ${before}, ${after} FROM ${rows} GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4`;
    for await (const [kind, id, mac, range, last, first] of this.#ask(sql))
      yield {
        ...keyOf(kind, id, mac),
        range: Number(range),
        beforeMillis: last === null ? undefined : Number(last),
        afterMillis: first === null ? undefined : Number(first),
      };
    await this.#connection.run('DROP TABLE rejected');
  }

  /** For each flow log with rows in these files: NICs, the newest record, and tuples of the hour before it. */
  async *newest(): AsyncGenerator<NewestRecord> {
    const sql = `WITH rows AS (SELECT ${keyColumns}, epoch_ms(coalesce(record_time, time)) AS t FROM ${this.#rows}),
      logs AS (SELECT kind, id, count(DISTINCT nic)::DOUBLE AS nics, max(t) AS newest FROM rows GROUP BY ALL)
      SELECT kind, id, any_value(nics), any_value(newest)::DOUBLE, count(*) FILTER (t > newest - ${hourMillis})::DOUBLE
      FROM logs JOIN rows USING (kind, id) GROUP BY 1, 2`;
    for await (const [kind, id, nics, newest, tuples] of this.#ask(sql))
      yield { ...keyOf(kind, id, ''), nics: Number(nics), newestMillis: Number(newest), hourTuples: Number(tuples) };
  }

  async close(): Promise<void> {
    this.#connection.closeSync();
    await this.#duckdb.close();
  }

  async #run(sql: string): Promise<void> {
    try {
      await this.#connection.run(sql);
    } catch (error) {
      throw ownSqlError(error);
    }
  }

  async *#ask(sql: string): AsyncGenerator<readonly DuckDBValue[]> {
    try {
      for await (const chunk of streamChunks({ connection: this.#connection, sql })) yield* chunk.getRows();
    } catch (error) {
      throw ownSqlError(error);
    }
  }
}

const keyColumns = `CASE format WHEN 'vnet' THEN 'vnet' ELSE 'nsg' END AS kind, upper(regexp_replace(coalesce(resource_id, ''), '/+', '/', 'g')) AS id, coalesce(mac, '') AS nic`;

function keyOf(kind: DuckDBValue, id: DuckDBValue, mac: DuckDBValue): LogKey {
  return { kind: kind === 'vnet' ? 'vnet' : 'nsg', resourceId: String(id), mac: String(mac) };
}

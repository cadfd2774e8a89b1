/**
 * Rows on their way into the table. Tuples are copied column by column into DataChunks and appended to a temporary table of
 * DuckDB; texts are appended once a distinct address and once a distinct group. No SQL text and no object a row.
 *
 *   tuples     time_millis, src, dst, ports, codes, counters, grp, record_time_millis, record_offset, tuple_index, day
 *   addresses  id, text, ipv4, ipv6_high, ipv6_low          tuples.src and tuples.dst name them
 *   groups     id, rule, nsg, mac, format, ids, blob        tuples.grp names them
 *
 * `selectRows` joins them into the columns of schema.ts.
 */
import type { DuckDBAppender, DuckDBConnection, DuckDBType } from '@duckdb/node-api';
import { DOUBLE, DuckDBDataChunk, INTEGER, UTINYINT } from '@duckdb/node-api';
import { Counters } from '../base/counters.ts';
import { dayMillis } from '../base/time.ts';
import type { FlowLog, FlowRecord, TupleGroup } from '../flowlog/record.ts';
import type { TupleColumns } from '../flowlog/tuple.ts';
import { destinationFamily, sourceFamily, stateBegin, stateDenied, stateNone } from '../flowlog/tuple.ts';
import { protocolUdp } from '../net/protocol.ts';
import { AddressTable } from './address-table.ts';
import type { LakeColumn } from './schema.ts';

/** Where a flow log was read. */
export interface RowOrigin {
  /** Location, container and name of the blob, or the path of the file: the column `blob`. */
  readonly blob: string;
  /** The byte of the blob at which the decoded bytes begin: added to each record's `startByte`. 0 when absent. */
  readonly startByte?: number;
}

/** Why a tuple has no row, or a row no counters. */
export type RowRefusal = 'time-out-of-range' | 'counter-out-of-range';

const chunkRows = 2048;
/** Years 1970 to 9999: what a partition's name can say. */
const timeMillisEnd = 253_402_300_800_000;
/** The greatest double below 2^63. */
const counterMax = 2 ** 63 - 1024;

const stageColumns: readonly (readonly [name: string, type: DuckDBType])[] = [
  ['time_millis', DOUBLE],
  ['src', INTEGER],
  ['dst', INTEGER],
  ['src_port', INTEGER],
  ['dst_port', INTEGER],
  ['protocol', UTINYINT],
  ['direction', UTINYINT],
  ['access', UTINYINT],
  ['state', UTINYINT],
  ['encryption', UTINYINT],
  ['packets_forward', DOUBLE],
  ['bytes_forward', DOUBLE],
  ['packets_reverse', DOUBLE],
  ['bytes_reverse', DOUBLE],
  ['grp', INTEGER],
  ['record_time_millis', DOUBLE],
  ['record_offset', DOUBLE],
  ['tuple_index', INTEGER],
  ['day', INTEGER],
];

/** Stages rows in temporary tables of one connection, which must be its own. */
export class RowStage {
  /** Rows staged and not yet taken. */
  rows = 0;
  /** Rows by day since the epoch, UTC. */
  readonly days = new Map<number, number>();
  readonly refused = new Counters<RowRefusal>();
  readonly #connection: DuckDBConnection;
  readonly #appender: DuckDBAppender;
  readonly #chunk = DuckDBDataChunk.create(stageColumns.map(([, type]) => type));
  readonly #buffer = stageColumns.map(() => new Float64Array(chunkRows));
  #buffered = 0;
  readonly #addresses = new AddressTable();
  readonly #groups = new Map<string, GroupRow>();

  private constructor(connection: DuckDBConnection, appender: DuckDBAppender) {
    this.#connection = connection;
    this.#appender = appender;
  }

  static async open(connection: DuckDBConnection): Promise<RowStage> {
    const columns = stageColumns.map(([name, type]) => `${name} ${type.toString()}`);
    await connection.run(`CREATE TEMP TABLE tuples (${columns.join(', ')})`);
    await connection.run(
      'CREATE TEMP TABLE addresses (id INTEGER, text VARCHAR, ipv4 BIGINT, ipv6_high BIGINT, ipv6_low BIGINT)',
    );
    await connection.run(
      `CREATE TEMP TABLE groups (id INTEGER, ${groupColumns.map((name) => `${name} VARCHAR`).join(', ')})`,
    );
    return new RowStage(connection, await connection.createAppender('tuples', 'main', 'temp'));
  }

  /** Takes all tuples of a flow log. @returns how many rows that gave; the rest is counted in `refused`. */
  add(flowLog: FlowLog, origin: RowOrigin): number {
    const { tuples, groups, records } = flowLog;
    const groupIds = groups.map((group) => this.#groupId(group, records[group.record], origin.blob));
    const nextIndex = new Uint32Array(records.length);
    const buffer = this.#buffer;
    const startByte = origin.startByte ?? 0;
    const before = this.rows;
    for (let row = 0; row < tuples.count; row++) {
      const record = groups[tuples.group[row]].record;
      const tupleIndex = nextIndex[record]++;
      const timeMillis = tuples.timeMillis[row];
      if (!(timeMillis >= 0 && timeMillis < timeMillisEnd)) {
        this.refused.add('time-out-of-range', 1, () => `${origin.blob}: time ${timeMillis}`);
        continue;
      }
      const day = Math.floor(timeMillis / dayMillis);
      const at = this.#buffered;
      const word = 4 * row;
      const { source, destination } = tuples;
      const family = tuples.family[row];
      const counted = isCounted(tuples, row, records[record]);
      buffer[0][at] = timeMillis;
      buffer[1][at] = this.#addresses.intern(
        sourceFamily(family),
        source[word],
        source[word + 1],
        source[word + 2],
        source[word + 3],
      );
      buffer[2][at] = this.#addresses.intern(
        destinationFamily(family),
        destination[word],
        destination[word + 1],
        destination[word + 2],
        destination[word + 3],
      );
      buffer[3][at] = tuples.sourcePort[row];
      buffer[4][at] = tuples.destinationPort[row];
      buffer[5][at] = tuples.protocol[row];
      buffer[6][at] = tuples.direction[row];
      buffer[7][at] = tuples.access[row];
      buffer[8][at] = tuples.state[row];
      buffer[9][at] = tuples.encryption[row];
      buffer[10][at] = counted ? this.#counter(tuples.packetsForward[row], origin) : Number.NaN;
      buffer[11][at] = counted ? this.#counter(tuples.bytesForward[row], origin) : Number.NaN;
      buffer[12][at] = counted ? this.#counter(tuples.packetsReverse[row], origin) : Number.NaN;
      buffer[13][at] = counted ? this.#counter(tuples.bytesReverse[row], origin) : Number.NaN;
      buffer[14][at] = groupIds[tuples.group[row]];
      buffer[15][at] = records[record].timeMillis;
      buffer[16][at] = startByte + records[record].startByte;
      buffer[17][at] = tupleIndex;
      buffer[18][at] = day;
      this.rows++;
      this.days.set(day, (this.days.get(day) ?? 0) + 1);
      if (++this.#buffered === chunkRows) this.#emit();
    }
    return this.rows - before;
  }

  /** Makes all staged rows visible to SQL on the stage's connection. */
  async flush(): Promise<void> {
    this.#emit();
    this.#appender.flushSync();
    const addresses = await this.#connection.createAppender('addresses', 'main', 'temp');
    for (let id = 0; id < this.#addresses.count; id++) this.#appendAddress(addresses, id);
    addresses.closeSync();
    const groups = await this.#connection.createAppender('groups', 'main', 'temp');
    for (const { id, values } of this.#groups.values()) {
      groups.appendInteger(id);
      for (const value of values)
        if (value === '') groups.appendNull();
        else groups.appendVarchar(value);
      groups.endRow();
    }
    groups.closeSync();
  }

  /** Drops all rows, after they have been taken. */
  async clear(): Promise<void> {
    await this.#connection.run('TRUNCATE tuples');
    await this.#connection.run('TRUNCATE addresses');
    await this.#connection.run('TRUNCATE groups');
    this.#addresses.clear();
    this.#groups.clear();
    this.days.clear();
    this.rows = 0;
  }

  #counter(value: number, origin: RowOrigin): number {
    if (Number.isNaN(value) || (value >= 0 && value <= counterMax)) return value;
    this.refused.add('counter-out-of-range', 1, () => `${origin.blob}: counter ${value}`);
    return Number.NaN;
  }

  #emit(): void {
    const rows = this.#buffered;
    if (rows === 0) return;
    this.#chunk.rowCount = rows;
    for (let column = 0; column < stageColumns.length; column++) {
      const vector = this.#chunk.getColumnVector(column);
      const values = this.#buffer[column];
      for (let row = 0; row < rows; row++) vector.setItem(row, values[row]);
      vector.flush();
    }
    this.#appender.appendDataChunk(this.#chunk);
    this.#buffered = 0;
  }

  #appendAddress(appender: DuckDBAppender, id: number): void {
    const addresses = this.#addresses;
    appender.appendInteger(id);
    appender.appendVarchar(addresses.text(id));
    if (addresses.family(id) === 4) {
      appender.appendBigInt(BigInt(addresses.word(id, 3)));
      appender.appendNull();
      appender.appendNull();
    } else {
      appender.appendNull();
      appender.appendBigInt(signedHalf(addresses.word(id, 0), addresses.word(id, 1)));
      appender.appendBigInt(signedHalf(addresses.word(id, 2), addresses.word(id, 3)));
    }
    appender.endRow();
  }

  #groupId(group: TupleGroup, record: FlowRecord, blob: string): number {
    const values = [
      group.rule,
      nsgName(group, record),
      group.mac === '' ? record.macAddress : group.mac,
      record.format,
      record.resourceId,
      record.targetResourceId,
      group.aclId,
      blob,
    ];
    const key = JSON.stringify(values);
    let row = this.#groups.get(key);
    if (row === undefined) {
      row = { id: this.#groups.size, values };
      this.#groups.set(key, row);
    }
    return row.id;
  }
}

interface GroupRow {
  readonly id: number;
  readonly values: readonly string[];
}

const groupColumns = ['rule', 'nsg', 'mac', 'format', 'resource_id', 'target_id', 'acl_id', 'blob'];

/** `SELECT` of these columns over the staged rows, in the order in which they were added where `ordered` is false. */
export function selectRows(columns: readonly LakeColumn[], where = ''): string {
  const list = columns.map((column) => `${column.from} AS ${column.name}`).join(', ');
  return `SELECT ${list} FROM tuples s JOIN addresses a ON a.id = s.src JOIN addresses b ON b.id = s.dst JOIN groups g ON g.id = s.grp${
    where === '' ? '' : ` WHERE ${where}`
  }`;
}

/** 64 bits of two words as a signed number. */
export function signedHalf(high: number, low: number): bigint {
  return BigInt.asIntN(64, (BigInt(high) << 32n) | BigInt(low));
}

/**
 * Whether the counters of a tuple are counts. Zeros of a begin or denied tuple and of NSG logs' UDP stand for "not counted".
 * Source: facts 1.6 (UDP) and 3.2 (VNet B and D); DESIGN decision 9.
 */
function isCounted(tuples: TupleColumns, row: number, record: FlowRecord): boolean {
  const zero =
    tuples.packetsForward[row] === 0 &&
    tuples.bytesForward[row] === 0 &&
    tuples.packetsReverse[row] === 0 &&
    tuples.bytesReverse[row] === 0;
  if (!zero) return true;
  const state = tuples.state[row];
  if (state === stateBegin || state === stateDenied || state === stateNone) return false;
  return record.format === 'vnet' || tuples.protocol[row] !== protocolUdp;
}

const noAcl = new Set(['', 'unspecified', '00000000-0000-0000-0000-000000000000']);

/** The NSG's name: the last part of an NSG log's resourceId or a VNet log's aclID; '' where none applied. Source: facts 1.6, 3.1. */
function nsgName(group: TupleGroup, record: FlowRecord): string {
  const id = record.format === 'vnet' ? group.aclId : record.resourceId;
  return noAcl.has(id.toLowerCase()) ? '' : id.slice(id.lastIndexOf('/') + 1);
}

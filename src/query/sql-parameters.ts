import type { DuckDBType, DuckDBValue } from '@duckdb/node-api';
import { BIGINT, DuckDBTimestampTZValue, TIMESTAMPTZ, VARCHAR } from '@duckdb/node-api';

/** Values of one SQL text, which holds only their places: `$1`, `$2`, … No value is ever part of the text. */
export class SqlParameters {
  readonly values: DuckDBValue[] = [];
  readonly types: DuckDBType[] = [];

  text(value: string): string {
    return this.#add(value, VARCHAR);
  }

  /** A whole number of at most 64 bits. */
  number(value: number | bigint): string {
    return this.#add(BigInt(value), BIGINT);
  }

  /** Epoch milliseconds. */
  time(millis: number): string {
    return this.#add(new DuckDBTimestampTZValue(BigInt(Math.round(millis * 1000))), TIMESTAMPTZ);
  }

  #add(value: DuckDBValue, type: DuckDBType): string {
    this.values.push(value);
    this.types.push(type);
    return `$${this.values.length}`;
  }
}

/**
 * DuckDB's library, loaded when this file is: files that commands load before they ask anything import this one lazily. Its 180 files are part of
 * the bundle (scripts/bundle.mjs): reading them one by one takes 100 ms more of processor time.
 */
export {
  BIGINT,
  BOOLEAN,
  DECIMAL,
  DOUBLE,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDataChunk,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
  DuckDBScalarFunction,
  DuckDBStructValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  DuckDBTypeId,
  HUGEINT,
  INTEGER,
  ResultReturnType,
  StatementType,
  TIMESTAMPTZ,
  VARCHAR,
  listValue,
} from '@duckdb/node-api';

/**
 * DuckDB's library, loaded when this file is: by `require`, since `import` reads each of its 180 files twice to find the names in it
 * (310 ms of processor time in place of 100). Files that commands load before they ask anything import this one lazily.
 */
import { createRequire } from 'node:module';
import type * as Library from '@duckdb/node-api';

// The library's own declarations describe what `require` gives.
const library = createRequire(import.meta.url)('@duckdb/node-api') as typeof Library;

export const {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBArrayValue,
  DuckDBBlobValue,
  DuckDBDecimalValue,
  DuckDBInstance,
  DuckDBListValue,
  DuckDBMapValue,
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
} = library;

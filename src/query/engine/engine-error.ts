import { FlowError } from '../../base/errors.ts';
import { dataFileError, ownSqlError } from '../../lake/duckdb/duckdb-error.ts';
import { nearest } from '../filter/nearest.ts';
import { sqlViews } from '../duckdb/sql-functions.ts';
import type { Condition, Query } from '../tree.ts';

/** Wraps DuckDB's error of a question that we made: what a person can do about it, else the error itself. */
export function questionError(error: unknown, query: Query): unknown {
  if (error instanceof FlowError) return error;
  const message = messageOf(error);
  if (message.startsWith('Invalid Input Error') && query.where !== undefined && hasRegex(query.where))
    return new FlowError(
      'filter-syntax',
      `the filter's regular expression is refused: ${message.replace(/^Invalid Input Error: /, '')}`,
      { cause: error },
    );
  return resourceError(error) ?? ownSqlError(error);
}

/** Wraps DuckDB's error of a tree. */
export function relationError(error: unknown): unknown {
  if (error instanceof FlowError) return error;
  const resource = resourceError(error);
  if (resource !== undefined) return resource;
  const message = messageOf(error);
  if (/^(?:Conversion|Out of Range|Invalid Input) Error/.test(message))
    return new FlowError('kql-invalid', `a value cannot be computed: ${message.split('\n')[0]}`, { cause: error });
  return ownSqlError(error);
}

/** Wraps DuckDB's error of a user's SQL: what it forbids is a refusal, all else a failure. */
export function sqlError(error: unknown): FlowError {
  if (error instanceof FlowError) return error;
  const message = messageOf(error);
  if (message.startsWith('Permission Error'))
    return new FlowError(
      'sql-refused',
      `the SQL text may only read the views of the lake: ${message.replace(/^Permission Error: /, '')}`,
      {
        cause: error,
      },
    );
  return resourceError(error) ?? nameError(error) ?? new FlowError('sql-failed', message, { cause: error });
}

/** What users' SQL names in place of a table of ours; `undefined` for all other errors. */
function nameError(error: unknown): FlowError | undefined {
  const [first, second = '', ...more] = messageOf(error).split('\n');
  const at = more.join('\n').trim();
  const where = at === '' ? '' : `\n\n${at}`;
  const [, table] = /^Catalog Error: Table with name (.+) does not exist!$/.exec(first) ?? [];
  if (table !== undefined) {
    const near = nearest(table.toLowerCase(), sqlViews);
    const all = `The views are ${sqlViews.join(', ')}.`;
    return new FlowError('sql-failed', `there is no view ${table}${where}`, {
      cause: error,
      hint: near === undefined ? all : `Did you mean ${near}? ${all}`,
    });
  }
  const [, column] = /^Binder Error: Referenced column "(.+)" not found in FROM clause!$/.exec(first) ?? [];
  if (column === undefined) return undefined;
  const near = second.replace(/^Candidate bindings: /, '').replaceAll('"', '');
  return new FlowError('sql-failed', `there is no column ${column}; near it are ${near}${where}`, { cause: error });
}

/** Too little memory or disk, or data files that are gone or broken; `undefined` for all else. */
function resourceError(error: unknown): FlowError | undefined {
  const message = messageOf(error);
  if (message.startsWith('Out of Memory Error'))
    return new FlowError('memory', 'the question needs more memory than it may use', { cause: error });
  if (/no space left/i.test(message))
    return new FlowError('disk-full', 'the question needs more room for temporary files than the disk has', {
      cause: error,
    });
  return dataFileError(error);
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.replace(/^Failed to extract statements: /, '').trim();
}

function hasRegex(condition: Condition): boolean {
  switch (condition.kind) {
    case 'and':
    case 'or':
      return condition.items.some(hasRegex);
    case 'not':
      return hasRegex(condition.item);
    case 'test':
      return condition.any.some((match) => match.kind === 'regex');
    default:
      return false;
  }
}

import type { DuckDBPreparedStatement } from '@duckdb/node-api';
import { FlowError } from '../../base/errors.ts';
import type { DuckdbConnection } from '../../lake/duckdb/connection.ts';
import { StatementType } from '../../lake/duckdb/duckdb-library.ts';
import { sqlError } from '../engine/engine-error.ts';
import type { SqlNames } from '../engine/result.ts';
import { checkCalls } from './sql-calls.ts';

/** Words that a question may begin with. PRAGMA and the like are turned into SELECTs by DuckDB, so the type alone does not tell. */
const questionWords = new Set([
  'select',
  'with',
  'from',
  'values',
  'table',
  'describe',
  'desc',
  'show',
  'summarize',
  '(',
]);

/**
 * Prepares an SQL text of a user: exactly one statement, which only asks. What it may touch is bounded by the connection's
 * instance (no external access, locked configuration); this is the first gate, not the only one.
 * @throws sql-refused when it is anything but one question; sql-failed when it cannot be understood
 */
export async function prepareQuestion(
  connection: DuckdbConnection,
  sql: string,
): Promise<{ prepared: DuckDBPreparedStatement; names: SqlNames }> {
  const word = firstWord(sql);
  if (word === '') throw new FlowError('sql-refused', 'the SQL text is empty');
  if (!questionWords.has(word))
    throw new FlowError(
      'sql-refused',
      `SQL text beginning with ${word.toUpperCase()} is refused: only questions are answered`,
    );
  try {
    const statements = await connection.extractStatements(sql);
    if (statements.count !== 1)
      throw new FlowError('sql-refused', `the SQL text has ${statements.count} statements; exactly one is answered`);
    const names = await checkCalls(connection, sql);
    const prepared = await connection.pass(() => statements.prepare(0));
    if (prepared.statementType !== StatementType.SELECT)
      throw new FlowError(
        'sql-refused',
        `an SQL statement of type ${StatementType[prepared.statementType]} is refused: only SELECT is answered`,
      );
    if (prepared.parameterCount > 0)
      throw new FlowError('sql-refused', 'the SQL text has parameters ($1, ?): write the values');
    return { prepared, names };
  } catch (error) {
    throw sqlError(error);
  }
}

/** The SQL text without blanks, semicolons and comments before its first word. */
export function questionText(sql: string): string {
  return sql.replace(/^(?:\s|;|--[^\n]*(?:\n|$)|\/\*[\s\S]*?\*\/)+/, '');
}

/** The first word in lower case, or `(`. */
function firstWord(sql: string): string {
  return (/^(?:\(|[^\s(;]+)/.exec(questionText(sql))?.[0] ?? '').toLowerCase();
}

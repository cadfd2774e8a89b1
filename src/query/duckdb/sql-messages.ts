/** What the process of an SQL text and the one that asks send to each other, by structured clone. */
import type { AnswerColumn, Cell, SqlNames } from '../engine/result.ts';
import type { SqlTask } from './sql-answer.ts';

/** First the task, then `more` for each chunk that was taken. */
export type ToSqlProcess = SqlTask | 'more';

/** First the columns, then chunks of rows to the end; an error in place of each. */
export type FromSqlProcess =
  | { readonly columns: readonly AnswerColumn[]; readonly names: SqlNames }
  | { readonly rows: Cell[][] }
  | { readonly end: true }
  | { readonly progress: readonly [doneRows: number, totalRows: number] }
  | { readonly error: unknown };

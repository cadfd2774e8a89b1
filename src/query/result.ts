/** What a cell can be. Times are ISO 8601 texts, UTC; whole numbers beyond 2^53 are texts of their digits. */
export type Cell = string | number | boolean | null | readonly Cell[] | { readonly [key: string]: Cell };

export interface AnswerColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'time' | 'boolean' | 'object';
}

/** Rows of an answer, in chunks as they come: an answer of any size passes in bounded memory. */
export interface Answer {
  readonly columns: readonly AnswerColumn[];
  /** May be read once, and to its end unless the engine is closed. */
  readonly chunks: AsyncIterable<Cell[][]>;
  /** What the rows stand for, where something was counted. */
  readonly summary?: AnswerSummary;
}

/** "n of m flows carry counters": sums of bytes and packets know nothing of the others (DESIGN decisions 9 and 10). */
export interface AnswerSummary {
  readonly basis: 'conversations' | 'tuples';
  /** All that the filter selected, not only the rows shown. */
  readonly flows: number;
  readonly counted: number;
}

/** An answer whose rows are in memory. */
export function smallAnswer(columns: readonly AnswerColumn[], rows: Cell[][], summary?: AnswerSummary): Answer {
  const chunks = (async function* () {
    yield rows;
  })();
  return summary === undefined ? { columns, chunks } : { columns, chunks, summary };
}

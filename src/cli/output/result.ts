/** What commands print, and how it may look. */

export interface ResultColumn {
  readonly name: string;
  readonly kind: 'text' | 'number' | 'time' | 'boolean' | 'object';
  /** The type in Parquet, as DuckDB writes it; without it, one that `kind` and the values give. */
  readonly sqlType?: string;
  /** What numbers count (`bytes`, `bits/s`); without it, a table infers it from the name. */
  readonly unit?: string;
  /** The name is a value of the data, such as an address: a table shows it as it is. */
  readonly isValue?: boolean;
  /** Color of a cell on a terminal: a number of SGR, such as 31 for red. */
  readonly colorOf?: (cell: string) => number | undefined;
}

/** Rows come in chunks, so that a result need not fit in memory. Values: string, number, boolean, null, or plain objects. */
export interface Result {
  readonly columns: readonly ResultColumn[];
  readonly chunks: AsyncIterable<readonly unknown[][]> | Iterable<readonly unknown[][]>;
  /** Columns that a narrow table does not leave out. */
  readonly keep?: readonly string[];
}

/** How a table looks. */
export interface TableStyle {
  /** Columns of the terminal, which a table is made to fit; 0 for no limit. */
  readonly width: number;
  readonly color: boolean;
  /** A terminal shows it: numbers have units there, and no format may send unsafe characters of the data there. */
  readonly isTerminal?: boolean;
  /** The first chunk decides the widths, and no later one is waited for. */
  readonly atOnce?: boolean;
  /** Ends the wait for a stream that is full. */
  readonly signal?: AbortSignal | undefined;
  /** Neither tables nor csv and tsv have a line of names. */
  readonly noHeader?: boolean;
  /** A table without rows has none either. */
  readonly noHeaderAlone?: boolean;
  /** Told which columns a table leaves out to fit. */
  readonly onLeftOut?: (names: readonly string[]) => void;
  /** Told the date of all times of a column, which are shown without it. */
  readonly onDate?: (date: string) => void;
}

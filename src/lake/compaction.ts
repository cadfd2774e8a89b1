/** Files that become one. */
export interface Compaction {
  readonly date: string;
  readonly paths: readonly string[];
  readonly rows: number;
  readonly bytes: number;
}

/** What one compaction came to; `undefined` version: another writer took one of the files, and nothing changed. */
export interface CompactionStep extends Compaction {
  readonly version: number | undefined;
  readonly newBytes: number;
}

import { FlowError } from '../../base/errors.ts';
import type { AddAction, MetadataAction, ProtocolAction, RemoveAction, TxnAction } from './delta-log.ts';
import type { TablePlace } from './table-place.ts';

/** The table at one version: all actions up to it, reconciled. Not changed once made. */
export interface TableState {
  readonly version: number;
  readonly protocol: ProtocolAction;
  readonly metadata: MetadataAction;
  /** Data files by path, in the order in which they were added. */
  readonly files: ReadonlyMap<string, AddAction>;
  /** Removed files that no later commit added again, for checkpoints. */
  readonly removed: ReadonlyMap<string, RemoveAction>;
  readonly transactions: ReadonlyMap<string, TxnAction>;
  /** Version of the newest checkpoint; -1 for none. */
  readonly checkpointVersion: number;
}

/** Reader and writer versions of the Delta protocol that we speak. */
export const readerVersion = 1;
const writerVersion = 2;

/** @throws lake-invalid when the table asks writers for more than we know */
export function checkWritable(table: TablePlace, state: TableState): void {
  if (state.protocol.minWriterVersion > writerVersion)
    throw new FlowError(
      'lake-invalid',
      `the lake ${table.lake} asks for a Delta writer of version ${state.protocol.minWriterVersion}; nsgflow writes version ${writerVersion}`,
      { hint: 'Another engine upgraded the table; ingest into a new lake.' },
    );
}

export const newProtocol: ProtocolAction = { minReaderVersion: readerVersion, minWriterVersion: writerVersion };

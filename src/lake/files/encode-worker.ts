/** The second thread of encode-thread.ts: values of row groups in, pages out, in the same order. */
import { parentPort } from 'node:worker_threads';
import type { ColumnValues, EncodedColumn, PhysicalType } from '../../parquet/column-values.ts';
import { encodeRowGroup } from '../../parquet/row-group.ts';

/** One row group. */
export interface EncodeRequest {
  readonly types: readonly PhysicalType[];
  readonly values: readonly ColumnValues[];
  readonly count: number;
  readonly order: Uint32Array | undefined;
}

/** What came of it, or why nothing did. */
export type EncodeAnswer = { readonly columns: EncodedColumn[] } | { readonly error: unknown };

if (parentPort !== null) {
  const port = parentPort;
  port.on('message', ({ types, values, count, order }: EncodeRequest) => {
    try {
      const columns = encodeRowGroup(types, values, count, order);
      const transferred = columns.flatMap(({ pages, hashes }) =>
        [...pages, ...(hashes === undefined ? [] : [hashes])].flatMap(({ buffer }) =>
          buffer instanceof ArrayBuffer ? [buffer] : [],
        ),
      );
      port.postMessage({ columns } satisfies EncodeAnswer, transferred);
    } catch (error) {
      port.postMessage({ error } satisfies EncodeAnswer);
    }
  });
}

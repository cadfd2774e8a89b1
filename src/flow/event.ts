import type { TupleColumns } from '../flowlog/tuple.ts';
import { createTupleColumns } from '../flowlog/tuple.ts';

/**
 * What happened to flows since the last flush: one row an event (begin, continuing, end, denied), in order of emission.
 * `columns.group` is the index of the decision (nsg/compile.ts) that the flow was opened under.
 */
export interface FlowEvents {
  readonly columns: TupleColumns;
  /** Index of the NIC that saw the flow. */
  readonly nic: Uint32Array;
  readonly capacity: number;
}

export function createFlowEvents(capacity: number): FlowEvents {
  return { columns: createTupleColumns(capacity), nic: new Uint32Array(capacity), capacity };
}

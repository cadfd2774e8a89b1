import type { NicTuples } from '../flowlog/tuple.ts';
import { createTupleColumns } from '../flowlog/tuple.ts';

/**
 * Events of flows since the last flush (begin, continuing, end, denied), one row each, in order of emission.
 * `columns.group` is the index of the decision (nsg/compile.ts) of the flow when it was opened.
 */
export type FlowEvents = NicTuples;

export function createFlowEvents(capacity: number): FlowEvents {
  return { columns: createTupleColumns(capacity), nic: new Uint32Array(capacity), capacity };
}

/**
 * Copies the events in `rows`, in that order, to `to`, which must have room. It copies column by column: one column
 * fits into the cache, and the copy can be read sequentially.
 */
export function copyEvents(from: FlowEvents, rows: Uint32Array, to: FlowEvents): void {
  const source = from.columns;
  const target = to.columns;
  target.count = rows.length;
  copyWords(from.nic, to.nic, rows);
  copyWords(source.group, target.group, rows);
  copyQuads(source.source, target.source, rows);
  copyQuads(source.destination, target.destination, rows);
  for (const key of ['sourcePort', 'destinationPort'] as const) copyShorts(source[key], target[key], rows);
  for (const key of ['family', 'protocol', 'direction', 'access', 'state', 'encryption'] as const)
    copyBytes(source[key], target[key], rows);
  for (const key of ['timeMillis', 'packetsForward', 'bytesForward', 'packetsReverse', 'bytesReverse'] as const)
    copyDoubles(source[key], target[key], rows);
}

// One function for each type of column: a loop with several types is slow for all of them.
function copyWords(from: Uint32Array, to: Uint32Array, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]];
}

function copyShorts(from: Uint16Array, to: Uint16Array, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]];
}

function copyBytes(from: Uint8Array, to: Uint8Array, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]];
}

function copyDoubles(from: Float64Array, to: Float64Array, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) to[i] = from[rows[i]];
}

function copyQuads(from: Uint32Array, to: Uint32Array, rows: Uint32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const at = 4 * rows[i];
    to[4 * i] = from[at];
    to[4 * i + 1] = from[at + 1];
    to[4 * i + 2] = from[at + 2];
    to[4 * i + 3] = from[at + 3];
  }
}

/** A copy of the events, exactly as large as needed, to send to another thread. */
export function packEvents({ columns, nic }: FlowEvents): FlowEvents {
  const { count } = columns;
  return {
    columns: {
      count,
      timeMillis: columns.timeMillis.slice(0, count),
      family: columns.family.slice(0, count),
      source: columns.source.slice(0, 4 * count),
      destination: columns.destination.slice(0, 4 * count),
      sourcePort: columns.sourcePort.slice(0, count),
      destinationPort: columns.destinationPort.slice(0, count),
      protocol: columns.protocol.slice(0, count),
      direction: columns.direction.slice(0, count),
      access: columns.access.slice(0, count),
      state: columns.state.slice(0, count),
      encryption: columns.encryption.slice(0, count),
      packetsForward: columns.packetsForward.slice(0, count),
      bytesForward: columns.bytesForward.slice(0, count),
      packetsReverse: columns.packetsReverse.slice(0, count),
      bytesReverse: columns.bytesReverse.slice(0, count),
      group: columns.group.slice(0, count),
    },
    nic: nic.slice(0, count),
    capacity: count,
  };
}

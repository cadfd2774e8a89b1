import type { Family } from '../net/address.ts';

/**
 * Flow tuples as columns: `flow` emits them, `flowlog` encodes and decodes them, and the lake stores them. Each value
 * is a number; the letters of the formats occur only in the codecs.
 */

/** The formats of flow logs. Source: facts 1 and 3. */
export type FlowLogFormat = 'nsg1' | 'nsg2' | 'vnet';

export const directionInbound = 0;
export const directionOutbound = 1;

export const accessAllow = 0;
export const accessDeny = 1;

/** NSG version 1 has no flow state. */
export const stateNone = 0;
export const stateBegin = 1;
export const stateContinuing = 2;
export const stateEnd = 3;
/** VNet `D`, and in NSG version 2 a denied begin (`D,B`). */
export const stateDenied = 4;

export const stateNames = ['', 'begin', 'continuing', 'end', 'denied'] as const;

/** Encryption states by index; 0 is "not given" (NSG logs have none). Source: facts 3.2. */
export const encryptionNames = [
  '',
  'X',
  'NX',
  'NX_HW_NOT_SUPPORTED',
  'NX_SW_NOT_READY',
  'NX_NOT_ACCEPTED',
  'NX_NOT_SUPPORTED',
  'NX_LOCAL_DST',
  'NX_FALLBACK',
] as const;

export interface TupleColumns {
  /** Rows in use. */
  count: number;
  /** Time of the event, epoch milliseconds; formats with whole seconds truncate it. */
  timeMillis: Float64Array;
  /** 4 or 6; 46 or 64 where source and destination differ (see `sourceFamily`). */
  family: Uint8Array;
  /** Four words per row (net/address.ts); the source is the initiator of the flow. */
  source: Uint32Array;
  destination: Uint32Array;
  sourcePort: Uint16Array;
  destinationPort: Uint16Array;
  /** IANA number. */
  protocol: Uint8Array;
  direction: Uint8Array;
  access: Uint8Array;
  state: Uint8Array;
  encryption: Uint8Array;
  /**
   * Since the flow's previous tuple; NaN is "not given", which is not 0 (DESIGN decision 9). Above 2^53 - 1 as in
   * counter.ts.
   */
  packetsForward: Float64Array;
  bytesForward: Float64Array;
  packetsReverse: Float64Array;
  bytesReverse: Float64Array;
  /** The rule and record, or event source: an index whose meaning the owner of the columns defines. */
  group: Uint32Array;
}

/** Tuples of several NICs, and their capacity. */
export interface NicTuples {
  readonly columns: TupleColumns;
  /** Index of the NIC that saw the flow, by row. */
  readonly nic: Uint32Array;
  readonly capacity: number;
}

/**
 * `TupleColumns.family` of an IPv4 source and an IPv6 destination: packets never have it, but a translated or invented
 * log can.
 */
export const family4to6 = 46;
/** An IPv6 source and an IPv4 destination. */
export const family6to4 = 64;

/** The `family` of a row with these two families. */
export function familyOf(source: Family, destination: Family): number {
  if (source === destination) return source;
  return source === 4 ? family4to6 : family6to4;
}

/** The family of the source, 4 or 6. */
export function sourceFamily(family: number): Family {
  return family === 4 || family === family4to6 ? 4 : 6;
}

/** The family of the destination, 4 or 6. */
export function destinationFamily(family: number): Family {
  return family === 4 || family === family6to4 ? 4 : 6;
}

export function createTupleColumns(capacity: number): TupleColumns {
  return {
    count: 0,
    timeMillis: new Float64Array(capacity),
    family: new Uint8Array(capacity),
    source: new Uint32Array(4 * capacity),
    destination: new Uint32Array(4 * capacity),
    sourcePort: new Uint16Array(capacity),
    destinationPort: new Uint16Array(capacity),
    protocol: new Uint8Array(capacity),
    direction: new Uint8Array(capacity),
    access: new Uint8Array(capacity),
    state: new Uint8Array(capacity),
    encryption: new Uint8Array(capacity),
    packetsForward: new Float64Array(capacity),
    bytesForward: new Float64Array(capacity),
    packetsReverse: new Float64Array(capacity),
    bytesReverse: new Float64Array(capacity),
    group: new Uint32Array(capacity),
  };
}

/** Doubles the capacity of all columns; rows are kept. */
export function growTupleColumns(columns: TupleColumns): void {
  const capacity = Math.max(64, columns.timeMillis.length * 2);
  const grown = createTupleColumns(capacity);
  for (const key of Object.keys(grown) as (keyof TupleColumns)[]) {
    if (key === 'count') continue;
    grown[key].set(columns[key]);
    columns[key] = grown[key] as never;
  }
}

/**
 * A batch of decoded packets as columns: `wire` writes it and `flow` reads it. There are no objects or strings per
 * packet (reasons and numbers: docs/how-it-works/decisions/0003).
 */
export interface PacketBatch {
  /** Rows in use, 0 to the batch's capacity. Refused packets have no row. */
  count: number;
  readonly capacity: number;
  /** Epoch milliseconds with fraction. */
  readonly timeMillis: Float64Array;
  /** 4 or 6. */
  readonly family: Uint8Array;
  /** Four words per row, most significant first; see address.ts. */
  readonly source: Uint32Array;
  readonly destination: Uint32Array;
  readonly sourcePort: Uint16Array;
  readonly destinationPort: Uint16Array;
  /** 6 or 17. */
  readonly protocol: Uint8Array;
  /** Flags byte of TCP; 0 for UDP. */
  readonly tcpFlags: Uint8Array;
  /**
   * Bytes of the IP packet with its header. IPv4: total length, or if that is 0, original length less the link header.
   * IPv6: payload length + 40.
   */
  readonly ipBytes: Uint32Array;
}

export function createPacketBatch(capacity: number): PacketBatch {
  return {
    count: 0,
    capacity,
    timeMillis: new Float64Array(capacity),
    family: new Uint8Array(capacity),
    source: new Uint32Array(4 * capacity),
    destination: new Uint32Array(4 * capacity),
    sourcePort: new Uint16Array(capacity),
    destinationPort: new Uint16Array(capacity),
    protocol: new Uint8Array(capacity),
    tcpFlags: new Uint8Array(capacity),
    ipBytes: new Uint32Array(capacity),
  };
}

/** Copies one row of a batch to a row of another batch. */
export function copyPacket(from: PacketBatch, row: number, to: PacketBatch, toRow: number): void {
  to.timeMillis[toRow] = from.timeMillis[row];
  to.family[toRow] = from.family[row];
  for (let word = 0; word < 4; word++) {
    to.source[4 * toRow + word] = from.source[4 * row + word];
    to.destination[4 * toRow + word] = from.destination[4 * row + word];
  }
  to.sourcePort[toRow] = from.sourcePort[row];
  to.destinationPort[toRow] = from.destinationPort[row];
  to.protocol[toRow] = from.protocol[row];
  to.tcpFlags[toRow] = from.tcpFlags[row];
  to.ipBytes[toRow] = from.ipBytes[row];
}

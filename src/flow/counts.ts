/** What a meter saw, since it was made. `packets` are those of the batches given. */
export interface MeterCounts {
  /** Packets seen at one NIC or more, and their IP bytes. */
  packetsCounted: number;
  bytesCounted: number;
  /** Packets whose addresses belong to no NIC. */
  packetsNoNic: number;
  /** Observations: one for each NIC that a packet crosses. */
  observedAllowed: number;
  observedDenied: number;
  /** IP bytes of the observations in allowed flows. */
  bytesAllowed: number;
  flowsAllowed: number;
  flowsDenied: number;
  /** Flows whose initiator was not seen, so that ports decided. */
  initiatorsGuessed: number;
  /** Flows ended early because their NIC, or all together, had too many. */
  flowsEvicted: number;
}

export function createMeterCounts(): MeterCounts {
  return {
    packetsCounted: 0,
    bytesCounted: 0,
    packetsNoNic: 0,
    observedAllowed: 0,
    observedDenied: 0,
    bytesAllowed: 0,
    flowsAllowed: 0,
    flowsDenied: 0,
    initiatorsGuessed: 0,
    flowsEvicted: 0,
  };
}

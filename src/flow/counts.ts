/** Counters of a meter since its creation. `packets…` count packets of the given batches. */
export interface MeterCounts {
  /** Packets seen by at least one NIC, and their IP bytes. */
  packetsCounted: number;
  bytesCounted: number;
  /** Packets whose addresses belong to no NIC. */
  packetsNoNic: number;
  /** Packets as observers see them: one for each NIC that a packet crosses. */
  observedAllowed: number;
  observedDenied: number;
  /** IP bytes of the same in allowed flows. */
  bytesAllowed: number;
  flowsAllowed: number;
  flowsDenied: number;
  /** Flows whose initiator was guessed from the ports. */
  initiatorsGuessed: number;
  /** Flows ended early because of a limit, of their NIC or of all flows. */
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

/**
 * Every named maximum, with what happens there. Units stand last in the names.
 */
export const limits = {
  /** Packets in one batch between capture, wire and flow. */
  batchPackets: 256,
  /** Bytes read from a capture at once. */
  captureReadBytes: 1 << 20,
  /** A captured packet longer than this is refused as `oversized`; the reader then goes on behind it. libpcap's own bound. */
  packetBytesMax: 262_144 + 65_536,
  /** Rules of one NSG. Source: facts 4.5. */
  rulesPerNsgMax: 1000,
  /** Concurrent flows of one NIC; at the limit the longest idle flows end early and a counter says so. Source: facts 4.5. */
  flowsPerNicMax: 500_000,
  /** Events held between two flushes; at the limit the minute is flushed in parts. */
  eventsMax: 131_072,
  /** Bytes of one flow log blob read into memory to be decoded; a larger one is refused with `blob-too-large`. */
  blobBytesMax: 2_000_000_000,
} as const;

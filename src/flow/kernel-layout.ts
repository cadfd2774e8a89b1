// Made by scripts/build-kernel.mjs from kernel/flow/layout.mjs.

/** Packets of a batch: `limits.batchPackets`. */
export const batchRows = 256;
/** Flows of the table: `limits.flowsMax`. */
export const rowsMax = 4_194_304;
/** Buckets of the table. */
export const bucketsMax = 8_388_608;
/** Slots of the table of NICs, and NICs. */
export const nicSlotsMax = 65_536;
/** Bytes of frames that were read elsewhere. */
export const framesLength = 589_824;
/** Bytes of a capture file that are read at once. */
export const chunkLength = 1_048_576;
/** Words of the rules. */
export const ruleWords = 4_194_304;
/** Bytes of the whole memory. */
export const memoryLength = 399_638_528;

/** What was counted since the host took it (src/flow/counts.ts). A field's index in an array of its type. */
export const counts = {
  packets: 0,
  bytes: 1,
  packetsNoNic: 2,
  observedAllowed: 3,
  bytesAllowed: 4,
  observedDenied: 5,
  flowsAllowed: 6,
  flowsDenied: 7,
  initiatorsGuessed: 8,
} as const;
export const countsBytes = 72;

/** The state of the table (src/flow/table.ts): rows in use, rows ever used, free rows, mask of the buckets, carries of counters, room for rows, seeds of the hash. A field's index in an array of its type. */
export const tableState = {
  size: 0,
  high: 1,
  freeCount: 2,
  mask: 3,
  carried: 4,
  capacity: 5,
  seed0: 6,
  seed1: 7,
  seed2: 8,
  seed3: 9,
  seed4: 10,
} as const;
export const tableStateBytes = 44;

/** Numbers that both sides read and write: events held, the most events held when a packet comes, limits of flows, captured packets. A field's index in an array of its type. */
export const exchange = {
  eventCount: 0,
  eventRoom: 1,
  flowsPerNicMax: 2,
  flowsMax: 3,
  capturedCount: 4,
} as const;
export const exchangeBytes = 20;

/** A flow, as src/flow/table.ts draws it: initiator's and responder's address, ports, kind, last packet, counters. A field's index in an array of its type. */
export const flowRow = {
  source: 0,
  destination: 4,
  ports: 8,
  kind: 9,
  lastSeen: 5,
  packetsForward: 12,
  bytesForward: 13,
  packetsReverse: 14,
  bytesReverse: 15,
} as const;
export const flowRowBytes = 64;

/** What the rules begin with. The verdicts follow. A field's index in an array of its type. */
export const packedRules = {
  chains: 0,
  stages: 1,
  protocolsTcp: 2,
  protocolsUdp: 3,
} as const;
export const packedRulesBytes = 16;

/** Ranges of addresses. `pieces`: for IPv4, where the pieces are; for IPv6, how many ranges there are. A field's index in an array of its type. */
export const addressAxis = {
  starts: 0,
  rowStart: 1,
  bits: 2,
  pieces: 3,
} as const;
export const addressAxisBytes = 16;

/** Ranges of ports. A field's index in an array of its type. */
export const portAxis = {
  pageOf: 0,
  rowStart: 1,
  bits: 2,
} as const;
export const portAxisBytes = 12;

/** A list of rules. `words`: how many words of 32 rules. A field's index in an array of its type. */
export const stage = {
  words: 0,
  protocols: 1,
  source4: 2,
  destination4: 6,
  source6: 10,
  destination6: 14,
  sourcePort: 18,
  destinationPort: 21,
  decisionOf: 24,
} as const;
export const stageBytes = 100;

/** Where each column begins. */
export const addresses = {
  /** What was counted. */
  counts: 26_738_688,
  /** The state of the table. */
  table: 26_738_816,
  /** Numbers that both sides read and write. */
  exchange: 26_738_880,
  /** The batch of packets (src/net/packet.ts). */
  timeMillis: 26_738_944,
  /** Source addresses. */
  source: 26_740_992,
  /** Destination addresses. */
  destination: 26_745_088,
  /** Lengths from the IP header on. */
  ipBytes: 26_749_184,
  /** Source ports. */
  sourcePort: 26_750_208,
  /** Destination ports. */
  destinationPort: 26_750_720,
  /** 4 or 6. */
  family: 26_751_232,
  /** IP protocol numbers. */
  protocol: 26_751_488,
  /** TCP flags, 0 without TCP. */
  tcpFlags: 26_751_744,
  /** The number of the NIC that sends the packet, -1 for none. */
  sourceNic: 26_752_000,
  /** The number of the NIC that receives the packet, -1 for none or the same. */
  destinationNic: 26_753_024,
  /** The hash of the flow at the sending NIC. */
  sourceHash: 26_754_048,
  /** The hash of the flow at the receiving NIC. */
  destinationHash: 26_755_072,
  /** The likely row of the flow at the sending NIC, plus 1; 0 for none. */
  sourceGuess: 26_756_096,
  /** The likely row of the flow at the receiving NIC, plus 1; 0 for none. */
  destinationGuess: 26_757_120,
  /** The batch of captured packets (src/capture/batch.ts): where each frame begins. */
  frameStart: 26_758_144,
  /** Bytes of the frame that were captured. */
  capturedLength: 26_759_168,
  /** Bytes of the frame on the wire. */
  originalLength: 26_760_192,
  /** Nanoseconds within the second. */
  timeNanos: 26_761_216,
  /** Seconds since the epoch. */
  timeSeconds: 26_762_240,
  /** The type of the link layer. */
  linkType: 26_764_288,
  /** A copy of frames that were read elsewhere. */
  frames: 26_764_800,
  /** By slot, the address of a NIC (src/nsg/nic-table.ts). */
  nicAddresses: 27_354_624,
  /** By slot, twice the NIC's number, plus 1 for IPv6; negative for an empty slot. */
  nicNumbers: 28_403_200,
  /** By NIC, the idle timeout in milliseconds. */
  timeouts: 28_665_344,
  /** By NIC, the flows in the table. */
  flowsOfNic: 29_189_632,
  /** A chunk of a capture file. */
  chunk: 29_451_776,
  /** The flows. */
  rows: 30_500_352,
  /** By row, the hash of the flow. */
  hashes: 298_935_808,
  /** By row, what the rules decided. */
  decisions: 315_713_024,
  /** Rows that were used and are free, a stack. */
  freeRows: 332_490_240,
  /** By hash: a row + 1, and the first bits of its hash; 0 for none. */
  buckets: 349_267_456,
  /** The rules (src/nsg/pack-rules.ts); the first word is 0 if TypeScript is asked. */
  rules: 382_821_888,
} as const;

/** The memory as typed arrays: addresses and structs as words, structs also as their other types. */
export function viewMemory(buffer: ArrayBuffer) {
  return {
    counts: new Uint32Array(buffer, 26_738_688, 18),
    countsDoubles: new Float64Array(buffer, 26_738_688, 9),
    table: new Uint32Array(buffer, 26_738_816, 11),
    exchange: new Uint32Array(buffer, 26_738_880, 5),
    timeMillis: new Float64Array(buffer, 26_738_944, batchRows),
    source: new Uint32Array(buffer, 26_740_992, 1024),
    destination: new Uint32Array(buffer, 26_745_088, 1024),
    ipBytes: new Uint32Array(buffer, 26_749_184, batchRows),
    sourcePort: new Uint16Array(buffer, 26_750_208, batchRows),
    destinationPort: new Uint16Array(buffer, 26_750_720, batchRows),
    family: new Uint8Array(buffer, 26_751_232, batchRows),
    protocol: new Uint8Array(buffer, 26_751_488, batchRows),
    tcpFlags: new Uint8Array(buffer, 26_751_744, batchRows),
    sourceNic: new Int32Array(buffer, 26_752_000, batchRows),
    destinationNic: new Int32Array(buffer, 26_753_024, batchRows),
    sourceHash: new Uint32Array(buffer, 26_754_048, batchRows),
    destinationHash: new Uint32Array(buffer, 26_755_072, batchRows),
    sourceGuess: new Uint32Array(buffer, 26_756_096, batchRows),
    destinationGuess: new Uint32Array(buffer, 26_757_120, batchRows),
    frameStart: new Uint32Array(buffer, 26_758_144, batchRows),
    capturedLength: new Uint32Array(buffer, 26_759_168, batchRows),
    originalLength: new Uint32Array(buffer, 26_760_192, batchRows),
    timeNanos: new Uint32Array(buffer, 26_761_216, batchRows),
    timeSeconds: new Float64Array(buffer, 26_762_240, batchRows),
    linkType: new Uint16Array(buffer, 26_764_288, batchRows),
    frames: new Uint8Array(buffer, 26_764_800, framesLength),
    nicAddresses: new Uint32Array(buffer, 27_354_624, 262_144),
    nicNumbers: new Int32Array(buffer, 28_403_200, nicSlotsMax),
    timeouts: new Float64Array(buffer, 28_665_344, nicSlotsMax),
    flowsOfNic: new Uint32Array(buffer, 29_189_632, nicSlotsMax),
    chunk: new Uint8Array(buffer, 29_451_776, chunkLength),
    rows: new Uint32Array(buffer, 30_500_352, 67_108_864),
    rowsDoubles: new Float64Array(buffer, 30_500_352, 33_554_432),
    hashes: new Uint32Array(buffer, 298_935_808, rowsMax),
    decisions: new Uint32Array(buffer, 315_713_024, rowsMax),
    freeRows: new Uint32Array(buffer, 332_490_240, rowsMax),
    buckets: new Uint32Array(buffer, 349_267_456, bucketsMax),
    rules: new Uint32Array(buffer, 382_821_888, ruleWords),
  };
}

export type KernelMemory = ReturnType<typeof viewMemory>;

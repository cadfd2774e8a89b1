// Made by scripts/build-kernel.mjs from kernel/tuples/layout.mjs.

/** Tuples written at once. */
export const rowsMax = 512;
/** Rows of tuples that are made, and ordered, in this memory. Tuples of other memory are written from the rows behind. */
export const orderedRowsMax = 131_072;
/** Rows of each column. */
export const rows = 131_584;
/** Values of a digit of sort keys: a power of two. */
export const digitValues = 2048;
/** Groups of texts at most. */
export const ranksMax = 65_536;
/** Room for the longest tuple in every row. */
export const textLength = 133_120;
/** Bytes of the whole memory. */
export const memoryLength = 26_738_688;

/** The name of an encryption state. A field's index in an array of its type. */
export const encryptionName = {
  text0: 0,
  text1: 1,
  text2: 2,
  length: 24,
} as const;
export const encryptionNameBytes = 32;

/** Where each column begins. */
export const addresses = {
  /** The numbers 0 to 99 as two digits. */
  twoDigits: 1024,
  /** The numbers 0 to 255 as text: three characters, and the length in the fourth byte. */
  octets: 1280,
  /** The names of encryption states. */
  encryptionNames: 2304,
  /** While sorting: how many keys have each digit, then where the next such key goes. */
  digitCounts: 2816,
  /** The text that was written. */
  text: 11_008,
  /** By group: its rank in the order of a NIC's tuples. */
  ranks: 144_128,
  /** Sort keys. */
  keys: 406_272,
  /** Sort keys: each pass of sorting writes the other column. */
  spareKeys: 1_454_848,
  /** The first row of each run of one NIC and group. */
  runs: 2_503_424,
  /** Tuples as they were made: their columns, as src/flowlog/tuple.ts has them. */
  madeTimeMillis: 3_027_712,
  /** NaN: not counted. */
  madePacketsForward: 4_080_384,
  /** NaN: not counted. */
  madeBytesForward: 5_133_056,
  /** NaN: not counted. */
  madePacketsReverse: 6_185_728,
  /** NaN: not counted. */
  madeBytesReverse: 7_238_400,
  /** Source addresses. */
  madeSource: 8_291_072,
  /** Destination addresses. */
  madeDestination: 10_396_416,
  /** The group of texts that each tuple has. */
  madeGroup: 12_501_760,
  /** The number of its NIC. */
  madeNic: 13_028_096,
  /** Source ports. */
  madeSourcePort: 13_554_432,
  /** Destination ports. */
  madeDestinationPort: 13_817_600,
  /** As AddressFamily of src/net/address.ts. */
  madeFamily: 14_080_768,
  /** IP protocol numbers. */
  madeProtocol: 14_212_352,
  /** As Direction of src/flowlog/tuple.ts. */
  madeDirection: 14_343_936,
  /** As Access of src/flowlog/tuple.ts. */
  madeAccess: 14_475_520,
  /** As FlowState of src/flowlog/tuple.ts. */
  madeState: 14_607_104,
  /** As Encryption of src/flowlog/tuple.ts. */
  madeEncryption: 14_738_688,
  /** Tuples in order: their columns, as src/flowlog/tuple.ts has them. */
  timeMillis: 14_870_272,
  /** NaN: not counted. */
  packetsForward: 15_922_944,
  /** NaN: not counted. */
  bytesForward: 16_975_616,
  /** NaN: not counted. */
  packetsReverse: 18_028_288,
  /** NaN: not counted. */
  bytesReverse: 19_080_960,
  /** Source addresses. */
  source: 20_133_632,
  /** Destination addresses. */
  destination: 22_238_976,
  /** The group of texts that each tuple has. */
  group: 24_344_320,
  /** The number of its NIC. */
  nic: 24_870_656,
  /** Source ports. */
  sourcePort: 25_396_992,
  /** Destination ports. */
  destinationPort: 25_660_160,
  /** As AddressFamily of src/net/address.ts. */
  family: 25_923_328,
  /** IP protocol numbers. */
  protocol: 26_054_912,
  /** As Direction of src/flowlog/tuple.ts. */
  direction: 26_186_496,
  /** As Access of src/flowlog/tuple.ts. */
  access: 26_318_080,
  /** As FlowState of src/flowlog/tuple.ts. */
  state: 26_449_664,
  /** As Encryption of src/flowlog/tuple.ts. */
  encryption: 26_581_248,
} as const;

/** The memory as typed arrays: addresses and structs as words, structs also as their other types. */
export function viewMemory(buffer: ArrayBuffer) {
  return {
    twoDigits: new Uint16Array(buffer, 1024, 100),
    octets: new Uint32Array(buffer, 1280, 256),
    encryptionNames: new Uint32Array(buffer, 2304, 128),
    encryptionNamesBytes: new Uint8Array(buffer, 2304, 512),
    digitCounts: new Uint32Array(buffer, 2816, digitValues),
    text: new Uint8Array(buffer, 11_008, textLength),
    ranks: new Uint32Array(buffer, 144_128, ranksMax),
    keys: new BigUint64Array(buffer, 406_272, orderedRowsMax),
    spareKeys: new BigUint64Array(buffer, 1_454_848, orderedRowsMax),
    runs: new Uint32Array(buffer, 2_503_424, orderedRowsMax),
    made: {
      timeMillis: new Float64Array(buffer, 3_027_712, rows),
      packetsForward: new Float64Array(buffer, 4_080_384, rows),
      bytesForward: new Float64Array(buffer, 5_133_056, rows),
      packetsReverse: new Float64Array(buffer, 6_185_728, rows),
      bytesReverse: new Float64Array(buffer, 7_238_400, rows),
      source: new Uint32Array(buffer, 8_291_072, 526_336),
      destination: new Uint32Array(buffer, 10_396_416, 526_336),
      group: new Uint32Array(buffer, 12_501_760, rows),
      nic: new Uint32Array(buffer, 13_028_096, rows),
      sourcePort: new Uint16Array(buffer, 13_554_432, rows),
      destinationPort: new Uint16Array(buffer, 13_817_600, rows),
      family: new Uint8Array(buffer, 14_080_768, rows),
      protocol: new Uint8Array(buffer, 14_212_352, rows),
      direction: new Uint8Array(buffer, 14_343_936, rows),
      access: new Uint8Array(buffer, 14_475_520, rows),
      state: new Uint8Array(buffer, 14_607_104, rows),
      encryption: new Uint8Array(buffer, 14_738_688, rows),
    },
    ordered: {
      timeMillis: new Float64Array(buffer, 14_870_272, rows),
      packetsForward: new Float64Array(buffer, 15_922_944, rows),
      bytesForward: new Float64Array(buffer, 16_975_616, rows),
      packetsReverse: new Float64Array(buffer, 18_028_288, rows),
      bytesReverse: new Float64Array(buffer, 19_080_960, rows),
      source: new Uint32Array(buffer, 20_133_632, 526_336),
      destination: new Uint32Array(buffer, 22_238_976, 526_336),
      group: new Uint32Array(buffer, 24_344_320, rows),
      nic: new Uint32Array(buffer, 24_870_656, rows),
      sourcePort: new Uint16Array(buffer, 25_396_992, rows),
      destinationPort: new Uint16Array(buffer, 25_660_160, rows),
      family: new Uint8Array(buffer, 25_923_328, rows),
      protocol: new Uint8Array(buffer, 26_054_912, rows),
      direction: new Uint8Array(buffer, 26_186_496, rows),
      access: new Uint8Array(buffer, 26_318_080, rows),
      state: new Uint8Array(buffer, 26_449_664, rows),
      encryption: new Uint8Array(buffer, 26_581_248, rows),
    },
  };
}

export type KernelMemory = ReturnType<typeof viewMemory>;

// Made by scripts/build-kernel.mjs from kernel/scan/layout.mjs.

/** Rows that the columns hold. */
export const rowsMax = 262_144;
/** Bytes of input at once. */
export const windowLength = 262_144;
/** Bytes of the window, with room behind the input for what is read beyond its end. */
export const windowRoom = 263_168;
/** Bytes of the whole memory. */
export const memoryLength = 22_872_064;

/** What a call leaves: rows in use. A field's index in an array of its type. */
export const result = {
  rows: 0,
} as const;
export const resultBytes = 4;

/** Where each column begins. */
export const addresses = {
  /** What a call leaves. */
  result: 1024,
  /** The groups of an IPv6 address while it is read. */
  ipv6Groups: 1088,
  /** How many digits each octet has. */
  octetDigits: 1152,
  /** A piece of the input. */
  window: 1408,
  /** Tuples: their columns, as src/flowlog/tuple.ts has them. */
  timeMillis: 264_576,
  /** NaN: not given. */
  packetsForward: 2_361_728,
  /** NaN: not given. */
  bytesForward: 4_458_880,
  /** NaN: not given. */
  packetsReverse: 6_556_032,
  /** NaN: not given. */
  bytesReverse: 8_653_184,
  /** Source addresses. */
  source: 10_750_336,
  /** Destination addresses. */
  destination: 14_944_640,
  /** The group that the caller named. */
  group: 19_138_944,
  /** Source ports. */
  sourcePort: 20_187_520,
  /** Destination ports. */
  destinationPort: 20_711_808,
  /** 4, 6, 46 or 64. */
  family: 21_236_096,
  /** IP protocol numbers. */
  protocol: 21_498_240,
  /** As Direction of src/flowlog/tuple.ts. */
  direction: 21_760_384,
  /** As Access of src/flowlog/tuple.ts. */
  access: 22_022_528,
  /** As FlowState of src/flowlog/tuple.ts. */
  state: 22_284_672,
  /** As Encryption of src/flowlog/tuple.ts. */
  encryption: 22_546_816,
} as const;

/** The memory as typed arrays: addresses and structs as words, structs also as their other types. */
export function viewMemory(buffer: ArrayBuffer) {
  return {
    result: new Uint32Array(buffer, 1024, 1),
    ipv6Groups: new Uint16Array(buffer, 1088, 8),
    octetDigits: new Uint8Array(buffer, 1152, 256),
    window: new Uint8Array(buffer, 1408, windowRoom),
    columns: {
      timeMillis: new Float64Array(buffer, 264_576, rowsMax),
      packetsForward: new Float64Array(buffer, 2_361_728, rowsMax),
      bytesForward: new Float64Array(buffer, 4_458_880, rowsMax),
      packetsReverse: new Float64Array(buffer, 6_556_032, rowsMax),
      bytesReverse: new Float64Array(buffer, 8_653_184, rowsMax),
      source: new Uint32Array(buffer, 10_750_336, 1_048_576),
      destination: new Uint32Array(buffer, 14_944_640, 1_048_576),
      group: new Uint32Array(buffer, 19_138_944, rowsMax),
      sourcePort: new Uint16Array(buffer, 20_187_520, rowsMax),
      destinationPort: new Uint16Array(buffer, 20_711_808, rowsMax),
      family: new Uint8Array(buffer, 21_236_096, rowsMax),
      protocol: new Uint8Array(buffer, 21_498_240, rowsMax),
      direction: new Uint8Array(buffer, 21_760_384, rowsMax),
      access: new Uint8Array(buffer, 22_022_528, rowsMax),
      state: new Uint8Array(buffer, 22_284_672, rowsMax),
      encryption: new Uint8Array(buffer, 22_546_816, rowsMax),
    },
  };
}

export type KernelMemory = ReturnType<typeof viewMemory>;

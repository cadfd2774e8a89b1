// Made by scripts/build-kernel.mjs from kernel/settle/layout.mjs.

/** Tuples that come at once, and their runs. */
export const rowsMax = 122_880;
/** Rows that leave at once. */
export const batchMax = 8192;
/** Reports that leave at once: those of one more row may be many. */
export const batchReportsMax = 73_728;
/** Bytes of the whole memory. */
export const memoryLength = 31_784_960;

/** A tuple that is held. The first 64 bytes tell which five-tuple it is of. 0 is no tuple wherever numbers are one too much. A field's index in an array of its type. */
export const tuple = {
  source: 0,
  destination: 4,
  ports: 4,
  hash: 10,
  group: 11,
  direction: 48,
  access: 49,
  state: 50,
  encryption: 51,
  after: 13,
  latest: 14,
  next: 15,
  timeMillis: 8,
  recordTimeMillis: 9,
  recordOffset: 10,
  packetsForward: 11,
  bytesForward: 12,
  packetsReverse: 13,
  bytesReverse: 14,
  tupleIndex: 30,
  chain: 31,
} as const;
export const tupleBytes = 128;

/** A flow of the group that is being built. A field's index in an array of its type. */
export const flow = {
  packetsForward: 0,
  bytesForward: 1,
  packetsReverse: 2,
  bytesReverse: 3,
  recordTimeMillis: 4,
  reports: 10,
  tuples: 11,
  first: 12,
  last: 13,
  observer: 14,
  before: 15,
  after: 16,
  key: 17,
  sibling: 18,
  access: 76,
  isContinued: 77,
  isOpen: 78,
} as const;
export const flowBytes = 80;

/** A row that was built. A field's index in an array of its type. */
export const row = {
  groupStart: 0,
  groupEnd: 1,
  part: 4,
  access: 5,
  observer: 6,
  observers: 7,
  timeMillis: 4,
  lastTimeMillis: 5,
  packetsForward: 6,
  bytesForward: 7,
  packetsReverse: 8,
  bytesReverse: 9,
  recordTimeMillis: 10,
  recordOffset: 11,
  ownTimeMillis: 12,
  ownLastTimeMillis: 13,
  ownPacketsForward: 14,
  ownBytesForward: 15,
  ownPacketsReverse: 16,
  ownBytesReverse: 17,
  source: 36,
  destination: 40,
  ports: 22,
  conversation: 23,
  group: 48,
  tupleIndex: 49,
  tuples: 50,
  ownTuples: 51,
  reportsEnd: 52,
  countingEnd: 53,
  isContinued: 216,
  direction: 217,
  state: 218,
  encryption: 219,
  ownAccess: 220,
} as const;
export const rowBytes = 256;

/** A report of a row. A field's index in an array of its type. */
export const report = {
  beforeMillis: 0,
  timeMillis: 1,
  packetsForward: 2,
  bytesForward: 3,
  packetsReverse: 4,
  bytesReverse: 5,
} as const;
export const reportBytes = 48;

/** Where each column begins. */
export const addresses = {
  /** Tuples that come: their columns, as StagedRows has them. */
  inTimeMillis: 1024,
  /** NaN: not counted. */
  inPacketsForward: 984_384,
  /** NaN: not counted. */
  inBytesForward: 1_967_744,
  /** NaN: not counted. */
  inPacketsReverse: 2_951_104,
  /** NaN: not counted. */
  inBytesReverse: 3_934_464,
  /** Source addresses. */
  inSource: 4_917_824,
  /** Destination addresses. */
  inDestination: 6_884_224,
  /** Places in the record. */
  inTupleIndex: 8_850_624,
  /** Source ports. */
  inSourcePort: 9_342_464,
  /** Destination ports. */
  inDestinationPort: 9_588_544,
  /** IP protocol numbers. */
  inProtocol: 9_834_624,
  /** As AddressFamily of src/net/address.ts. */
  inFamily: 9_957_824,
  /** As Direction of src/flowlog/tuple.ts. */
  inDirection: 10_081_024,
  /** As Access of src/flowlog/tuple.ts. */
  inAccess: 10_204_224,
  /** As FlowState of src/flowlog/tuple.ts. */
  inState: 10_327_424,
  /** As Encryption of src/flowlog/tuple.ts. */
  inEncryption: 10_450_624,
  /** By run, the time of the record. */
  inRunTime: 10_573_824,
  /** By run, where the record begins. */
  inRunOffset: 11_557_184,
  /** By run, the row behind the last one. */
  inRunEnd: 12_540_544,
  /** By run, the group of texts. */
  inRunGroup: 13_032_384,
  /** Rows in the order in which they were built. */
  builtRows: 13_524_224,
  /** Their reports. */
  builtReports: 15_621_696,
  /** Reports of the flows that count, where these are others. */
  builtCounting: 19_160_960,
  /** By part, the row behind its last one; each row may be of another part. */
  partEnds: 22_700_224,
  /** Rows, part by part, as FlowColumns has them. */
  outTimeMillis: 22_733_312,
  /** Last times. */
  outLastTimeMillis: 22_799_168,
  /** NaN: not counted. */
  outPacketsForward: 22_865_024,
  /** NaN: not counted. */
  outBytesForward: 22_930_880,
  /** NaN: not counted. */
  outPacketsReverse: 22_996_736,
  /** NaN: not counted. */
  outBytesReverse: 23_062_592,
  /** Tuples of the conversation. */
  outTuples: 23_128_448,
  /** Which observer it is. */
  outObserver: 23_194_304,
  /** How many there are. */
  outObservers: 23_260_160,
  /** NaN where no record says one. */
  outRecordTimeMillis: 23_326_016,
  /** Where the record of the first tuple begins. */
  outRecordOffset: 23_391_872,
  /** How long the group begins before. */
  outGroupBeforeMillis: 23_457_728,
  /** How long the group ends behind. */
  outGroupAfterMillis: 23_523_584,
  /** Source addresses. */
  outSource: 23_589_440,
  /** Destination addresses. */
  outDestination: 23_720_832,
  /** Groups of texts. */
  outGroup: 23_852_224,
  /** Places of the first tuples in their records. */
  outTupleIndex: 23_885_312,
  /** Behind the last report of each row, of all rows of the batch. */
  outReportsEnd: 23_918_400,
  /** The same of the reports of flows that count. */
  outCountingReportsEnd: 23_951_488,
  /** Source ports. */
  outSourcePort: 23_984_576,
  /** Destination ports. */
  outDestinationPort: 24_001_280,
  /** As AddressFamily of src/net/address.ts. */
  outFamily: 24_017_984,
  /** IP protocol numbers. */
  outProtocol: 24_026_496,
  /** As Access of src/flowlog/tuple.ts. */
  outAccess: 24_035_008,
  /** 1 for flows that began on an earlier date. */
  outContinued: 24_043_520,
  /** As Direction of src/flowlog/tuple.ts. */
  outDirection: 24_052_032,
  /** As FlowState of src/flowlog/tuple.ts. */
  outState: 24_060_544,
  /** As Encryption of src/flowlog/tuple.ts. */
  outEncryption: 24_069_056,
  /** As OwnColumns has them: the number of the conversation, in the first two words. */
  outConversation: 24_077_568,
  /** Whether it has one. */
  outConversationFamily: 24_208_960,
  /** NaN: the conversation's, as in the columns that follow. */
  outObserverTimeMillis: 24_217_472,
  /** The last time. */
  outObserverLastTimeMillis: 24_283_328,
  /** 2: the same. */
  outObserverAccess: 24_349_184,
  /** Tuples of the observer. */
  outObserverTuples: 24_357_696,
  /** Counters of the observer. */
  outObserverPacketsForward: 24_423_552,
  /** Counters of the observer. */
  outObserverBytesForward: 24_489_408,
  /** Counters of the observer. */
  outObserverPacketsReverse: 24_555_264,
  /** Counters of the observer. */
  outObserverBytesReverse: 24_621_120,
  /** Reports, part by part: the time of the flow's tuple before. */
  outReportBeforeMillis: 24_686_976,
  /** Their times. */
  outReportTimeMillis: 25_277_120,
  /** NaN: not counted. */
  outReportPacketsForward: 25_867_264,
  /** NaN: not counted. */
  outReportBytesForward: 26_457_408,
  /** NaN: not counted. */
  outReportPacketsReverse: 27_047_552,
  /** NaN: not counted. */
  outReportBytesReverse: 27_637_696,
  /** Reports, part by part: the time of the flow's tuple before. */
  outCountingBeforeMillis: 28_227_840,
  /** Their times. */
  outCountingTimeMillis: 28_817_984,
  /** NaN: not counted. */
  outCountingPacketsForward: 29_408_128,
  /** NaN: not counted. */
  outCountingBytesForward: 29_998_272,
  /** NaN: not counted. */
  outCountingPacketsReverse: 30_588_416,
  /** NaN: not counted. */
  outCountingBytesReverse: 31_178_560,
} as const;

/** The memory as typed arrays: addresses and structs as words, structs also as their other types. */
export function viewMemory(buffer: ArrayBuffer) {
  return {
    input: {
      timeMillis: new Float64Array(buffer, 1024, rowsMax),
      packetsForward: new Float64Array(buffer, 984_384, rowsMax),
      bytesForward: new Float64Array(buffer, 1_967_744, rowsMax),
      packetsReverse: new Float64Array(buffer, 2_951_104, rowsMax),
      bytesReverse: new Float64Array(buffer, 3_934_464, rowsMax),
      source: new Uint32Array(buffer, 4_917_824, 491_520),
      destination: new Uint32Array(buffer, 6_884_224, 491_520),
      tupleIndex: new Int32Array(buffer, 8_850_624, rowsMax),
      sourcePort: new Uint16Array(buffer, 9_342_464, rowsMax),
      destinationPort: new Uint16Array(buffer, 9_588_544, rowsMax),
      protocol: new Uint8Array(buffer, 9_834_624, rowsMax),
      family: new Uint8Array(buffer, 9_957_824, rowsMax),
      direction: new Uint8Array(buffer, 10_081_024, rowsMax),
      access: new Uint8Array(buffer, 10_204_224, rowsMax),
      state: new Uint8Array(buffer, 10_327_424, rowsMax),
      encryption: new Uint8Array(buffer, 10_450_624, rowsMax),
      runTime: new Float64Array(buffer, 10_573_824, rowsMax),
      runOffset: new Float64Array(buffer, 11_557_184, rowsMax),
      runEnd: new Uint32Array(buffer, 12_540_544, rowsMax),
      runGroup: new Uint32Array(buffer, 13_032_384, rowsMax),
    },
    builtRows: new Uint32Array(buffer, 13_524_224, 524_288),
    builtRowsBytes: new Uint8Array(buffer, 13_524_224, 2_097_152),
    builtRowsDoubles: new Float64Array(buffer, 13_524_224, 262_144),
    builtReports: new Uint32Array(buffer, 15_621_696, 884_736),
    builtReportsDoubles: new Float64Array(buffer, 15_621_696, 442_368),
    builtCounting: new Uint32Array(buffer, 19_160_960, 884_736),
    builtCountingDoubles: new Float64Array(buffer, 19_160_960, 442_368),
    partEnds: new Uint32Array(buffer, 22_700_224, batchMax),
    columns: {
      timeMillis: new Float64Array(buffer, 22_733_312, batchMax),
      lastTimeMillis: new Float64Array(buffer, 22_799_168, batchMax),
      packetsForward: new Float64Array(buffer, 22_865_024, batchMax),
      bytesForward: new Float64Array(buffer, 22_930_880, batchMax),
      packetsReverse: new Float64Array(buffer, 22_996_736, batchMax),
      bytesReverse: new Float64Array(buffer, 23_062_592, batchMax),
      tuples: new Float64Array(buffer, 23_128_448, batchMax),
      observer: new Float64Array(buffer, 23_194_304, batchMax),
      observers: new Float64Array(buffer, 23_260_160, batchMax),
      recordTimeMillis: new Float64Array(buffer, 23_326_016, batchMax),
      recordOffset: new Float64Array(buffer, 23_391_872, batchMax),
      groupBeforeMillis: new Float64Array(buffer, 23_457_728, batchMax),
      groupAfterMillis: new Float64Array(buffer, 23_523_584, batchMax),
      source: new Uint32Array(buffer, 23_589_440, 32_768),
      destination: new Uint32Array(buffer, 23_720_832, 32_768),
      group: new Uint32Array(buffer, 23_852_224, batchMax),
      tupleIndex: new Int32Array(buffer, 23_885_312, batchMax),
      reportsEnd: new Uint32Array(buffer, 23_918_400, batchMax),
      countingReportsEnd: new Uint32Array(buffer, 23_951_488, batchMax),
      sourcePort: new Uint16Array(buffer, 23_984_576, batchMax),
      destinationPort: new Uint16Array(buffer, 24_001_280, batchMax),
      family: new Uint8Array(buffer, 24_017_984, batchMax),
      protocol: new Uint8Array(buffer, 24_026_496, batchMax),
      access: new Uint8Array(buffer, 24_035_008, batchMax),
      continued: new Uint8Array(buffer, 24_043_520, batchMax),
      direction: new Uint8Array(buffer, 24_052_032, batchMax),
      state: new Uint8Array(buffer, 24_060_544, batchMax),
      encryption: new Uint8Array(buffer, 24_069_056, batchMax),
    },
    own: {
      conversation: new Uint32Array(buffer, 24_077_568, 32_768),
      conversationFamily: new Uint8Array(buffer, 24_208_960, batchMax),
      observerTimeMillis: new Float64Array(buffer, 24_217_472, batchMax),
      observerLastTimeMillis: new Float64Array(buffer, 24_283_328, batchMax),
      observerAccess: new Uint8Array(buffer, 24_349_184, batchMax),
      observerTuples: new Float64Array(buffer, 24_357_696, batchMax),
      observerPacketsForward: new Float64Array(buffer, 24_423_552, batchMax),
      observerBytesForward: new Float64Array(buffer, 24_489_408, batchMax),
      observerPacketsReverse: new Float64Array(buffer, 24_555_264, batchMax),
      observerBytesReverse: new Float64Array(buffer, 24_621_120, batchMax),
    },
    reports: {
      beforeMillis: new Float64Array(buffer, 24_686_976, batchReportsMax),
      timeMillis: new Float64Array(buffer, 25_277_120, batchReportsMax),
      packetsForward: new Float64Array(buffer, 25_867_264, batchReportsMax),
      bytesForward: new Float64Array(buffer, 26_457_408, batchReportsMax),
      packetsReverse: new Float64Array(buffer, 27_047_552, batchReportsMax),
      bytesReverse: new Float64Array(buffer, 27_637_696, batchReportsMax),
    },
    countingReports: {
      beforeMillis: new Float64Array(buffer, 28_227_840, batchReportsMax),
      timeMillis: new Float64Array(buffer, 28_817_984, batchReportsMax),
      packetsForward: new Float64Array(buffer, 29_408_128, batchReportsMax),
      bytesForward: new Float64Array(buffer, 29_998_272, batchReportsMax),
      packetsReverse: new Float64Array(buffer, 30_588_416, batchReportsMax),
      bytesReverse: new Float64Array(buffer, 31_178_560, batchReportsMax),
    },
  };
}

export type KernelMemory = ReturnType<typeof viewMemory>;

/** Where each column begins whose length the host says, in bytes, and where the memory ends. */
export function placeHeld(groupsCount: number, tuplesCount: number, bucketsCount: number) {
  /** By group of texts, its observer but for the direction. */
  const observers = 31_768_384;
  /** By group of texts, the rank of its observer in order of texts. */
  const observerRanks = alignColumn(observers + 4 * groupsCount);
  /** By group of texts, the rank of its blob. */
  const blobRanks = alignColumn(observerRanks + 4 * groupsCount);
  /** By observer and access, the last flow, one too much. */
  const lastFlows = alignColumn(blobRanks + 4 * groupsCount);
  /** By observer, the first flow, one too much. */
  const firstFlows = alignColumn(lastFlows + 16 * groupsCount);
  /** By observer and whether they are continued, how many flows. */
  const flowCounts = alignColumn(firstFlows + 8 * groupsCount);
  /** Tuples that are held. */
  const tuples = alignColumn(flowCounts + 16 * groupsCount);
  /** Flows of the group that is being built. */
  const flows = alignColumn(tuples + 128 * tuplesCount);
  /** Tuples of a five-tuple in order. */
  const order = alignColumn(flows + 80 * tuplesCount);
  /** Room for sorting. */
  const spare = alignColumn(order + 4 * tuplesCount);
  /** Flows of a conversation. */
  const list = alignColumn(spare + 4 * tuplesCount);
  /** By key, the first of its flows, one too much. */
  const keyFirst = alignColumn(list + 4 * tuplesCount);
  /** By key, the latest of its flows, one too much. */
  const keyLatest = alignColumn(keyFirst + 8 * tuplesCount);
  /** First five-tuple by hash, one too much. */
  const buckets = alignColumn(keyLatest + 8 * tuplesCount);
  const end = buckets + 4 * bucketsCount;
  return {
    observers,
    observerRanks,
    blobRanks,
    lastFlows,
    firstFlows,
    flowCounts,
    tuples,
    flows,
    order,
    spare,
    list,
    keyFirst,
    keyLatest,
    buckets,
    end,
  };
}

function alignColumn(at: number): number {
  return Math.ceil(at / 64) * 64;
}

// Made by scripts/build-kernel.mjs from kernel/settle/layout.mjs.
import { Address } from '../base/address';
import { AddressArray8192, AddressArray122880, Array8192, Array73728, Array122880 } from '../base/arrays';

/** Tuples that come at once, and their runs. */
export const rowsMax: u32 = 122_880;
/** Rows that leave at once. */
export const batchMax: u32 = 8192;
/** Reports that leave at once: those of one more row may be many. */
export const batchReportsMax: u32 = 73_728;
/** Bytes of the whole memory. */
export const memoryLength: u32 = 31_784_960;

/** A tuple that is held. The first 64 bytes tell which five-tuple it is of. 0 is no tuple wherever numbers are one too much. */
@unmanaged
export class Tuple {
  private sourceWord0: u64;
  private sourceWord1: u64;
  private destinationWord0: u64;
  private destinationWord1: u64;
  /** Ports, protocol and family: with the addresses, the five-tuple. */
  ports: u64;
  hash: u32;
  group: u32;
  direction: u8;
  access: u8;
  state: u8;
  encryption: u8;
  /** The next tuple of the five-tuple, one too much. */
  after: u32;
  /** Of the first tuple of a five-tuple, the latest, one too much; 0 of all others. */
  latest: u32;
  /** The next tuple of the flow, one too much. */
  next: u32;
  timeMillis: f64;
  /** NaN where the record says none. */
  recordTimeMillis: f64;
  recordOffset: f64;
  /** NaN: not counted; as the next three. */
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
  tupleIndex: i32;
  /** The next five-tuple of the bucket, one too much; while flows are built, 1 for tuples that stay. */
  chain: u32;

  @inline
  get source(): Address {
    return changetype<Address>(changetype<usize>(this));
  }

  @inline
  get destination(): Address {
    return changetype<Address>(changetype<usize>(this) + 16);
  }
}
export const tupleBytes: usize = 128;

/** A flow of the group that is being built. */
@unmanaged
export class Flow {
  /** Sums of its counters. */
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
  recordTimeMillis: f64;
  /** Tuples with counters. */
  reports: u32;
  tuples: u32;
  /** The number of its first tuple. */
  first: u32;
  /** The number of its last tuple. */
  last: u32;
  observer: u32;
  /** Among the flows of which more is to be expected, in order of their last tuples, one too much. */
  before: u32;
  after: u32;
  /** Which of its observer's flows it is, twice, and 1 more where they are continued. */
  key: u32;
  /** The next flow of this key, one too much. */
  sibling: u32;
  access: u8;
  /** Whether it began on an earlier date. */
  isContinued: bool;
  isOpen: bool;
}
export const flowBytes: usize = 80;

/** A row that was built. */
@unmanaged
export class Row {
  /** The host reads where the group begins and ends, access and observer, and writes the part. */
  groupStart: f64;
  groupEnd: f64;
  part: u32;
  access: u32;
  observer: u32;
  observers: u32;
  timeMillis: f64;
  lastTimeMillis: f64;
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
  recordTimeMillis: f64;
  recordOffset: f64;
  ownTimeMillis: f64;
  ownLastTimeMillis: f64;
  ownPacketsForward: f64;
  ownBytesForward: f64;
  ownPacketsReverse: f64;
  ownBytesReverse: f64;
  private sourceWord0: u64;
  private sourceWord1: u64;
  private destinationWord0: u64;
  private destinationWord1: u64;
  ports: u64;
  conversation: u64;
  group: u32;
  tupleIndex: i32;
  tuples: u32;
  ownTuples: u32;
  reportsEnd: u32;
  countingEnd: u32;
  isContinued: bool;
  direction: u8;
  state: u8;
  encryption: u8;
  ownAccess: u8;

  @inline
  get source(): Address {
    return changetype<Address>(changetype<usize>(this) + 144);
  }

  @inline
  get destination(): Address {
    return changetype<Address>(changetype<usize>(this) + 160);
  }
}
export const rowBytes: usize = 256;

/** A report of a row. */
@unmanaged
export class Report {
  beforeMillis: f64;
  timeMillis: f64;
  packetsForward: f64;
  bytesForward: f64;
  packetsReverse: f64;
  bytesReverse: f64;
}
export const reportBytes: usize = 48;

@unmanaged
export class RowBatchMaxArray {
  @inline
  @operator('[]')
  get(index: u32): Row {
    assert(index < 8192);
    return changetype<Row>(changetype<usize>(this) + ((<usize>index) << 8));
  }
}

@unmanaged
export class ReportBatchReportsMaxArray {
  @inline
  @operator('[]')
  get(index: u32): Report {
    assert(index < 73_728);
    return changetype<Report>(changetype<usize>(this) + <usize>index * 48);
  }
}

// What `makeRoom` was told.
let groupsRoom: u32 = 0;
let tuplesRoom: u32 = 0;
let bucketsRoom: u32 = 0;

@unmanaged
export class GroupsArray<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < groupsRoom);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < groupsRoom);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Groups4Array<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 4 * groupsRoom);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 4 * groupsRoom);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Groups2Array<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 2 * groupsRoom);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 2 * groupsRoom);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class TupleTuplesArray {
  @inline
  @operator('[]')
  get(index: u32): Tuple {
    assert(index < tuplesRoom);
    return changetype<Tuple>(changetype<usize>(this) + ((<usize>index) << 7));
  }
}

@unmanaged
export class FlowTuplesArray {
  @inline
  @operator('[]')
  get(index: u32): Flow {
    assert(index < tuplesRoom);
    return changetype<Flow>(changetype<usize>(this) + <usize>index * 80);
  }
}

@unmanaged
export class TuplesArray<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < tuplesRoom);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < tuplesRoom);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class Tuples2Array<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < 2 * tuplesRoom);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < 2 * tuplesRoom);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

@unmanaged
export class BucketsArray<T> {
  @inline
  @operator('[]')
  get(index: u32): T {
    assert(index < bucketsRoom);
    return load<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()));
  }

  @inline
  @operator('[]=')
  set(index: u32, value: T): void {
    assert(index < bucketsRoom);
    store<T>(changetype<usize>(this) + ((<usize>index) << alignof<T>()), value);
  }
}

export type RowsMaxArray<T> = Array122880<T>;
export type AddressRowsMaxArray = AddressArray122880;
export type BatchMaxArray<T> = Array8192<T>;
export type AddressBatchMaxArray = AddressArray8192;
export type BatchReportsMaxArray<T> = Array73728<T>;

/** Tuples that come: their columns, as StagedRows has them. */
export const inTimeMillis = changetype<RowsMaxArray<f64>>(1024);
/** NaN: not counted. */
export const inPacketsForward = changetype<RowsMaxArray<f64>>(984_384);
/** NaN: not counted. */
export const inBytesForward = changetype<RowsMaxArray<f64>>(1_967_744);
/** NaN: not counted. */
export const inPacketsReverse = changetype<RowsMaxArray<f64>>(2_951_104);
/** NaN: not counted. */
export const inBytesReverse = changetype<RowsMaxArray<f64>>(3_934_464);
/** Source addresses. */
export const inSource = changetype<AddressRowsMaxArray>(4_917_824);
/** Destination addresses. */
export const inDestination = changetype<AddressRowsMaxArray>(6_884_224);
/** Places in the record. */
export const inTupleIndex = changetype<RowsMaxArray<i32>>(8_850_624);
/** Source ports. */
export const inSourcePort = changetype<RowsMaxArray<u16>>(9_342_464);
/** Destination ports. */
export const inDestinationPort = changetype<RowsMaxArray<u16>>(9_588_544);
/** IP protocol numbers. */
export const inProtocol = changetype<RowsMaxArray<u8>>(9_834_624);
/** As AddressFamily of src/net/address.ts. */
export const inFamily = changetype<RowsMaxArray<u8>>(9_957_824);
/** As Direction of src/flowlog/tuple.ts. */
export const inDirection = changetype<RowsMaxArray<u8>>(10_081_024);
/** As Access of src/flowlog/tuple.ts. */
export const inAccess = changetype<RowsMaxArray<u8>>(10_204_224);
/** As FlowState of src/flowlog/tuple.ts. */
export const inState = changetype<RowsMaxArray<u8>>(10_327_424);
/** As Encryption of src/flowlog/tuple.ts. */
export const inEncryption = changetype<RowsMaxArray<u8>>(10_450_624);
/** By run, the time of the record. */
export const inRunTime = changetype<RowsMaxArray<f64>>(10_573_824);
/** By run, where the record begins. */
export const inRunOffset = changetype<RowsMaxArray<f64>>(11_557_184);
/** By run, the row behind the last one. */
export const inRunEnd = changetype<RowsMaxArray<u32>>(12_540_544);
/** By run, the group of texts. */
export const inRunGroup = changetype<RowsMaxArray<u32>>(13_032_384);
/** Rows in the order in which they were built. */
export const builtRows = changetype<RowBatchMaxArray>(13_524_224);
/** Their reports. */
export const builtReports = changetype<ReportBatchReportsMaxArray>(15_621_696);
/** Reports of the flows that count, where these are others. */
export const builtCounting = changetype<ReportBatchReportsMaxArray>(19_160_960);
/** By part, the row behind its last one; each row may be of another part. */
export const partEnds = changetype<BatchMaxArray<u32>>(22_700_224);
/** Rows, part by part, as FlowColumns has them. */
export const outTimeMillis = changetype<BatchMaxArray<f64>>(22_733_312);
/** Last times. */
export const outLastTimeMillis = changetype<BatchMaxArray<f64>>(22_799_168);
/** NaN: not counted. */
export const outPacketsForward = changetype<BatchMaxArray<f64>>(22_865_024);
/** NaN: not counted. */
export const outBytesForward = changetype<BatchMaxArray<f64>>(22_930_880);
/** NaN: not counted. */
export const outPacketsReverse = changetype<BatchMaxArray<f64>>(22_996_736);
/** NaN: not counted. */
export const outBytesReverse = changetype<BatchMaxArray<f64>>(23_062_592);
/** Tuples of the conversation. */
export const outTuples = changetype<BatchMaxArray<f64>>(23_128_448);
/** Which observer it is. */
export const outObserver = changetype<BatchMaxArray<f64>>(23_194_304);
/** How many there are. */
export const outObservers = changetype<BatchMaxArray<f64>>(23_260_160);
/** NaN where no record says one. */
export const outRecordTimeMillis = changetype<BatchMaxArray<f64>>(23_326_016);
/** Where the record of the first tuple begins. */
export const outRecordOffset = changetype<BatchMaxArray<f64>>(23_391_872);
/** How long the group begins before. */
export const outGroupBeforeMillis = changetype<BatchMaxArray<f64>>(23_457_728);
/** How long the group ends behind. */
export const outGroupAfterMillis = changetype<BatchMaxArray<f64>>(23_523_584);
/** Source addresses. */
export const outSource = changetype<AddressBatchMaxArray>(23_589_440);
/** Destination addresses. */
export const outDestination = changetype<AddressBatchMaxArray>(23_720_832);
/** Groups of texts. */
export const outGroup = changetype<BatchMaxArray<u32>>(23_852_224);
/** Places of the first tuples in their records. */
export const outTupleIndex = changetype<BatchMaxArray<i32>>(23_885_312);
/** Behind the last report of each row, of all rows of the batch. */
export const outReportsEnd = changetype<BatchMaxArray<u32>>(23_918_400);
/** The same of the reports of flows that count. */
export const outCountingReportsEnd = changetype<BatchMaxArray<u32>>(23_951_488);
/** Source ports. */
export const outSourcePort = changetype<BatchMaxArray<u16>>(23_984_576);
/** Destination ports. */
export const outDestinationPort = changetype<BatchMaxArray<u16>>(24_001_280);
/** As AddressFamily of src/net/address.ts. */
export const outFamily = changetype<BatchMaxArray<u8>>(24_017_984);
/** IP protocol numbers. */
export const outProtocol = changetype<BatchMaxArray<u8>>(24_026_496);
/** As Access of src/flowlog/tuple.ts. */
export const outAccess = changetype<BatchMaxArray<u8>>(24_035_008);
/** 1 for flows that began on an earlier date. */
export const outContinued = changetype<BatchMaxArray<u8>>(24_043_520);
/** As Direction of src/flowlog/tuple.ts. */
export const outDirection = changetype<BatchMaxArray<u8>>(24_052_032);
/** As FlowState of src/flowlog/tuple.ts. */
export const outState = changetype<BatchMaxArray<u8>>(24_060_544);
/** As Encryption of src/flowlog/tuple.ts. */
export const outEncryption = changetype<BatchMaxArray<u8>>(24_069_056);
/** As OwnColumns has them: the number of the conversation, in the first two words. */
export const outConversation = changetype<AddressBatchMaxArray>(24_077_568);
/** Whether it has one. */
export const outConversationFamily = changetype<BatchMaxArray<u8>>(24_208_960);
/** NaN: the conversation's, as in the columns that follow. */
export const outObserverTimeMillis = changetype<BatchMaxArray<f64>>(24_217_472);
/** The last time. */
export const outObserverLastTimeMillis = changetype<BatchMaxArray<f64>>(24_283_328);
/** 2: the same. */
export const outObserverAccess = changetype<BatchMaxArray<u8>>(24_349_184);
/** Tuples of the observer. */
export const outObserverTuples = changetype<BatchMaxArray<f64>>(24_357_696);
/** Counters of the observer. */
export const outObserverPacketsForward = changetype<BatchMaxArray<f64>>(24_423_552);
/** Counters of the observer. */
export const outObserverBytesForward = changetype<BatchMaxArray<f64>>(24_489_408);
/** Counters of the observer. */
export const outObserverPacketsReverse = changetype<BatchMaxArray<f64>>(24_555_264);
/** Counters of the observer. */
export const outObserverBytesReverse = changetype<BatchMaxArray<f64>>(24_621_120);
/** Reports, part by part: the time of the flow's tuple before. */
export const outReportBeforeMillis = changetype<BatchReportsMaxArray<f64>>(24_686_976);
/** Their times. */
export const outReportTimeMillis = changetype<BatchReportsMaxArray<f64>>(25_277_120);
/** NaN: not counted. */
export const outReportPacketsForward = changetype<BatchReportsMaxArray<f64>>(25_867_264);
/** NaN: not counted. */
export const outReportBytesForward = changetype<BatchReportsMaxArray<f64>>(26_457_408);
/** NaN: not counted. */
export const outReportPacketsReverse = changetype<BatchReportsMaxArray<f64>>(27_047_552);
/** NaN: not counted. */
export const outReportBytesReverse = changetype<BatchReportsMaxArray<f64>>(27_637_696);
/** Reports, part by part: the time of the flow's tuple before. */
export const outCountingBeforeMillis = changetype<BatchReportsMaxArray<f64>>(28_227_840);
/** Their times. */
export const outCountingTimeMillis = changetype<BatchReportsMaxArray<f64>>(28_817_984);
/** NaN: not counted. */
export const outCountingPacketsForward = changetype<BatchReportsMaxArray<f64>>(29_408_128);
/** NaN: not counted. */
export const outCountingBytesForward = changetype<BatchReportsMaxArray<f64>>(29_998_272);
/** NaN: not counted. */
export const outCountingPacketsReverse = changetype<BatchReportsMaxArray<f64>>(30_588_416);
/** NaN: not counted. */
export const outCountingBytesReverse = changetype<BatchReportsMaxArray<f64>>(31_178_560);
/** By group of texts, its observer but for the direction. */
export let observers = changetype<GroupsArray<u32>>(0);
/** By group of texts, the rank of its observer in order of texts. */
export let observerRanks = changetype<GroupsArray<u32>>(0);
/** By group of texts, the rank of its blob. */
export let blobRanks = changetype<GroupsArray<u32>>(0);
/** By observer and access, the last flow, one too much. */
export let lastFlows = changetype<Groups4Array<u32>>(0);
/** By observer, the first flow, one too much. */
export let firstFlows = changetype<Groups2Array<u32>>(0);
/** By observer and whether they are continued, how many flows. */
export let flowCounts = changetype<Groups4Array<u32>>(0);
/** Tuples that are held. */
export let tuples = changetype<TupleTuplesArray>(0);
/** Flows of the group that is being built. */
export let flows = changetype<FlowTuplesArray>(0);
/** Tuples of a five-tuple in order. */
export let order = changetype<TuplesArray<u32>>(0);
/** Room for sorting. */
export let spare = changetype<TuplesArray<u32>>(0);
/** Flows of a conversation. */
export let list = changetype<TuplesArray<u32>>(0);
/** By key, the first of its flows, one too much. */
export let keyFirst = changetype<Tuples2Array<u32>>(0);
/** By key, the latest of its flows, one too much. */
export let keyLatest = changetype<Tuples2Array<u32>>(0);
/** First five-tuple by hash, one too much. */
export let buckets = changetype<BucketsArray<u32>>(0);

/** Places the columns whose length the host says. */
export function makeRoom(groupsCount: u32, tuplesCount: u32, bucketsCount: u32): void {
  groupsRoom = groupsCount;
  tuplesRoom = tuplesCount;
  bucketsRoom = bucketsCount;
  let at: usize = 31_768_384;
  observers = changetype<GroupsArray<u32>>(at);
  at = (at + <usize>groupsCount * 4 + 63) & ~63;
  observerRanks = changetype<GroupsArray<u32>>(at);
  at = (at + <usize>groupsCount * 4 + 63) & ~63;
  blobRanks = changetype<GroupsArray<u32>>(at);
  at = (at + <usize>groupsCount * 4 + 63) & ~63;
  lastFlows = changetype<Groups4Array<u32>>(at);
  at = (at + <usize>groupsCount * 16 + 63) & ~63;
  firstFlows = changetype<Groups2Array<u32>>(at);
  at = (at + <usize>groupsCount * 8 + 63) & ~63;
  flowCounts = changetype<Groups4Array<u32>>(at);
  at = (at + <usize>groupsCount * 16 + 63) & ~63;
  tuples = changetype<TupleTuplesArray>(at);
  at = (at + <usize>tuplesCount * 128 + 63) & ~63;
  flows = changetype<FlowTuplesArray>(at);
  at = (at + <usize>tuplesCount * 80 + 63) & ~63;
  order = changetype<TuplesArray<u32>>(at);
  at = (at + <usize>tuplesCount * 4 + 63) & ~63;
  spare = changetype<TuplesArray<u32>>(at);
  at = (at + <usize>tuplesCount * 4 + 63) & ~63;
  list = changetype<TuplesArray<u32>>(at);
  at = (at + <usize>tuplesCount * 4 + 63) & ~63;
  keyFirst = changetype<Tuples2Array<u32>>(at);
  at = (at + <usize>tuplesCount * 8 + 63) & ~63;
  keyLatest = changetype<Tuples2Array<u32>>(at);
  at = (at + <usize>tuplesCount * 8 + 63) & ~63;
  buckets = changetype<BucketsArray<u32>>(at);
}

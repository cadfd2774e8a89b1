// Made by scripts/build-kernel.mjs from kernel/flow/layout.mjs.
import { Address } from '../base/address';
import {
  AddressArray256,
  AddressArray65536,
  Array256,
  Array65536,
  Array589824,
  Array1048576,
  Array4194304,
  Array8388608,
} from '../base/arrays';

/** Packets of a batch: `limits.batchPackets`. */
export const batchRows: u32 = 256;
/** Flows of the table: `limits.flowsMax`. */
export const rowsMax: u32 = 4_194_304;
/** Buckets of the table. */
export const bucketsMax: u32 = 8_388_608;
/** Slots of the table of NICs, and NICs. */
export const nicSlotsMax: u32 = 65_536;
/** Bytes of frames that were read elsewhere. */
export const framesLength: u32 = 589_824;
/** Bytes of a capture file that are read at once. */
export const chunkLength: u32 = 1_048_576;
/** Words of the rules. */
export const ruleWords: u32 = 4_194_304;
/** Bytes of the whole memory. */
export const memoryLength: u32 = 399_638_528;

/** What was counted since the host took it (src/flow/counts.ts). */
@unmanaged
export class Counts {
  packets: f64;
  bytes: f64;
  packetsNoNic: f64;
  observedAllowed: f64;
  bytesAllowed: f64;
  observedDenied: f64;
  flowsAllowed: f64;
  flowsDenied: f64;
  initiatorsGuessed: f64;
}
export const countsBytes: usize = 72;

/** The state of the table (src/flow/table.ts): rows in use, rows ever used, free rows, mask of the buckets, carries of counters, room for rows, seeds of the hash. */
@unmanaged
export class TableState {
  size: u32;
  high: u32;
  freeCount: u32;
  mask: u32;
  carried: u32;
  capacity: u32;
  seed0: u32;
  seed1: u32;
  seed2: u32;
  seed3: u32;
  seed4: u32;
}
export const tableStateBytes: usize = 44;

/** Numbers that both sides read and write: events held, the most events held when a packet comes, limits of flows, captured packets. */
@unmanaged
export class Exchange {
  eventCount: u32;
  eventRoom: u32;
  flowsPerNicMax: u32;
  flowsMax: u32;
  capturedCount: u32;
}
export const exchangeBytes: usize = 20;

/** A flow, as src/flow/table.ts draws it: initiator's and responder's address, ports, kind, last packet, counters. */
@unmanaged
export class FlowRow {
  private sourceWord0: u64;
  private sourceWord1: u64;
  private destinationWord0: u64;
  private destinationWord1: u64;
  ports: u32;
  kind: u32;
  lastSeen: f64;
  packetsForward: u32;
  bytesForward: u32;
  packetsReverse: u32;
  bytesReverse: u32;

  @inline
  get source(): Address {
    return changetype<Address>(changetype<usize>(this));
  }

  @inline
  get destination(): Address {
    return changetype<Address>(changetype<usize>(this) + 16);
  }
}
export const flowRowBytes: usize = 64;

/** What the rules begin with. The verdicts follow. */
@unmanaged
export class PackedRules {
  chains: u32;
  stages: u32;
  protocolsTcp: u32;
  protocolsUdp: u32;
}
export const packedRulesBytes: usize = 16;

/** Ranges of addresses. `pieces`: for IPv4, where the pieces are; for IPv6, how many ranges there are. */
@unmanaged
export class AddressAxis {
  starts: u32;
  rowStart: u32;
  bits: u32;
  pieces: u32;
}
export const addressAxisBytes: usize = 16;

/** Ranges of ports. */
@unmanaged
export class PortAxis {
  pageOf: u32;
  rowStart: u32;
  bits: u32;
}
export const portAxisBytes: usize = 12;

/** A list of rules. `words`: how many words of 32 rules. */
@unmanaged
export class Stage {
  words: u32;
  protocols: u32;
  private source4Word0: u32;
  private source4Word1: u32;
  private source4Word2: u32;
  private source4Word3: u32;
  private destination4Word0: u32;
  private destination4Word1: u32;
  private destination4Word2: u32;
  private destination4Word3: u32;
  private source6Word0: u32;
  private source6Word1: u32;
  private source6Word2: u32;
  private source6Word3: u32;
  private destination6Word0: u32;
  private destination6Word1: u32;
  private destination6Word2: u32;
  private destination6Word3: u32;
  private sourcePortWord0: u32;
  private sourcePortWord1: u32;
  private sourcePortWord2: u32;
  private destinationPortWord0: u32;
  private destinationPortWord1: u32;
  private destinationPortWord2: u32;
  decisionOf: u32;

  @inline
  get source4(): AddressAxis {
    return changetype<AddressAxis>(changetype<usize>(this) + 8);
  }

  @inline
  get destination4(): AddressAxis {
    return changetype<AddressAxis>(changetype<usize>(this) + 24);
  }

  @inline
  get source6(): AddressAxis {
    return changetype<AddressAxis>(changetype<usize>(this) + 40);
  }

  @inline
  get destination6(): AddressAxis {
    return changetype<AddressAxis>(changetype<usize>(this) + 56);
  }

  @inline
  get sourcePort(): PortAxis {
    return changetype<PortAxis>(changetype<usize>(this) + 72);
  }

  @inline
  get destinationPort(): PortAxis {
    return changetype<PortAxis>(changetype<usize>(this) + 84);
  }
}
export const stageBytes: usize = 100;

@unmanaged
export class FlowRowRowsMaxArray {
  @inline
  @operator('[]')
  get(index: u32): FlowRow {
    assert(index < 4_194_304);
    return changetype<FlowRow>(changetype<usize>(this) + ((<usize>index) << 6));
  }
}

export type BatchRowsArray<T> = Array256<T>;
export type AddressBatchRowsArray = AddressArray256;
export type FramesLengthArray<T> = Array589824<T>;
export type AddressNicSlotsMaxArray = AddressArray65536;
export type NicSlotsMaxArray<T> = Array65536<T>;
export type ChunkLengthArray<T> = Array1048576<T>;
export type RowsMaxArray<T> = Array4194304<T>;
export type BucketsMaxArray<T> = Array8388608<T>;
export type RuleWordsArray<T> = Array4194304<T>;

/** What was counted. */
export const counts = changetype<Counts>(26_738_688);
/** The state of the table. */
export const table = changetype<TableState>(26_738_816);
/** Numbers that both sides read and write. */
export const exchange = changetype<Exchange>(26_738_880);
/** The batch of packets (src/net/packet.ts). */
export const timeMillis = changetype<BatchRowsArray<f64>>(26_738_944);
/** Source addresses. */
export const source = changetype<AddressBatchRowsArray>(26_740_992);
/** Destination addresses. */
export const destination = changetype<AddressBatchRowsArray>(26_745_088);
/** Lengths from the IP header on. */
export const ipBytes = changetype<BatchRowsArray<u32>>(26_749_184);
/** Source ports. */
export const sourcePort = changetype<BatchRowsArray<u16>>(26_750_208);
/** Destination ports. */
export const destinationPort = changetype<BatchRowsArray<u16>>(26_750_720);
/** 4 or 6. */
export const family = changetype<BatchRowsArray<u8>>(26_751_232);
/** IP protocol numbers. */
export const protocol = changetype<BatchRowsArray<u8>>(26_751_488);
/** TCP flags, 0 without TCP. */
export const tcpFlags = changetype<BatchRowsArray<u8>>(26_751_744);
/** The number of the NIC that sends the packet, -1 for none. */
export const sourceNic = changetype<BatchRowsArray<i32>>(26_752_000);
/** The number of the NIC that receives the packet, -1 for none or the same. */
export const destinationNic = changetype<BatchRowsArray<i32>>(26_753_024);
/** The hash of the flow at the sending NIC. */
export const sourceHash = changetype<BatchRowsArray<u32>>(26_754_048);
/** The hash of the flow at the receiving NIC. */
export const destinationHash = changetype<BatchRowsArray<u32>>(26_755_072);
/** The likely row of the flow at the sending NIC, plus 1; 0 for none. */
export const sourceGuess = changetype<BatchRowsArray<u32>>(26_756_096);
/** The likely row of the flow at the receiving NIC, plus 1; 0 for none. */
export const destinationGuess = changetype<BatchRowsArray<u32>>(26_757_120);
/** The batch of captured packets (src/capture/batch.ts): where each frame begins. */
export const frameStart = changetype<BatchRowsArray<u32>>(26_758_144);
/** Bytes of the frame that were captured. */
export const capturedLength = changetype<BatchRowsArray<u32>>(26_759_168);
/** Bytes of the frame on the wire. */
export const originalLength = changetype<BatchRowsArray<u32>>(26_760_192);
/** Nanoseconds within the second. */
export const timeNanos = changetype<BatchRowsArray<u32>>(26_761_216);
/** Seconds since the epoch. */
export const timeSeconds = changetype<BatchRowsArray<f64>>(26_762_240);
/** The type of the link layer. */
export const linkType = changetype<BatchRowsArray<u16>>(26_764_288);
/** A copy of frames that were read elsewhere. */
export const frames = changetype<FramesLengthArray<u8>>(26_764_800);
/** By slot, the address of a NIC (src/nsg/nic-table.ts). */
export const nicAddresses = changetype<AddressNicSlotsMaxArray>(27_354_624);
/** By slot, twice the NIC's number, plus 1 for IPv6; negative for an empty slot. */
export const nicNumbers = changetype<NicSlotsMaxArray<i32>>(28_403_200);
/** By NIC, the idle timeout in milliseconds. */
export const timeouts = changetype<NicSlotsMaxArray<f64>>(28_665_344);
/** By NIC, the flows in the table. */
export const flowsOfNic = changetype<NicSlotsMaxArray<u32>>(29_189_632);
/** A chunk of a capture file. */
export const chunk = changetype<ChunkLengthArray<u8>>(29_451_776);
/** The flows. */
export const rows = changetype<FlowRowRowsMaxArray>(30_500_352);
/** By row, the hash of the flow. */
export const hashes = changetype<RowsMaxArray<u32>>(298_935_808);
/** By row, what the rules decided. */
export const decisions = changetype<RowsMaxArray<u32>>(315_713_024);
/** Rows that were used and are free, a stack. */
export const freeRows = changetype<RowsMaxArray<u32>>(332_490_240);
/** By hash: a row + 1, and the first bits of its hash; 0 for none. */
export const buckets = changetype<BucketsMaxArray<u32>>(349_267_456);
/** The rules (src/nsg/pack-rules.ts); the first word is 0 if TypeScript is asked. */
export const rules = changetype<RuleWordsArray<u32>>(382_821_888);

// Made by scripts/build-kernel.mjs from kernel/tuples/layout.mjs.
import {
  AddressArray131584,
  Array100,
  Array256,
  Array2048,
  Array65536,
  Array131072,
  Array131584,
  Array133120,
} from '../base/arrays';

/** Tuples written at once. */
export const rowsMax: u32 = 512;
/** Rows of tuples that are made, and ordered, in this memory. Tuples of other memory are written from the rows behind. */
export const orderedRowsMax: u32 = 131_072;
/** Rows of each column. */
export const rows: u32 = 131_584;
/** Values of a digit of sort keys: a power of two. */
export const digitValues: u32 = 2048;
/** Groups of texts at most. */
export const ranksMax: u32 = 65_536;
/** Room for the longest tuple in every row. */
export const textLength: u32 = 133_120;
/** Bytes of the whole memory. */
export const memoryLength: u32 = 26_738_688;

/** The name of an encryption state. */
@unmanaged
export class EncryptionName {
  text0: u64;
  text1: u64;
  text2: u64;
  length: u8;
}
export const encryptionNameBytes: usize = 32;

@unmanaged
export class EncryptionNameArray16 {
  @inline
  @operator('[]')
  get(index: u32): EncryptionName {
    assert(index < 16);
    return changetype<EncryptionName>(changetype<usize>(this) + ((<usize>index) << 5));
  }
}

export type DigitValuesArray<T> = Array2048<T>;
export type TextLengthArray<T> = Array133120<T>;
export type RanksMaxArray<T> = Array65536<T>;
export type OrderedRowsMaxArray<T> = Array131072<T>;
export type RowsArray<T> = Array131584<T>;
export type AddressRowsArray = AddressArray131584;

/** The numbers 0 to 99 as two digits. */
export const twoDigits = changetype<Array100<u16>>(1024);
/** The numbers 0 to 255 as text: three characters, and the length in the fourth byte. */
export const octets = changetype<Array256<u32>>(1280);
/** The names of encryption states. */
export const encryptionNames = changetype<EncryptionNameArray16>(2304);
/** While sorting: how many keys have each digit, then where the next such key goes. */
export const digitCounts = changetype<DigitValuesArray<u32>>(2816);
/** The text that was written. */
export const text = changetype<TextLengthArray<u8>>(11_008);
/** By group: its rank in the order of a NIC's tuples. */
export const ranks = changetype<RanksMaxArray<u32>>(144_128);
/** Sort keys. */
export const keys = changetype<OrderedRowsMaxArray<u64>>(406_272);
/** Sort keys: each pass of sorting writes the other column. */
export const spareKeys = changetype<OrderedRowsMaxArray<u64>>(1_454_848);
/** The first row of each run of one NIC and group. */
export const runs = changetype<OrderedRowsMaxArray<u32>>(2_503_424);
/** Tuples as they were made: their columns, as src/flowlog/tuple.ts has them. */
export const madeTimeMillis = changetype<RowsArray<f64>>(3_027_712);
/** NaN: not counted. */
export const madePacketsForward = changetype<RowsArray<f64>>(4_080_384);
/** NaN: not counted. */
export const madeBytesForward = changetype<RowsArray<f64>>(5_133_056);
/** NaN: not counted. */
export const madePacketsReverse = changetype<RowsArray<f64>>(6_185_728);
/** NaN: not counted. */
export const madeBytesReverse = changetype<RowsArray<f64>>(7_238_400);
/** Source addresses. */
export const madeSource = changetype<AddressRowsArray>(8_291_072);
/** Destination addresses. */
export const madeDestination = changetype<AddressRowsArray>(10_396_416);
/** The group of texts that each tuple has. */
export const madeGroup = changetype<RowsArray<u32>>(12_501_760);
/** The number of its NIC. */
export const madeNic = changetype<RowsArray<u32>>(13_028_096);
/** Source ports. */
export const madeSourcePort = changetype<RowsArray<u16>>(13_554_432);
/** Destination ports. */
export const madeDestinationPort = changetype<RowsArray<u16>>(13_817_600);
/** As AddressFamily of src/net/address.ts. */
export const madeFamily = changetype<RowsArray<u8>>(14_080_768);
/** IP protocol numbers. */
export const madeProtocol = changetype<RowsArray<u8>>(14_212_352);
/** As Direction of src/flowlog/tuple.ts. */
export const madeDirection = changetype<RowsArray<u8>>(14_343_936);
/** As Access of src/flowlog/tuple.ts. */
export const madeAccess = changetype<RowsArray<u8>>(14_475_520);
/** As FlowState of src/flowlog/tuple.ts. */
export const madeState = changetype<RowsArray<u8>>(14_607_104);
/** As Encryption of src/flowlog/tuple.ts. */
export const madeEncryption = changetype<RowsArray<u8>>(14_738_688);
/** Tuples in order: their columns, as src/flowlog/tuple.ts has them. */
export const timeMillis = changetype<RowsArray<f64>>(14_870_272);
/** NaN: not counted. */
export const packetsForward = changetype<RowsArray<f64>>(15_922_944);
/** NaN: not counted. */
export const bytesForward = changetype<RowsArray<f64>>(16_975_616);
/** NaN: not counted. */
export const packetsReverse = changetype<RowsArray<f64>>(18_028_288);
/** NaN: not counted. */
export const bytesReverse = changetype<RowsArray<f64>>(19_080_960);
/** Source addresses. */
export const source = changetype<AddressRowsArray>(20_133_632);
/** Destination addresses. */
export const destination = changetype<AddressRowsArray>(22_238_976);
/** The group of texts that each tuple has. */
export const group = changetype<RowsArray<u32>>(24_344_320);
/** The number of its NIC. */
export const nic = changetype<RowsArray<u32>>(24_870_656);
/** Source ports. */
export const sourcePort = changetype<RowsArray<u16>>(25_396_992);
/** Destination ports. */
export const destinationPort = changetype<RowsArray<u16>>(25_660_160);
/** As AddressFamily of src/net/address.ts. */
export const family = changetype<RowsArray<u8>>(25_923_328);
/** IP protocol numbers. */
export const protocol = changetype<RowsArray<u8>>(26_054_912);
/** As Direction of src/flowlog/tuple.ts. */
export const direction = changetype<RowsArray<u8>>(26_186_496);
/** As Access of src/flowlog/tuple.ts. */
export const access = changetype<RowsArray<u8>>(26_318_080);
/** As FlowState of src/flowlog/tuple.ts. */
export const state = changetype<RowsArray<u8>>(26_449_664);
/** As Encryption of src/flowlog/tuple.ts. */
export const encryption = changetype<RowsArray<u8>>(26_581_248);

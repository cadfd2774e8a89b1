// Made by scripts/build-kernel.mjs from kernel/pages/layout.mjs.
import {
  AddressArray122880,
  Array16,
  Array32,
  Array64,
  Array256,
  Array1024,
  Array122880,
  Array131072,
  Array262144,
  Array1474560,
  Array5406720,
  Array5472256,
} from '../base/arrays';

/** Rows of a row group at the most. */
export const rowsMax: u32 = 122_880;
/** Bytes of a dictionary. */
export const dictionaryLengthMax: u32 = 5_406_720;
/** Bytes of the body of a data page. */
export const bodyLengthMax: u32 = 1_474_560;
/** Bytes of a compressed page. */
export const outLengthMax: u32 = 5_472_256;
/** Buckets of distinct values. */
export const bucketsMax: u32 = 262_144;
/** Numbers that lie no further apart are found by distance. */
export const directMax: u32 = 131_072;
/** Bytes of the whole memory. */
export const memoryLength: u32 = 21_692_416;

/** What a call leaves beside what it returns. */
@unmanaged
export class Result {
  /** Rows that have a value. */
  present: u32;
  /** Entries of the dictionary, 0: plain values. */
  distinct: u32;
  dictionaryLength: u32;
  bodyLength: u32;
  /** Of numbers; of addresses, where the least and the greatest text lie (length, bytes). */
  least: i64;
  greatest: i64;
  /** IPv6 addresses among the distinct ones. */
  ipv6: u32;
  /** 1 where the values are differences. */
  areDifferences: u32;
}
export const resultBytes: usize = 40;

export type AddressRowsMaxArray = AddressArray122880;
export type RowsMaxArray<T> = Array122880<T>;
export type BucketsMaxArray<T> = Array262144<T>;
export type DirectMaxArray<T> = Array131072<T>;
export type DictionaryLengthMaxArray<T> = Array5406720<T>;
export type BodyLengthMaxArray<T> = Array1474560<T>;
export type OutLengthMaxArray<T> = Array5472256<T>;

/** What a call leaves. */
export const result = changetype<Result>(1024);
/** The Huffman coder: counts of bytes in four tables, so that equal neighbours do not wait for each other. */
export const counts = changetype<Array1024<u32>>(1152);
/** Of each byte, its code, and how many bits it has. */
export const codes = changetype<Array256<u32>>(5312);
/** Of each byte, the bits of its code. */
export const codeBits = changetype<Array256<u8>>(6400);
/** Of each byte, its weight. */
export const weights = changetype<Array256<u8>>(6720);
/** Count and byte in one word, in order of count. */
export const byCount = changetype<Array256<u32>>(7040);
/** Nodes of the tree, then lengths of codes, in order of count. */
export const nodes = changetype<Array256<u32>>(8128);
/** By length of codes, the next code; by weight, how many. */
export const ranks = changetype<Array32<u32>>(9216);
/** The coder of weights: by weight, its share in the states. */
export const normal = changetype<Array16<i32>>(9408);
/** By place, a weight. */
export const spread = changetype<Array64<u8>>(9536);
/** States by weight. */
export const states = changetype<Array64<u16>>(9664);
/** By weight, where its next state goes. */
export const cumulative = changetype<Array32<u32>>(9856);
/** By weight, what tells the bits of a state. */
export const deltaBits = changetype<Array32<u32>>(10_048);
/** By weight, what tells the next state. */
export const deltaState = changetype<Array32<i32>>(10_240);
/** Octets as text with the dot behind. */
export const octets = changetype<Array256<u32>>(10_432);
/** Their lengths. */
export const octetLengths = changetype<Array256<u8>>(11_520);
/** Values of a column: up to 16 bytes a row. */
export const input = changetype<AddressRowsMaxArray>(11_840);
/** Numbers as they come; NaN is null. */
export const inputDoubles = changetype<RowsMaxArray<f64>>(11_840);
/** Whole numbers. */
export const inputLongs = changetype<RowsMaxArray<i64>>(11_840);
/** Numbers of 32 bits. */
export const inputWords = changetype<RowsMaxArray<u32>>(11_840);
/** Ports. */
export const inputShorts = changetype<RowsMaxArray<u16>>(11_840);
/** Codes. */
export const inputBytes = changetype<RowsMaxArray<u8>>(11_840);
/** Families of addresses. */
export const families = changetype<RowsMaxArray<u8>>(1_977_984);
/** The index in the dictionary of each row that has a value. */
export const indexes = changetype<RowsMaxArray<u32>>(2_100_928);
/** The same of columns of codes. */
export const codeIndexes = changetype<RowsMaxArray<u8>>(2_100_928);
/** 1 where the row has a value, else 0. */
export const levels = changetype<RowsMaxArray<u8>>(2_592_512);
/** Distinct addresses. */
export const distinctAddresses = changetype<AddressRowsMaxArray>(2_715_456);
/** Distinct numbers. */
export const distinctLongs = changetype<RowsMaxArray<i64>>(2_715_456);
/** Families of the distinct addresses. */
export const distinctFamilies = changetype<RowsMaxArray<u8>>(4_681_600);
/** Hashes of the texts of the distinct addresses. */
export const hashes = changetype<RowsMaxArray<f64>>(4_804_544);
/** Numbers of distinct values by hash, one too much; 0 is empty. */
export const buckets = changetype<BucketsMaxArray<u32>>(5_787_648);
/** Indexes of numbers that lie close together, by distance from the least, one too much. */
export const direct = changetype<DirectMaxArray<u32>>(6_836_288);
/** Distinct halves of addresses. */
export const halves = changetype<RowsMaxArray<u64>>(7_360_640);
/** Indexes of halves by index of the address, one too much. */
export const halfIndexes = changetype<RowsMaxArray<u32>>(8_343_744);
/** The dictionary before it is compressed. Values as they were read lie there, too, before they are put in order. */
export const dictionary = changetype<DictionaryLengthMaxArray<u8>>(8_835_328);
/** Values as they were read, of one byte. */
export const readBytes = changetype<RowsMaxArray<u8>>(8_835_328);
/** Values as they were read, of 2 bytes. */
export const readShorts = changetype<RowsMaxArray<u16>>(8_835_328);
/** Values as they were read, of 4 bytes; entries of the dictionary. */
export const readWords = changetype<RowsMaxArray<u32>>(8_835_328);
/** Values as they were read, of 8 bytes. */
export const readLongs = changetype<RowsMaxArray<u64>>(8_835_328);
/** The body of a data page before it is compressed. */
export const body = changetype<BodyLengthMaxArray<u8>>(14_242_112);
/** By place in the row group, the row that was read. */
export const order = changetype<RowsMaxArray<u32>>(15_716_736);
/** A compressed page. */
export const out = changetype<OutLengthMaxArray<u8>>(16_208_320);

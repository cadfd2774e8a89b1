// Made by scripts/build-kernel.mjs from kernel/scan/layout.mjs.
import { AddressArray262144, Array8, Array256, Array262144, Array263168 } from '../base/arrays';

/** Rows that the columns hold. */
export const rowsMax: u32 = 262_144;
/** Bytes of input at once. */
export const windowLength: u32 = 262_144;
/** Bytes of the window, with room behind the input for what is read beyond its end. */
export const windowRoom: u32 = 263_168;
/** Bytes of the whole memory. */
export const memoryLength: u32 = 22_872_064;

/** What a call leaves: rows in use. */
@unmanaged
export class Result {
  rows: u32;
}
export const resultBytes: usize = 4;

export type WindowRoomArray<T> = Array263168<T>;
export type RowsMaxArray<T> = Array262144<T>;
export type AddressRowsMaxArray = AddressArray262144;

/** What a call leaves. */
export const result = changetype<Result>(1024);
/** The groups of an IPv6 address while it is read. */
export const ipv6Groups = changetype<Array8<u16>>(1088);
/** How many digits each octet has. */
export const octetDigits = changetype<Array256<u8>>(1152);
/** A piece of the input. */
export const window = changetype<WindowRoomArray<u8>>(1408);
/** Tuples: their columns, as src/flowlog/tuple.ts has them. */
export const timeMillis = changetype<RowsMaxArray<f64>>(264_576);
/** NaN: not given. */
export const packetsForward = changetype<RowsMaxArray<f64>>(2_361_728);
/** NaN: not given. */
export const bytesForward = changetype<RowsMaxArray<f64>>(4_458_880);
/** NaN: not given. */
export const packetsReverse = changetype<RowsMaxArray<f64>>(6_556_032);
/** NaN: not given. */
export const bytesReverse = changetype<RowsMaxArray<f64>>(8_653_184);
/** Source addresses. */
export const source = changetype<AddressRowsMaxArray>(10_750_336);
/** Destination addresses. */
export const destination = changetype<AddressRowsMaxArray>(14_944_640);
/** The group that the caller named. */
export const group = changetype<RowsMaxArray<u32>>(19_138_944);
/** Source ports. */
export const sourcePort = changetype<RowsMaxArray<u16>>(20_187_520);
/** Destination ports. */
export const destinationPort = changetype<RowsMaxArray<u16>>(20_711_808);
/** 4, 6, 46 or 64. */
export const family = changetype<RowsMaxArray<u8>>(21_236_096);
/** IP protocol numbers. */
export const protocol = changetype<RowsMaxArray<u8>>(21_498_240);
/** As Direction of src/flowlog/tuple.ts. */
export const direction = changetype<RowsMaxArray<u8>>(21_760_384);
/** As Access of src/flowlog/tuple.ts. */
export const access = changetype<RowsMaxArray<u8>>(22_022_528);
/** As FlowState of src/flowlog/tuple.ts. */
export const state = changetype<RowsMaxArray<u8>>(22_284_672);
/** As Encryption of src/flowlog/tuple.ts. */
export const encryption = changetype<RowsMaxArray<u8>>(22_546_816);

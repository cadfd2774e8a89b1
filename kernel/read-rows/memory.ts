// Made by scripts/build-kernel.mjs from kernel/read-rows/layout.mjs.
import {
  Array64,
  Array256,
  Array2048,
  Array122880,
  Array1474560,
  Array5406720,
  Array8388608,
  Array31467520,
  Array33554432,
  Array134217728,
} from '../base/arrays';

/** Rows of a row group at the most. */
export const rowsMax: u32 = 122_880;
/** Bytes of a row group as it was read. */
export const packedMax: u32 = 33_554_432;
/** Bytes of a dictionary. */
export const dictionaryMax: u32 = 5_406_720;
/** Bytes of the body of a data page. */
export const bodyMax: u32 = 1_474_560;
/** Columns at the most. */
export const slotsMax: u32 = 32;
/** Bytes of a column. */
export const slotLength: u32 = 983_360;
/** Bytes of all columns. */
export const slotsLength: u32 = 31_467_520;
/** Texts at the most, and one. */
export const textsMax: u32 = 4_194_304;
/** Buckets of texts at the most. */
export const textBucketsMax: u32 = 8_388_608;
/** Bytes of all texts. */
export const textBytesMax: u32 = 134_217_728;
/** Slots that the kernel itself looks at. */
export const recordTimeSlot: u32 = 0;
/** The next of these. */
export const recordOffsetSlot: u32 = 1;
/** The next of these. */
export const tupleIndexSlot: u32 = 2;
/** From this one on come the texts of groups. */
export const blobSlot: u32 = 3;
/** Codes of 11 bits. */
export const codesMax: u32 = 2048;
/** Bytes of the whole memory. */
export const memoryLength: u32 = 277_807_104;

/** Rows that follow each other in one blob and of one kind. */
@unmanaged
export class Segment {
  /** The first row. */
  row: u32;
  /** The row behind the last one. */
  end: u32;
  /** The number of the text of the blob. */
  blob: u32;
  /** Of the first row. */
  recordTime: i64;
}
export const segmentBytes: usize = 24;

/** Where the bytes of a text lie. */
@unmanaged
export class TextPlace {
  at: u32;
  length: u32;
}
export const textPlaceBytes: usize = 8;

/** A state of the coder of weights. */
@unmanaged
export class WeightState {
  weight: u8;
  bits: u8;
  /** The state before these bits. */
  before: u16;
}
export const weightStateBytes: usize = 4;

@unmanaged
export class WeightStateArray64 {
  @inline
  @operator('[]')
  get(index: u32): WeightState {
    assert(index < 64);
    return changetype<WeightState>(changetype<usize>(this) + ((<usize>index) << 2));
  }
}

@unmanaged
export class SegmentRowsMaxArray {
  @inline
  @operator('[]')
  get(index: u32): Segment {
    assert(index < 122_880);
    return changetype<Segment>(changetype<usize>(this) + <usize>index * 24);
  }
}

@unmanaged
export class TextPlaceTextsMaxArray {
  @inline
  @operator('[]')
  get(index: u32): TextPlace {
    assert(index < 4_194_304);
    return changetype<TextPlace>(changetype<usize>(this) + ((<usize>index) << 3));
  }
}

export type CodesMaxArray<T> = Array2048<T>;
export type PackedMaxArray<T> = Array33554432<T>;
export type DictionaryMaxArray<T> = Array5406720<T>;
export type RowsMaxArray<T> = Array122880<T>;
export type BodyMaxArray<T> = Array1474560<T>;
export type SlotsLengthArray<T> = Array31467520<T>;
export type TextBucketsMaxArray<T> = Array8388608<T>;
export type TextBytesMaxArray<T> = Array134217728<T>;

/** Of a code of 11 bits: the byte, and how many of the bits are its own. */
export const codes = changetype<CodesMaxArray<u16>>(1024);
/** Weights of bytes. */
export const weights = changetype<Array256<u8>>(5184);
/** States of the coder of weights. */
export const states = changetype<WeightStateArray64>(5504);
/** By weight, its share in the states. */
export const shares = changetype<Array64<u8>>(5824);
/** By weight, the number of its next state. */
export const nextStates = changetype<Array64<u8>>(5952);
/** A row group as it was read. */
export const packed = changetype<PackedMaxArray<u8>>(6080);
/** The dictionary of a column's pages. */
export const dictionary = changetype<DictionaryMaxArray<u8>>(33_560_576);
/** The dictionary as numbers of 8 bytes. */
export const dictionaryLongs = changetype<RowsMaxArray<i64>>(33_560_576);
/** The dictionary as numbers of 4 bytes. */
export const dictionaryWords = changetype<RowsMaxArray<u32>>(33_560_576);
/** The body of a column's data page. */
export const body = changetype<BodyMaxArray<u8>>(38_967_360);
/** The index in the dictionary of each value. */
export const indexes = changetype<RowsMaxArray<u32>>(40_441_984);
/** 1 where the row has a value, else 0. */
export const levels = changetype<RowsMaxArray<u8>>(40_933_568);
/** By index in a dictionary of texts, the number of the text. */
export const values = changetype<RowsMaxArray<u32>>(41_056_512);
/** Columns by slot: 4 bytes a row of texts and ports, 8 of numbers. */
export const slots = changetype<SlotsLengthArray<u8>>(41_548_096);
/** Rows in the order in which they were read. */
export const order = changetype<RowsMaxArray<u32>>(73_015_680);
/** Rows by segment. */
export const segments = changetype<SegmentRowsMaxArray>(73_507_264);
/** Behind which row of the order each run of rows ends. */
export const runEnds = changetype<RowsMaxArray<u32>>(73_507_264);
/** Texts by number, from 1 on; 0 is null. */
export const texts = changetype<TextPlaceTextsMaxArray>(76_456_448);
/** Numbers of texts by hash; 0 is none. */
export const textBuckets = changetype<TextBucketsMaxArray<u32>>(110_010_944);
/** The bytes of texts. */
export const textBytes = changetype<TextBytesMaxArray<u8>>(143_565_440);

// Made by scripts/build-kernel.mjs from kernel/read-rows/layout.mjs.

/** Rows of a row group at the most. */
export const rowsMax = 122_880;
/** Bytes of a row group as it was read. */
export const packedMax = 33_554_432;
/** Bytes of a dictionary. */
export const dictionaryMax = 5_406_720;
/** Bytes of the body of a data page. */
export const bodyMax = 1_474_560;
/** Columns at the most. */
export const slotsMax = 32;
/** Bytes of a column. */
export const slotLength = 983_360;
/** Bytes of all columns. */
export const slotsLength = 31_467_520;
/** Texts at the most, and one. */
export const textsMax = 4_194_304;
/** Buckets of texts at the most. */
export const textBucketsMax = 8_388_608;
/** Bytes of all texts. */
export const textBytesMax = 134_217_728;
/** Slots that the kernel itself looks at. */
export const recordTimeSlot = 0;
/** The next of these. */
export const recordOffsetSlot = 1;
/** The next of these. */
export const tupleIndexSlot = 2;
/** From this one on come the texts of groups. */
export const blobSlot = 3;
/** Codes of 11 bits. */
export const codesMax = 2048;
/** Bytes of the whole memory. */
export const memoryLength = 277_807_104;

/** Rows that follow each other in one blob and of one kind. A field's index in an array of its type. */
export const segment = {
  row: 0,
  end: 1,
  blob: 2,
  recordTime: 2,
} as const;
export const segmentBytes = 24;

/** Where the bytes of a text lie. A field's index in an array of its type. */
export const textPlace = {
  at: 0,
  length: 1,
} as const;
export const textPlaceBytes = 8;

/** A state of the coder of weights. A field's index in an array of its type. */
export const weightState = {
  weight: 0,
  bits: 1,
  before: 1,
} as const;
export const weightStateBytes = 4;

/** Where each column begins. */
export const addresses = {
  /** Of a code of 11 bits: the byte, and how many of the bits are its own. */
  codes: 1024,
  /** Weights of bytes. */
  weights: 5184,
  /** States of the coder of weights. */
  states: 5504,
  /** By weight, its share in the states. */
  shares: 5824,
  /** By weight, the number of its next state. */
  nextStates: 5952,
  /** A row group as it was read. */
  packed: 6080,
  /** The dictionary of a column's pages. */
  dictionary: 33_560_576,
  /** The dictionary as numbers of 8 bytes. */
  dictionaryLongs: 33_560_576,
  /** The dictionary as numbers of 4 bytes. */
  dictionaryWords: 33_560_576,
  /** The body of a column's data page. */
  body: 38_967_360,
  /** The index in the dictionary of each value. */
  indexes: 40_441_984,
  /** 1 where the row has a value, else 0. */
  levels: 40_933_568,
  /** By index in a dictionary of texts, the number of the text. */
  values: 41_056_512,
  /** Columns by slot: 4 bytes a row of texts and ports, 8 of numbers. */
  slots: 41_548_096,
  /** Rows in the order in which they were read. */
  order: 73_015_680,
  /** Rows by segment. */
  segments: 73_507_264,
  /** Behind which row of the order each run of rows ends. */
  runEnds: 73_507_264,
  /** Texts by number, from 1 on; 0 is null. */
  texts: 76_456_448,
  /** Numbers of texts by hash; 0 is none. */
  textBuckets: 110_010_944,
  /** The bytes of texts. */
  textBytes: 143_565_440,
} as const;

/** The memory as typed arrays: addresses and structs as words, structs also as their other types. */
export function viewMemory(buffer: ArrayBuffer) {
  return {
    codes: new Uint16Array(buffer, 1024, codesMax),
    weights: new Uint8Array(buffer, 5184, 256),
    states: new Uint32Array(buffer, 5504, 64),
    statesBytes: new Uint8Array(buffer, 5504, 256),
    shares: new Uint8Array(buffer, 5824, 64),
    nextStates: new Uint8Array(buffer, 5952, 64),
    packed: new Uint8Array(buffer, 6080, packedMax),
    dictionary: new Uint8Array(buffer, 33_560_576, dictionaryMax),
    dictionaryLongs: new BigInt64Array(buffer, 33_560_576, rowsMax),
    dictionaryWords: new Uint32Array(buffer, 33_560_576, rowsMax),
    body: new Uint8Array(buffer, 38_967_360, bodyMax),
    indexes: new Uint32Array(buffer, 40_441_984, rowsMax),
    levels: new Uint8Array(buffer, 40_933_568, rowsMax),
    values: new Uint32Array(buffer, 41_056_512, rowsMax),
    slots: new Uint8Array(buffer, 41_548_096, slotsLength),
    order: new Uint32Array(buffer, 73_015_680, rowsMax),
    segments: new Uint32Array(buffer, 73_507_264, 737_280),
    segmentsLongs: new BigInt64Array(buffer, 73_507_264, 368_640),
    runEnds: new Uint32Array(buffer, 73_507_264, rowsMax),
    texts: new Uint32Array(buffer, 76_456_448, 8_388_608),
    textBuckets: new Uint32Array(buffer, 110_010_944, textBucketsMax),
    textBytes: new Uint8Array(buffer, 143_565_440, textBytesMax),
  };
}

export type KernelMemory = ReturnType<typeof viewMemory>;

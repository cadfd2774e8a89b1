// Made by scripts/build-kernel.mjs from kernel/pages/layout.mjs.

/** Rows of a row group at the most. */
export const rowsMax = 122_880;
/** Bytes of a dictionary. */
export const dictionaryLengthMax = 5_406_720;
/** Bytes of the body of a data page. */
export const bodyLengthMax = 1_474_560;
/** Bytes of a compressed page. */
export const outLengthMax = 5_472_256;
/** Buckets of distinct values. */
export const bucketsMax = 262_144;
/** Numbers that lie no further apart are found by distance. */
export const directMax = 131_072;
/** Bytes of the whole memory. */
export const memoryLength = 21_692_416;

/** What a call leaves beside what it returns. A field's index in an array of its type. */
export const result = {
  present: 0,
  distinct: 1,
  dictionaryLength: 2,
  bodyLength: 3,
  least: 2,
  greatest: 3,
  ipv6: 8,
  areDifferences: 9,
} as const;
export const resultBytes = 40;

/** Where each column begins. */
export const addresses = {
  /** What a call leaves. */
  result: 1024,
  /** The Huffman coder: counts of bytes in four tables, so that equal neighbours do not wait for each other. */
  counts: 1152,
  /** Of each byte, its code, and how many bits it has. */
  codes: 5312,
  /** Of each byte, the bits of its code. */
  codeBits: 6400,
  /** Of each byte, its weight. */
  weights: 6720,
  /** Count and byte in one word, in order of count. */
  byCount: 7040,
  /** Nodes of the tree, then lengths of codes, in order of count. */
  nodes: 8128,
  /** By length of codes, the next code; by weight, how many. */
  ranks: 9216,
  /** The coder of weights: by weight, its share in the states. */
  normal: 9408,
  /** By place, a weight. */
  spread: 9536,
  /** States by weight. */
  states: 9664,
  /** By weight, where its next state goes. */
  cumulative: 9856,
  /** By weight, what tells the bits of a state. */
  deltaBits: 10_048,
  /** By weight, what tells the next state. */
  deltaState: 10_240,
  /** Octets as text with the dot behind. */
  octets: 10_432,
  /** Their lengths. */
  octetLengths: 11_520,
  /** Values of a column: up to 16 bytes a row. */
  input: 11_840,
  /** Numbers as they come; NaN is null. */
  inputDoubles: 11_840,
  /** Whole numbers. */
  inputLongs: 11_840,
  /** Numbers of 32 bits. */
  inputWords: 11_840,
  /** Ports. */
  inputShorts: 11_840,
  /** Codes. */
  inputBytes: 11_840,
  /** Families of addresses. */
  families: 1_977_984,
  /** The index in the dictionary of each row that has a value. */
  indexes: 2_100_928,
  /** The same of columns of codes. */
  codeIndexes: 2_100_928,
  /** 1 where the row has a value, else 0. */
  levels: 2_592_512,
  /** Distinct addresses. */
  distinctAddresses: 2_715_456,
  /** Distinct numbers. */
  distinctLongs: 2_715_456,
  /** Families of the distinct addresses. */
  distinctFamilies: 4_681_600,
  /** Hashes of the texts of the distinct addresses. */
  hashes: 4_804_544,
  /** Numbers of distinct values by hash, one too much; 0 is empty. */
  buckets: 5_787_648,
  /** Indexes of numbers that lie close together, by distance from the least, one too much. */
  direct: 6_836_288,
  /** Distinct halves of addresses. */
  halves: 7_360_640,
  /** Indexes of halves by index of the address, one too much. */
  halfIndexes: 8_343_744,
  /** The dictionary before it is compressed. Values as they were read lie there, too, before they are put in order. */
  dictionary: 8_835_328,
  /** Values as they were read, of one byte. */
  readBytes: 8_835_328,
  /** Values as they were read, of 2 bytes. */
  readShorts: 8_835_328,
  /** Values as they were read, of 4 bytes; entries of the dictionary. */
  readWords: 8_835_328,
  /** Values as they were read, of 8 bytes. */
  readLongs: 8_835_328,
  /** The body of a data page before it is compressed. */
  body: 14_242_112,
  /** By place in the row group, the row that was read. */
  order: 15_716_736,
  /** A compressed page. */
  out: 16_208_320,
} as const;

/** The memory as typed arrays: addresses and structs as words, structs also as their other types. */
export function viewMemory(buffer: ArrayBuffer) {
  return {
    result: new Uint32Array(buffer, 1024, 10),
    resultLongs: new BigInt64Array(buffer, 1024, 5),
    counts: new Uint32Array(buffer, 1152, 1024),
    codes: new Uint32Array(buffer, 5312, 256),
    codeBits: new Uint8Array(buffer, 6400, 256),
    weights: new Uint8Array(buffer, 6720, 256),
    byCount: new Uint32Array(buffer, 7040, 256),
    nodes: new Uint32Array(buffer, 8128, 256),
    ranks: new Uint32Array(buffer, 9216, 32),
    normal: new Int32Array(buffer, 9408, 16),
    spread: new Uint8Array(buffer, 9536, 64),
    states: new Uint16Array(buffer, 9664, 64),
    cumulative: new Uint32Array(buffer, 9856, 32),
    deltaBits: new Uint32Array(buffer, 10_048, 32),
    deltaState: new Int32Array(buffer, 10_240, 32),
    octets: new Uint32Array(buffer, 10_432, 256),
    octetLengths: new Uint8Array(buffer, 11_520, 256),
    input: new Uint32Array(buffer, 11_840, 491_520),
    inputDoubles: new Float64Array(buffer, 11_840, rowsMax),
    inputLongs: new BigInt64Array(buffer, 11_840, rowsMax),
    inputWords: new Uint32Array(buffer, 11_840, rowsMax),
    inputShorts: new Uint16Array(buffer, 11_840, rowsMax),
    inputBytes: new Uint8Array(buffer, 11_840, rowsMax),
    families: new Uint8Array(buffer, 1_977_984, rowsMax),
    indexes: new Uint32Array(buffer, 2_100_928, rowsMax),
    codeIndexes: new Uint8Array(buffer, 2_100_928, rowsMax),
    levels: new Uint8Array(buffer, 2_592_512, rowsMax),
    distinctAddresses: new Uint32Array(buffer, 2_715_456, 491_520),
    distinctLongs: new BigInt64Array(buffer, 2_715_456, rowsMax),
    distinctFamilies: new Uint8Array(buffer, 4_681_600, rowsMax),
    hashes: new Float64Array(buffer, 4_804_544, rowsMax),
    buckets: new Uint32Array(buffer, 5_787_648, bucketsMax),
    direct: new Uint32Array(buffer, 6_836_288, directMax),
    halves: new BigUint64Array(buffer, 7_360_640, rowsMax),
    halfIndexes: new Uint32Array(buffer, 8_343_744, rowsMax),
    dictionary: new Uint8Array(buffer, 8_835_328, dictionaryLengthMax),
    readBytes: new Uint8Array(buffer, 8_835_328, rowsMax),
    readShorts: new Uint16Array(buffer, 8_835_328, rowsMax),
    readWords: new Uint32Array(buffer, 8_835_328, rowsMax),
    readLongs: new BigUint64Array(buffer, 8_835_328, rowsMax),
    body: new Uint8Array(buffer, 14_242_112, bodyLengthMax),
    order: new Uint32Array(buffer, 15_716_736, rowsMax),
    out: new Uint8Array(buffer, 16_208_320, outLengthMax),
  };
}

export type KernelMemory = ReturnType<typeof viewMemory>;

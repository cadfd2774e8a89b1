/** Memory of kernel/pages: the table that scripts/kernel-layout.mjs writes out for both sides. */

/** Rows of a row group at the most. */
const rowsMax = 122_880;
const dictionaryLengthMax = 44 * rowsMax;

export default {
  host: 'src/parquet/page-kernel-layout.ts',
  // Some bytes behind what is written are written, too.
  gapBytes: 64,
  constants: [
    ['rowsMax', rowsMax, 'Rows of a row group at the most.'],
    ['dictionaryLengthMax', dictionaryLengthMax, 'Bytes of a dictionary.'],
    ['bodyLengthMax', 12 * rowsMax, 'Bytes of the body of a data page.'],
    ['outLengthMax', dictionaryLengthMax + 65_536, 'Bytes of a compressed page.'],
    ['bucketsMax', 262_144, 'Buckets of distinct values.'],
    ['directMax', 131_072, 'Numbers that lie no further apart are found by distance.'],
  ],
  structs: {
    Result: {
      doc: 'What a call leaves beside what it returns.',
      fields: [
        ['present', 'u32', 'Rows that have a value.'],
        ['distinct', 'u32', 'Entries of the dictionary, 0: plain values.'],
        ['dictionaryLength', 'u32'],
        ['bodyLength', 'u32'],
        ['least', 'i64', 'Of numbers; of addresses, where the least and the greatest text lie (length, bytes).'],
        ['greatest', 'i64'],
        ['ipv6', 'u32', 'IPv6 addresses among the distinct ones.'],
        ['areDifferences', 'u32', '1 where the values are differences.'],
      ],
    },
  },
  columns: [
    ['result', 'Result', 1, 'What a call leaves.'],

    [
      'counts',
      'u32',
      1024,
      'The Huffman coder: counts of bytes in four tables, so that equal neighbours do not wait for each other.',
    ],
    ['codes', 'u32', 256, 'Of each byte, its code, and how many bits it has.'],
    ['codeBits', 'u8', 256, 'Of each byte, the bits of its code.'],
    ['weights', 'u8', 256, 'Of each byte, its weight.'],
    ['byCount', 'u32', 256, 'Count and byte in one word, in order of count.'],
    ['nodes', 'u32', 256, 'Nodes of the tree, then lengths of codes, in order of count.'],
    ['ranks', 'u32', 32, 'By length of codes, the next code; by weight, how many.'],
    ['normal', 'i32', 16, 'The coder of weights: by weight, its share in the states.'],
    ['spread', 'u8', 64, 'By place, a weight.'],
    ['states', 'u16', 64, 'States by weight.'],
    ['cumulative', 'u32', 32, 'By weight, where its next state goes.'],
    ['deltaBits', 'u32', 32, 'By weight, what tells the bits of a state.'],
    ['deltaState', 'i32', 32, 'By weight, what tells the next state.'],

    ['octets', 'u32', 256, 'Octets as text with the dot behind.'],
    ['octetLengths', 'u8', 256, 'Their lengths.'],

    [
      'input',
      'Address',
      'rowsMax',
      'Values of a column: up to 16 bytes a row.',
      {
        also: [
          ['inputDoubles', 'f64', 'rowsMax', 'Numbers as they come; NaN is null.'],
          ['inputLongs', 'i64', 'rowsMax', 'Whole numbers.'],
          ['inputWords', 'u32', 'rowsMax', 'Numbers of 32 bits.'],
          ['inputShorts', 'u16', 'rowsMax', 'Ports.'],
          ['inputBytes', 'u8', 'rowsMax', 'Codes.'],
        ],
      },
    ],
    ['families', 'u8', 'rowsMax', 'Families of addresses.'],
    [
      'indexes',
      'u32',
      'rowsMax',
      'The index in the dictionary of each row that has a value.',
      { also: [['codeIndexes', 'u8', 'rowsMax', 'The same of columns of codes.']] },
    ],
    ['levels', 'u8', 'rowsMax', '1 where the row has a value, else 0.'],
    [
      'distinctAddresses',
      'Address',
      'rowsMax',
      'Distinct addresses.',
      { also: [['distinctLongs', 'i64', 'rowsMax', 'Distinct numbers.']] },
    ],
    ['distinctFamilies', 'u8', 'rowsMax', 'Families of the distinct addresses.'],
    ['hashes', 'f64', 'rowsMax', 'Hashes of the texts of the distinct addresses.'],
    ['buckets', 'u32', 'bucketsMax', 'Numbers of distinct values by hash, one too much; 0 is empty.'],
    [
      'direct',
      'u32',
      'directMax',
      'Indexes of numbers that lie close together, by distance from the least, one too much.',
    ],
    ['halves', 'u64', 'rowsMax', 'Distinct halves of addresses.'],
    ['halfIndexes', 'u32', 'rowsMax', 'Indexes of halves by index of the address, one too much.'],
    [
      'dictionary',
      'u8',
      'dictionaryLengthMax',
      'The dictionary before it is compressed. Values as they were read lie there, too, before they are put in order.',
      {
        also: [
          ['readBytes', 'u8', 'rowsMax', 'Values as they were read, of one byte.'],
          ['readShorts', 'u16', 'rowsMax', 'Values as they were read, of 2 bytes.'],
          ['readWords', 'u32', 'rowsMax', 'Values as they were read, of 4 bytes; entries of the dictionary.'],
          ['readLongs', 'u64', 'rowsMax', 'Values as they were read, of 8 bytes.'],
        ],
      },
    ],
    ['body', 'u8', 'bodyLengthMax', 'The body of a data page before it is compressed.'],
    ['order', 'u32', 'rowsMax', 'By place in the row group, the row that was read.'],
    ['out', 'u8', 'outLengthMax', 'A compressed page.'],
  ],
};

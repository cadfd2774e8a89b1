/** Memory of kernel/read-rows: the table that scripts/kernel-layout.mjs writes out for both sides. */

/** Rows of a row group at the most. */
const rowsMax = 122_880;
/** More than there are columns, for those to come. */
const slotsMax = 32;
/** Not a multiple of a page: the values of a row would push each other out of the processor's cache. */
const slotLength = 8 * rowsMax + 320;

export default {
  host: 'src/lake/tuples/read-kernel-layout.ts',
  // Some bytes behind what is read are read, too.
  gapBytes: 64,
  constants: [
    ['rowsMax', rowsMax, 'Rows of a row group at the most.'],
    ['packedMax', 33_554_432, 'Bytes of a row group as it was read.'],
    ['dictionaryMax', 44 * rowsMax, 'Bytes of a dictionary.'],
    ['bodyMax', 12 * rowsMax, 'Bytes of the body of a data page.'],
    ['slotsMax', slotsMax, 'Columns at the most.'],
    ['slotLength', slotLength, 'Bytes of a column.'],
    ['slotsLength', slotsMax * slotLength, 'Bytes of all columns.'],
    ['textsMax', 4_194_304, 'Texts at the most, and one.'],
    ['textBucketsMax', 8_388_608, 'Buckets of texts at the most.'],
    ['textBytesMax', 134_217_728, 'Bytes of all texts.'],
    ['recordTimeSlot', 0, 'Slots that the kernel itself looks at.'],
    ['recordOffsetSlot', 1, 'The next of these.'],
    ['tupleIndexSlot', 2, 'The next of these.'],
    ['blobSlot', 3, 'From this one on come the texts of groups.'],
    ['codesMax', 2048, 'Codes of 11 bits.'],
  ],
  structs: {
    Segment: {
      doc: 'Rows that follow each other in one blob and of one kind.',
      fields: [
        ['row', 'u32', 'The first row.'],
        ['end', 'u32', 'The row behind the last one.'],
        ['blob', 'u32', 'The number of the text of the blob.'],
        ['recordTime', 'i64', 'Of the first row.'],
      ],
    },
    TextPlace: {
      doc: 'Where the bytes of a text lie.',
      fields: [
        ['at', 'u32'],
        ['length', 'u32'],
      ],
    },
    WeightState: {
      doc: 'A state of the coder of weights.',
      fields: [
        ['weight', 'u8'],
        ['bits', 'u8'],
        ['before', 'u16', 'The state before these bits.'],
      ],
    },
  },
  columns: [
    ['codes', 'u16', 'codesMax', 'Of a code of 11 bits: the byte, and how many of the bits are its own.'],
    ['weights', 'u8', 256, 'Weights of bytes.'],
    ['states', 'WeightState', 64, 'States of the coder of weights.'],
    ['shares', 'u8', 64, 'By weight, its share in the states.'],
    ['nextStates', 'u8', 64, 'By weight, the number of its next state.'],

    ['packed', 'u8', 'packedMax', 'A row group as it was read.'],
    [
      'dictionary',
      'u8',
      'dictionaryMax',
      "The dictionary of a column's pages.",
      {
        also: [
          ['dictionaryLongs', 'i64', 'rowsMax', 'The dictionary as numbers of 8 bytes.'],
          ['dictionaryWords', 'u32', 'rowsMax', 'The dictionary as numbers of 4 bytes.'],
        ],
      },
    ],
    ['body', 'u8', 'bodyMax', "The body of a column's data page."],
    ['indexes', 'u32', 'rowsMax', 'The index in the dictionary of each value.'],
    ['levels', 'u8', 'rowsMax', '1 where the row has a value, else 0.'],
    ['values', 'u32', 'rowsMax', 'By index in a dictionary of texts, the number of the text.'],
    ['slots', 'u8', 'slotsLength', 'Columns by slot: 4 bytes a row of texts and ports, 8 of numbers.'],
    ['order', 'u32', 'rowsMax', 'Rows in the order in which they were read.'],
    [
      'segments',
      'Segment',
      'rowsMax',
      'Rows by segment.',
      { also: [['runEnds', 'u32', 'rowsMax', 'Behind which row of the order each run of rows ends.']] },
    ],
    ['texts', 'TextPlace', 'textsMax', 'Texts by number, from 1 on; 0 is null.'],
    ['textBuckets', 'u32', 'textBucketsMax', 'Numbers of texts by hash; 0 is none.'],
    ['textBytes', 'u8', 'textBytesMax', 'The bytes of texts.'],
  ],
};

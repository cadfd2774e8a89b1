/** Memory of kernel/tuples: the table that scripts/kernel-layout.mjs writes out for both sides. */

/** The columns of tuples. @param name gives a column its name in the kernel */
const tupleColumns = (set, name, place) =>
  [
    ['timeMillis', 'f64', 'rows', `Tuples ${place}: their columns, as src/flowlog/tuple.ts has them.`],
    ['packetsForward', 'f64', 'rows', 'NaN: not counted.'],
    ['bytesForward', 'f64', 'rows', 'NaN: not counted.'],
    ['packetsReverse', 'f64', 'rows', 'NaN: not counted.'],
    ['bytesReverse', 'f64', 'rows', 'NaN: not counted.'],
    ['source', 'Address', 'rows', 'Source addresses.'],
    ['destination', 'Address', 'rows', 'Destination addresses.'],
    ['group', 'u32', 'rows', 'The group of texts that each tuple has.'],
    ['nic', 'u32', 'rows', 'The number of its NIC.'],
    ['sourcePort', 'u16', 'rows', 'Source ports.'],
    ['destinationPort', 'u16', 'rows', 'Destination ports.'],
    ['family', 'u8', 'rows', 'As AddressFamily of src/net/address.ts.'],
    ['protocol', 'u8', 'rows', 'IP protocol numbers.'],
    ['direction', 'u8', 'rows', 'As Direction of src/flowlog/tuple.ts.'],
    ['access', 'u8', 'rows', 'As Access of src/flowlog/tuple.ts.'],
    ['state', 'u8', 'rows', 'As FlowState of src/flowlog/tuple.ts.'],
    ['encryption', 'u8', 'rows', 'As Encryption of src/flowlog/tuple.ts.'],
  ].map(([member, type, count, doc]) => [name(member), type, count, doc, { set, member }]);

const rowsMax = 512;
const orderedRowsMax = 131_072;

export default {
  host: 'src/flowlog/tuple-kernel-layout.ts',
  constants: [
    ['rowsMax', rowsMax, 'Tuples written at once.'],
    [
      'orderedRowsMax',
      orderedRowsMax,
      'Rows of tuples that are made, and ordered, in this memory. Tuples of other memory are written from the rows behind.',
    ],
    ['rows', orderedRowsMax + rowsMax, 'Rows of each column.'],
    ['digitValues', 2048, 'Values of a digit of sort keys: a power of two.'],
    ['ranksMax', 65_536, 'Groups of texts at most.'],
    ['textLength', 260 * rowsMax, 'Room for the longest tuple in every row.'],
  ],
  structs: {
    EncryptionName: {
      doc: 'The name of an encryption state.',
      fields: [
        ['text0', 'u64'],
        ['text1', 'u64'],
        ['text2', 'u64'],
        ['length', 'u8'],
      ],
    },
  },
  columns: [
    ['twoDigits', 'u16', 100, 'The numbers 0 to 99 as two digits.'],
    ['octets', 'u32', 256, 'The numbers 0 to 255 as text: three characters, and the length in the fourth byte.'],
    ['encryptionNames', 'EncryptionName', 16, 'The names of encryption states.'],
    [
      'digitCounts',
      'u32',
      'digitValues',
      'While sorting: how many keys have each digit, then where the next such key goes.',
    ],
    ['text', 'u8', 'textLength', 'The text that was written.'],
    ['ranks', 'u32', 'ranksMax', "By group: its rank in the order of a NIC's tuples."],
    ['keys', 'u64', 'orderedRowsMax', 'Sort keys.'],
    ['spareKeys', 'u64', 'orderedRowsMax', 'Sort keys: each pass of sorting writes the other column.'],
    ['runs', 'u32', 'orderedRowsMax', 'The first row of each run of one NIC and group.'],
    ...tupleColumns('made', (name) => `made${name[0].toUpperCase()}${name.slice(1)}`, 'as they were made'),
    ...tupleColumns('ordered', (name) => name, 'in order'),
  ],
};

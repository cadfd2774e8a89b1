/** Memory of kernel/scan: the table that scripts/kernel-layout.mjs writes out for both sides. */
const windowLength = 262_144;

const columns = [
  ['timeMillis', 'f64', 'rowsMax', 'Tuples: their columns, as src/flowlog/tuple.ts has them.'],
  ['packetsForward', 'f64', 'rowsMax', 'NaN: not given.'],
  ['bytesForward', 'f64', 'rowsMax', 'NaN: not given.'],
  ['packetsReverse', 'f64', 'rowsMax', 'NaN: not given.'],
  ['bytesReverse', 'f64', 'rowsMax', 'NaN: not given.'],
  ['source', 'Address', 'rowsMax', 'Source addresses.'],
  ['destination', 'Address', 'rowsMax', 'Destination addresses.'],
  ['group', 'u32', 'rowsMax', 'The group that the caller named.'],
  ['sourcePort', 'u16', 'rowsMax', 'Source ports.'],
  ['destinationPort', 'u16', 'rowsMax', 'Destination ports.'],
  ['family', 'u8', 'rowsMax', '4, 6, 46 or 64.'],
  ['protocol', 'u8', 'rowsMax', 'IP protocol numbers.'],
  ['direction', 'u8', 'rowsMax', 'As Direction of src/flowlog/tuple.ts.'],
  ['access', 'u8', 'rowsMax', 'As Access of src/flowlog/tuple.ts.'],
  ['state', 'u8', 'rowsMax', 'As FlowState of src/flowlog/tuple.ts.'],
  ['encryption', 'u8', 'rowsMax', 'As Encryption of src/flowlog/tuple.ts.'],
];

export default {
  host: 'src/flowlog/scan-kernel-layout.ts',
  constants: [
    ['rowsMax', 262_144, 'Rows that the columns hold.'],
    ['windowLength', windowLength, 'Bytes of input at once.'],
    [
      'windowRoom',
      windowLength + 1024,
      'Bytes of the window, with room behind the input for what is read beyond its end.',
    ],
  ],
  structs: {
    Result: { doc: 'What a call leaves: rows in use.', fields: [['rows', 'u32']] },
  },
  columns: [
    ['result', 'Result', 1, 'What a call leaves.'],
    ['ipv6Groups', 'u16', 8, 'The groups of an IPv6 address while it is read.'],
    ['octetDigits', 'u8', 256, 'How many digits each octet has.'],
    ['window', 'u8', 'windowRoom', 'A piece of the input.'],
    ...columns.map((column) => [...column, { set: 'columns' }]),
  ],
};

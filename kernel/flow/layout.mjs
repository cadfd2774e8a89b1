/** Memory of kernel/flow: the table that scripts/kernel-layout.mjs writes out for both sides. */
import { placeLayout } from '../../scripts/kernel-layout.mjs';
import tuples from '../tuples/layout.mjs';

const rowsMax = 4_194_304;

export default {
  host: 'src/flow/kernel-layout.ts',
  // Behind the memory of kernel/tuples. Events are made there, so they need not be moved to be written.
  start: placeLayout(tuples).memoryLength,
  constants: [
    ['batchRows', 256, 'Packets of a batch: `limits.batchPackets`.'],
    ['rowsMax', rowsMax, 'Flows of the table: `limits.flowsMax`.'],
    ['bucketsMax', 2 * rowsMax, 'Buckets of the table.'],
    ['nicSlotsMax', 65_536, 'Slots of the table of NICs, and NICs.'],
    ['framesLength', 589_824, 'Bytes of frames that were read elsewhere.'],
    ['chunkLength', 1_048_576, 'Bytes of a capture file that are read at once.'],
    ['ruleWords', 4_194_304, 'Words of the rules.'],
  ],
  structs: {
    Counts: {
      doc: 'What was counted since the host took it (src/flow/counts.ts).',
      fields: [
        ['packets', 'f64'],
        ['bytes', 'f64'],
        ['packetsNoNic', 'f64'],
        ['observedAllowed', 'f64'],
        ['bytesAllowed', 'f64'],
        ['observedDenied', 'f64'],
        ['flowsAllowed', 'f64'],
        ['flowsDenied', 'f64'],
        ['initiatorsGuessed', 'f64'],
      ],
    },
    TableState: {
      doc: 'The state of the table (src/flow/table.ts): rows in use, rows ever used, free rows, mask of the buckets, carries of counters, room for rows, seeds of the hash.',
      fields: [
        ['size', 'u32'],
        ['high', 'u32'],
        ['freeCount', 'u32'],
        ['mask', 'u32'],
        ['carried', 'u32'],
        ['capacity', 'u32'],
        ['seed0', 'u32'],
        ['seed1', 'u32'],
        ['seed2', 'u32'],
        ['seed3', 'u32'],
        ['seed4', 'u32'],
      ],
      lengthBytes: 44,
    },
    Exchange: {
      doc: 'Numbers that both sides read and write: events held, the most events held when a packet comes, limits of flows, captured packets.',
      fields: [
        ['eventCount', 'u32'],
        ['eventRoom', 'u32'],
        ['flowsPerNicMax', 'u32'],
        ['flowsMax', 'u32'],
        ['capturedCount', 'u32'],
      ],
    },
    FlowRow: {
      doc: "A flow, as src/flow/table.ts draws it: initiator's and responder's address, ports, kind, last packet, counters.",
      fields: [
        ['source', 'Address'],
        ['destination', 'Address'],
        ['ports', 'u32'],
        ['kind', 'u32'],
        ['lastSeen', 'f64'],
        ['packetsForward', 'u32'],
        ['bytesForward', 'u32'],
        ['packetsReverse', 'u32'],
        ['bytesReverse', 'u32'],
      ],
      lengthBytes: 64,
    },
    // The rules: as src/nsg/pack-rules.ts draws them. All values are places in the rules, in words, or numbers.
    PackedRules: {
      doc: 'What the rules begin with. The verdicts follow.',
      fields: [
        ['chains', 'u32'],
        ['stages', 'u32'],
        ['protocolsTcp', 'u32'],
        ['protocolsUdp', 'u32'],
      ],
    },
    AddressAxis: {
      doc: 'Ranges of addresses. `pieces`: for IPv4, where the pieces are; for IPv6, how many ranges there are.',
      fields: [
        ['starts', 'u32'],
        ['rowStart', 'u32'],
        ['bits', 'u32'],
        ['pieces', 'u32'],
      ],
    },
    PortAxis: {
      doc: 'Ranges of ports.',
      fields: [
        ['pageOf', 'u32'],
        ['rowStart', 'u32'],
        ['bits', 'u32'],
      ],
    },
    Stage: {
      doc: 'A list of rules. `words`: how many words of 32 rules.',
      fields: [
        ['words', 'u32'],
        ['protocols', 'u32'],
        ['source4', 'AddressAxis'],
        ['destination4', 'AddressAxis'],
        ['source6', 'AddressAxis'],
        ['destination6', 'AddressAxis'],
        ['sourcePort', 'PortAxis'],
        ['destinationPort', 'PortAxis'],
        ['decisionOf', 'u32'],
      ],
    },
  },
  columns: [
    ['counts', 'Counts', 1, 'What was counted.'],
    ['table', 'TableState', 1, 'The state of the table.'],
    ['exchange', 'Exchange', 1, 'Numbers that both sides read and write.'],

    ['timeMillis', 'f64', 'batchRows', 'The batch of packets (src/net/packet.ts).'],
    ['source', 'Address', 'batchRows', 'Source addresses.'],
    ['destination', 'Address', 'batchRows', 'Destination addresses.'],
    ['ipBytes', 'u32', 'batchRows', 'Lengths from the IP header on.'],
    ['sourcePort', 'u16', 'batchRows', 'Source ports.'],
    ['destinationPort', 'u16', 'batchRows', 'Destination ports.'],
    ['family', 'u8', 'batchRows', '4 or 6.'],
    ['protocol', 'u8', 'batchRows', 'IP protocol numbers.'],
    ['tcpFlags', 'u8', 'batchRows', 'TCP flags, 0 without TCP.'],

    ['sourceNic', 'i32', 'batchRows', 'The number of the NIC that sends the packet, -1 for none.'],
    ['destinationNic', 'i32', 'batchRows', 'The number of the NIC that receives the packet, -1 for none or the same.'],
    ['sourceHash', 'u32', 'batchRows', 'The hash of the flow at the sending NIC.'],
    ['destinationHash', 'u32', 'batchRows', 'The hash of the flow at the receiving NIC.'],
    ['sourceGuess', 'u32', 'batchRows', 'The likely row of the flow at the sending NIC, plus 1; 0 for none.'],
    ['destinationGuess', 'u32', 'batchRows', 'The likely row of the flow at the receiving NIC, plus 1; 0 for none.'],

    [
      'frameStart',
      'u32',
      'batchRows',
      'The batch of captured packets (src/capture/batch.ts): where each frame begins.',
    ],
    ['capturedLength', 'u32', 'batchRows', 'Bytes of the frame that were captured.'],
    ['originalLength', 'u32', 'batchRows', 'Bytes of the frame on the wire.'],
    ['timeNanos', 'u32', 'batchRows', 'Nanoseconds within the second.'],
    ['timeSeconds', 'f64', 'batchRows', 'Seconds since the epoch.'],
    ['linkType', 'u16', 'batchRows', 'The type of the link layer.'],

    ['frames', 'u8', 'framesLength', 'A copy of frames that were read elsewhere.'],
    ['nicAddresses', 'Address', 'nicSlotsMax', 'By slot, the address of a NIC (src/nsg/nic-table.ts).'],
    [
      'nicNumbers',
      'i32',
      'nicSlotsMax',
      "By slot, twice the NIC's number, plus 1 for IPv6; negative for an empty slot.",
    ],
    ['timeouts', 'f64', 'nicSlotsMax', 'By NIC, the idle timeout in milliseconds.'],
    ['flowsOfNic', 'u32', 'nicSlotsMax', 'By NIC, the flows in the table.'],
    ['chunk', 'u8', 'chunkLength', 'A chunk of a capture file.'],

    // The large columns come last and never move: pages that were not touched cost no memory.
    ['rows', 'FlowRow', 'rowsMax', 'The flows.'],
    ['hashes', 'u32', 'rowsMax', 'By row, the hash of the flow.'],
    ['decisions', 'u32', 'rowsMax', 'By row, what the rules decided.'],
    ['freeRows', 'u32', 'rowsMax', 'Rows that were used and are free, a stack.'],
    ['buckets', 'u32', 'bucketsMax', 'By hash: a row + 1, and the first bits of its hash; 0 for none.'],
    ['rules', 'u32', 'ruleWords', 'The rules (src/nsg/pack-rules.ts); the first word is 0 if TypeScript is asked.'],
  ],
};

import { describe, expect, test } from 'vitest';
import { Counters } from '../../src/base/counters.ts';
import { limits } from '../../src/base/limits.ts';
import { createCaptureBatch } from '../../src/capture/batch.ts';
import type { CaptureCounters } from '../../src/capture/format-decoder.ts';
import { openCapture } from '../../src/capture/read-capture.ts';
import { formatWords } from '../../src/net/address.ts';
import type { PacketBatch } from '../../src/net/packet.ts';
import { createPacketBatch } from '../../src/net/packet.ts';
import { type TunnelEnd, decodeBatch } from '../../src/wire/decode-packet.ts';
import { Fragments } from '../../src/wire/fragments.ts';
import { wireReasons } from '../../src/wire/reason.ts';
import { createRefusals } from '../../src/wire/refusals.ts';
import type { FlowSums } from '../corpus/oracle.ts';
import {
  addToSums,
  compareWithOracle,
  corpusCapturePath,
  corpusCaptures,
  corpusSkipped,
  fiveTupleKey,
  readOracle,
} from '../corpus/oracle.ts';
import { corpusDifferences, portlessReasons } from './corpus-differences.ts';

describe.skipIf(corpusSkipped !== undefined)(
  `the corpus of captures${corpusSkipped ? `: ${corpusSkipped}` : ''}`,
  () => {
    const names = corpusSkipped === undefined ? corpusCaptures() : [];

    test.each(names)('%s: books balance and five-tuples are those of the oracle', async (name) => {
      const { sums, read, cut, decoded, refused, portless } = await sumCapture(name);
      const oracle = readOracle(name);
      expect(read).toBe(decoded + refused);
      if (!tsharkCountsOtherBlocks(name)) expect(read - cut).toBe(oracle.frames);
      const differences = compareWithOracle(oracle, sums, portless);
      expect(differences.sort()).toEqual(corpusDifferences[name]?.differences ?? []);
    });

    test.each(names)('%s: books balance with the inner addresses of tunnels, too', async (name) => {
      const { read, decoded, refused } = await sumCapture(name, 'inner');
      expect(read).toBe(decoded + refused);
    });

    test('every listed difference is of a capture in the corpus', () => {
      expect(Object.keys(corpusDifferences).filter((name) => !names.includes(name))).toEqual([]);
    });
  },
);

/** tshark calls custom and event blocks of pcapng frames too; only these captures have any. */
function tsharkCountsOtherBlocks(name: string): boolean {
  return name.startsWith('ngtest__');
}

interface CaptureSums {
  readonly sums: FlowSums;
  readonly read: number;
  /** Packets read that the end of the file cuts off: tshark stops before them. */
  readonly cut: number;
  readonly decoded: number;
  readonly refused: number;
  /** Refused TCP and UDP packets, for which the oracle has rows without ports. */
  readonly portless: number;
}

async function sumCapture(name: string, tunnel: TunnelEnd = 'outer'): Promise<CaptureSums> {
  const counters: CaptureCounters = { refused: new Counters(), damage: new Counters() };
  const capture = await openCapture(corpusCapturePath(name), counters, limits.captureReadBytes);
  const captured = createCaptureBatch(limits.batchPackets);
  const packets = createPacketBatch(limits.batchPackets);
  const refusals = createRefusals();
  const fragments = new Fragments(refusals);
  const sums: FlowSums = new Map();
  let rows = 0;
  let decoded = 0;
  while (await capture.next(captured)) {
    rows += captured.count;
    decodeBatch(captured, packets, refusals, { fragments, tunnel });
    do {
      decoded += packets.count;
      for (let row = 0; row < packets.count; row++) addPacket(sums, packets, row);
    } while (fragments.take(packets));
  }
  await capture.close();
  fragments.end();
  const refused = refusals.counts.reduce((sum, count) => sum + count, counters.refused.total);
  const portless = portlessReasons.reduce((sum, reason) => sum + refusals.counts[wireReasons.indexOf(reason)], 0);
  return { sums, read: rows + counters.refused.total, cut: counters.refused.get('cut'), decoded, refused, portless };
}

function addPacket(sums: FlowSums, packets: PacketBatch, row: number): void {
  const source = formatAt(packets.source, packets.family[row], row);
  const destination = formatAt(packets.destination, packets.family[row], row);
  const { protocol, sourcePort, destinationPort } = packets;
  const key = fiveTupleKey(protocol[row], source, sourcePort[row], destination, destinationPort[row]);
  addToSums(sums, key, 1, packets.ipBytes[row]);
}

function formatAt(words: Uint32Array, family: number, row: number): string {
  return formatWords(family, words[4 * row], words[4 * row + 1], words[4 * row + 2], words[4 * row + 3]);
}

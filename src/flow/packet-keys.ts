import { assert } from '../base/assert.ts';
import { limits } from '../base/limits.ts';
import type { PacketBatch } from '../net/packet.ts';
import { protocolTcp } from '../net/protocol.ts';
import type { CompiledNetwork } from '../nsg/compile.ts';
import type { FlowTable } from './table.ts';
import { hashEnd, hashFlow, keyKind } from './table.ts';

/**
 * Additional columns of a batch of packets: the NICs that each packet crosses (-1: none), and the hash of its flow
 * there.
 */
export interface KeyColumns {
  readonly sourceNic: Int32Array;
  readonly destinationNic: Int32Array;
  readonly sourceHash: Uint32Array;
  readonly destinationHash: Uint32Array;
}

/** Keys of the packets of a batch, found before their flows are looked up. kernel/flow/keys.ts does the same. */
export class PacketKeys implements KeyColumns {
  readonly sourceNic: Int32Array;
  readonly destinationNic: Int32Array;
  readonly sourceHash: Uint32Array;
  readonly destinationHash: Uint32Array;
  readonly #guess = new Int32Array(2 * limits.batchPackets);
  /** Without meaning: it prevents the compiler from removing the reads of `prepare`. */
  touched = 0;

  /** @param columns if given, these are filled */
  constructor(columns: KeyColumns | undefined) {
    this.sourceNic = columns?.sourceNic ?? new Int32Array(limits.batchPackets);
    this.destinationNic = columns?.destinationNic ?? new Int32Array(limits.batchPackets);
    this.sourceHash = columns?.sourceHash ?? new Uint32Array(limits.batchPackets);
    this.destinationHash = columns?.destinationHash ?? new Uint32Array(limits.batchPackets);
  }

  /**
   * Finds the NICs and hashes of all packets of a batch, then touches all rows that will be looked up, so that the
   * memory accesses overlap: docs/how-it-works/decisions/0008-flow-table.md has the numbers.
   */
  prepare(packets: PacketBatch, network: CompiledNetwork, table: FlowTable, isEveryNicZero: boolean): void {
    const { count, family, source, destination, protocol } = packets;
    const { seeds } = table;
    const sourceNics = this.sourceNic;
    const destinationNics = this.destinationNic;
    const sourceHashes = this.sourceHash;
    const destinationHashes = this.destinationHash;
    assert(count <= sourceHashes.length, 'a batch has at most as many packets as the limit');
    for (let i = 0; i < count; i++) {
      const at = 4 * i;
      const s0 = source[at];
      const s1 = source[at + 1];
      const s2 = source[at + 2];
      const s3 = source[at + 3];
      const d0 = destination[at];
      const d1 = destination[at + 1];
      const d2 = destination[at + 2];
      const d3 = destination[at + 3];
      const ends =
        (hashEnd(seeds, s0, s1, s2, s3, packets.sourcePort[i]) +
          hashEnd(seeds, d0, d1, d2, d3, packets.destinationPort[i])) |
        0;
      const from = isEveryNicZero ? 0 : network.nicOf(family[i], s0, s1, s2, s3);
      const to = isEveryNicZero ? -1 : network.nicOf(family[i], d0, d1, d2, d3);
      const isTcp = protocol[i] === protocolTcp;
      sourceNics[i] = from;
      if (from >= 0) sourceHashes[i] = hashFlow(ends, keyKind(from, family[i], isTcp));
      destinationNics[i] = to === from ? -1 : to;
      if (to >= 0) destinationHashes[i] = hashFlow(ends, keyKind(to, family[i], isTcp));
    }
    const guesses = this.#guess;
    for (let i = 0; i < count; i++) {
      guesses[2 * i] = sourceNics[i] >= 0 ? table.guess(sourceHashes[i]) : -1;
      guesses[2 * i + 1] = destinationNics[i] >= 0 ? table.guess(destinationHashes[i]) : -1;
    }
    let touched = 0;
    for (let i = 0; i < 2 * count; i++) touched ^= table.touch(guesses[i]);
    this.touched ^= touched;
  }
}
